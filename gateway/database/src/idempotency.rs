//! Idempotency keys: a request that is sent twice is carried out once, and answered alike both times.
//!
//! **Promises.** Of any number of equal requests at once one is [`Claim::New`]; the others see that it is under way, then
//! its answer. A key that is used for another request is a conflict. A key belongs to its owner: nobody can learn or
//! block another's. A claim whose node died without an answer is given out again after [`ABANDONED_AFTER`].

use std::time::Duration;

use sealane_crypto::digest::Digest;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::Cells;
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
    let abandoned = Timestamp::from_micros(now.as_micros().saturating_sub(micros(ABANDONED_AFTER)));
    let claimed = sqlx::query(
        "INSERT INTO idempotency (key, owner_issuer, owner_subject, request_digest, claimed_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (owner_issuer, owner_subject, key) DO UPDATE SET claimed_at = excluded.claimed_at
         WHERE idempotency.status IS NULL AND idempotency.request_digest = excluded.request_digest
           AND idempotency.claimed_at <= $6",
    )
    .bind(key)
    .bind(owner.issuer.as_str())
    .bind(owner.subject.as_str())
    .bind(request_digest.to_string())
    .bind(now.as_micros())
    .bind(abandoned.as_micros())
    .execute(&mut *db)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let row = sqlx::query(
        "SELECT request_digest, status, response FROM idempotency
         WHERE owner_issuer = $1 AND owner_subject = $2 AND key = $3",
    )
    .bind(owner.issuer.as_str())
    .bind(owner.subject.as_str())
    .bind(key)
    .fetch_optional(db)
    .await?;
    // Given up between the two statements: for whoever asks again it is new.
    row.map_or(Ok(Claim::InProgress), |row| read(&row, request_digest))
}

/// Writes the answer down.
///
/// # Errors
/// [`DbError::Gone`] if nobody claimed the key; those of writing.
pub async fn complete(db: &mut Db, key: &str, owner: &PersonId, status: u16, response: &str) -> Result<(), DbError> {
    let done = sqlx::query(
        "UPDATE idempotency SET status = $4, response = $5
         WHERE owner_issuer = $1 AND owner_subject = $2 AND key = $3 AND status IS NULL",
    )
    .bind(owner.issuer.as_str())
    .bind(owner.subject.as_str())
    .bind(key)
    .bind(i64::from(status))
    .bind(response)
    .execute(db)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(DbError::Gone { table: "idempotency" }) }
}

/// Gives a claim up without an answer, so that the request can be repeated: nothing was done, or not for certain.
///
/// # Errors
/// Those of writing.
pub async fn abandon(db: &mut Db, key: &str, owner: &PersonId) -> Result<bool, DbError> {
    let done = sqlx::query(
        "DELETE FROM idempotency WHERE owner_issuer = $1 AND owner_subject = $2 AND key = $3 AND status IS NULL",
    )
    .bind(owner.issuer.as_str())
    .bind(owner.subject.as_str())
    .bind(key)
    .execute(db)
    .await?;
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

fn read(row: &AnyRow, request_digest: &Digest) -> Result<Claim, DbError> {
    let cells = Cells::of("idempotency", row);
    let same = cells.parsed::<Digest>("request_digest")? == *request_digest;
    match cells.opt_int("status")? {
        _ if !same => Ok(Claim::Conflict),
        None => Ok(Claim::InProgress),
        Some(_) => Ok(Claim::Replay { response: cells.text("response")?, status: cells.number("status")? }),
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
