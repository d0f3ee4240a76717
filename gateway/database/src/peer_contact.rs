//! Who a peer is to the outside: what an accounting of disclosures says of a recipient (45 CFR 164.528(b)(2)(ii)).

use sealane_model::id::SiteId;

use crate::cells::Cells;
use crate::{Db, DbError};

/// An organisation's name and where it is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    sqlx::query(
        "INSERT INTO peer_contact (site, organisation, address, phone) VALUES ($1, $2, $3, $4)
         ON CONFLICT (site) DO UPDATE
         SET organisation = excluded.organisation, address = excluded.address, phone = excluded.phone",
    )
    .bind(site.to_string())
    .bind(contact.organisation.as_deref())
    .bind(contact.address.as_deref())
    .bind(contact.phone.as_deref())
    .execute(db)
    .await?;
    Ok(())
}

/// What is known of a peer.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, site: SiteId) -> Result<Option<Contact>, DbError> {
    let row = sqlx::query("SELECT organisation, address, phone FROM peer_contact WHERE site = $1")
        .bind(site.to_string())
        .fetch_optional(db)
        .await?;
    let read = |row| {
        let cells = Cells::of("peer_contact", &row);
        Ok(Contact {
            organisation: cells.opt_text("organisation")?,
            address: cells.opt_text("address")?,
            phone: cells.opt_text("phone")?,
        })
    };
    row.map(read).transpose()
}
