//! The roles that a site gives to people for running it. What each may do is `rules/roles.csv`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A role at this site. Roles are this site's own: what a peer says about a person never gives one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Connects storage, identity providers and peers; sees all tasks, but no data.
    Administrator,
    /// Watches: reads the audit log and the access rules.
    SecurityOfficer,
    /// Accounts for disclosures: reads the audit log and the access rules.
    ComplianceOfficer,
    /// Audits from outside: reads the whole audit log and its reports, changes nothing and touches no data (AU-9(4)).
    Auditor,
    /// Moves and shares data as access rules allow.
    Researcher,
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role: use one of administrator, security-officer, compliance-officer, auditor, researcher")]
pub struct UnknownRole;

impl Role {
    /// All roles, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::Administrator, Self::SecurityOfficer, Self::ComplianceOfficer, Self::Auditor, Self::Researcher];

    /// The role's name, as people write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::SecurityOfficer => "security-officer",
            Self::ComplianceOfficer => "compliance-officer",
            Self::Auditor => "auditor",
            Self::Researcher => "researcher",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}
