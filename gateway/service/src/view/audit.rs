//! Audit entries, as those who may read them see them.

use sealane_model::Timestamp;
use serde::{Deserialize, Serialize};

/// One entry of this site's audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntryView {
    /// Its index in the log.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of event, such as `content.read`.
    pub kind: String,
    /// `intent`, `outcome` or `info`.
    pub phase: String,
    /// The operation that binds intent and outcome.
    pub op: String,
    /// How it ended, for an outcome: `done`, `denied`, ...
    pub outcome: Option<String>,
    /// A stable word for the outcome.
    pub code: Option<String>,
    /// The decision that allowed or refused it.
    pub decision: Option<String>,
    /// The peer that took part.
    pub peer: Option<String>,
    /// The cipher suite that was actually used.
    pub transport: Option<String>,
    /// Bytes that moved.
    pub bytes: Option<u64>,
    /// Files that moved.
    pub files: Option<u64>,
    /// The leaf's hash in the log's tree: what a proof of inclusion starts from.
    pub leaf: String,
}

/// The signed head of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointView {
    /// Entries that it covers.
    pub size: u64,
    /// The tree's root, hexadecimal.
    pub root: String,
    /// The signed note, as verifiers read it.
    pub note: String,
}
