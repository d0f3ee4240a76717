//! Work units: a task's files, about a thousand small ones or up to 4 GiB of a large one to a row.
//!
//! A million files are a thousand rows, and memory holds a few of them: every list here has a limit. What is in a unit is
//! the transfer engine's own compact value; this package only keeps it, sealed: one sealing a row, whatever is in it.
//!
//! **Promises.** A unit is saved by the holder of the task's lease or not at all. Expansion writes units and the cursor
//! that led to them in one transaction ([`insert_many`], then [`set_cursor`], which is fenced and so fences both).

use sealane_model::id::TaskId;
use sealane_model::path::RemotePath;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::cells::{self, Cells, int, word};
use crate::pool::Atomic;
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError, Lease, lease};

const TABLE: &str = "unit";

/// What a unit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// Directories to make.
    Directory,
    /// Small files.
    Batch,
    /// A run of ranges of one large file.
    Run,
}

/// Whether there is still something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitState {
    /// There is.
    Pending,
    /// All of it is verified, durable and under its final name.
    Done,
}

/// One work unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Of which task.
    pub task: TaskId,
    /// Its number within the task, in order of the plan.
    pub number: i64,
    /// Which of the task's items it belongs to.
    pub item: u32,
    /// What it holds.
    pub kind: UnitKind,
    /// Which large file its run belongs to: the same number for all runs of one file.
    pub file: i64,
    /// Whether there is still something to do.
    pub state: UnitState,
    /// How many bytes it stands for.
    pub bytes: i64,
    /// How many files it stands for.
    pub files: i64,
    /// What is in it, as the transfer engine writes it.
    pub value: Vec<u8>,
}

/// How many units there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitCounts {
    /// With something to do.
    pub pending: u64,
    /// With nothing to do.
    pub done: u64,
}

/// How far a task's items have been listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The item that is being listed.
    pub item: u32,
    /// The last path of it that is in a unit; absent at its beginning.
    pub after: Option<RemotePath>,
    /// Whether the last item has been listed to its end.
    pub finished: bool,
}

/// Writes new units. Belongs into one transaction with [`set_cursor`], which is what fences it.
///
/// # Errors
/// [`DbError::Duplicate`] if a number is taken, [`DbError::Reference`] if there is no such task; those of writing.
pub async fn insert_many(db: &mut Db, units: &[Unit]) -> Result<(), DbError> {
    let sealer = db.sealer()?;
    let mut tx = Atomic::begin(db).await?;
    for unit in units {
        sqlx::query(
            "INSERT INTO unit (task, number, item, kind, file, state, bytes, files, sealed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(unit.task.to_string())
        .bind(unit.number)
        .bind(i64::from(unit.item))
        .bind(word(TABLE, "kind", &unit.kind)?)
        .bind(unit.file)
        .bind(word(TABLE, "state", &unit.state)?)
        .bind(unit.bytes)
        .bind(unit.files)
        .bind(sealer.seal_bytes(Cell::Unit, row_of(unit.task, unit.number), &unit.value)?)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

/// Units with something to do after the given number, in order.
///
/// # Errors
/// Those of reading.
pub async fn next_pending(db: &mut Db, task: TaskId, after: i64, limit: usize) -> Result<Vec<Unit>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT task, number, item, kind, file, state, bytes, files, sealed FROM unit
         WHERE task = $1 AND number > $2 AND state = 'pending' ORDER BY number LIMIT $3",
    )
    .bind(task.to_string())
    .bind(after)
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// All units after the given number, in order.
///
/// # Errors
/// Those of reading.
pub async fn page(db: &mut Db, task: TaskId, after: i64, limit: usize) -> Result<Vec<Unit>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT task, number, item, kind, file, state, bytes, files, sealed FROM unit
         WHERE task = $1 AND number > $2 ORDER BY number LIMIT $3",
    )
    .bind(task.to_string())
    .bind(after)
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// The units of one large file, in order: 256 for each TiB.
///
/// # Errors
/// Those of reading.
pub async fn of_file(db: &mut Db, task: TaskId, file: i64) -> Result<Vec<Unit>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT task, number, item, kind, file, state, bytes, files, sealed FROM unit
         WHERE task = $1 AND file = $2 ORDER BY number",
    )
    .bind(task.to_string())
    .bind(file)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// Writes down what is now true of a unit.
