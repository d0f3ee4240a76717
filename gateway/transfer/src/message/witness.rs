//! What sites say to each other about their audit logs: which keys sign them, and what a witness answers.
//!
//! Requests to a witness and its answers are the bodies of C2SP `tlog-witness`; the lane carries them in place of HTTP,
//! with the status that HTTP would have.

use sealane_model::{SiteId, Timestamp};
use serde::{Deserialize, Serialize};

/// Most logs of one site: one a node, with room to spare.
pub const MAX_LOGS: usize = 256;

/// Most keys that were replaced: one a log in two months, for forty years of a single node.
pub const MAX_ROTATIONS: usize = 256;

/// The keys of all logs of a site, signed by the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKeys {
    /// Whose.
    pub site: SiteId,
    /// When this was said.
    pub at: Timestamp,
    /// One key a log, with the log's origin, as C2SP signed notes write it.
    pub logs: Vec<String>,
    /// For each key of them that was replaced, the proof that it handed over: C2SP `tlog-proof`s.
    #[serde(default)]
    pub rotations: Vec<String>,
}

impl LogKeys {
    /// The signature context.
    pub const CONTEXT: &'static str = "sealane log keys v1";
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessAnswer {
    /// The HTTP status: 200 with cosignatures, 409 with the size that it knows, others with a sentence.
    pub status: u16,
    /// The media type of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}
