//! Sign-ins that went to the identity provider and have not come back (OpenID Connect authorization code flow).
//!
//! **Promises.** Each is taken once: a callback that is replayed finds nothing (RFC 9700 section 4.7).

use std::fmt;

use sealane_crypto::digest::Digest;
use sealane_model::time::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError};

/// What must be remembered until the callback.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingLogin {
    /// SHA-256 of the `state` parameter.
    pub state_digest: Digest,
    /// Which identity provider was asked.
    pub provider: String,
    /// The nonce that the ID token must carry.
    pub nonce: String,
    /// The PKCE verifier (RFC 7636).
    pub pkce_verifier: String,
    /// The page to come back to.
    pub return_to: String,
    /// The user code of the command line that this sign-in is for.
    pub device_code: Option<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What is sealed of a sign-in.
#[derive(Serialize, Deserialize)]
struct Secrets {
    nonce: String,
    pkce_verifier: String,
    return_to: String,
    device_code: Option<String>,
}

impl fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nonce, verifier and code are secrets.
        f.debug_struct("PendingLogin")
            .field("state_digest", &self.state_digest)
            .field("provider", &self.provider)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Remembers a sign-in.
///
/// # Errors
/// Those of writing.
pub async fn insert(db: &mut Db, login: &PendingLogin) -> Result<(), DbError> {
    let digest = login.state_digest.to_string();
    let secrets = Secrets {
        nonce: login.nonce.clone(),
        pkce_verifier: login.pkce_verifier.clone(),
        return_to: login.return_to.clone(),
        device_code: login.device_code.clone(),
    };
    let sealed = db.sealer()?.seal(Cell::Login, &digest, &secrets)?;
    sqlx::query("INSERT INTO login (state_digest, provider, sealed, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(digest)
        .bind(login.provider.as_str())
        .bind(sealed)
        .bind(login.expires_at.as_micros())
        .execute(db)
        .await?;
    Ok(())
}

/// Takes a sign-in out, once, unless it has expired.
///
/// # Errors
/// Those of writing.
pub async fn take(db: &mut Db, state_digest: &Digest, now: Timestamp) -> Result<Option<PendingLogin>, DbError> {
    let sealer = db.sealer()?;
    let rows =
        sqlx::query("DELETE FROM login WHERE state_digest = $1 RETURNING state_digest, provider, sealed, expires_at")
            .bind(state_digest.to_string())
            .fetch_all(db)
            .await?;
    let login = rows.first().map(|row| read(&sealer, row)).transpose()?;
    Ok(login.filter(|login| login.expires_at > now))
}

/// Forgets sign-ins that never came back; returns how many.
///
/// # Errors
/// Those of writing.
pub async fn delete_expired(db: &mut Db, now: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM login WHERE expires_at <= $1").bind(now.as_micros()).execute(db).await?;
    Ok(done.rows_affected())
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<PendingLogin, DbError> {
    let cells = Cells::of("login", row);
    let secrets: Secrets = cells.open(sealer, Cell::Login, cells.text("state_digest")?)?;
    Ok(PendingLogin {
        state_digest: cells.parsed("state_digest")?,
        provider: cells.text("provider")?,
        nonce: secrets.nonce,
        pkce_verifier: secrets.pkce_verifier,
        return_to: secrets.return_to,
        device_code: secrets.device_code,
        expires_at: cells.time("expires_at")?,
    })
}
