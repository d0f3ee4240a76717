//! From a configured collection to its connector.

use std::sync::Arc;

use sealane_connectors::{Registry, StorageError};
use sealane_model::StorageKind;
use tempfile::TempDir;

use crate::bench::{collection, collection_id, gateway};

fn posix(folder: &TempDir) -> StorageKind {
    StorageKind::Posix { root: folder.path().to_owned() }
}

#[test]
fn a_connector_is_opened_once_until_its_configuration_changes() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let registry = Registry::new();
    let (here, there) = (gateway(posix(&one)), gateway(posix(&two)));
    let writable = collection(collection_id(1), here.id, false);
    let first = registry.open(&writable, &here).unwrap();
    assert!(Arc::ptr_eq(&first, &registry.open(&writable, &here).unwrap()));
    let moved = registry.open(&writable, &there).unwrap();
    assert!(!Arc::ptr_eq(&first, &moved));
    let frozen = registry.open(&collection(collection_id(1), here.id, true), &there).unwrap();
    assert!(!frozen.capabilities().writable);
    registry.forget(collection_id(1));
    assert!(!Arc::ptr_eq(&frozen, &registry.open(&writable, &there).unwrap()));
}

#[test]
fn storage_that_is_not_there_is_unreachable() {
    let folder = TempDir::new().unwrap();
    let missing = gateway(StorageKind::Posix { root: folder.path().join("not-mounted") });
    let opened = Registry::new().open(&collection(collection_id(1), missing.id, false), &missing);
    assert!(matches!(opened.map(drop), Err(StorageError::Unreachable)));
}
