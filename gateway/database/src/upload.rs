//! Resumable uploads: how much of each has arrived and is durable.

use sealane_crypto::digest::Digest;
use sealane_model::entry::FileTime;
use sealane_model::id::{CollectionId, UploadId};
use sealane_model::path::RemotePath;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::cells::{self, Cells, int};
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError};

const TABLE: &str = "upload";

/// One upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose.
    pub owner: PersonId,
    /// Into which collection.
    pub collection: CollectionId,
    /// What it is to be called there.
    pub path: RemotePath,
    /// How long it is to be.
    pub size: u64,
    /// The time that it is to bear.
    pub modified: FileTime,
    /// The tree digest that it must have, if the sender said.
    pub digest: Option<Digest>,
    /// How much has arrived and is durable.
    pub received: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When what has arrived is thrown away.
    pub expires_at: Timestamp,
}

/// What is sealed of an upload.
#[derive(Serialize, Deserialize)]
pub(crate) struct Whose {
    pub(crate) owner: PersonId,
    pub(crate) path: RemotePath,
}

/// Begins an upload.
///
/// # Errors
/// [`DbError::Reference`] if there is no such collection; those of writing.
pub async fn insert(db: &mut Db, upload: &Upload) -> Result<(), DbError> {
    let id = upload.id.to_string();
    let whose = Whose { owner: upload.owner.clone(), path: upload.path.clone() };
    let sealed = db.sealer()?.seal(Cell::Upload, &id, &whose)?;
    sqlx::query(
        "INSERT INTO upload (id, sealed, collection, size, modified_seconds, modified_nanos, digest, received,
                             created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(id)
    .bind(sealed)
    .bind(upload.collection.to_string())
    .bind(int(TABLE, "size", upload.size)?)
    .bind(upload.modified.seconds)
    .bind(i64::from(upload.modified.nanos))
    .bind(upload.digest.map(|digest| digest.to_string()))
    .bind(int(TABLE, "received", upload.received)?)
    .bind(upload.created_at.as_micros())
    .bind(upload.expires_at.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: UploadId) -> Result<Option<Upload>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query("SELECT * FROM upload WHERE id = $1").bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// Notes that the upload has grown from `before` to `received`; `false` if it no longer stood at `before`, because
/// another request wrote at the same time, or if it is not there.
///
/// # Errors
/// Those of writing.
pub async fn set_received(db: &mut Db, id: UploadId, before: u64, received: u64) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE upload SET received = $3 WHERE id = $1 AND received = $2")
        .bind(id.to_string())
        .bind(int(TABLE, "received", before)?)
        .bind(int(TABLE, "received", received)?)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends an upload; says whether it was there.
///
/// # Errors
/// Those of writing.
pub async fn delete(db: &mut Db, id: UploadId) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM upload WHERE id = $1").bind(id.to_string()).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

/// Uploads that nobody will finish, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn expired(db: &mut Db, now: Timestamp, limit: usize) -> Result<Vec<Upload>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query("SELECT * FROM upload WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2")
        .bind(now.as_micros())
        .bind(cells::limit(limit))
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<Upload, DbError> {
    let cells = Cells::of(TABLE, row);
    let Whose { owner, path } = cells.open(sealer, Cell::Upload, cells.text("id")?)?;
    Ok(Upload {
        id: cells.parsed("id")?,
        owner,
        collection: cells.parsed("collection")?,
        path,
        size: cells.number("size")?,
        modified: FileTime { seconds: cells.int("modified_seconds")?, nanos: cells.number("modified_nanos")? },
        digest: cells.opt_parsed("digest")?,
        received: cells.number("received")?,
        created_at: cells.time("created_at")?,
        expires_at: cells.time("expires_at")?,
    })
}
