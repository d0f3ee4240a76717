//! Opening the control database: connected, with the site's key for its sealed cells, at this program's version.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use sealane_crypto::Random;
use sealane_database::{Database, DbError};

use crate::site_keys::database_key;

/// Connect, hand in the key, migrate.
///
/// # Errors
/// When the key is missing or another one than the database is sealed under, or the database cannot be used: then nothing
/// was changed, and nothing is ever read or written without the key.
pub async fn open(url: &str, connections: u32, keys: &Path, random: Arc<dyn Random>) -> anyhow::Result<Database> {
    let database = Database::connect(url, connections).await?;
    let key = database_key(keys, database.is_sealed().await?, random.as_ref())?;
    let database = database.with_key(&key, random);
    match database.migrate().await {
        Ok(_) => Ok(database),
        Err(error @ DbError::WrongKey) => bail!("{error}\n  keys are in: {}", keys.display()),
        Err(error) => Err(error.into()),
    }
}
