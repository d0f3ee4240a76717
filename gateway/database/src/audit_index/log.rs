//! The logs in the index: how far each one is in it, and beginning anew.

use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use super::MOST_LOGS;
use crate::cells::{Cells, int};
use crate::pool::Atomic;
use crate::{Db, DbError};

const TABLE: &str = "audit_log";

/// How far a log is in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPosition {
    /// Its number in the index.
    pub number: i64,
    /// Its name in its checkpoints.
    pub origin: String,
    /// So many of its entries are in the index: all before this place.
    pub indexed: u64,
    /// Leaf hash of the last entry that is in the index: tells a log from another that took its place.
    pub tip: Option<String>,
    /// Entries that it had when its node last told.
    pub size: u64,
    /// When that was.
    pub told_at: Timestamp,
}

/// Where a log stands; a log that is new here stands at its beginning.
///
/// # Errors
/// Those of writing; [`DbError::Busy`] if another node enlists itself at this moment.
pub async fn enlist(db: &mut Db, origin: &str, now: Timestamp) -> Result<LogPosition, DbError> {
    let mut tx = Atomic::begin(db).await?;
    if let Some(found) = find(&mut tx, origin).await? {
        tx.commit().await?;
        return Ok(found);
    }
    let row = sqlx::query("SELECT COALESCE(MAX(number) + 1, 0) AS number FROM audit_log").fetch_one(&mut *tx).await?;
    let number = Cells::of(TABLE, &row).int("number")?;
    if number >= MOST_LOGS {
        return Err(DbError::Unstorable { table: TABLE, column: "number" });
    }
    let made = sqlx::query(
        "INSERT INTO audit_log (number, origin, indexed, tip, size, next_id, told_at)
         VALUES ($1, $2, 0, NULL, 0, 1, $3) ON CONFLICT DO NOTHING",
    )
    .bind(number)
    .bind(origin)
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await?;
    if made.rows_affected() == 0 {
        return Err(DbError::Busy);
    }
    tx.commit().await?;
    Ok(LogPosition { number, origin: origin.to_owned(), indexed: 0, tip: None, size: 0, told_at: now })
}

async fn find(db: &mut Db, origin: &str) -> Result<Option<LogPosition>, DbError> {
    let row = sqlx::query("SELECT number, origin, indexed, tip, size, told_at FROM audit_log WHERE origin = $1")
        .bind(origin)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Every log, by number.
///
/// # Errors
/// Those of reading.
pub async fn positions(db: &mut Db) -> Result<Vec<LogPosition>, DbError> {
    let rows = sqlx::query("SELECT number, origin, indexed, tip, size, told_at FROM audit_log ORDER BY number")
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

/// Says how many entries a log has, so that others see how far the index is behind.
///
/// # Errors
/// Those of writing.
pub async fn tell_size(db: &mut Db, number: i64, size: u64, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE audit_log SET size = $2, told_at = $3 WHERE number = $1")
        .bind(number)
        .bind(int(TABLE, "size", size)?)
        .bind(now.as_micros())
        .execute(db)
        .await?;
    Ok(())
}

/// Takes one log out of the index, to be read from its beginning: it is not the one that was indexed.
///
/// # Errors
/// Those of writing.
pub async fn restart(db: &mut Db, number: i64) -> Result<(), DbError> {
    let mut tx = Atomic::begin(db).await?;
    // The position first: a node that is about to append finds it changed, and stops.
    sqlx::query("UPDATE audit_log SET indexed = 0, tip = NULL WHERE number = $1")
        .bind(number)
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM audit_entry WHERE log = $1").bind(number).execute(&mut *tx).await?;
    // Nobody has looked at the entries of this log: what is the same in both is known by its leaf hash.
    sqlx::query("DELETE FROM audit_watch WHERE log = $1").bind(number).execute(&mut *tx).await?;
    tx.commit().await
}

/// Empties the whole index; every node reads its log again from the beginning.
///
/// # Errors
/// Those of writing.
pub async fn empty(db: &mut Db) -> Result<(), DbError> {
    let mut tx = Atomic::begin(db).await?;
    sqlx::query("UPDATE audit_log SET indexed = 0, tip = NULL").execute(&mut *tx).await?;
    for statement in
        ["DELETE FROM audit_entry", "DELETE FROM audit_path", "DELETE FROM audit_name", "DELETE FROM audit_word"]
    {
        sqlx::query(statement).execute(&mut *tx).await?;
    }
    tx.commit().await
}

fn read(row: &AnyRow) -> Result<LogPosition, DbError> {
    let cells = Cells::of(TABLE, row);
    Ok(LogPosition {
        number: cells.int("number")?,
        origin: cells.text("origin")?,
        indexed: cells.number("indexed")?,
        tip: cells.opt_text("tip")?,
        size: cells.number("size")?,
        told_at: cells.time("told_at")?,
    })
}
