//! Rules that watch the audit log, and the alerts that they raise, as officers and auditors see them.

use sealane_model::alert::{Alarm, AlertState, Finding, Grouping, Measure, Severity};
use sealane_model::{AlertId, ShortName, Timestamp};
use sealane_policy::Role;
use serde::{Deserialize, Serialize};

use crate::audit::AuditQuestion;

/// How much, within which time, raises an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdView {
    /// What is added up: entries or bytes.
    pub measure: Measure,
    /// From this much on; 1 entry means that each raises an alert.
    pub at_least: u64,
    /// Within so many seconds.
    pub within_s: u64,
    /// Of entries that have this in common.
    pub by: Grouping,
}

/// A rule to save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAlertRule {
    /// Its short name, unique at the site. Names nobody.
    pub name: ShortName,
    /// Which entries it watches for.
    pub question: AuditQuestion,
    /// How much of them.
    pub threshold: ThresholdView,
    /// How grave its alerts are.
    pub severity: Severity,
    /// Whose its alerts are.
    pub concerns: Role,
}

/// A rule to try on what has happened, without saving it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TryAlertRule {
    /// Which entries.
    pub question: AuditQuestion,
    /// How much of them.
    pub threshold: ThresholdView,
    /// Over so many past days.
    pub days: u32,
}

/// What is to be different about a rule: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeAlertRule {
    /// Which entries it watches for, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<AuditQuestion>,
    /// How much of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdView>,
    /// How grave its alerts are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Whose its alerts are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concerns: Option<Role>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRuleView {
    /// Its short name.
    pub name: ShortName,
    /// Which entries it watches for. What names somebody is not shown: the entry of its saving has it.
    pub question: AuditQuestion,
    /// How much of them.
    pub threshold: ThresholdView,
    /// How grave its alerts are.
    pub severity: Severity,
    /// Whose its alerts are.
    pub concerns: Role,
    /// Whether it came with the program: it can be paused, not removed.
    pub built_in: bool,
    /// Whether it is out of use for now.
    pub paused: bool,
}

/// What a rule would have found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialView {
    /// Entries that match.
    pub entries: u64,
    /// Alerts that they would have raised.
    pub alerts: u64,
    /// The first of these alerts, a hundred at most.
    pub first: Vec<TrialAlert>,
    /// Entries of the logs that could not be found yet: 0 when nothing is missing.
    pub not_indexed: u64,
}

/// An alert that would have been raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialAlert {
    /// Time of its first entry.
    pub first_at: Timestamp,
    /// Time of its last entry.
    pub last_at: Timestamp,
    /// How many entries.
    pub entries: u64,
    /// Bytes that they are about.
    pub bytes: u64,
}

/// Which alerts are wanted: a page of those that match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertQuery {
    /// Of this state.
    pub state: Option<AlertState>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Whose.
    pub concerns: Option<Role>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows at most.
    pub limit: Option<usize>,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertView {
    /// Its id.
    pub id: AlertId,
    /// The rule that raised it, or the word for what the site noticed by itself.
    pub rule: String,
    /// How grave it is.
    pub severity: Severity,
    /// Whose it is.
    pub concerns: Role,
    /// Where it stands.
    pub state: AlertState,
    /// What the site noticed by itself.
    pub alarm: Option<Alarm>,
    /// About which log it was noticed; `site` where it is about none.
    pub subject: Option<String>,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Time of its first entry.
    pub first_at: Timestamp,
    /// Time of its last entry.
    pub last_at: Timestamp,
    /// How many entries.
    pub entries: u64,
    /// Bytes that they are about.
    pub bytes: u64,
    /// When it was over, of what the site noticed by itself.
    pub cleared_at: Option<Timestamp>,
    /// Who looks into it.
    pub acknowledged_by: Option<String>,
    /// Since when.
    pub acknowledged_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// When.
    pub closed_at: Option<Timestamp>,
    /// What it was.
    pub finding: Option<Finding>,
    /// The log that tells of it.
    pub log: String,
    /// The index of the entry that does; absent while it waits to be written.
    pub index: Option<u64>,
}

/// An alert with its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertShown {
    /// The alert.
    pub alert: AlertView,
    /// Where its entries are; the first hundred, all of them count.
    pub places: Vec<AlertStretch>,
    /// What whoever closed it wrote, where this node's log has it and it is not erased.
    pub note: Option<String>,
}

/// Where entries of an alert are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertStretch {
    /// The log's name in its checkpoints.
    pub log: String,
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// How many of those in between.
    pub entries: u64,
}

/// What an alert was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseAlert {
    /// What it was.
    pub finding: Finding,
    /// How that is known.
    pub note: String,
}

impl std::fmt::Debug for CloseAlert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloseAlert").field("finding", &self.finding).finish_non_exhaustive()
    }
}

/// How many alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCounts {
    /// Open notes.
    pub note: u64,
    /// Open warnings.
    pub warning: u64,
    /// Open urgent ones.
    pub urgent: u64,
    /// Those that somebody looks into.
    pub acknowledged: u64,
}
