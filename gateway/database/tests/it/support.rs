//! The database of each test, and the builders that the tests share.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use sealane_crypto::AeadKey;
use sealane_crypto::random::SystemRandom;
use sealane_database::Database;
use sealane_model::collection::{AssuranceMode, Collection};
use sealane_model::id::{CollectionId, NodeId, RuleId, SiteId, StorageGatewayId, TaskId, fresh_uuid};
use sealane_model::order::{Item, Place};
use sealane_model::path::RemotePath;
use sealane_model::person::{Person, PersonId};
use sealane_model::storage_gateway::{StorageGateway, StorageKind};
use sealane_model::task::{Progress, Task, TaskRole, TaskState};
use sealane_model::{ManualClock, Timestamp};
use sealane_policy::Class;

use crate::backend::{Arranged, Backend};

/// One test's database.
pub(crate) struct TestDatabase {
    pub(crate) database: Database,
    url: String,
}

const POOL: u32 = 6;

impl Arranged for TestDatabase {
    async fn on(backend: &Backend) -> Self {
        let url = backend.fresh().await;
        Self { database: connected(&url, POOL, &key(7)).await, url }
    }
}

impl TestDatabase {
    /// Another node's view of the same database.
    pub(crate) async fn other_node(&self) -> Database {
        self.with_key(&key(7)).await
    }

    /// The same database, opened with this key.
    pub(crate) async fn with_key(&self, key: &AeadKey) -> Database {
        connected(&self.url, POOL, key).await
    }

    /// The same database, opened without a key.
    pub(crate) async fn without_key(&self) -> Database {
        Database::connect(&self.url, POOL).await.unwrap()
    }

    /// The files of an SQLite database: itself, its write-ahead log, its shared memory.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let file = self.url.trim_start_matches("sqlite://").trim_end_matches("?mode=rwc");
        let all = ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{file}{end}")));
        all.into_iter().filter_map(|file| Some((file.clone(), std::fs::read(&file).ok()?))).collect()
    }

    pub(crate) async fn migrated(&self) -> &Database {
        self.database.migrate().await.unwrap();
        &self.database
    }
}

pub(crate) async fn connected(url: &str, pool: u32, key: &AeadKey) -> Database {
    Database::connect(url, pool).await.unwrap().with_key(key, Arc::new(random().clone()))
}

/// A key that is told from others by one number.
pub(crate) fn key(number: u8) -> AeadKey {
    AeadKey::from_bytes(&[number; 32]).unwrap()
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
