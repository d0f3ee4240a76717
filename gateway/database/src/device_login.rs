//! Sign-ins of command lines: the person approves in a browser, the command line polls (after RFC 8628).
//!
//! **Promises.** A sign-in is approved or denied once, and an approved one is handed out once.

use std::fmt;

use sealane_crypto::digest::Digest;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sealane_policy::Assurance;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::seal::{Cell, Lookup, Sealer};
use crate::{Db, DbError};

/// A command line that waits for somebody to sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceLogin {
    /// SHA-256 of the code that the command line polls with.
    pub device_digest: Digest,
    /// The code that the person compares or types.
    pub user_code: String,
    /// What the command line calls itself, for the person to recognise.
    pub client_label: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin").field("device_digest", &self.device_digest).finish_non_exhaustive()
    }
}

/// What the approving browser's session knew: the command line's session begins with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// Who.
    pub person: PersonId,
    /// Groups that the issuer named at sign-in.
    pub groups: Vec<String>,
    /// How well the issuer knew them.
    pub assurance: Assurance,
}

/// What is sealed of a command line that waits.
#[derive(Serialize, Deserialize)]
struct Shown {
    user_code: String,
    client_label: String,
}

/// What a poll finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DevicePoll {
    /// Nobody has decided yet.
    Pending,
    /// It was never there, has expired, or was handed out already.
    Expired,
    /// The person said no.
    Denied,
    /// The person said yes. This is the only time that it is said.
    Approved(SessionFacts),
}

/// Remembers a command line that waits.
///
/// # Errors
/// [`DbError::Duplicate`] if the user code is taken: make another one.
pub async fn insert(db: &mut Db, login: &DeviceLogin) -> Result<(), DbError> {
    let sealer = db.sealer()?;
    let token = sealer.code(Lookup::UserCode, &[&login.user_code])?;
    let shown = Shown { user_code: login.user_code.clone(), client_label: login.client_label.clone() };
    let sealed = sealer.seal(Cell::DeviceLogin, &token, &shown)?;
    sqlx::query(
        "INSERT INTO device_login (device_digest, token, sealed, status, created_at, expires_at)
         VALUES ($1, $2, $3, 'pending', $4, $5)",
    )
    .bind(login.device_digest.to_string())
    .bind(token)
    .bind(sealed)
    .bind(login.created_at.as_micros())
    .bind(login.expires_at.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// The command line that shows this code, if nobody has decided yet and it has not expired.
///
/// # Errors
/// Those of reading.
pub async fn find_by_user_code(db: &mut Db, user_code: &str, now: Timestamp) -> Result<Option<DeviceLogin>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query(
        "SELECT device_digest, token, sealed, created_at, expires_at FROM device_login
         WHERE token = $1 AND status = 'pending' AND expires_at > $2",
    )
    .bind(sealer.code(Lookup::UserCode, &[user_code])?)
    .bind(now.as_micros())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// The person says yes. Says whether there was something to decide.
///
/// # Errors
/// Those of writing.
pub async fn approve(db: &mut Db, user_code: &str, facts: &SessionFacts, now: Timestamp) -> Result<bool, DbError> {
    decide(db, user_code, "approved", Some(facts), now).await
}

/// The person says no. Says whether there was something to decide.
///
/// # Errors
/// Those of writing.
pub async fn deny(db: &mut Db, user_code: &str, now: Timestamp) -> Result<bool, DbError> {
    decide(db, user_code, "denied", None, now).await
}

async fn decide(
    db: &mut Db,
    user_code: &str,
    status: &str,
    facts: Option<&SessionFacts>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sealer = db.sealer()?;
    let token = sealer.code(Lookup::UserCode, &[user_code])?;
    let facts = facts.map(|facts| sealer.seal(Cell::DeviceFacts, &token, facts)).transpose()?;
    let done = sqlx::query(
        "UPDATE device_login SET status = $2, sealed_facts = $3
         WHERE token = $1 AND status = 'pending' AND expires_at > $4",
    )
    .bind(token)
    .bind(status)
    .bind(facts)
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What the command line is told; takes an approved sign-in out.
///
/// # Errors
/// Those of writing.
pub async fn take_approved(db: &mut Db, device_digest: &Digest, now: Timestamp) -> Result<DevicePoll, DbError> {
    let sealer = db.sealer()?;
    let taken = sqlx::query(
        "DELETE FROM device_login WHERE device_digest = $1 AND status = 'approved' AND expires_at > $2
         RETURNING token, sealed_facts",
    )
    .bind(device_digest.to_string())
    .bind(now.as_micros())
    .fetch_all(&mut *db)
    .await?;
    if let Some(row) = taken.first() {
        let cells = Cells::of("device_login", row);
        return Ok(DevicePoll::Approved(cells.open(&sealer, Cell::DeviceFacts, cells.bytes("token")?)?));
    }
    let row = sqlx::query("SELECT status FROM device_login WHERE device_digest = $1 AND expires_at > $2")
        .bind(device_digest.to_string())
        .bind(now.as_micros())
        .fetch_optional(db)
        .await?;
    let Some(row) = row else { return Ok(DevicePoll::Expired) };
    let cells = Cells::of("device_login", &row);
    match cells.text("status")?.as_str() {
        // Approved in between the two statements: the next poll takes it.
        "pending" | "approved" => Ok(DevicePoll::Pending),
        "denied" => Ok(DevicePoll::Denied),
        _ => Err(cells.corrupt("status")),
    }
}

/// Forgets command lines that waited in vain; returns how many.
///
/// # Errors
/// Those of writing.
pub async fn delete_expired(db: &mut Db, now: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM device_login WHERE expires_at <= $1").bind(now.as_micros()).execute(db).await?;
    Ok(done.rows_affected())
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<DeviceLogin, DbError> {
    let cells = Cells::of("device_login", row);
    let Shown { user_code, client_label } = cells.open(sealer, Cell::DeviceLogin, cells.bytes("token")?)?;
    Ok(DeviceLogin {
        device_digest: cells.parsed("device_digest")?,
        user_code,
        client_label,
        created_at: cells.time("created_at")?,
        expires_at: cells.time("expires_at")?,
    })
}
