//! From a collection's name to its connector.
//!
//! **Promises.** A connector is opened once and shared; a changed configuration opens a new one, and whoever still holds
//! the old one finishes with it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sealane_model::{Collection, CollectionId, StorageGateway, StorageKind};

use crate::connector::Connector;
use crate::error::StorageError;
use crate::posix::PosixConnector;

/// The open connectors of a node.
#[derive(Clone, Default)]
pub struct Registry {
    open: Arc<Mutex<HashMap<CollectionId, Opened>>>,
}

struct Opened {
    storage: StorageKind,
    read_only: bool,
    connector: Arc<dyn Connector>,
}

impl Opened {
    fn serves(&self, collection: &Collection, gateway: &StorageGateway) -> bool {
        self.storage == gateway.storage && self.read_only == collection.read_only
    }
}

impl Registry {
    /// A registry with nothing open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The connector of a collection that lies in this storage gateway.
    ///
    /// # Errors
    /// [`StorageError::Unreachable`] if the storage is not there.
    pub fn open(&self, collection: &Collection, gateway: &StorageGateway) -> Result<Arc<dyn Connector>, StorageError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = open.get(&collection.id).filter(|opened| opened.serves(collection, gateway)) {
            return Ok(Arc::clone(&opened.connector));
        }
        let connector: Arc<dyn Connector> = match &gateway.storage {
            StorageKind::Posix { root } => Arc::new(PosixConnector::open(root, collection.id, !collection.read_only)?),
        };
        let opened = Opened {
            storage: gateway.storage.clone(),
            read_only: collection.read_only,
            connector: Arc::clone(&connector),
        };
        open.insert(collection.id, opened);
        Ok(connector)
    }

    /// Lets go of a collection's connector: after its removal, or after its storage was mounted anew.
    pub fn forget(&self, collection: CollectionId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&collection);
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry")
    }
}
