//! How far a task is: counters that the working node adds to, or that the other site reports.

use sealane_model::id::TaskId;
use sealane_model::task::Progress;

use super::row::TABLE;
use super::{hold, there};
use crate::cells::int;
use crate::pool::Atomic;
use crate::{Db, DbError, Lease};

/// The counters as BIGINT.
pub(super) struct Counts {
    pub(super) files_total: i64,
    pub(super) bytes_total: i64,
    pub(super) expanded: i64,
    pub(super) files_done: i64,
    pub(super) bytes_done: i64,
    pub(super) bytes_moved: i64,
    pub(super) skipped: i64,
    pub(super) directories: i64,
    pub(super) lanes: i64,
}

impl Counts {
    pub(super) fn of(progress: &Progress) -> Result<Self, DbError> {
        Ok(Self {
            files_total: int(TABLE, "files_total", progress.files_total)?,
            bytes_total: int(TABLE, "bytes_total", progress.bytes_total)?,
            expanded: i64::from(progress.expanded),
            files_done: int(TABLE, "files_done", progress.files_done)?,
            bytes_done: int(TABLE, "bytes_done", progress.bytes_done)?,
            bytes_moved: int(TABLE, "bytes_moved", progress.bytes_moved)?,
            skipped: int(TABLE, "skipped", progress.skipped)?,
            directories: int(TABLE, "directories", progress.directories)?,
            lanes: i64::from(progress.lanes),
        })
    }

    async fn write(self, db: &mut Db, statement: &'static str, id: TaskId) -> Result<u64, DbError> {
        let done = sqlx::query(statement)
            .bind(id.to_string())
            .bind(self.files_total)
            .bind(self.bytes_total)
            .bind(self.expanded)
            .bind(self.files_done)
            .bind(self.bytes_done)
            .bind(self.bytes_moved)
            .bind(self.skipped)
            .bind(self.directories)
            .bind(self.lanes)
            .execute(db)
            .await?;
        Ok(done.rows_affected())
    }
}

/// Sets all counters.
///
/// # Errors
/// [`DbError::Fenced`] if the lease is lost, [`DbError::Gone`] if there is no such task; those of writing.
pub async fn set_progress(db: &mut Db, id: TaskId, progress: &Progress, lease: &Lease) -> Result<(), DbError> {
    let counts = Counts::of(progress)?;
    let mut tx = Atomic::begin(db).await?;
    hold(&mut tx, id, Some(lease)).await?;
    let rows = counts
        .write(
            &mut tx,
            "UPDATE task SET files_total = $2, bytes_total = $3, expanded = $4, files_done = $5, bytes_done = $6,
                             bytes_moved = $7, skipped = $8, directories = $9, lanes_open = $10
             WHERE id = $1",
            id,
        )
        .await?;
    tx.commit().await?;
    there(rows)
}

/// Adds to the counters: `more` holds only what is new. `expanded` is kept once it was set; the number of open lanes is
/// not a sum and is taken as it is.
///
/// # Errors
/// [`DbError::Fenced`] if the lease is lost, [`DbError::Gone`] if there is no such task; those of writing.
pub async fn add_progress(db: &mut Db, id: TaskId, more: &Progress, lease: &Lease) -> Result<(), DbError> {
    let counts = Counts::of(more)?;
    let mut tx = Atomic::begin(db).await?;
    hold(&mut tx, id, Some(lease)).await?;
    let rows = counts
        .write(
            &mut tx,
            "UPDATE task SET files_total = files_total + $2, bytes_total = bytes_total + $3,
                             expanded = CASE WHEN $4 = 1 THEN 1 ELSE expanded END,
                             files_done = files_done + $5, bytes_done = bytes_done + $6,
                             bytes_moved = bytes_moved + $7, skipped = skipped + $8,
                             directories = directories + $9, lanes_open = $10
             WHERE id = $1",
            id,
        )
        .await?;
    tx.commit().await?;
    there(rows)
}

/// Sets all counters of the mirror at the source, as the destination reports them; `false` if this site is not the
/// source of that task, or the task has ended.
///
/// # Errors
/// Those of writing.
pub async fn mirror_progress(db: &mut Db, id: TaskId, progress: &Progress) -> Result<bool, DbError> {
    let rows = Counts::of(progress)?
        .write(
            db,
            "UPDATE task SET files_total = $2, bytes_total = $3, expanded = $4, files_done = $5, bytes_done = $6,
                             bytes_moved = $7, skipped = $8, directories = $9, lanes_open = $10
             WHERE id = $1 AND role = 'source' AND state IN ('ACTIVE', 'INACTIVE')",
            id,
        )
        .await?;
    Ok(rows == 1)
}
