//! A collection on a storage, with permits for it: what a claim of the behaviour suite works on.

use std::sync::Arc;

use sealane_connectors::{Commit, Connector, Registry, Staging, StorageError};
use sealane_model::permit::{Delete, List, Read, Write};
use sealane_model::{
    AssuranceMode, Class, Collection, CollectionId, Component, Entry, FileTime, Permission, Permit, RemotePath,
    StorageGateway, StorageGatewayId, StorageKind, TaskId, Timestamp,
};
use sealane_policy::Action;
use uuid::Uuid;

use crate::door::Door;

/// A storage that a connector serves: implemented once for each kind of connector.
pub(crate) trait Storage {
    fn new() -> Self;
    fn kind(&self) -> StorageKind;
}

/// A collection, its connector, and permits for all of it.
pub(crate) struct Bench {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) door: Door,
    pub(crate) list: Permit<List>,
    pub(crate) read: Permit<Read>,
    pub(crate) write: Permit<Write>,
    pub(crate) delete: Permit<Delete>,
    pub(crate) staging: Staging,
}

/// A time that no clock of a test would set by itself.
pub(crate) const MODIFIED: FileTime = FileTime { seconds: 1_234_567_890, nanos: 123_456_789 };

impl Bench {
    pub(crate) fn on(storage: StorageKind) -> Self {
        Self::with(storage, false)
    }

    pub(crate) fn read_only(storage: StorageKind) -> Self {
        Self::with(storage, true)
    }

    fn with(storage: StorageKind, read_only: bool) -> Self {
        let id = collection_id(1);
        let gateway = gateway(storage);
        let connector = Registry::new().open(&collection(id, gateway.id, read_only), &gateway).unwrap();
        let door = Door::new();
        door.allow(id, &RemotePath::root(), &Permission::ALL);
        Self {
            connector,
            list: door.permit(Action::ListDirectory, id, &RemotePath::root()),
            read: door.permit(Action::ReadContent, id, &RemotePath::root()),
            write: door.permit(Action::WriteContent, id, &RemotePath::root()),
            delete: door.permit(Action::DeleteEntry, id, &RemotePath::root()),
            door,
            staging: Staging::from(TaskId::from_uuid(Uuid::from_u128(7))),
        }
    }

    /// Writes a file as a transfer does: into a part, then committed.
    pub(crate) fn put(&self, path: &RemotePath, bytes: &[u8]) {
        self.fill_part("part", bytes);
        self.commit_part("part", path, bytes.len() as u64).unwrap();
    }

    pub(crate) fn fill_part(&self, name: &str, bytes: &[u8]) {
        let part = self.connector.create_part(&self.write, &self.staging, name, bytes.len() as u64, false).unwrap();
        part.write_at(0, bytes).unwrap();
        part.sync().unwrap();
    }

    pub(crate) fn commit_part(&self, name: &str, path: &RemotePath, size: u64) -> Result<(), StorageError> {
        self.connector.commit(&self.write, &self.staging, &[to_commit(name, path, size)])
    }

    pub(crate) fn make_directory(&self, path: &RemotePath) {
        assert!(self.connector.make_directory(&self.write, path).unwrap());
    }

    pub(crate) fn stat(&self, path: &RemotePath) -> Result<Entry, StorageError> {
        self.connector.stat(&self.list, path)
    }

    /// The whole content of a file.
    pub(crate) fn bytes_of(&self, path: &RemotePath) -> Vec<u8> {
        let reader = self.connector.open(&self.read, path).unwrap();
        let mut bytes = vec![0; usize::try_from(reader.entry().size).unwrap()];
        assert_eq!(reader.read_at(0, &mut bytes).unwrap(), bytes.len());
        reader.check_unchanged().unwrap();
        bytes
    }

    /// The names in a directory, by pages of `limit`.
    pub(crate) fn names_in(&self, directory: &RemotePath, limit: usize) -> Vec<Component> {
        let mut names: Vec<Component> = Vec::new();
        loop {
            let page = self.connector.list(&self.list, directory, names.last(), limit).unwrap();
            assert!(page.entries.len() <= limit);
            names.extend(page.entries.iter().filter_map(|entry| entry.path.file_name().cloned()));
            if !page.more {
                return names;
            }
        }
    }

    /// The paths of a walk, by pages of `limit`.
    pub(crate) fn walked(&self, root: &RemotePath, after: Option<&RemotePath>, limit: usize) -> Vec<RemotePath> {
        walked_with(self, &self.read, root, after, limit)
    }

    pub(crate) fn collection(&self) -> CollectionId {
        self.connector.collection()
    }
}

/// The paths of a walk that a certain permit gives.
pub(crate) fn walked_with(
    bench: &Bench,
    permit: &Permit<Read>,
    root: &RemotePath,
    after: Option<&RemotePath>,
    limit: usize,
) -> Vec<RemotePath> {
    let mut walk = bench.connector.walk(permit, root, after).unwrap();
    let mut paths = Vec::new();
    loop {
        let page = walk.next_page(limit).unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return paths;
        }
        paths.extend(page.into_iter().map(|entry| entry.path));
    }
}

pub(crate) fn to_commit(part: &str, target: &RemotePath, size: u64) -> Commit {
    Commit { part: part.to_owned(), target: target.clone(), size, modified: MODIFIED, mode: Some(0o640) }
}

pub(crate) fn path(text: &str) -> RemotePath {
    text.parse().unwrap()
}

pub(crate) fn paths(texts: &[&str]) -> Vec<RemotePath> {
    texts.iter().map(|text| path(text)).collect()
}

pub(crate) const fn collection_id(number: u128) -> CollectionId {
    CollectionId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn gateway(storage: StorageKind) -> StorageGateway {
    let id = StorageGatewayId::from_uuid(Uuid::from_u128(2));
    StorageGateway { id, name: "test".to_owned(), storage, classes: vec![Class::Internal] }
}

pub(crate) fn collection(id: CollectionId, gateway: StorageGatewayId, read_only: bool) -> Collection {
    Collection {
        id,
        name: "test".parse().unwrap(),
        title: "Test".to_owned(),
        description: String::new(),
        storage_gateway: gateway,
        class: Class::Internal,
        mode: AssuranceMode::Transport,
        read_only,
        created_at: Timestamp::from_seconds(0),
    }
}
