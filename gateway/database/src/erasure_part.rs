//! What each of the site's audit logs has to do for an approved erasure, and has done.

use sealane_model::id::ErasureId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{self, Cells};
use crate::erasure::{self, Erasure};
use crate::pool::Atomic;
use crate::{Db, DbError};

const TABLE: &str = "erasure_part";

/// One log's part in an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The log.
    pub origin: String,
    /// When it was done, and how many values were erased.
    pub done: Option<(Timestamp, u64)>,
}

/// Approved erasures that this log has still to carry out, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn pending(db: &mut Db, origin: &str) -> Result<Vec<Erasure>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT e.id, e.token, e.sealed, e.sealed_request, e.requested_at, e.expires_at, e.sealed_approval, e.approved_at
         FROM erasure e JOIN erasure_part p ON p.erasure = e.id
         WHERE p.origin = $1 AND p.done_at IS NULL ORDER BY e.id",
    )
    .bind(origin)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| erasure::read(&sealer, row)).collect()
}

/// The parts of an erasure, by log.
///
/// # Errors
/// Those of reading.
pub async fn of(db: &mut Db, id: ErasureId) -> Result<Vec<Part>, DbError> {
    let rows =
        sqlx::query("SELECT origin, erased_values, done_at FROM erasure_part WHERE erasure = $1 ORDER BY origin")
            .bind(id.to_string())
            .fetch_all(db)
            .await?;
    rows.iter().map(read).collect()
}

/// A log has done its part; `false` if it had said so before. With the last part goes what says whom it was about.
///
/// # Errors
/// Those of writing.
pub async fn done(db: &mut Db, id: ErasureId, origin: &str, values: u64, now: Timestamp) -> Result<bool, DbError> {
    let mut tx = Atomic::begin(db).await?;
    // The erasure's row first: logs that report at the same time wait for each other, and the last one sees all.
    sqlx::query("UPDATE erasure SET id = id WHERE id = $1").bind(id.to_string()).execute(&mut *tx).await?;
    let done = sqlx::query(
        "UPDATE erasure_part SET erased_values = $3, done_at = $4
         WHERE erasure = $1 AND origin = $2 AND done_at IS NULL",
    )
    .bind(id.to_string())
    .bind(origin)
    .bind(cells::int(TABLE, "erased_values", values)?)
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE erasure SET token = NULL, sealed = NULL
         WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM erasure_part WHERE erasure = $1 AND done_at IS NULL)",
    )
    .bind(id.to_string())
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<Part, DbError> {
    let cells = Cells::of(TABLE, row);
    let done = match (cells.opt_time("done_at")?, cells.opt_int("erased_values")?) {
        (Some(at), Some(_)) => Some((at, cells.number("erased_values")?)),
        (None, None) => None,
        _ => return Err(cells.corrupt("done_at")),
    };
    Ok(Part { origin: cells.text("origin")?, done })
}
