//! Settings of the site that are changed while it runs: a text under a key.

use crate::cells::Cells;
use crate::{Db, DbError};

/// The setting's text.
///
/// # Errors
/// Those of reading.
pub async fn get(db: &mut Db, key: &str) -> Result<Option<String>, DbError> {
    let row = sqlx::query("SELECT value FROM setting WHERE key = $1").bind(key).fetch_optional(db).await?;
    row.map(|row| Cells::of("setting", &row).text("value")).transpose()
}

/// Sets it.
///
/// # Errors
/// Those of writing.
pub async fn put(db: &mut Db, key: &str, value: &str) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .bind(key)
    .bind(value)
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
