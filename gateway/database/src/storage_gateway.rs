//! Storage gateways as configured.

use sealane_model::id::StorageGatewayId;
use sealane_model::storage_gateway::StorageGateway;
use sqlx::any::AnyRow;

use crate::cells::{Cells, json};
use crate::{Db, DbError};

/// Writes a storage gateway, new or changed.
///
/// # Errors
/// [`DbError::Duplicate`] if another one has its name.
pub async fn upsert(db: &mut Db, gateway: &StorageGateway) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO storage_gateway (id, name, storage, classes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, storage = excluded.storage, classes = excluded.classes",
    )
    .bind(gateway.id.to_string())
    .bind(gateway.name.as_str())
    .bind(json("storage_gateway", "storage", &gateway.storage)?)
    .bind(json("storage_gateway", "classes", &gateway.classes)?)
    .execute(db)
    .await?;
    Ok(())
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: StorageGatewayId) -> Result<Option<StorageGateway>, DbError> {
    let row = sqlx::query("SELECT id, name, storage, classes FROM storage_gateway WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// One by its name.
///
/// # Errors
/// Those of reading.
pub async fn find_by_name(db: &mut Db, name: &str) -> Result<Option<StorageGateway>, DbError> {
    let row = sqlx::query("SELECT id, name, storage, classes FROM storage_gateway WHERE name = $1")
        .bind(name)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// All, by name: there are few.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db) -> Result<Vec<StorageGateway>, DbError> {
    let rows =
        sqlx::query("SELECT id, name, storage, classes FROM storage_gateway ORDER BY name").fetch_all(db).await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<StorageGateway, DbError> {
    let cells = Cells::of("storage_gateway", row);
    Ok(StorageGateway {
        id: cells.parsed("id")?,
        name: cells.text("name")?,
        storage: cells.json("storage")?,
        classes: cells.json("classes")?,
    })
}
