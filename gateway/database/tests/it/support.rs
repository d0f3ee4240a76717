//! A fresh database for each test, and the builders that the tests share.
//!
//! SQLite tests have a file of their own in a temporary directory. PostgreSQL tests have a schema of their own in the
//! database that `SEALANE_TEST_POSTGRES` names: a URL, or the path of a file that holds one.

use std::sync::LazyLock;

use sealane_crypto::random::SystemRandom;
use sealane_database::Database;
use sealane_model::collection::{AssuranceMode, Collection};
use sealane_model::id::{CollectionId, NodeId, RuleId, SiteId, StorageGatewayId, TaskId, fresh_uuid};
use sealane_model::order::{Item, Place};
use sealane_model::path::RemotePath;
use sealane_model::person::{Person, PersonId};
use sealane_model::storage_gateway::{StorageGateway, StorageKind};
use sealane_model::task::{Progress, Task, TaskRole, TaskState};
use sealane_model::time::{ManualClock, Timestamp};
use sealane_policy::Class;
use tempfile::TempDir;

/// Defines each test once and runs it on both databases.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($db:ident: $kind:ty) $body:block)*) => {
        mod claim {
            use super::*;
            $($(#[$doc])* pub(super) async fn $name($db: $kind) $body)*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let db = crate::support::TestDatabase::sqlite().await;
                super::claim::$name(&db).await;
                db.drop().await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let Some(db) = crate::support::TestDatabase::postgres().await else {
                    return crate::support::not_run(concat!(module_path!(), "::", stringify!($name)));
                };
                super::claim::$name(&db).await;
                db.drop().await;
            })*
        }
    };
}

/// One test's database.
pub(crate) struct TestDatabase {
    pub(crate) database: Database,
    url: String,
    schema: Option<(String, String)>,
    _directory: Option<TempDir>,
}

const POOL: u32 = 6;

impl TestDatabase {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("control.db").display());
        let database = Database::connect(&url, POOL).await.unwrap();
        Self { database, url, schema: None, _directory: Some(directory) }
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let base = postgres_url()?;
        let schema = format!("t_{}", fresh_uuid(&clock(), random()).simple());
        run(&base, format!("CREATE SCHEMA {schema}")).await;
        let separator = if base.contains('?') { '&' } else { '?' };
        let url = format!("{base}{separator}options=-csearch_path%3D{schema}");
        let database = Database::connect(&url, POOL).await.unwrap();
        Some(Self { database, url, schema: Some((base, schema)), _directory: None })
    }

    /// Another node's view of the same database.
    pub(crate) async fn other_node(&self) -> Database {
        Database::connect(&self.url, POOL).await.unwrap()
    }

    pub(crate) async fn migrated(&self) -> &Database {
        self.database.migrate().await.unwrap();
        &self.database
    }

    pub(crate) async fn drop(self) {
        self.database.close().await;
        if let Some((base, schema)) = self.schema {
            run(&base, format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }
}

async fn run(url: &str, statement: String) {
    let database = Database::connect(url, 1).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *database.acquire().await.unwrap()).await.unwrap();
    database.close().await;
}

#[expect(clippy::disallowed_methods, reason = "where the test server is can only come from the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn postgres_url() -> Option<String> {
    let value = variable("SEALANE_TEST_POSTGRES")?;
    let url = if value.starts_with('/') { std::fs::read_to_string(&value).unwrap() } else { value };
    Some(url.trim().to_owned())
}

pub(crate) fn not_run(test: &str) {
    assert!(
        variable("SEALANE_TEST_REQUIRE_POSTGRES").is_none(),
        "{test} needs PostgreSQL: set SEALANE_TEST_POSTGRES to a URL such as postgres://postgres@127.0.0.1:5432/postgres"
    );
    eprintln!("NOT RUN: {test}: SEALANE_TEST_POSTGRES names no PostgreSQL server");
}

/// The instant at which all tests begin.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(crate) const fn clock() -> ManualClock {
    ManualClock::at(NOW)
}

pub(crate) fn random() -> &'static SystemRandom {
    static RANDOM: LazyLock<SystemRandom> = LazyLock::new(|| SystemRandom::new().unwrap());
    &RANDOM
}

pub(crate) fn later(seconds: u64) -> Timestamp {
    NOW.after(std::time::Duration::from_secs(seconds))
}

pub(crate) fn path(text: &str) -> RemotePath {
    RemotePath::parse_text(text).unwrap()
}

pub(crate) fn node_id() -> NodeId {
    NodeId::generate(&clock(), random())
}

pub(crate) fn site_id() -> SiteId {
    SiteId::generate(&clock(), random())
}

pub(crate) fn collection_id() -> CollectionId {
    CollectionId::from_uuid(fresh_uuid(&clock(), random()))
}

pub(crate) fn rule_id() -> RuleId {
    RuleId::from_uuid(fresh_uuid(&clock(), random()))
}

pub(crate) fn ana() -> Person {
    Person {
        id: PersonId::new("https://login.hospital-a.example", "ana"),
        email: Some("ana@hospital-a.example".to_owned()),
        name: Some("Ana Ruiz".to_owned()),
    }
}

pub(crate) fn ben() -> Person {
    Person { id: PersonId::new("https://login.hospital-a.example", "ben"), email: None, name: None }
}

pub(crate) fn storage_gateway() -> StorageGateway {
    StorageGateway {
        id: StorageGatewayId::generate(&clock(), random()),
        name: "research disk".to_owned(),
        storage: StorageKind::Posix { root: "/srv/research".into() },
        classes: vec![Class::Phi, Class::PhiLimited],
    }
}

pub(crate) fn collection(name: &str, gateway: &StorageGateway) -> Collection {
    Collection {
        id: collection_id(),
        name: name.parse().unwrap(),
        title: "UK Biobank imaging".to_owned(),
        description: "Brain scans; \u{e9}t\u{e9} 2026".to_owned(),
        storage_gateway: gateway.id,
        class: Class::PhiLimited,
        mode: AssuranceMode::Transport,
        read_only: true,
        created_at: NOW,
    }
}

/// A collection that is in the database, with its storage gateway.
pub(crate) async fn stored_collection(database: &Database, name: &str) -> Collection {
    let gateway = StorageGateway { name: format!("gateway of {name}"), ..storage_gateway() };
    let collection = collection(name, &gateway);
    let mut db = database.acquire().await.unwrap();
    sealane_database::storage_gateway::upsert(&mut db, &gateway).await.unwrap();
    sealane_database::collection::upsert(&mut db, &collection).await.unwrap();
    collection
}

pub(crate) fn task(role: TaskRole) -> Task {
    Task {
        id: TaskId::generate(&clock(), random()),
        owner: ana().id,
        label: Some("scans for the pilot".to_owned()),
        role,
        coordinator: true,
        source: Place { site: site_id(), collection: collection_id() },
        destination: Place { site: site_id(), collection: collection_id() },
        items: vec![Item { source: path("/2026/a b"), destination: path("/in/\\xff\\xfe"), recursive: true }],
        purpose: Some("research".to_owned()),
        lanes: 4,
        state: TaskState::Active,
        progress: Progress::default(),
        nice_status: "queued".to_owned(),
        manifest: None,
        cipher: None,
        submitted_at: NOW,
        completed_at: None,
    }
}

/// A task that is in the database.
pub(crate) async fn stored_task(database: &Database, role: TaskRole) -> Task {
    let task = task(role);
    sealane_database::task::insert(&mut database.acquire().await.unwrap(), &task).await.unwrap();
    task
}
