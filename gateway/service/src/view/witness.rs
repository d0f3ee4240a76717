//! Witnesses, as administrators see them.

use sealane_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::timestamp::TimestampView;

/// What another site needs in order to have this one as a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessIdentityView {
    /// The key of its cosignatures, as C2SP signed notes write it.
    pub key: String,
    /// The line for another site's policy file.
    pub policy_line: String,
    /// Where it takes requests of logs that are no peers': `add-checkpoint` is beneath it.
    pub url: String,
    /// The key of this node's log.
    pub log: String,
}

/// How it stands with witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessStatusView {
    /// This node's log with its witnesses; absent where nobody is asked.
    pub policy: Option<WitnessPolicyView>,
    /// The newest head of this node's log that a time-stamping authority has dated.
    pub timestamp: Option<TimestampView>,
    /// Logs that this site has witnessed.
    pub watched: Vec<WitnessedLogView>,
}

/// A log with its witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessPolicyView {
    /// Entries of the log.
    pub size: u64,
    /// Entries that a quorum has confirmed since this node started.
    pub confirmed: u64,
    /// When it did last.
    pub confirmed_at: Option<Timestamp>,
    /// Entries that wait for a quorum.
    pub waiting: Option<u64>,
    /// How long the first of them has waited.
    pub waiting_ms: Option<u64>,
    /// Whether restricted data are refused because of it.
    pub refused: bool,
    /// Each witness.
    pub witnesses: Vec<WitnessStanding>,
}

/// One witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessStanding {
    /// Its name in the policy.
    pub name: String,
    /// Entries that it cosigned last.
    pub size: u64,
    /// When.
    pub at: Option<Timestamp>,
    /// A stable word for what is in the way.
    pub code: Option<String>,
    /// What is in the way, for people.
    pub fault: Option<String>,
}

/// A log that this site has witnessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessedLogView {
    /// Its origin.
    pub origin: String,
    /// Entries of the newest head.
    pub size: u64,
    /// When it was cosigned.
    pub at: Timestamp,
    /// Whether there is evidence of two histories.
    pub forked: bool,
}

/// Evidence against a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkView {
    /// SHA-256 of the evidence.
    pub id: String,
    /// The log.
    pub origin: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// The key that is pinned for the log.
    pub key: Option<String>,
    /// The file that proves it.
    pub evidence: String,
}
