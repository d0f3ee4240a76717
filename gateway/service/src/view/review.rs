//! Reviews of the audit log, and how it stands, as officers and auditors see them.

use sealane_model::alert::Alarm;
use sealane_model::{ReviewId, Timestamp};
use serde::{Deserialize, Serialize};

use super::alert::AlertCounts;
use super::audit::LogLag;

/// How the log stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditStatusView {
    /// Each log, and how far the index is behind it.
    pub logs: Vec<LogLag>,
    /// What the node that answers has noticed.
    pub alarms: Vec<Alarm>,
    /// Whether restricted data are refused because the log waits for its witnesses.
    pub exposed: bool,
    /// Alerts that are not closed.
    pub alerts: AlertCounts,
    /// The last review; absent where there was none.
    pub last_review: Option<SignOffView>,
    /// When the next one is due.
    pub review_due_at: Timestamp,
    /// Whether that has passed.
    pub review_overdue: bool,
}

/// A review that was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOffView {
    /// Its id.
    pub id: ReviewId,
    /// Who signed it.
    pub signed_by: String,
    /// When.
    pub signed_at: Timestamp,
    /// The operation in the audit log.
    pub op: String,
    /// What it covers.
    pub ranges: Vec<ReviewRangeView>,
}

/// The entries of one log that a review covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRangeView {
    /// The log's name in its checkpoints.
    pub log: String,
    /// The first.
    pub first: u64,
    /// All before this place.
    pub size: u64,
    /// The root over so many entries where this node keeps the log; else the leaf hash of the last, which binds all before.
    pub head: String,
}

/// What has happened since the last review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewView {
    /// The last review; absent where there was none.
    pub last: Option<SignOffView>,
    /// When this one is due.
    pub due_at: Timestamp,
    /// Whether that has passed.
    pub overdue: bool,
    /// Which entries there are to review.
    pub ranges: Vec<ReviewRangeView>,
    /// How many acts ended, by kind and outcome.
    pub counts: Vec<ReviewCount>,
    /// Decisions that said no, or not yet.
    pub refused: u64,
    /// Acts that change what the site is or what others may do.
    pub privileged: u64,
    /// Exports and reports.
    pub exports: u64,
    /// Alerts that were raised since.
    pub alerts_raised: u64,
    /// Alerts that were closed since.
    pub alerts_closed: u64,
    /// Alerts that are not closed.
    pub alerts: AlertCounts,
    /// Each log, and how far the index is behind it.
    pub logs: Vec<LogLag>,
    /// What the node that answers has noticed.
    pub alarms: Vec<Alarm>,
    /// Whether restricted data are refused because the log waits for its witnesses.
    pub exposed: bool,
}

/// So many acts of one kind that ended alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewCount {
    /// What kind of event.
    pub kind: String,
    /// How it ended; absent of facts.
    pub outcome: Option<String>,
    /// How many.
    pub entries: u64,
}

/// A review to sign.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOffReview {
    /// What was looked at, and what was found.
    pub note: String,
    /// Up to where each log was reviewed, as it was shown; as the logs stand now where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Vec<ReviewedLog>>,
}

impl std::fmt::Debug for SignOffReview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignOffReview").field("reviewed", &self.reviewed).finish_non_exhaustive()
    }
}

/// Up to where a log was reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewedLog {
    /// The log's name in its checkpoints.
    pub log: String,
    /// All before this place.
    pub size: u64,
    /// The head that was shown for it; needed of another node's log that has grown since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}
