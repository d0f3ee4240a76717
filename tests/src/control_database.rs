//! Control databases for the sites of a test: SQLite beside the configuration, or a database of its own on a server.

use std::path::Path;

use anyhow::Context;
use sqlx::{AnyConnection, Connection, PgConnection, Row};
use url::Url;

use crate::environment;
use crate::runtime::wait;

/// Which of the two databases a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One file, one node.
    Sqlite,
    /// A server, any number of nodes.
    Postgres,
}

impl Backend {
    /// Whether tests can run on it here.
    ///
    /// # Errors
    /// When PostgreSQL is required and no server is named.
    pub fn is_there(self) -> anyhow::Result<bool> {
        Ok(self == Self::Sqlite || environment::postgres()?.is_some())
    }
}

/// Run a story on both databases, as two tests.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$doc:meta])* fn $name:ident($backend:ident: Backend) -> $result:ty $body:block)*) => {
        mod claim {
            use super::*;
            $($(#[$doc])* pub(super) fn $name($backend: Backend) -> $result $body)*
        }
        mod on_sqlite {
            $(#[test]
            fn $name() -> anyhow::Result<()> {
                super::claim::$name($crate::control_database::Backend::Sqlite)
            })*
        }
        mod on_postgres {
            $(#[test]
            fn $name() -> anyhow::Result<()> {
                if !$crate::control_database::Backend::Postgres.is_there()? {
                    eprintln!("NOT RUN on PostgreSQL: SEALANE_TEST_POSTGRES names no server");
                    return Ok(());
                }
                super::claim::$name($crate::control_database::Backend::Postgres)
            })*
        }
    };
}

/// A site's database on a server; it goes when this is dropped.
pub struct ServerDatabase {
    server: String,
    name: String,
    url: Url,
}

impl ServerDatabase {
    /// Make one.
    ///
    /// # Errors
    /// When no server is named, or it refuses.
    pub fn create() -> anyhow::Result<Self> {
        let server = environment::postgres()?.context("SEALANE_TEST_POSTGRES names no server")?;
        let random = sealane_crypto::SystemRandom::new()?;
        let word: String =
            sealane_crypto::random_bytes::<8>(&random).iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("sealane_test_{word}");
        let mut url: Url = server.parse()?;
        url.set_path(&name);
        wait(execute(&server, format!("CREATE DATABASE {name}")))?;
        Ok(Self { server, name, url })
    }

    /// Its URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }
}

/// Every value of every column of a database, by table and column: texts as they are, bytes as they are.
///
/// # Errors
/// When the server cannot be asked.
pub fn dump(url: &Url) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    wait(async {
        let mut db = PgConnection::connect(url.as_str()).await?;
        let list = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
                    WHERE table_schema = 'public' ORDER BY 1, 2";
        let columns = sqlx::query(list).fetch_all(&mut db).await?;
        let mut values = Vec::new();
        for row in columns {
            let (table, column, kind): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let bytes = if kind == "bytea" { column.clone() } else { format!("convert_to({column}::text, 'UTF8')") };
            let select = format!("SELECT {bytes} FROM {table} WHERE {column} IS NOT NULL");
            for found in sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(&mut db).await? {
                values.push((format!("{table}.{column}"), found.try_get(0)?));
            }
        }
        db.close().await?;
        anyhow::Ok(values)
    })
}

/// Writes a text into a table in clear, where no program of ours would: for searches that must find it.
///
/// # Errors
/// When the database cannot be written.
pub fn write_clear(server: Option<&Url>, file: &Path, text: &str) -> anyhow::Result<()> {
    let url = server.map_or_else(|| format!("sqlite://{}", file.display()), Url::to_string);
    wait(async {
        sqlx::any::install_default_drivers();
        let mut db = AnyConnection::connect(&url).await?;
        sqlx::query("INSERT INTO storage_gateway (id, name, storage, classes) VALUES ('clear', $1, '{}', '[]')")
            .bind(text.to_owned())
            .execute(&mut db)
            .await?;
        Ok(db.close().await?)
    })
}

impl Drop for ServerDatabase {
    fn drop(&mut self) {
        // A server that has gone meanwhile took the database with it.
        let _ = wait(execute(&self.server, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)));
    }
}

async fn execute(server: &str, statement: String) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(server).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}
