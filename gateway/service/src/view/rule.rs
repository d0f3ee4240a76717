//! Access rules, as those who manage them see and write them.

use sealane_model::{Permission, PersonId, Principal, RemotePath, RuleId, Timestamp};
use serde::{Deserialize, Serialize};

/// For whom a rule is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PrincipalView {
    /// One person, by the lasting name that their identity provider gives them.
    Person {
        /// The identity provider.
        issuer: String,
        /// Their subject there.
        subject: String,
    },
    /// Whoever signs in with this verified e-mail address.
    Email {
        /// The address.
        email: String,
    },
    /// Members of a group that the identity provider names.
    Group {
        /// The group.
        group: String,
    },
    /// People for whom this peer speaks.
    Site {
        /// The peer's id.
        site: String,
    },
    /// Whoever is signed in.
    EveryoneSignedIn,
    /// Anybody at all; public data only.
    Anonymous,
}

impl From<Principal> for PrincipalView {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::Person(PersonId { issuer, subject }) => Self::Person { issuer, subject },
            Principal::Email(email) => Self::Email { email },
            Principal::Group(group) => Self::Group { group },
            Principal::Site(site) => Self::Site { site },
            Principal::EveryoneSignedIn => Self::EveryoneSignedIn,
            Principal::Anonymous => Self::Anonymous,
        }
    }
}

impl From<PrincipalView> for Principal {
    fn from(view: PrincipalView) -> Self {
        match view {
            PrincipalView::Person { issuer, subject } => Self::Person(PersonId { issuer, subject }),
            PrincipalView::Email { email } => Self::Email(email),
            PrincipalView::Group { group } => Self::Group(group),
            PrincipalView::Site { site } => Self::Site(site),
            PrincipalView::EveryoneSignedIn => Self::EveryoneSignedIn,
            PrincipalView::Anonymous => Self::Anonymous,
        }
    }
}

/// A rule to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    /// Beneath which path it holds; the whole collection where absent.
    #[serde(default)]
    pub path: Option<RemotePath>,
    /// For whom.
    pub principal: PrincipalView,
    /// What they may do, or with `deny` may not.
    pub permissions: Vec<Permission>,
    /// Whether the rule forbids. A rule that forbids wins over every rule that allows.
    #[serde(default)]
    pub deny: bool,
    /// Until when; for good where absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The purpose that a request must declare.
    #[serde(default)]
    pub purpose: Option<String>,
}

/// A rule that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Its id.
    pub id: RuleId,
    /// Beneath which path it holds.
    pub path: RemotePath,
    /// For whom.
    pub principal: PrincipalView,
    /// What they may or may not do.
    pub permissions: Vec<Permission>,
    /// Whether it forbids.
    pub deny: bool,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// The purpose that a request must declare.
    pub purpose: Option<String>,
    /// Who made it; absent for rules from the configuration file.
    pub created_by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}
