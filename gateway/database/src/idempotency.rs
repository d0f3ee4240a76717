//! Idempotency keys: a request that is sent twice is carried out once, and answered alike both times.
//!
//! **Promises.** Of any number of equal requests at once one is [`Claim::New`]; the others see that it is under way, then
//! its answer. A key that is used for another request is a conflict. A key belongs to its owner: nobody can learn or
//! block another's. Key, owner and request stand here as keyed codes, the answer sealed. A claim whose node died without an answer is given out again after [`ABANDONED_AFTER`].

use std::time::Duration;

use sealane_crypto::digest::Digest;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::seal::{Cell, Lookup, Sealer};
use crate::{Db, DbError};

/// How long a request may take before its claim counts as abandoned: longer than any request to the API.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(10 * 60);

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing so far: carry the request out, then [`complete`] or [`abandon`] it.
    New,
    /// It was carried out: answer this again.
    Replay {
        /// The answer's body.
        response: String,
        /// The answer's HTTP status.
        status: u16,
    },
    /// The key was used for another request.
    Conflict,
    /// The same request is being carried out at this moment.
    InProgress,
}

/// Claims a key for a request.
///
/// # Errors
/// Those of writing.
pub async fn claim(
    db: &mut Db,
    key: &str,
    owner: &PersonId,
    request_digest: &Digest,
    now: Timestamp,
) -> Result<Claim, DbError> {
    let sealer = db.sealer()?;
    let (token, request) = (token(&sealer, key, owner)?, request_token(&sealer, request_digest)?);
    let abandoned = Timestamp::from_micros(now.as_micros().saturating_sub(micros(ABANDONED_AFTER)));
    let claimed = sqlx::query(
        "INSERT INTO idempotency (token, request_token, claimed_at) VALUES ($1, $2, $3)
         ON CONFLICT (token) DO UPDATE SET claimed_at = excluded.claimed_at
         WHERE idempotency.status IS NULL AND idempotency.request_token = excluded.request_token
           AND idempotency.claimed_at <= $4",
    )
    .bind(token.as_slice())
    .bind(request.as_slice())
    .bind(now.as_micros())
    .bind(abandoned.as_micros())
    .execute(&mut *db)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let row = sqlx::query("SELECT request_token, status, sealed FROM idempotency WHERE token = $1")
        .bind(token.as_slice())
        .fetch_optional(db)
        .await?;
    // Given up between the two statements: for whoever asks again it is new.
    row.map_or(Ok(Claim::InProgress), |row| read(&sealer, &token, &row, &request))
}

/// Writes the answer down.
///
/// # Errors
/// [`DbError::Gone`] if nobody claimed the key; those of writing.
pub async fn complete(db: &mut Db, key: &str, owner: &PersonId, status: u16, response: &str) -> Result<(), DbError> {
    let sealer = db.sealer()?;
    let token = token(&sealer, key, owner)?;
    let sealed = sealer.seal(Cell::IdempotentAnswer, &token, response)?;
    let done = sqlx::query("UPDATE idempotency SET status = $2, sealed = $3 WHERE token = $1 AND status IS NULL")
        .bind(token)
        .bind(i64::from(status))
        .bind(sealed)
        .execute(db)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(DbError::Gone { table: "idempotency" }) }
}

/// Gives a claim up without an answer, so that the request can be repeated: nothing was done, or not for certain.
///
/// # Errors
/// Those of writing.
pub async fn abandon(db: &mut Db, key: &str, owner: &PersonId) -> Result<bool, DbError> {
    let sealer = db.sealer()?;
    let token = token(&sealer, key, owner)?;
    let done =
        sqlx::query("DELETE FROM idempotency WHERE token = $1 AND status IS NULL").bind(token).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets keys that were claimed before `horizon`; returns how many.
///
/// # Errors
/// Those of writing.
pub async fn forget(db: &mut Db, horizon: Timestamp) -> Result<u64, DbError> {
    let done =
        sqlx::query("DELETE FROM idempotency WHERE claimed_at < $1").bind(horizon.as_micros()).execute(db).await?;
    Ok(done.rows_affected())
}

/// What a key of an owner is found by.
pub(crate) fn token(sealer: &Sealer, key: &str, owner: &PersonId) -> Result<Vec<u8>, DbError> {
    sealer.code(Lookup::IdempotencyKey, &[&owner.issuer, &owner.subject, key])
}

/// What a request is known by: its digest alone could be guessed from what it may have said.
pub(crate) fn request_token(sealer: &Sealer, request: &Digest) -> Result<Vec<u8>, DbError> {
    sealer.code(Lookup::Request, &[&request.to_string()])
}

fn read(sealer: &Sealer, token: &[u8], row: &AnyRow, request: &[u8]) -> Result<Claim, DbError> {
    let cells = Cells::of("idempotency", row);
    let same = cells.bytes("request_token")? == request;
    match cells.opt_int("status")? {
        _ if !same => Ok(Claim::Conflict),
        None => Ok(Claim::InProgress),
        Some(_) => Ok(Claim::Replay {
            response: cells.open(sealer, Cell::IdempotentAnswer, token)?,
            status: cells.number("status")?,
        }),
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
