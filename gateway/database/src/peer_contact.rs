//! Who a peer is to the outside: what an accounting of disclosures says of a recipient (45 CFR 164.528(b)(2)(ii)).

use sealane_model::id::SiteId;
use serde::{Deserialize, Serialize};

use crate::cells::Cells;
use crate::seal::Cell;
use crate::{Db, DbError};

/// An organisation's name and where it is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its name, where it is another than the site's.
    pub organisation: Option<String>,
    /// Its postal address.
    pub address: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
}

/// Sets what is known of a peer. It stays when the peer is removed: past disclosures are still accounted for.
///
/// # Errors
/// Those of writing.
pub async fn put(db: &mut Db, site: SiteId, contact: &Contact) -> Result<(), DbError> {
    let site = site.to_string();
    let sealed = db.sealer()?.seal(Cell::PeerContact, &site, contact)?;
    sqlx::query(
        "INSERT INTO peer_contact (site, sealed) VALUES ($1, $2)
         ON CONFLICT (site) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(site)
    .bind(sealed)
    .execute(db)
    .await?;
    Ok(())
}

/// What is known of a peer.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, site: SiteId) -> Result<Option<Contact>, DbError> {
    let (sealer, site) = (db.sealer()?, site.to_string());
    let row =
        sqlx::query("SELECT sealed FROM peer_contact WHERE site = $1").bind(site.as_str()).fetch_optional(db).await?;
    row.map(|row| Cells::of("peer_contact", &row).open(&sealer, Cell::PeerContact, &site)).transpose()
}
