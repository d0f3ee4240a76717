//! Alarms that stand and clear, and alerts of which a log has to tell yet.

use sealane_model::id::AlertId;
use sealane_model::time::Timestamp;

use super::TABLE;
use super::row::{Alert, COLUMNS, read};
use crate::cells::{self, int};
use crate::statement::Statement;
use crate::{Db, DbError};

/// Alarms that have not cleared, about a node's log or about the site.
///
/// # Errors
/// Those of reading.
pub async fn standing(db: &mut Db, subjects: &[&str]) -> Result<Vec<Alert>, DbError> {
    let subjects: Vec<String> = subjects.iter().map(|subject| (*subject).to_owned()).collect();
    let sealer = db.sealer()?;
    let mut statement = Statement::new(COLUMNS);
    statement.text("alarm IS NOT NULL AND cleared_at IS NULL AND subject IN ").list(&subjects);
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// What an alarm was about is over.
///
/// # Errors
/// Those of writing.
pub async fn clear(db: &mut Db, id: AlertId, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE alert SET cleared_at = $2 WHERE id = $1 AND cleared_at IS NULL")
        .bind(id.to_string())
        .bind(now.as_micros())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Alerts of which a log has to tell yet, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn untold(db: &mut Db, log: &str, limit: usize) -> Result<Vec<Alert>, DbError> {
    let sealer = db.sealer()?;
    let mut statement = Statement::new(COLUMNS);
    statement.text("log = ").bind(log.to_owned());
    statement
        .text(" AND (raised_place IS NULL OR (cleared_at IS NOT NULL AND cleared_place IS NULL)) ORDER BY id LIMIT ");
    statement.bind(cells::limit(limit));
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// The entry about it is there.
///
/// # Errors
/// Those of writing.
pub async fn told_raised(db: &mut Db, id: AlertId, place: u64) -> Result<(), DbError> {
    told(db, "UPDATE alert SET raised_place = $2 WHERE id = $1", id, place).await
}

/// The entry about its end is there.
///
/// # Errors
/// Those of writing.
pub async fn told_cleared(db: &mut Db, id: AlertId, place: u64) -> Result<(), DbError> {
    told(db, "UPDATE alert SET cleared_place = $2 WHERE id = $1", id, place).await
}

async fn told(db: &mut Db, statement: &'static str, id: AlertId, place: u64) -> Result<(), DbError> {
    let place = int(TABLE, "raised_place", place)?;
    sqlx::query(statement).bind(id.to_string()).bind(place).execute(db).await?;
    Ok(())
}
