//! Peers: the sites that were accepted here, with their pinned keys.

use sealane_crypto::Fingerprint;
use sealane_model::ShortName;
use sealane_model::id::SiteId;
use sealane_model::peer::Peer;
use sqlx::any::AnyRow;

use crate::cells::{Cells, json, word};
use crate::{Db, DbError};

/// Accepts a site, or what it says of itself anew.
///
/// # Errors
/// [`DbError::Duplicate`] if another peer has its name or its lane key.
pub async fn upsert(db: &mut Db, peer: &Peer) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO peer (site, name, lane_key, descriptor, issuers, ceiling, accepted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (site) DO UPDATE
         SET name = excluded.name, lane_key = excluded.lane_key, descriptor = excluded.descriptor,
             issuers = excluded.issuers, ceiling = excluded.ceiling, accepted_at = excluded.accepted_at",
    )
    .bind(peer.descriptor.site.to_string())
    .bind(peer.descriptor.name.as_str())
    .bind(peer.descriptor.lane_key.to_string())
    .bind(json("peer", "descriptor", &peer.descriptor)?)
    .bind(json("peer", "issuers", &peer.issuers)?)
    .bind(word("peer", "ceiling", &peer.ceiling)?)
    .bind(peer.accepted_at.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// One by its site's id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, site: SiteId) -> Result<Option<Peer>, DbError> {
    let row = sqlx::query("SELECT descriptor, issuers, ceiling, accepted_at FROM peer WHERE site = $1")
        .bind(site.to_string())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// One by its name.
///
/// # Errors
/// Those of reading.
pub async fn find_by_name(db: &mut Db, name: &ShortName) -> Result<Option<Peer>, DbError> {
    let row = sqlx::query("SELECT descriptor, issuers, ceiling, accepted_at FROM peer WHERE name = $1")
        .bind(name.as_str())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The one whose lanes present this key.
///
/// # Errors
/// Those of reading.
pub async fn find_by_lane_key(db: &mut Db, lane_key: &Fingerprint) -> Result<Option<Peer>, DbError> {
    let row = sqlx::query("SELECT descriptor, issuers, ceiling, accepted_at FROM peer WHERE lane_key = $1")
        .bind(lane_key.to_string())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// All, by name: there are few.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db) -> Result<Vec<Peer>, DbError> {
    let rows =
        sqlx::query("SELECT descriptor, issuers, ceiling, accepted_at FROM peer ORDER BY name").fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Trusts a site no longer; says whether it was a peer.
///
/// # Errors
/// Those of writing.
pub async fn remove(db: &mut Db, site: SiteId) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM peer WHERE site = $1").bind(site.to_string()).execute(db).await?;
    Ok(done.rows_affected() > 0)
}

fn read(row: &AnyRow) -> Result<Peer, DbError> {
    let cells = Cells::of("peer", row);
    Ok(Peer {
        descriptor: cells.json("descriptor")?,
        issuers: cells.json("issuers")?,
        ceiling: cells.word("ceiling")?,
        accepted_at: cells.time("accepted_at")?,
    })
}
