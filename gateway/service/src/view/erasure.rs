//! Erasures and legal holds, as compliance officers ask for them and see them.

use sealane_model::{ErasureId, HoldId, Timestamp};
use serde::{Deserialize, Serialize};

/// Whom or what the values belong to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AboutView {
    /// A person, by the lasting name that their identity provider gives them.
    Person {
        /// The identity provider.
        issuer: String,
        /// Their subject there.
        subject: String,
    },
    /// A collection: its name or id when asked, its id when answered.
    Collection {
        /// Which one.
        collection: String,
    },
}

impl std::fmt::Debug for AboutView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Person { .. } => "Person",
            Self::Collection { .. } => "Collection",
        })
    }
}

/// An erasure to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// Whose values.
    pub about: AboutView,
    /// On what ground, also for values that are younger than the retention.
    pub basis: String,
}

/// Where an erasure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErasureState {
    /// For a second officer.
    Waiting,
    /// Nobody agreed in time.
    Expired,
    /// Agreed upon; some log has not done its part yet.
    Approved,
    /// Agreed upon, and stopped by a legal hold.
    Held,
    /// Every log has done its part.
    Done,
}

/// One log's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasurePartView {
    /// The log's name.
    pub log: String,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// How many values were erased.
    pub values: Option<u64>,
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureView {
    /// Its id.
    pub id: ErasureId,
    /// Where it stands.
    pub state: ErasureState,
    /// Whose values; null once done.
    pub about: Option<AboutView>,
    /// On what ground; null once done, the audit log keeps it.
    pub basis: Option<String>,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Until when it can be approved.
    pub expires_at: Timestamp,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Timestamp>,
    /// What each log has done.
    pub parts: Vec<ErasurePartView>,
}

/// A legal hold to place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// On whose values.
    pub about: AboutView,
    /// Why.
    pub reason: String,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its id.
    pub id: HoldId,
    /// On whose values.
    pub about: Option<AboutView>,
    /// Why.
    pub reason: Option<String>,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: Timestamp,
    /// Who asked for its release.
    pub release_asked_by: Option<String>,
    /// When.
    pub release_asked_at: Option<Timestamp>,
    /// Whether it has ended.
    pub released: bool,
}
