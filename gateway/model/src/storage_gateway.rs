//! Storage gateways: configured connectors.

use std::path::PathBuf;

use sealane_policy::Class;
use serde::{Deserialize, Serialize};

use crate::id::StorageGatewayId;

/// Which storage, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StorageKind {
    /// A directory of a POSIX file system.
    Posix {
        /// The directory that nothing of this gateway ever leaves.
        root: PathBuf,
    },
}

/// A configured connector: which storage, and which classes of data it may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageGateway {
    /// Its id.
    pub id: StorageGatewayId,
    /// Its name for administrators.
    pub name: String,
    /// Which storage.
    pub storage: StorageKind,
    /// Classes of data that it may hold.
    pub classes: Vec<Class>,
}
