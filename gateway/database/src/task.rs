//! Tasks.
//!
//! **Promises.** No statement here takes a task out of an end state. What the working node writes takes its [`Lease`] and
//! is refused once the lease is lost; the mirror at the source, on which nobody works, is written without one.
//!
//! Whose a task is and what it is about is one sealed cell, what it says of itself another: each is written whole.

use sealane_crypto::digest::Digest;
use sealane_model::id::TaskId;
use sealane_model::person::PersonId;
use sealane_model::task::{Task, TaskState};
use sealane_model::time::Timestamp;

use crate::cells::{self, Cells, word};
use crate::pool::Atomic;
use crate::seal::{Cell, Lookup};
use crate::{Db, DbError, Lease, lease};

mod progress;
mod row;

pub use progress::{add_progress, mirror_progress, set_progress};

pub(crate) use row::{About, Says};
use row::{State, TABLE, read};

/// Writes a new task down.
///
/// # Errors
/// [`DbError::Duplicate`] if its id is taken; those of writing.
pub async fn insert(db: &mut Db, task: &Task) -> Result<(), DbError> {
    let state = State::of(&task.state)?;
    let progress = progress::Counts::of(&task.progress)?;
    let (sealer, id) = (db.sealer()?, task.id.to_string());
    let about = About {
        owner: task.owner.clone(),
        label: task.label.clone(),
        items: task.items.clone(),
        purpose: task.purpose.clone(),
    };
    let says = Says { nice_status: task.nice_status.clone(), failure: state.message };
    let (sealed, sealed_status) = (sealer.seal(Cell::Task, &id, &about)?, sealer.seal(Cell::TaskStatus, &id, &says)?);
    sqlx::query(
        "INSERT INTO task (id, owner_token, sealed, sealed_status, role, coordinator,
                           source_site, source_collection, destination_site, destination_collection,
                           lanes, state, pause, failure_code,
                           files_total, bytes_total, expanded, files_done, bytes_done, bytes_moved,
                           skipped, directories, lanes_open, manifest, cipher, events,
                           submitted_at, completed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                 $18, $19, $20, $21, $22, $23, $24, $25, 0, $26, $27)",
    )
    .bind(id)
    .bind(sealer.person(Lookup::TaskOwner, &task.owner)?)
    .bind(sealed)
    .bind(sealed_status)
    .bind(word(TABLE, "role", &task.role)?)
    .bind(i64::from(task.coordinator))
    .bind(task.source.site.to_string())
    .bind(task.source.collection.to_string())
    .bind(task.destination.site.to_string())
    .bind(task.destination.collection.to_string())
    .bind(i64::from(task.lanes))
    .bind(state.word)
    .bind(state.pause)
    .bind(state.code)
    .bind(progress.files_total)
    .bind(progress.bytes_total)
    .bind(progress.expanded)
    .bind(progress.files_done)
    .bind(progress.bytes_done)
    .bind(progress.bytes_moved)
    .bind(progress.skipped)
    .bind(progress.directories)
    .bind(progress.lanes)
    .bind(task.manifest.map(|digest| digest.to_string()))
    .bind(task.cipher.as_deref())
    .bind(task.submitted_at.as_micros())
    .bind(task.completed_at.map(Timestamp::as_micros).or(state.at))
    .execute(db)
    .await?;
    Ok(())
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: TaskId) -> Result<Option<Task>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query("SELECT * FROM task WHERE id = $1").bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// Tasks of one person, or of all, the newest first: those older than the given one.
///
/// # Errors
/// Those of reading.
pub async fn list(
    db: &mut Db,
    owner: Option<&PersonId>,
    after: Option<TaskId>,
    limit: usize,
) -> Result<Vec<Task>, DbError> {
    let sealer = db.sealer()?;
    // Ids are ordered by time. No id begins with a letter after 'f', so all come before 'g'.
    let before = after.map_or_else(|| "g".to_owned(), |id| id.to_string());
    let query = match owner {
        Some(owner) => sqlx::query("SELECT * FROM task WHERE id < $1 AND owner_token = $3 ORDER BY id DESC LIMIT $2")
            .bind(before)
            .bind(cells::limit(limit))
            .bind(sealer.person(Lookup::TaskOwner, owner)?),
        None => sqlx::query("SELECT * FROM task WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before)
            .bind(cells::limit(limit)),
    };
    query.fetch_all(db).await?.iter().map(|row| read(&sealer, row)).collect()
}

/// All tasks that have not ended, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn active(db: &mut Db) -> Result<Vec<TaskId>, DbError> {
    let rows =
        sqlx::query("SELECT id FROM task WHERE state IN ('ACTIVE', 'INACTIVE') ORDER BY id").fetch_all(db).await?;
    rows.iter().map(|row| Cells::of(TABLE, row).parsed("id")).collect()
}

