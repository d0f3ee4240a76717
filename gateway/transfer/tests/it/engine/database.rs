//! The database of a test's site: SQLite in its folder, or a fresh schema of the server that `SEALANE_TEST_POSTGRES` names
//! (a URL, or the path of a file that holds one).

use std::path::Path;

use sealane_crypto::SystemRandom;
use sealane_database::Database;
use sealane_model::SystemClock;
use sealane_model::id::fresh_uuid;

/// Where a site's database is.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    schema: Option<(String, String)>,
}

impl TestDatabase {
    pub(crate) async fn fresh(folder: &Path) -> Self {
        let Some(base) = postgres_url() else {
            return Self { url: format!("sqlite://{}?mode=rwc", folder.join("site.db").display()), schema: None };
        };
        let schema = format!("t_{}", fresh_uuid(&SystemClock, &SystemRandom::new().unwrap()).simple());
        run(&base, format!("CREATE SCHEMA {schema}")).await;
        let separator = if base.contains('?') { '&' } else { '?' };
        Self { url: format!("{base}{separator}options=-csearch_path%3D{schema}"), schema: Some((base, schema)) }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((base, schema)) = self.schema.take() else { return };
        // The test's own runtime is ending: a thread of our own removes the schema.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            // A connection of the ended test may still hold locks for a moment; it is not waited for long.
            let drop = format!("SET lock_timeout = '10s'; DROP SCHEMA {schema} CASCADE");
            runtime.block_on(async {
                tokio::time::timeout(std::time::Duration::from_secs(15), run(&base, drop)).await.ok()
            });
        });
        removal.join().unwrap();
    }
}

async fn run(url: &str, statement: String) {
    let database = Database::connect(url, 1).await.unwrap();
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *database.acquire().await.unwrap()).await;
    database.close().await;
    if let Err(error) = done {
        eprintln!("the test's schema could not be prepared or removed: {error}");
    }
}

#[expect(clippy::disallowed_methods, reason = "where the test server is can only come from the environment")]
fn postgres_url() -> Option<String> {
    let value = std::env::var("SEALANE_TEST_POSTGRES").ok().filter(|value| !value.is_empty())?;
    let url = if value.starts_with('/') { std::fs::read_to_string(&value).unwrap() } else { value };
    Some(url.trim().to_owned())
}
