//! Evidence against logs that showed two histories: kept as it was found, never changed, never removed.

use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::{Db, DbError};

/// Evidence of one log is kept so often: who has its key could make any amount of it, and one piece is enough.
const MOST: i64 = 16;

/// A fork that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFork {
    /// SHA-256 of the evidence.
    pub id: String,
    /// The log that has two histories.
    pub origin: String,
    /// The file of evidence.
    pub evidence: String,
    /// When it was found.
    pub found_at: Timestamp,
}

/// Keeps evidence; says whether it is new. Where much is known of the log already, nothing is added.
///
/// # Errors
/// Those of writing.
pub async fn keep(db: &mut Db, fork: &LogFork) -> Result<bool, DbError> {
    let known = sqlx::query("SELECT count(*) AS n FROM log_fork WHERE origin = $1")
        .bind(fork.origin.as_str())
        .fetch_one(&mut *db)
        .await?;
    if Cells::of("log_fork", &known).int("n")? >= MOST {
        return Ok(false);
    }
    let done = sqlx::query(
        "INSERT INTO log_fork (id, origin, evidence, found_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
    )
    .bind(fork.id.as_str())
    .bind(fork.origin.as_str())
    .bind(fork.evidence.as_str())
    .bind(fork.found_at.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// All of it, the latest first.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db) -> Result<Vec<LogFork>, DbError> {
    let rows = sqlx::query("SELECT id, origin, evidence, found_at FROM log_fork ORDER BY found_at DESC, id")
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<LogFork, DbError> {
    let cells = Cells::of("log_fork", row);
    Ok(LogFork {
        id: cells.text("id")?,
        origin: cells.text("origin")?,
        evidence: cells.text("evidence")?,
        found_at: cells.time("found_at")?,
    })
}
