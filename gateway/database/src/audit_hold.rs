//! Legal holds: what the audit log knows of a person or collection is not erased while one stands.
//!
//! Whom it is about is kept as a keyed code and sealed, never in clear; so is who placed it and who wants it gone. A hold ends when a second person agrees to its
//! release; that they are two is for the service to see to.

use sealane_model::id::HoldId;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{self, Cells};
use crate::seal::{Cell, Lookup, Sealer};
use crate::{Db, DbError};

const TABLE: &str = "audit_hold";

/// One hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Whom or what it is about, as a keyed code.
    pub token: String,
    /// The same and its reason, sealed.
    pub sealed: Vec<u8>,
    /// Who placed it.
    pub placed_by: PersonId,
    /// When.
    pub placed_at: Timestamp,
    /// Who asked for its release, and when.
    pub release_asked: Option<(PersonId, Timestamp)>,
}

/// Places one.
///
/// # Errors
/// Those of writing.
pub async fn insert(db: &mut Db, hold: &Hold) -> Result<(), DbError> {
    let id = hold.id.to_string();
    let by = db.sealer()?.seal(Cell::HoldPlacing, &id, &hold.placed_by)?;
    sqlx::query("INSERT INTO audit_hold (id, token, sealed, sealed_placing, placed_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(hold.token.as_str())
        .bind(hold.sealed.as_slice())
        .bind(by)
        .bind(hold.placed_at.as_micros())
        .execute(db)
        .await?;
    Ok(())
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: HoldId) -> Result<Option<Hold>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query(
        "SELECT id, token, sealed, sealed_placing, placed_at, sealed_release, release_asked_at
         FROM audit_hold WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// The oldest hold on a person or collection, by its keyed code.
///
/// # Errors
/// Those of reading.
pub async fn on(db: &mut Db, token: &str) -> Result<Option<HoldId>, DbError> {
    let row = sqlx::query("SELECT id FROM audit_hold WHERE token = $1 ORDER BY id LIMIT 1")
        .bind(token)
        .fetch_optional(db)
        .await?;
    row.map(|row| Cells::of(TABLE, &row).parsed("id")).transpose()
}

/// The newest first, those after the given one.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db, after: Option<HoldId>, limit: usize) -> Result<Vec<Hold>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, token, sealed, sealed_placing, placed_at, sealed_release, release_asked_at
         FROM audit_hold WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// Writes down that somebody asks for its release, unless somebody else has asked since `horizon`; says whether it did.
///
/// # Errors
/// Those of writing.
pub async fn ask_release(
    db: &mut Db,
    id: HoldId,
    by: &PersonId,
    now: Timestamp,
    horizon: Timestamp,
) -> Result<bool, DbError> {
    let (sealer, id) = (db.sealer()?, id.to_string());
    let sealed = sealer.seal(Cell::HoldRelease, &id, by)?;
    let done = sqlx::query(
        "UPDATE audit_hold SET sealed_release = $2, release_token = $3, release_asked_at = $4
         WHERE id = $1 AND (release_asked_at IS NULL OR release_asked_at <= $5)",
    )
    .bind(id)
    .bind(sealed)
    .bind(sealer.person(Lookup::HoldRelease, by)?)
    .bind(now.as_micros())
    .bind(horizon.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a hold whose release somebody asked for since `horizon`, and who is not `agreed_by`; says whether it did.
///
/// # Errors
/// Those of writing.
pub async fn release(db: &mut Db, id: HoldId, agreed_by: &PersonId, horizon: Timestamp) -> Result<bool, DbError> {
    let agreed = db.sealer()?.person(Lookup::HoldRelease, agreed_by)?;
    let done = sqlx::query("DELETE FROM audit_hold WHERE id = $1 AND release_asked_at > $3 AND release_token <> $2")
        .bind(id.to_string())
        .bind(agreed)
        .bind(horizon.as_micros())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<Hold, DbError> {
    let cells = Cells::of(TABLE, row);
    let id = cells.text("id")?;
    let release_asked = match (cells.opt_open(sealer, Cell::HoldRelease, &id)?, cells.opt_time("release_asked_at")?) {
        (Some(by), Some(at)) => Some((by, at)),
        (None, None) => None,
        _ => return Err(cells.corrupt("release_asked_at")),
    };
    Ok(Hold {
        id: cells.parsed("id")?,
        token: cells.text("token")?,
        sealed: cells.bytes("sealed")?,
        placed_by: cells.open(sealer, Cell::HoldPlacing, &id)?,
        placed_at: cells.time("placed_at")?,
        release_asked,
    })
}
