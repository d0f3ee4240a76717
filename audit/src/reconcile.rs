//! Two sites' logs held against each other: every transfer that one of them tells otherwise than the other, or not at all.
//!
//! An [`Account`] is what one exported log, a directory or a pack, says of transfers; no database, no key and no network is
//! needed. [`reconcile`] compares two. A transfer that is still running, whose receipt is still owed, or that lies beyond
//! the other export is told apart from one that is missing or differs.
//!
//! It leaves to others whether each log is what its site wrote: that is [`crate::verify`].

mod account;
mod judge;
mod read;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

pub use self::account::Account;
pub use self::read::ReadFault;

/// Why two accounts cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReconcileError {
    /// One log twice.
    #[error("both are the log {origin}; give the logs of two sites")]
    SameLog {
        /// Its name.
        origin: String,
    },
    /// No transfer is in both, and at least one log has transfers with several sites.
    #[error(
        "which transfers of {origin} are with the other site cannot be told: the logs have none in common; give both sites' ids with --site-a and --site-b"
    )]
    UnknownSite {
        /// The log with transfers of several sites.
        origin: String,
    },
}

/// The ids of the two sites, where they are known; else they follow from the transfers that both logs have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sites {
    /// Of the first log's site.
    pub a: Option<String>,
    /// Of the second's.
    pub b: Option<String>,
}

/// What is to be said of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Both recorded the same, and each holds the other's proof of it.
    Agreed,
    /// One site has not recorded the end yet.
    Running,
    /// Both recorded the same; a receipt is not exchanged yet.
    Owed,
    /// It ended before the other export begins, or after it ends.
    Beyond,
    /// One site recorded it, the other did not.
    OneSided,
    /// Both recorded it, differently.
    Differs,
}

impl Standing {
    /// Whether somebody must look.
    #[must_use]
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::OneSided | Self::Differs)
    }
}

/// A transfer of which more is to be said than that both agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The task.
    pub task: String,
    /// What is to be said.
    pub standing: Standing,
    /// In words.
    pub reason: String,
}

/// What comparing two logs found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Name of the first log.
    pub a: String,
    /// Name of the second.
    pub b: String,
    /// Transfers between the two sites.
    pub transfers: u64,
    /// Those on which both agree.
    pub agreed: u64,
    /// All others, by task.
    pub findings: Vec<Finding>,
}

impl Reconciliation {
    /// Those of one standing.
    pub fn of(&self, standing: Standing) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.standing == standing)
    }

    /// Whether no transfer is missing at one site or differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.findings.iter().any(|finding| finding.standing.is_wrong())
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |standing| self.of(standing).count();
        writeln!(f, "{} and {}: {} transfers between them, {} agree", self.a, self.b, self.transfers, self.agreed)?;
        for finding in &self.findings {
            let word = match finding.standing {
                Standing::Agreed => "agrees",
                Standing::Running => "running",
                Standing::Owed => "receipt owed",
                Standing::Beyond => "beyond the export",
                Standing::OneSided => "ONE-SIDED",
                Standing::Differs => "DIFFERS",
            };
            writeln!(f, "{word}: {}: {}", finding.task, finding.reason)?;
        }
        writeln!(
            f,
            "one-sided: {}, differing: {}, running: {}, receipts owed: {}, beyond an export: {}",
            count(Standing::OneSided),
            count(Standing::Differs),
            count(Standing::Running),
            count(Standing::Owed),
            count(Standing::Beyond)
        )
    }
}

/// Compares what two logs say of the transfers between their sites.
///
/// # Errors
/// [`ReconcileError`] when they are one log, or it cannot be told which transfers are between the two.
pub fn reconcile(a: &Account, b: &Account, sites: &Sites) -> Result<Reconciliation, ReconcileError> {
    if a.origin() == b.origin() {
        return Err(ReconcileError::SameLog { origin: a.origin().to_owned() });
    }
    let site_b = sites.b.clone().map_or_else(|| a.other_site(b), |site| Ok(Some(site)))?;
    let site_a = sites.a.clone().map_or_else(|| b.other_site(a), |site| Ok(Some(site)))?;
    let tasks: BTreeSet<&str> = a.tasks().chain(b.tasks()).collect();
    let mut found = Reconciliation {
        a: a.origin().to_owned(),
        b: b.origin().to_owned(),
        transfers: 0,
        agreed: 0,
        findings: Vec::new(),
    };
    for task in tasks {
        let sides = judge::Sides { a, b, site_a: site_a.as_deref(), site_b: site_b.as_deref() };
        let Some((standing, reason)) = sides.judge(task) else { continue };
        found.transfers += 1;
        if standing == Standing::Agreed {
            found.agreed += 1;
        } else {
            found.findings.push(Finding { task: task.to_owned(), standing, reason });
        }
    }
    Ok(found)
}
