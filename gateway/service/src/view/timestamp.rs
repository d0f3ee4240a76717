//! Timestamps of third parties on heads of the audit log, as administrators see them.

use sealane_model::Timestamp;
use serde::{Deserialize, Serialize};

/// A request for an authority, with the head that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimestampRequestView {
    /// Entries under the head.
    pub size: u64,
    /// The head, a signed note: to be handed in with the answer.
    pub checkpoint: String,
    /// The request (`application/timestamp-query`), base64.
    pub request: String,
}

/// An authority's answer to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTimestamp {
    /// The head that it is about.
    pub checkpoint: String,
    /// The answer (`application/timestamp-reply`), base64.
    pub response: String,
}

/// A timestamp that is kept beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimestampView {
    /// Entries under the head.
    pub size: u64,
    /// Root over them.
    pub root: String,
    /// The authority's time.
    pub at: Timestamp,
    /// Object identifier of the policy under which it answers.
    pub policy: String,
    /// Whether its signature leads to a certificate that is configured here.
    pub trusted: bool,
}
