//! The site's running nodes, as their heartbeats tell.

use sealane_model::id::NodeId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::{Db, DbError};

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id, the same from start to start.
    pub id: NodeId,
    /// Its first heartbeat.
    pub started_at: Timestamp,
    /// Its last heartbeat.
    pub seen_at: Timestamp,
}

/// Says that a node lives.
///
/// # Errors
/// Those of writing.
pub async fn heartbeat(db: &mut Db, node: NodeId, now: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO node (id, started_at, seen_at) VALUES ($1, $2, $2)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
    )
    .bind(node.to_string())
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// All nodes that ever said so, the latest first.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db) -> Result<Vec<Node>, DbError> {
    let rows =
        sqlx::query("SELECT id, started_at, seen_at FROM node ORDER BY seen_at DESC, id DESC").fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Forgets nodes that have been silent since before `horizon`; returns how many.
///
/// # Errors
/// Those of writing.
pub async fn forget(db: &mut Db, horizon: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM node WHERE seen_at < $1").bind(horizon.as_micros()).execute(db).await?;
    Ok(done.rows_affected())
}

fn read(row: &AnyRow) -> Result<Node, DbError> {
    let cells = Cells::of("node", row);
    Ok(Node { id: cells.parsed("id")?, started_at: cells.time("started_at")?, seen_at: cells.time("seen_at")? })
}
