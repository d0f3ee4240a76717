//! Erasures of personal values from the audit log: asked for, approved, done.
//!
//! **Promises.** An erasure is approved once, before it expires, and has a part for every log that the site had at that
//! moment, in the same transaction. Whom it is about is kept as a keyed code and sealed, never in clear, and is gone with
//! the last part; who asked and who agreed is sealed. Of one person or collection there is one open erasure at a time.
//!
//! **Leaves to others.** Who may ask and approve, keys and codes, destroying what is to be destroyed.

use sealane_model::id::ErasureId;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{self, Cells};
use crate::pool::Atomic;
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError};

const TABLE: &str = "erasure";

/// One erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// Whom or what it is about, as a keyed code; gone when it is done.
    pub token: Option<String>,
    /// The same and its basis, sealed; gone when it is done.
    pub sealed: Option<Vec<u8>>,
    /// Who asked.
    pub requested_by: PersonId,
    /// When.
    pub requested_at: Timestamp,
    /// Until when it can be approved.
    pub expires_at: Timestamp,
    /// Who agreed, and when.
    pub approved: Option<(PersonId, Timestamp)>,
}

/// Adds one that waits for approval. What waited for the same and has expired makes room.
///
/// # Errors
/// [`DbError::Duplicate`] if one about the same is open.
pub async fn insert(db: &mut Db, erasure: &Erasure) -> Result<(), DbError> {
    let id = erasure.id.to_string();
    let by = db.sealer()?.seal(Cell::ErasureRequest, &id, &erasure.requested_by)?;
    let mut tx = Atomic::begin(db).await?;
    sqlx::query("DELETE FROM erasure WHERE token = $1 AND approved_at IS NULL AND expires_at <= $2")
        .bind(erasure.token.as_deref())
        .bind(erasure.requested_at.as_micros())
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO erasure (id, token, sealed, sealed_request, requested_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(erasure.token.as_deref())
    .bind(erasure.sealed.as_deref())
    .bind(by)
    .bind(erasure.requested_at.as_micros())
    .bind(erasure.expires_at.as_micros())
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: ErasureId) -> Result<Option<Erasure>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query(
        "SELECT id, token, sealed, sealed_request, requested_at, expires_at, sealed_approval, approved_at
         FROM erasure WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// The newest first, those after the given one.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db, after: Option<ErasureId>, limit: usize) -> Result<Vec<Erasure>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, token, sealed, sealed_request, requested_at, expires_at, sealed_approval, approved_at
         FROM erasure WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// Approves one and gives every log its part; `false` if it was approved before, has expired or is not there.
///
/// # Errors
/// Those of writing.
pub async fn approve(db: &mut Db, id: ErasureId, by: &PersonId, now: Timestamp) -> Result<bool, DbError> {
    let approval = db.sealer()?.seal(Cell::ErasureApproval, id.to_string(), by)?;
    let mut tx = Atomic::begin(db).await?;
    let done = sqlx::query(
        "UPDATE erasure SET sealed_approval = $2, approved_at = $3
         WHERE id = $1 AND approved_at IS NULL AND expires_at > $3",
    )
    .bind(id.to_string())
    .bind(approval)
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 1 {
        sqlx::query("INSERT INTO erasure_part (erasure, origin) SELECT $1, origin FROM audit_log")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Takes one away that nobody has approved; says whether there was such a one.
///
/// # Errors
/// Those of writing.
pub async fn withdraw(db: &mut Db, id: ErasureId) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM erasure WHERE id = $1 AND approved_at IS NULL")
        .bind(id.to_string())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets those that expired without approval; returns how many.
///
/// # Errors
/// Those of writing.
pub async fn forget_expired(db: &mut Db, now: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM erasure WHERE approved_at IS NULL AND expires_at <= $1")
        .bind(now.as_micros())
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

pub(crate) fn read(sealer: &Sealer, row: &AnyRow) -> Result<Erasure, DbError> {
    let cells = Cells::of(TABLE, row);
    let id = cells.text("id")?;
    let approved = match (cells.opt_open(sealer, Cell::ErasureApproval, &id)?, cells.opt_time("approved_at")?) {
        (Some(by), Some(at)) => Some((by, at)),
        (None, None) => None,
        _ => return Err(cells.corrupt("approved_at")),
    };
    Ok(Erasure {
        id: cells.parsed("id")?,
        token: cells.opt_text("token")?,
        sealed: cells.opt_bytes("sealed")?,
        requested_by: cells.open(sealer, Cell::ErasureRequest, &id)?,
        requested_at: cells.time("requested_at")?,
        expires_at: cells.time("expires_at")?,
        approved,
    })
}
