//! The site that the database belongs to: one row.

use sealane_model::ShortName;
use sealane_model::id::SiteId;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::{Db, DbError};

/// What the database knows of its own site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRecord {
    /// Its id: what its peers know it by, so it never changes.
    pub site: SiteId,
    /// Its short name.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
}

/// Writes the site down, or its new name and title.
///
/// # Errors
/// [`DbError::OtherSite`] if the database belongs to another site.
pub async fn put(db: &mut Db, record: &SiteRecord) -> Result<(), DbError> {
    let written = sqlx::query(
        "INSERT INTO site (singleton, id, name, title) VALUES (1, $1, $2, $3)
         ON CONFLICT (singleton) DO UPDATE SET name = excluded.name, title = excluded.title WHERE site.id = excluded.id",
    )
    .bind(record.site.to_string())
    .bind(record.name.as_str())
    .bind(record.title.as_str())
    .execute(&mut *db)
    .await?
    .rows_affected();
    match (written, get(db).await?) {
        (0, Some(other)) => Err(DbError::OtherSite { database: other.site }),
        _ => Ok(()),
    }
}

/// Whose database it is; absent before the first [`put`].
///
/// # Errors
/// Those of reading.
pub async fn get(db: &mut Db) -> Result<Option<SiteRecord>, DbError> {
    let row = sqlx::query("SELECT id, name, title FROM site WHERE singleton = 1").fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &AnyRow) -> Result<SiteRecord, DbError> {
    let cells = Cells::of("site", row);
    Ok(SiteRecord { site: cells.parsed("id")?, name: cells.parsed("name")?, title: cells.text("title")? })
}
