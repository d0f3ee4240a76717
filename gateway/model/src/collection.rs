//! Collections: named roots in a storage gateway that people can see.

use sealane_policy::{Class, CollectionId};
use serde::{Deserialize, Serialize};

use crate::id::StorageGatewayId;
use crate::short_name::ShortName;
use crate::time::Timestamp;

/// What end-to-end means for a collection: declared, shown, enforced, recorded, never silently changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssuranceMode {
    /// Plaintext rests in both institutions' storage; lanes are mutually authenticated TLS 1.3.
    Transport,
}

impl AssuranceMode {
    /// The word as it is written in configuration, API and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
        }
    }
}

/// A named root in a storage gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its short name, unique at this site.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// Which storage gateway holds it. Its root is the gateway's root.
    pub storage_gateway: StorageGatewayId,
    /// The class of its data.
    pub class: Class,
    /// What end-to-end means for it.
    pub mode: AssuranceMode,
    /// Nobody can change it through Sealane, whatever the rules say.
    pub read_only: bool,
    /// When it was made.
    pub created_at: Timestamp,
}
