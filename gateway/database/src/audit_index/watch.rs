//! How far rules have looked at each log. Unlike the index it is never built again, so no entry is looked at twice.

use crate::cells::{Cells, int};
use crate::{Db, DbError};

const TABLE: &str = "audit_watch";

/// Rules have looked at all entries of a log before this place.
///
/// # Errors
/// Those of reading.
pub async fn watched(db: &mut Db, log: i64) -> Result<u64, DbError> {
    let row = sqlx::query("SELECT watched FROM audit_watch WHERE log = $1").bind(log).fetch_optional(db).await?;
    row.map_or(Ok(0), |row| Cells::of(TABLE, &row).number("watched"))
}

/// Rules have now looked at all entries before `place`.
///
/// # Errors
/// Those of writing.
pub async fn watched_to(db: &mut Db, log: i64, place: u64) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO audit_watch (log, watched) VALUES ($1, $2) ON CONFLICT (log) DO UPDATE SET watched = excluded.watched",
    )
    .bind(log)
    .bind(int(TABLE, "watched", place)?)
    .execute(db)
    .await?;
    Ok(())
}
