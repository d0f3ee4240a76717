//! What this site remembers as a witness: of each log the newest head that it cosigned.
//!
//! **Promises.** [`advance`] compares and writes in one statement, so of two requests at once one wins (C2SP
//! `tlog-witness`: a witness must not sign two heads that it did not see follow each other).

use sealane_crypto::Digest;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{Cells, int};
use crate::{Db, DbError};

const TABLE: &str = "witnessed_log";

/// A head that was cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedHead {
    /// The log.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
    /// The head as its log signed it.
    pub note: String,
    /// When it was cosigned.
    pub at: Timestamp,
}

/// The newest head of a log.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, origin: &str) -> Result<Option<WitnessedHead>, DbError> {
    let row = sqlx::query("SELECT origin, size, root, note, at FROM witnessed_log WHERE origin = $1")
        .bind(origin)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The newest heads of all logs, by origin.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db) -> Result<Vec<WitnessedHead>, DbError> {
    let rows =
        sqlx::query("SELECT origin, size, root, note, at FROM witnessed_log ORDER BY origin").fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Remembers `next` if what is remembered is still `expected` (size and root; `None` for nothing); says whether it was.
///
/// # Errors
/// Those of writing.
pub async fn advance(db: &mut Db, expected: Option<(u64, Digest)>, next: &WitnessedHead) -> Result<bool, DbError> {
    let size = int(TABLE, "size", next.size)?;
    let query = match expected {
        None => sqlx::query(
            "INSERT INTO witnessed_log (origin, size, root, note, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (origin) DO NOTHING",
        ),
        Some(_) => sqlx::query(
            "UPDATE witnessed_log SET size = $2, root = $3, note = $4, at = $5
             WHERE origin = $1 AND size = $6 AND root = $7",
        ),
    };
    let query = query
        .bind(next.origin.as_str())
        .bind(size)
        .bind(next.root.as_bytes().to_vec())
        .bind(next.note.as_str())
        .bind(next.at.as_micros());
    let query = match expected {
        None => query,
        Some((size, root)) => query.bind(int(TABLE, "size", size)?).bind(root.as_bytes().to_vec()),
    };
    Ok(query.execute(db).await?.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<WitnessedHead, DbError> {
    let cells = Cells::of(TABLE, row);
    let root: [u8; 32] = cells.bytes("root")?.try_into().map_err(|_| cells.corrupt("root"))?;
    Ok(WitnessedHead {
        origin: cells.text("origin")?,
        size: cells.number("size")?,
        root: Digest::from_bytes(root),
        note: cells.text("note")?,
        at: cells.time("at")?,
    })
}
