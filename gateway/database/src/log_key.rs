//! Keys of audit logs, pinned by their origin: this site's own nodes', and those of its peers' nodes.
//!
//! **Promises.** A key that stands here is replaced in one way only: with the proof that it handed over to the new one, which
//! is kept. An origin belongs to one site.

use sealane_model::id::SiteId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{Cells, int};
use crate::{Db, DbError};

const ROTATION: &str = "log_key_rotation";

/// A log's key, as it is pinned here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The log's origin.
    pub origin: String,
    /// Whose log it is.
    pub site: SiteId,
    /// The key with its name, as C2SP signed notes write it.
    pub vkey: String,
}

/// That a log's key handed over to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKeyRotation {
    /// The log's origin.
    pub origin: String,
    /// The size of the head that both signed.
    pub begins: u64,
    /// The key until then.
    pub old_vkey: String,
    /// The key from then on.
    pub new_vkey: String,
    /// The proof, as it was told.
    pub proof: String,
}

/// Pins a key unless the origin has one; says whether it was new.
///
/// # Errors
/// Those of writing.
pub async fn pin(db: &mut Db, key: &LogKey, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO log_key (origin, site, vkey, learned_at) VALUES ($1, $2, $3, $4) ON CONFLICT (origin) DO NOTHING",
    )
    .bind(key.origin.as_str())
    .bind(key.site.to_string())
    .bind(key.vkey.as_str())
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The key that is pinned for an origin.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, origin: &str) -> Result<Option<LogKey>, DbError> {
    let row =
        sqlx::query("SELECT origin, site, vkey FROM log_key WHERE origin = $1").bind(origin).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// The key of an origin, if its site is a peer today.
///
/// # Errors
/// Those of reading.
pub async fn of_peer(db: &mut Db, origin: &str) -> Result<Option<LogKey>, DbError> {
    let row = sqlx::query(
        "SELECT log_key.origin, log_key.site, log_key.vkey FROM log_key JOIN peer ON peer.site = log_key.site
         WHERE log_key.origin = $1",
    )
    .bind(origin)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The keys of a site's logs, by origin.
///
/// # Errors
/// Those of reading.
pub async fn of_site(db: &mut Db, site: SiteId) -> Result<Vec<LogKey>, DbError> {
    let rows = sqlx::query("SELECT origin, site, vkey FROM log_key WHERE site = $1 ORDER BY origin")
        .bind(site.to_string())
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

/// Puts the new key in the place of the old one, and keeps the proof; `false` if another key stands there.
///
/// # Errors
/// Those of writing.
pub async fn rotate(db: &mut Db, rotation: &LogKeyRotation, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE log_key SET vkey = $3, learned_at = $4 WHERE origin = $1 AND vkey = $2")
        .bind(rotation.origin.as_str())
        .bind(rotation.old_vkey.as_str())
        .bind(rotation.new_vkey.as_str())
        .bind(now.as_micros())
        .execute(&mut *db)
        .await?;
    if done.rows_affected() != 1 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO log_key_rotation (origin, begins, old_vkey, new_vkey, proof, learned_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (origin, begins) DO NOTHING",
    )
    .bind(rotation.origin.as_str())
    .bind(int(ROTATION, "begins", rotation.begins)?)
    .bind(rotation.old_vkey.as_str())
    .bind(rotation.new_vkey.as_str())
    .bind(rotation.proof.as_str())
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(true)
}

/// The keys that a log had before, in order.
///
/// # Errors
/// Those of reading.
pub async fn rotations(db: &mut Db, origin: &str) -> Result<Vec<LogKeyRotation>, DbError> {
    let rows = sqlx::query("SELECT * FROM log_key_rotation WHERE origin = $1 ORDER BY begins")
        .bind(origin)
        .fetch_all(db)
        .await?;
    rows.iter().map(read_rotation).collect()
}

/// The keys that a site's logs had before.
///
/// # Errors
/// Those of reading.
pub async fn rotations_of_site(db: &mut Db, site: SiteId) -> Result<Vec<LogKeyRotation>, DbError> {
    let rows = sqlx::query(
        "SELECT log_key_rotation.* FROM log_key_rotation JOIN log_key ON log_key.origin = log_key_rotation.origin
         WHERE log_key.site = $1 ORDER BY log_key_rotation.origin, log_key_rotation.begins",
    )
    .bind(site.to_string())
    .fetch_all(db)
    .await?;
    rows.iter().map(read_rotation).collect()
}

fn read_rotation(row: &AnyRow) -> Result<LogKeyRotation, DbError> {
    let cells = Cells::of(ROTATION, row);
    Ok(LogKeyRotation {
        origin: cells.text("origin")?,
        begins: cells.number("begins")?,
        old_vkey: cells.text("old_vkey")?,
        new_vkey: cells.text("new_vkey")?,
        proof: cells.text("proof")?,
    })
}

fn read(row: &AnyRow) -> Result<LogKey, DbError> {
    let cells = Cells::of("log_key", row);
    Ok(LogKey { origin: cells.text("origin")?, site: cells.parsed("site")?, vkey: cells.text("vkey")? })
}
