//! Alerts as they are asked for: one, a page, how many.

use sealane_model::alert::{AlertState, Severity};
use sealane_model::id::AlertId;
use sealane_model::time::Timestamp;
use sealane_policy::Role;

use super::TABLE;
use super::row::{Alert, COLUMNS, read};
use crate::cells::{self, Cells, word};
use crate::statement::Statement;
use crate::{Db, DbError};

/// A stretch of a log in which entries of an alert are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEntry {
    /// The log's name in its checkpoints.
    pub log: String,
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// How many of those in between.
    pub entries: u64,
}

/// Which alerts are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Of this state.
    pub state: Option<AlertState>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Whose.
    pub concerns: Option<Role>,
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: AlertId) -> Result<Option<Alert>, DbError> {
    let sealer = db.sealer()?;
    let mut statement = Statement::new(COLUMNS);
    statement.text("id = ").bind(id.to_string());
    let row = statement.query().fetch_optional(db).await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// The newest first, those after the given one.
///
/// # Errors
/// Those of reading.
pub async fn list(
    db: &mut Db,
    filter: &AlertFilter,
    after: Option<AlertId>,
    limit: usize,
) -> Result<Vec<Alert>, DbError> {
    let sealer = db.sealer()?;
    let mut statement = Statement::new(COLUMNS);
    statement.text("id < ").bind(after.map_or_else(|| "~".to_owned(), |id| id.to_string()));
    if let Some(state) = &filter.state {
        statement.text(" AND state = ").bind(word(TABLE, "state", state)?);
    }
    if let Some(severity) = filter.severity {
        statement.text(" AND severity = ").bind(severity.word());
    }
    if let Some(role) = filter.concerns {
        statement.text(" AND concerns = ").bind(role.as_str());
    }
    statement.text(" ORDER BY id DESC LIMIT ").bind(cells::limit(limit));
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// Those after the given one, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn newer(db: &mut Db, than: AlertId, limit: usize) -> Result<Vec<Alert>, DbError> {
    let sealer = db.sealer()?;
    let mut statement = Statement::new(COLUMNS);
    statement.text("id > ").bind(than.to_string()).text(" ORDER BY id LIMIT ").bind(cells::limit(limit));
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// Its entries, as far as they are kept one by one.
///
/// # Errors
/// Those of reading.
pub async fn entries(db: &mut Db, id: AlertId) -> Result<Vec<AlertEntry>, DbError> {
    let rows = sqlx::query(
        "SELECT l.origin, e.first_place, e.last_place, e.entries FROM alert_entry e JOIN audit_log l ON l.number = e.log
         WHERE e.alert = $1 ORDER BY l.origin, e.first_place",
    )
    .bind(id.to_string())
    .fetch_all(db)
    .await?;
    let read = |row| {
        let cells = Cells::of("alert_entry", row);
        Ok(AlertEntry {
            log: cells.text("origin")?,
            first: cells.number("first_place")?,
            last: cells.number("last_place")?,
            entries: cells.number("entries")?,
        })
    };
    rows.iter().map(read).collect()
}

/// How many alerts of each state and severity there are, of those that no alarm's end has settled.
///
/// # Errors
/// Those of reading.
pub async fn counts(db: &mut Db) -> Result<Vec<(AlertState, Severity, bool, u64)>, DbError> {
    let rows = sqlx::query(
        "SELECT state, severity, CASE WHEN cleared_at IS NULL THEN 0 ELSE 1 END AS cleared, COUNT(*) AS n FROM alert
         WHERE state <> 'closed'
         GROUP BY state, severity, CASE WHEN cleared_at IS NULL THEN 0 ELSE 1 END",
    )
    .fetch_all(db)
    .await?;
    let read = |row| {
        let cells = Cells::of(TABLE, row);
        Ok((cells.word("state")?, cells.word("severity")?, cells.flag("cleared")?, cells.number("n")?))
    };
    rows.iter().map(read).collect()
}

/// How many were raised and how many closed since a time.
///
/// # Errors
/// Those of reading.
pub async fn since(db: &mut Db, from: Timestamp) -> Result<(u64, u64), DbError> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM alert WHERE raised_at >= $1) AS raised,
                (SELECT COUNT(*) FROM alert WHERE closed_at >= $1) AS closed",
    )
    .bind(from.as_micros())
    .fetch_one(db)
    .await?;
    let cells = Cells::of(TABLE, &row);
    Ok((cells.number("raised")?, cells.number("closed")?))
}
