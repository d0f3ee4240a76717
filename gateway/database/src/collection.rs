//! Collections.

use sealane_model::id::CollectionId;
use sealane_model::time::Timestamp;
use sealane_model::{Collection, ShortName};
use sqlx::any::AnyRow;

use crate::cells::{self, Cells, word};
use crate::pool::Atomic;
use crate::{Db, DbError, access_rule};

const TABLE: &str = "collection";

/// Writes a collection, new or changed; the time of making stays that of the first writing.
///
/// # Errors
/// [`DbError::Duplicate`] if another one has its name, [`DbError::Reference`] if its storage gateway is not known.
pub async fn upsert(db: &mut Db, collection: &Collection) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO collection (id, name, title, description, storage_gateway, class, mode, read_only, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, title = excluded.title, description = excluded.description,
             storage_gateway = excluded.storage_gateway, class = excluded.class, mode = excluded.mode,
             read_only = excluded.read_only",
    )
    .bind(collection.id.to_string())
    .bind(collection.name.as_str())
    .bind(collection.title.as_str())
    .bind(collection.description.as_str())
    .bind(collection.storage_gateway.to_string())
    .bind(word(TABLE, "class", &collection.class)?)
    .bind(word(TABLE, "mode", &collection.mode)?)
    .bind(i64::from(collection.read_only))
    .bind(collection.created_at.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: CollectionId) -> Result<Option<Collection>, DbError> {
    let row = sqlx::query(
        "SELECT id, name, title, description, storage_gateway, class, mode, read_only, created_at
         FROM collection WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// One by its name.
///
/// # Errors
/// Those of reading.
pub async fn find_by_name(db: &mut Db, name: &ShortName) -> Result<Option<Collection>, DbError> {
    let row = sqlx::query(
        "SELECT id, name, title, description, storage_gateway, class, mode, read_only, created_at
         FROM collection WHERE name = $1",
    )
    .bind(name.as_str())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Collections by name, those after the given one, in the database's order of texts.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db, after: Option<&ShortName>, limit: usize) -> Result<Vec<Collection>, DbError> {
    // A name is never empty, so all of them come after the empty text.
    let rows = sqlx::query(
        "SELECT id, name, title, description, storage_gateway, class, mode, read_only, created_at
         FROM collection WHERE name > $1 ORDER BY name LIMIT $2",
    )
    .bind(after.map_or("", ShortName::as_str))
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(read).collect()
}

/// Removes a collection with its access rules; what is in storage stays. Says whether it was there.
///
/// # Errors
/// Those of writing.
pub async fn remove(db: &mut Db, id: CollectionId, now: Timestamp) -> Result<bool, DbError> {
    let mut tx = Atomic::begin(db).await?;
    access_rule::bump_epoch(&mut tx, now).await?;
    access_rule::remove_of(&mut tx, id).await?;
    let done = sqlx::query("DELETE FROM collection WHERE id = $1").bind(id.to_string()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected() > 0)
}

fn read(row: &AnyRow) -> Result<Collection, DbError> {
    let cells = Cells::of(TABLE, row);
    Ok(Collection {
        id: cells.parsed("id")?,
        name: cells.parsed("name")?,
        title: cells.text("title")?,
        description: cells.text("description")?,
        storage_gateway: cells.parsed("storage_gateway")?,
        class: cells.word("class")?,
        mode: cells.word("mode")?,
        read_only: cells.flag("read_only")?,
        created_at: cells.time("created_at")?,
    })
}
