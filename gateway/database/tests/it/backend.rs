//! The two databases that claims are made about: each test runs on SQLite and on PostgreSQL, with empty databases of its own.
//!
//! SQLite databases are files in a temporary directory. PostgreSQL databases are schemas on the server that
//! `SEALANE_TEST_POSTGRES` names: a URL, or the path of a file that holds one. Without a server the PostgreSQL half says
//! that it was not run, or fails where `SEALANE_TEST_REQUIRE_POSTGRES` asks for one. The tests of the other packages that
//! have a database include this file by its path, so there is one way.

use std::sync::{Arc, Mutex};

use sealane_crypto::SystemRandom;
use sealane_database::Database;
use sealane_model::SystemClock;
use sealane_model::id::fresh_uuid;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Defines a test on each of the two databases, for a claim that is written as an `async fn` about something [`Arranged`].
///
/// It stands before one claim, with its name, as an attribute would; or around several.
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            #[test]
            fn sqlite() {
                crate::backend::on_sqlite(super::$name);
            }

            #[test]
            fn postgres() {
                crate::backend::on_postgres(module_path!(), super::$name);
            }
        }
    };
    ($($(#[$doc:meta])* async fn $name:ident($given:ident: $kind:ty) $body:block)*) => {$(
        on_both!($name);
        $(#[$doc])* async fn $name($given: $kind) $body
    )*};
}

/// What a claim is about, made anew for each test.
pub(crate) trait Arranged {
    async fn on(backend: &Backend) -> Self;
}

/// One of the two databases, and what a test has made there.
#[derive(Clone)]
pub(crate) struct Backend(Arc<Made>);

impl Arranged for Backend {
    async fn on(backend: &Backend) -> Self {
        backend.clone()
    }
}

struct Made {
    folder: TempDir,
    /// The PostgreSQL server, if it is that.
    server: Option<String>,
    /// The names of what is to be removed there.
    schemas: Mutex<Vec<String>>,
}

impl Backend {
    pub(crate) fn sqlite() -> Self {
        Self::new(None)
    }

    fn new(server: Option<String>) -> Self {
        Self(Arc::new(Made { folder: tempfile::tempdir().unwrap(), server, schemas: Mutex::default() }))
    }

    /// The URL of an empty database that nobody else has.
    pub(crate) async fn fresh(&self) -> String {
        let name = format!("t_{}", fresh_uuid(&SystemClock, &SystemRandom::new().unwrap()).simple());
        let Some(server) = &self.0.server else {
            return format!("sqlite://{}?mode=rwc", self.0.folder.path().join(name).display());
        };
        run(server, format!("CREATE SCHEMA {name}")).await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{name}");
        self.0.schemas.lock().unwrap().push(name);
        url
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let schemas = std::mem::take(self.schemas.get_mut().unwrap());
        let Some(server) = self.server.as_ref().filter(|_| !schemas.is_empty()) else { return };
        // A connection of the ended test may hold locks until the server sees that it has gone; it is not waited for long.
        let statement = format!("SET lock_timeout = '10s'; DROP SCHEMA {} CASCADE", schemas.join(", "));
        if let Err(error) = runtime().block_on(run(server, statement)) {
            eprintln!("the test's schemas stay on the server: {error}");
        }
    }
}

async fn run(server: &str, statement: String) -> Result<(), String> {
    let database = Database::connect(server, 1).await.map_err(|error| error.to_string())?;
    let mut connection = database.acquire().await.map_err(|error| error.to_string())?;
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *connection).await;
    drop(connection);
    database.close().await;
    done.map(drop).map_err(|error| error.to_string())
}

pub(crate) fn on_sqlite<T: Arranged>(claim: impl AsyncFnOnce(&T)) {
    hold(&Backend::sqlite(), claim);
}

pub(crate) fn on_postgres<T: Arranged>(test: &str, claim: impl AsyncFnOnce(&T)) {
    if let Some(server) = server() {
        return hold(&Backend::new(Some(server)), claim);
    }
    assert!(
        variable("SEALANE_TEST_REQUIRE_POSTGRES").is_none(),
        "{test} needs PostgreSQL: set SEALANE_TEST_POSTGRES to a URL such as postgres://postgres@127.0.0.1:5432/postgres"
    );
    eprintln!("NOT RUN: {test} on PostgreSQL: SEALANE_TEST_POSTGRES names no server");
}

/// Runs a claim in a runtime that has ended, with all its tasks and connections, before its databases go.
fn hold<T: Arranged>(backend: &Backend, claim: impl AsyncFnOnce(&T)) {
    runtime().block_on(async {
        let arranged = T::on(backend).await;
        claim(&arranged).await;
    });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "where the test server is can only come from the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn server() -> Option<String> {
    let value = variable("SEALANE_TEST_POSTGRES")?;
    let url = if value.starts_with('/') { std::fs::read_to_string(&value).unwrap() } else { value };
    Some(url.trim().to_owned())
}