/// Changes where a task stands, and what it says of itself. `false` if it had ended before, or is not there.
///
/// A task that ends also loses its open lanes. `now` is when it ended, for states that do not say so themselves.
///
/// # Errors
/// [`DbError::Fenced`] if the lease is lost; those of writing.
pub async fn set_state(
    db: &mut Db,
    id: TaskId,
    state: &TaskState,
    nice_status: &str,
    now: Timestamp,
    lease: Option<&Lease>,
) -> Result<bool, DbError> {
    let columns = State::of(state)?;
    let ended = if state.is_final() { Some(columns.at.unwrap_or_else(|| now.as_micros())) } else { None };
    let says = Says { nice_status: nice_status.to_owned(), failure: columns.message };
    let sealed = db.sealer()?.seal(Cell::TaskStatus, id.to_string(), &says)?;
    let mut tx = Atomic::begin(db).await?;
    hold(&mut tx, id, lease).await?;
    let done = sqlx::query(
        "UPDATE task
         SET state = $2, pause = $3, failure_code = $4, sealed_status = $5, completed_at = $6,
             lanes_open = CASE WHEN $2 = 'ACTIVE' THEN lanes_open ELSE 0 END
         WHERE id = $1 AND state IN ('ACTIVE', 'INACTIVE')",
    )
    .bind(id.to_string())
    .bind(columns.word)
    .bind(columns.pause)
    .bind(columns.code)
    .bind(sealed)
    .bind(ended)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down the digest of the manifest of every file.
///
/// # Errors
/// [`DbError::Fenced`] if the lease is lost, [`DbError::Gone`] if there is no such task; those of writing.
pub async fn set_manifest(db: &mut Db, id: TaskId, manifest: &Digest, lease: Option<&Lease>) -> Result<(), DbError> {
    let mut tx = Atomic::begin(db).await?;
    hold(&mut tx, id, lease).await?;
    let done = sqlx::query("UPDATE task SET manifest = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(manifest.to_string())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    there(done.rows_affected())
}

/// Writes down the cipher suite that the lanes use.
///
/// # Errors
/// [`DbError::Fenced`] if the lease is lost, [`DbError::Gone`] if there is no such task; those of writing.
pub async fn set_cipher(db: &mut Db, id: TaskId, cipher: &str, lease: Option<&Lease>) -> Result<(), DbError> {
    let mut tx = Atomic::begin(db).await?;
    hold(&mut tx, id, lease).await?;
    let done = sqlx::query("UPDATE task SET cipher = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(cipher)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    there(done.rows_affected())
}

/// Asks that a task be canceled; the node that works on it sees that. `false` if it has ended or was asked before.
///
/// # Errors
/// Those of writing.
pub async fn request_cancel(db: &mut Db, id: TaskId, by: &str) -> Result<bool, DbError> {
    let id = id.to_string();
    let sealed = db.sealer()?.seal(Cell::TaskCancel, &id, by)?;
    let done = sqlx::query(
        "UPDATE task SET sealed_cancel = $2
         WHERE id = $1 AND sealed_cancel IS NULL AND state IN ('ACTIVE', 'INACTIVE')",
    )
    .bind(id)
    .bind(sealed)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Who asked that it be canceled, if somebody did.
///
/// # Errors
/// Those of reading.
pub async fn cancel_requested(db: &mut Db, id: TaskId) -> Result<Option<String>, DbError> {
    let (sealer, id) = (db.sealer()?, id.to_string());
    let row = sqlx::query("SELECT sealed_cancel FROM task WHERE id = $1").bind(id.as_str()).fetch_optional(db).await?;
    row.map_or(Ok(None), |row| Cells::of(TABLE, &row).opt_open(&sealer, Cell::TaskCancel, &id))
}

/// Fences a write where a lease is given. INVARIANT: a lease on one task fences no write to another.
async fn hold(db: &mut Db, id: TaskId, lease: Option<&Lease>) -> Result<(), DbError> {
    match lease {
        Some(lease) if lease.task == id => lease::hold(db, lease).await,
        Some(_) => Err(DbError::Fenced),
        None => Ok(()),
    }
}

fn there(rows: u64) -> Result<(), DbError> {
    if rows == 1 { Ok(()) } else { Err(DbError::Gone { table: TABLE }) }
}
