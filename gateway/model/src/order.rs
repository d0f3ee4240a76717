//! Transfer orders: what one site signs so that another moves data.
//!
//! An order names both sites, both collections, the exact paths, the task, the person, the protection that is demanded
//! and an expiry; it is signed by the site at which the task was submitted. Whoever is asked to act checks all of it and
//! decides again for itself. INVARIANT: an order grants nothing; it only says what is asked and by whom.

use sealane_policy::{Assurance, Class, CollectionId};
use serde::{Deserialize, Serialize};

use crate::id::{OrderId, SiteId, TaskId};
use crate::path::RemotePath;
use crate::person::Person;
use crate::time::Timestamp;

/// One end of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Which site.
    pub site: SiteId,
    /// Which of its collections.
    pub collection: CollectionId,
}

/// One thing to move: a file, or a directory with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Where it is at the source.
    pub source: RemotePath,
    /// What it is to be called at the destination.
    pub destination: RemotePath,
    /// Whether a directory is expected.
    pub recursive: bool,
}

/// What protects the data under way. A lane refuses rather than downgrades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// TLS 1.3, both ends authenticated by pinned keys, AEAD cipher suites only.
    MutualTls13,
    /// Both ends are the same site: no network is crossed.
    Local,
}

/// What the submitting site asserts of the person for whom it asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonAssertion {
    /// Who.
    pub person: Person,
    /// Groups that the issuer named at sign-in.
    pub groups: Vec<String>,
    /// How well, and when, the issuer saw them.
    pub assurance: Assurance,
    /// Their network address, as the asserting site saw it: for the other site's record, never for its policy.
    pub client: Option<String>,
}

/// What one site asks of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// This order.
    pub id: OrderId,
    /// The task that it serves.
    pub task: TaskId,
    /// The site that signed it: the source or the destination.
    pub coordinator: SiteId,
    /// Where the data are.
    pub source: Place,
    /// Where they go.
    pub destination: Place,
    /// What moves.
    pub items: Vec<Item>,
    /// For whom.
    pub person: PersonAssertion,
    /// Why, as the person declared it.
    pub purpose: Option<String>,
    /// The class of the source collection, where the coordinator knows it.
    pub class: Option<Class>,
    /// What must protect the data under way.
    pub protection: Protection,
    /// How many lanes may be opened with this order; each of `0..lanes` opens once.
    pub lanes: u16,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it ends: at most `limits::ORDER_LIFETIME` after `issued_at`.
    pub expires_at: Timestamp,
}

impl Order {
    /// The signature context of orders.
    pub const CONTEXT: &'static str = "sealane order v1";
}
