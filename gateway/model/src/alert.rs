//! Alerts: how much of what raises one, how grave it is, and what becomes of it.
//!
//! What counts is pure arithmetic over the times of entries, so it stands here and not beside a database.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How grave an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Somebody should look.
    Warning,
    /// Somebody should look now.
    Urgent,
}

/// What of the entries is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// How many they are.
    Entries,
    /// The bytes that they are about.
    Bytes,
}

/// What entries must have in common to be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// The person who acted.
    Person,
    /// The network address.
    Client,
    /// The collection.
    Collection,
    /// Nothing.
    Anybody,
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertState {
    /// Nobody has looked yet.
    Open,
    /// Somebody looks into it.
    Acknowledged,
    /// Somebody has signed what it was.
    Closed,
}

/// What an alert turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It happened, and was in order.
    Explained,
    /// Something happened that must not.
    Incident,
    /// Nothing of the kind happened.
    FalseAlarm,
}

/// What the site itself notices, and raises an alert about, until it is over (NIST SP 800-53 AU-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alarm {
    /// The audit log's disk is full, or has no room for its next segment.
    AuditDisk,
    /// The audit log cannot be written.
    AuditUnwritable,
    /// Nothing keeps the node's clock in step with true time.
    ClockUnsynchronised,
    /// What the log had a minute ago is not in the search index yet.
    IndexLagging,
    /// More of the log waits for its witnesses than may.
    WitnessExposed,
    /// The log server does not take audit entries.
    SyslogAway,
    /// A review of the log is due.
    ReviewOverdue,
    /// A review of the log has been due for as long again.
    ReviewLongOverdue,
}

impl Severity {
    /// All of them, the gravest last.
    pub const ALL: [Self; 3] = [Self::Note, Self::Warning, Self::Urgent];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Urgent => "urgent",
        }
    }
}

impl Alarm {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuditDisk => "audit-disk",
            Self::AuditUnwritable => "audit-unwritable",
            Self::ClockUnsynchronised => "clock-unsynchronised",
            Self::IndexLagging => "index-lagging",
            Self::WitnessExposed => "witness-exposed",
            Self::SyslogAway => "syslog-away",
            Self::ReviewOverdue => "review-overdue",
            Self::ReviewLongOverdue => "review-long-overdue",
        }
    }

    /// What it means, and what to do.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::AuditDisk => "the audit log's disk is nearly full: free space on it before nothing can be recorded",
            Self::AuditUnwritable => "the audit log cannot be written, so nothing is done: look at its directory",
            Self::ClockUnsynchronised => "nothing keeps this machine's clock in step: set up time synchronisation",
            Self::IndexLagging => "the audit log's search index is more than a minute behind: look at the database",
            Self::WitnessExposed => "too much of the audit log waits for its witnesses: `sealane audit witness status`",
            Self::SyslogAway => "audit entries do not reach the log server: they wait, and are sent again",
            Self::ReviewOverdue => "a review of the audit log is due: `sealane audit review show`",
            Self::ReviewLongOverdue => {
                "a review of the audit log has been due for as long again: `sealane audit review show`"
            }
        }
    }

    /// How grave it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::AuditDisk | Self::AuditUnwritable | Self::WitnessExposed | Self::ReviewLongOverdue => {
                Severity::Urgent
            }
            Self::ClockUnsynchronised | Self::IndexLagging | Self::SyslogAway | Self::ReviewOverdue => {
                Severity::Warning
            }
        }
    }

    /// Whether it is the site's, and not one node's.
    #[must_use]
    pub const fn is_of_the_site(self) -> bool {
        matches!(self, Self::ReviewOverdue | Self::ReviewLongOverdue)
    }
}

/// How much, within which time, raises an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// What is added up.
    pub measure: Measure,
    /// From this much on.
    pub at_least: u64,
    /// Within this time.
    pub within: Duration,
    /// Of entries that have this in common.
    pub by: Grouping,
}

impl Threshold {
    /// Whether every matching entry raises an alert of its own.
    #[must_use]
    pub const fn is_every(&self) -> bool {
        matches!(self.measure, Measure::Entries) && self.at_least <= 1
    }

    /// The first stretch of `hits` (time in microseconds, weight; in the order of time) that reaches the threshold. It
    /// begins as late as it can, so that what lies before it may still count for another one.
    #[must_use]
    pub fn reached(&self, hits: &[(i64, u64)]) -> Option<Range<usize>> {
        let within = i64::try_from(self.within.as_micros()).unwrap_or(i64::MAX);
        let mut first = 0;
        let mut sum = 0_u64;
        for (last, (at, weight)) in hits.iter().enumerate() {
            sum = sum.saturating_add(*weight);
            while let Some((begin, least)) = hits.get(first) {
                let too_old = at.saturating_sub(*begin) > within;
                let too_much = first < last && sum.saturating_sub(*least) >= self.at_least;
                if !too_old && !too_much {
                    break;
                }
                sum = sum.saturating_sub(*least);
                first += 1;
            }
            if sum >= self.at_least {
                return Some(first..last + 1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn threshold(at_least: u64, seconds: u64) -> Threshold {
        let within = Duration::from_secs(seconds);
        Threshold { measure: Measure::Entries, at_least, within, by: Grouping::Person }
    }

    fn at(seconds: &[i64]) -> Vec<(i64, u64)> {
        seconds.iter().map(|at| (at * SECOND, 1)).collect()
    }

    #[test]
    fn enough_within_the_window_reaches_the_threshold_and_a_moment_more_does_not() {
        assert_eq!(threshold(3, 10).reached(&at(&[0, 5, 10])), Some(0..3));
        assert_eq!(threshold(3, 10).reached(&at(&[0, 5, 11])), None);
        assert_eq!(threshold(3, 10).reached(&at(&[0, 5, 11, 15])), Some(1..4));
        assert_eq!(threshold(1, 0).reached(&at(&[7])), Some(0..1));
        assert_eq!(threshold(1, 0).reached(&[]), None);
    }

    #[test]
    fn a_late_entry_counts_where_it_belongs() {
        // One of another node's log, told after the others: sorted in, it makes three within ten seconds.
        assert_eq!(threshold(3, 10).reached(&at(&[0, 8, 12])), None);
        assert_eq!(threshold(3, 10).reached(&at(&[0, 5, 8, 12])), Some(0..3));
    }

    #[test]
    fn bytes_are_added_up_and_no_more_is_taken_than_is_needed() {
        let bytes = Threshold { measure: Measure::Bytes, ..threshold(100, 10) };
        let hits = [(0, 30), (SECOND, 20), (2 * SECOND, 90), (3 * SECOND, 10)];
        assert_eq!(bytes.reached(&hits), Some(1..3));
        assert_eq!(bytes.reached(&[(0, u64::MAX), (0, u64::MAX)]), Some(0..1));
        assert!(!bytes.is_every() && threshold(1, 0).is_every());
    }
}
