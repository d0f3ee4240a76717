//! Leases: one node at a time works on a task, and one that lost its turn without noticing can do no harm.
//!
//! **Promises.** Of any number of nodes that ask at once one gets the lease. Each lease of a task has a higher fence than
//! all before it. A fenced write takes the lease's row along in its own transaction, so a takeover waits for it or it is
//! refused: there is no moment between the check and the write.
//!
//! **Leaves to others.** Clocks that agree roughly: expiry is judged by the asking node's time. If clocks disagree badly a
//! lease changes hands too early, which costs work done twice and never correctness: that rests on the fence alone.

use std::time::Duration;

use sealane_model::id::{NodeId, TaskId};
use sealane_model::time::Timestamp;

use crate::cells::Cells;
use crate::{Db, DbError};

/// The right to work on a task for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// On which task.
    pub task: TaskId,
    /// Whose.
    pub node: NodeId,
    /// Which lease of the task it is: each next one is higher.
    pub fence: i64,
    /// Until when, unless renewed.
    pub expires_at: Timestamp,
}

/// How many free tasks are named at once.
const FREE_TASKS: i64 = 1_000;

/// Takes the lease if it is free or has expired.
///
/// # Errors
/// [`DbError::Reference`] if there is no such task; those of writing.
pub async fn acquire(
    db: &mut Db,
    task: TaskId,
    node: NodeId,
    now: Timestamp,
    ttl: Duration,
) -> Result<Option<Lease>, DbError> {
    let expires_at = now.after(ttl);
    // One statement: whoever comes second waits for the row and then finds the condition false.
    let rows = sqlx::query(
        "INSERT INTO lease (task, node, fence, expires_at) VALUES ($1, $2, 1, $3)
         ON CONFLICT (task) DO UPDATE
         SET node = excluded.node, fence = lease.fence + 1, expires_at = excluded.expires_at
         WHERE lease.expires_at <= $4
         RETURNING fence",
    )
    .bind(task.to_string())
    .bind(node.to_string())
    .bind(expires_at.as_micros())
    .bind(now.as_micros())
    .fetch_all(db)
    .await?;
    let fence = rows.first().map(|row| Cells::of("lease", row).int("fence")).transpose()?;
    Ok(fence.map(|fence| Lease { task, node, fence, expires_at }))
}

/// Keeps the lease for another while; `false` if another node has it.
///
/// # Errors
/// Those of writing.
pub async fn renew(db: &mut Db, lease: &Lease, now: Timestamp, ttl: Duration) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE lease SET expires_at = $4 WHERE task = $1 AND node = $2 AND fence = $3")
        .bind(lease.task.to_string())
        .bind(lease.node.to_string())
        .bind(lease.fence)
        .bind(now.after(ttl).as_micros())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the lease back; `false` if another node has it already. What still writes with it is refused from now on.
///
/// # Errors
/// Those of writing.
pub async fn release(db: &mut Db, lease: &Lease) -> Result<bool, DbError> {
    let done =
        sqlx::query("UPDATE lease SET expires_at = 0, fence = fence + 1 WHERE task = $1 AND node = $2 AND fence = $3")
            .bind(lease.task.to_string())
            .bind(lease.node.to_string())
            .bind(lease.fence)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives back whatever a node holds, and says how many leases that were. For a node that has just started: what it holds, a
/// process of its own held that is gone. Whatever still writes with one of these leases is refused from now on.
///
/// # Errors
/// Those of writing.
pub async fn release_all(db: &mut Db, node: NodeId) -> Result<u64, DbError> {
    let done = sqlx::query("UPDATE lease SET expires_at = 0, fence = fence + 1 WHERE node = $1 AND expires_at > 0")
        .bind(node.to_string())
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// Tasks for this site to move on which nobody works, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn next_free(db: &mut Db, now: Timestamp) -> Result<Vec<TaskId>, DbError> {
    let rows = sqlx::query(
        "SELECT t.id FROM task t LEFT JOIN lease l ON l.task = t.id
         WHERE t.state IN ('ACTIVE', 'INACTIVE') AND t.role IN ('destination', 'both')
           AND (l.task IS NULL OR l.expires_at <= $1)
         ORDER BY t.id LIMIT $2",
    )
    .bind(now.as_micros())
    .bind(FREE_TASKS)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Cells::of("task", row).parsed("id")).collect()
}

/// The first statement of every fenced transaction: refuses it if the lease is lost, else keeps takeovers waiting until
/// the transaction ends. The update changes nothing; it is the row lock that both databases have in common.
pub(crate) async fn hold(db: &mut Db, lease: &Lease) -> Result<(), DbError> {
    let done = sqlx::query("UPDATE lease SET fence = fence WHERE task = $1 AND node = $2 AND fence = $3")
        .bind(lease.task.to_string())
        .bind(lease.node.to_string())
        .bind(lease.fence)
        .execute(db)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(DbError::Fenced) }
}
