//! Receipts of transfers between two sites: what this site recorded of each, and whether the other has proven the same.
//!
//! **Promises.** A transfer that ended well has one row, from before its outcome is in the audit log until its task is
//! removed. Of any number of nodes that look at what is due, one gets each row. A row that is held stays held.
//!
//! **Leaves to others.** The form of the parts, and whether they are true: all is kept as texts.

use sealane_model::id::{SiteId, TaskId};
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{self, Cells};
use crate::{Db, DbError};

const TABLE: &str = "transfer_receipt";

/// How far the exchange of a transfer's receipt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptState {
    /// The other site has not proven yet that it recorded the same.
    Owed,
    /// Both sites hold proof.
    Held,
    /// What the other site showed differs, or is not proven: somebody must look.
    Refused,
}

impl ReceiptState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Held => "held",
            Self::Refused => "refused",
        }
    }
}

/// A transfer's receipt, as far as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferReceipt {
    /// Of which task.
    pub task: TaskId,
    /// The other site.
    pub peer: SiteId,
    /// Whether this site asks for the exchange; else it answers.
    pub asks: bool,
    /// How far it is.
    pub state: ReceiptState,
    /// What this site recorded, with its proof, as the other is shown it.
    pub ours: String,
    /// The receipt with both sites' parts, once the other's was found true.
    pub document: Option<String>,
    /// Whether witnesses have cosigned the heads in both parts.
    pub confirmed: bool,
    /// A stable word for what is in the way.
    pub cause: Option<String>,
    /// How often it was asked for.
    pub tries: u32,
    /// When it is asked for next.
    pub next_at: Timestamp,
    /// Since when it is as it is.
    pub since: Timestamp,
}

/// A receipt that both sites hold.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// With both parts.
    pub document: &'a str,
    /// Whether witnesses have cosigned the heads in both.
    pub confirmed: bool,
    /// When it is looked at again, if not.
    pub next_at: Timestamp,
}

/// Notes that a transfer's receipt is owed; nothing if it is known already.
///
/// # Errors
/// [`DbError::Reference`] if there is no such task; those of writing.
pub async fn owe(
    db: &mut Db,
    task: TaskId,
    peer: SiteId,
    asks: bool,
    ours: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO transfer_receipt (task, peer, asks, state, ours, tries, next_at, since)
         VALUES ($1, $2, $3, 'owed', $4, 0, $5, $6)
         ON CONFLICT (task) DO NOTHING",
    )
    .bind(task.to_string())
    .bind(peer.to_string())
    .bind(i64::from(asks))
    .bind(ours)
    .bind(now.as_micros())
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// One by its task.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, task: TaskId) -> Result<Option<TransferReceipt>, DbError> {
    let row =
        sqlx::query("SELECT * FROM transfer_receipt WHERE task = $1").bind(task.to_string()).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// Those that this site is to ask for now, the longest due first.
///
/// # Errors
/// Those of reading.
pub async fn due(db: &mut Db, now: Timestamp, limit: usize) -> Result<Vec<TransferReceipt>, DbError> {
    let rows = sqlx::query(
        "SELECT * FROM transfer_receipt
         WHERE state = 'owed' AND asks = 1 AND next_at <= $1 ORDER BY next_at, task LIMIT $2",
    )
    .bind(now.as_micros())
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(read).collect()
}

/// Those that are held, of which witnesses may have cosigned more by now, asked for less than `tries` times since.
///
/// # Errors
/// Those of reading.
pub async fn unconfirmed(
    db: &mut Db,
    now: Timestamp,
    tries: u32,
    limit: usize,
) -> Result<Vec<TransferReceipt>, DbError> {
    let rows = sqlx::query(
        "SELECT * FROM transfer_receipt
         WHERE state = 'held' AND confirmed = 0 AND asks = 1 AND next_at <= $1 AND tries < $2
         ORDER BY next_at, task LIMIT $3",
    )
    .bind(now.as_micros())
    .bind(i64::from(tries))
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(read).collect()
}

/// Takes one that is due, which puts it off until `next_at`; `false` if another node took it first.
///
/// # Errors
/// Those of writing.
pub async fn claim(db: &mut Db, seen: &TransferReceipt, next_at: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE transfer_receipt SET tries = tries + 1, next_at = $3
         WHERE task = $1 AND state = $4 AND next_at = $2",
    )
    .bind(seen.task.to_string())
    .bind(seen.next_at.as_micros())
    .bind(next_at.as_micros())
    .bind(seen.state.word())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes what is in the way of one that is owed.
///
/// # Errors
/// Those of writing.
pub async fn hindered(db: &mut Db, task: TaskId, cause: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE transfer_receipt SET cause = $2 WHERE task = $1 AND state = 'owed'")
        .bind(task.to_string())
        .bind(cause)
        .execute(db)
        .await?;
    Ok(())
}

/// Both sites hold proof; `false` if that was so before.
///
/// # Errors
/// Those of writing.
pub async fn hold(db: &mut Db, task: TaskId, held: &Held<'_>, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE transfer_receipt
         SET state = 'held', document = $2, confirmed = $3, cause = NULL, tries = 0, next_at = $4, since = $5
         WHERE task = $1 AND state <> 'held'",
    )
    .bind(task.to_string())
    .bind(held.document)
    .bind(i64::from(held.confirmed))
    .bind(held.next_at.as_micros())
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A receipt that is held is replaced by one of which witnesses have cosigned more; `false` if there is nothing to gain.
///
/// # Errors
/// Those of writing.
pub async fn confirm(db: &mut Db, task: TaskId, held: &Held<'_>) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE transfer_receipt SET document = $2, confirmed = $3, next_at = $4
         WHERE task = $1 AND state = 'held' AND confirmed = 0",
    )
    .bind(task.to_string())
    .bind(held.document)
    .bind(i64::from(held.confirmed))
    .bind(held.next_at.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the other site showed cannot be kept; `false` if that was known, or proof is held already.
///
/// # Errors
/// Those of writing.
pub async fn refuse(db: &mut Db, task: TaskId, cause: &str, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE transfer_receipt SET state = 'refused', cause = $2, since = $3 WHERE task = $1 AND state = 'owed'",
    )
    .bind(task.to_string())
    .bind(cause)
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<TransferReceipt, DbError> {
    let cells = Cells::of(TABLE, row);
    let state = match cells.text("state")?.as_str() {
        "owed" => ReceiptState::Owed,
        "held" => ReceiptState::Held,
        "refused" => ReceiptState::Refused,
        _ => return Err(cells.corrupt("state")),
    };
    Ok(TransferReceipt {
        task: cells.parsed("task")?,
        peer: cells.parsed("peer")?,
        asks: cells.flag("asks")?,
        state,
        ours: cells.text("ours")?,
        document: cells.opt_text("document")?,
        confirmed: cells.flag("confirmed")?,
        cause: cells.opt_text("cause")?,
        tries: cells.number("tries")?,
        next_at: cells.time("next_at")?,
        since: cells.time("since")?,
    })
}