///
/// # Errors
/// [`DbError::Fenced`] if the lease is lost, [`DbError::Gone`] if there is no such unit; those of writing.
pub async fn save(db: &mut Db, lease: &Lease, number: i64, state: UnitState, value: &[u8]) -> Result<(), DbError> {
    let sealed = db.sealer()?.seal_bytes(Cell::Unit, row_of(lease.task, number), value)?;
    let mut tx = Atomic::begin(db).await?;
    lease::hold(&mut tx, lease).await?;
    let done = sqlx::query("UPDATE unit SET state = $3, sealed = $4 WHERE task = $1 AND number = $2")
        .bind(lease.task.to_string())
        .bind(number)
        .bind(word(TABLE, "state", &state)?)
        .bind(sealed)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(DbError::Gone { table: TABLE }) }
}

/// How many units a task has.
///
/// # Errors
/// Those of reading.
pub async fn counts(db: &mut Db, task: TaskId) -> Result<UnitCounts, DbError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS units, CAST(COALESCE(SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS done
         FROM unit WHERE task = $1",
    )
    .bind(task.to_string())
    .fetch_one(db)
    .await?;
    let cells = Cells::of(TABLE, &row);
    let (units, done): (u64, u64) = (cells.number("units")?, cells.number("done")?);
    Ok(UnitCounts { pending: units.saturating_sub(done), done })
}

/// The highest number that a unit of the task has; `None` before the first.
///
/// # Errors
/// Those of reading.
pub async fn last_number(db: &mut Db, task: TaskId) -> Result<Option<i64>, DbError> {
    let row = sqlx::query("SELECT number FROM unit WHERE task = $1 ORDER BY number DESC LIMIT 1")
        .bind(task.to_string())
        .fetch_optional(db)
        .await?;
    row.map(|row| Cells::of(TABLE, &row).int("number")).transpose()
}

/// Forgets a task's units and its cursor, once it has ended; returns how many units there were.
///
/// # Errors
/// Those of writing.
pub async fn delete_task(db: &mut Db, task: TaskId) -> Result<u64, DbError> {
    let mut tx = Atomic::begin(db).await?;
    let units = sqlx::query("DELETE FROM unit WHERE task = $1").bind(task.to_string()).execute(&mut *tx).await?;
    sqlx::query("DELETE FROM expansion WHERE task = $1").bind(task.to_string()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(units.rows_affected())
}

/// Notes how far the task's items have been listed.
///
/// # Errors
/// [`DbError::Fenced`] if the lease is lost; those of writing. Either undoes the transaction that it is part of.
pub async fn set_cursor(
    db: &mut Db,
    lease: &Lease,
    item: u32,
    after: Option<&RemotePath>,
    finished: bool,
) -> Result<(), DbError> {
    let task = lease.task.to_string();
    let sealer = db.sealer()?;
    let sealed = after.map(|after| sealer.seal(Cell::Cursor, &task, after)).transpose()?;
    let mut tx = Atomic::begin(db).await?;
    lease::hold(&mut tx, lease).await?;
    sqlx::query(
        "INSERT INTO expansion (task, item, sealed, finished) VALUES ($1, $2, $3, $4)
         ON CONFLICT (task) DO UPDATE
         SET item = excluded.item, sealed = excluded.sealed, finished = excluded.finished",
    )
    .bind(task)
    .bind(int("expansion", "item", item)?)
    .bind(sealed)
    .bind(i64::from(finished))
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// How far the task's items have been listed; `None` before the first step.
///
/// # Errors
/// Those of reading.
pub async fn cursor(db: &mut Db, task: TaskId) -> Result<Option<Cursor>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query("SELECT item, sealed, finished FROM expansion WHERE task = $1")
        .bind(task.to_string())
        .fetch_optional(db)
        .await?;
    let read = |row: AnyRow| {
        let cells = Cells::of("expansion", &row);
        Ok(Cursor {
            item: cells.number("item")?,
            after: cells.opt_open(&sealer, Cell::Cursor, task.to_string())?,
            finished: cells.flag("finished")?,
        })
    };
    row.map(read).transpose()
}

/// What a sealed value belongs to.
pub(crate) fn row_of(task: TaskId, number: i64) -> String {
    format!("{task}/{number}")
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<Unit, DbError> {
    let cells = Cells::of(TABLE, row);
    let (task, number) = (cells.parsed("task")?, cells.int("number")?);
    Ok(Unit {
        task,
        number,
        item: cells.number("item")?,
        kind: cells.word("kind")?,
        file: cells.int("file")?,
        state: cells.word("state")?,
        bytes: cells.int("bytes")?,
        files: cells.int("files")?,
        value: sealer.open_bytes(Cell::Unit, row_of(task, number), &cells.bytes("sealed")?)?,
    })
}
