//! Keys of audit logs, pinned by their origin: this site's own nodes', and those of its peers' nodes.
//!
//! **Promises.** A key that stands here is never replaced, whoever asks; an origin belongs to one site.

use sealane_model::id::SiteId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::{Db, DbError};

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

fn read(row: &AnyRow) -> Result<LogKey, DbError> {
    let cells = Cells::of("log_key", row);
    Ok(LogKey { origin: cells.text("origin")?, site: cells.parsed("site")?, vkey: cells.text("vkey")? })
}
