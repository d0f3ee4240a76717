//! Settings of the site that are changed while it runs: a text, sealed, under a key that this program names.

use crate::cells::Cells;
use crate::seal::Cell;
use crate::{Db, DbError};

/// The setting's text.
///
/// # Errors
/// Those of reading.
pub async fn get(db: &mut Db, key: &str) -> Result<Option<String>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query("SELECT sealed FROM setting WHERE key = $1").bind(key).fetch_optional(db).await?;
    row.map(|row| Cells::of("setting", &row).open(&sealer, Cell::Setting, key)).transpose()
}

/// Sets it.
///
/// # Errors
/// Those of writing.
pub async fn put(db: &mut Db, key: &str, value: &str) -> Result<(), DbError> {
    let sealed = db.sealer()?.seal(Cell::Setting, key, value)?;
    sqlx::query(
        "INSERT INTO setting (key, sealed) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(key)
    .bind(sealed)
    .execute(db)
    .await?;
    Ok(())
}

/// Removes it; says whether it was set.
///
/// # Errors
/// Those of writing.
pub async fn delete(db: &mut Db, key: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM setting WHERE key = $1").bind(key).execute(db).await?;
    Ok(done.rows_affected() > 0)
}
