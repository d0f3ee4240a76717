//! What happened to a task, in order.
//!
//! **Promises.** The numbers of a task's events are 1, 2, 3 and so on without gaps, whoever appends: an event that is
//! undone takes its number back.

use sealane_model::id::TaskId;
use sealane_model::task::TaskEvent;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{self, Cells};
use crate::pool::Atomic;
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError};

/// Appends an event, and returns it with its number.
///
/// # Errors
/// [`DbError::Gone`] if there is no such task; those of writing.
pub async fn append(
    db: &mut Db,
    task: TaskId,
    at: Timestamp,
    code: &str,
    message: &str,
    is_error: bool,
) -> Result<TaskEvent, DbError> {
    let sealer = db.sealer()?;
    let mut tx = Atomic::begin(db).await?;
    // The counter's row makes appenders wait for each other.
    let rows = sqlx::query("UPDATE task SET events = events + 1 WHERE id = $1 RETURNING events")
        .bind(task.to_string())
        .fetch_all(&mut *tx)
        .await?;
    let Some(row) = rows.first() else { return Err(DbError::Gone { table: "task" }) };
    let sequence = Cells::of("task", row).int("events")?;
    sqlx::query("INSERT INTO task_event (task, sequence, at, code, sealed, is_error) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(task.to_string())
        .bind(sequence)
        .bind(at.as_micros())
        .bind(code)
        .bind(sealer.seal(Cell::TaskEvent, row_of(task, sequence), message)?)
        .bind(i64::from(is_error))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(TaskEvent { sequence, at, code: code.to_owned(), message: message.to_owned(), is_error })
}

/// A task's events after the given number, in order.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db, task: TaskId, after: i64, limit: usize) -> Result<Vec<TaskEvent>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT sequence, at, code, sealed, is_error FROM task_event
         WHERE task = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
    )
    .bind(task.to_string())
    .bind(after)
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, task, row)).collect()
}

/// What a sealed message belongs to.
pub(crate) fn row_of(task: TaskId, sequence: i64) -> String {
    format!("{task}/{sequence}")
}

fn read(sealer: &Sealer, task: TaskId, row: &AnyRow) -> Result<TaskEvent, DbError> {
    let cells = Cells::of("task_event", row);
    Ok(TaskEvent {
        sequence: cells.int("sequence")?,
        at: cells.time("at")?,
        code: cells.text("code")?,
        message: cells.open(sealer, Cell::TaskEvent, row_of(task, cells.int("sequence")?))?,
        is_error: cells.flag("is_error")?,
    })
}
