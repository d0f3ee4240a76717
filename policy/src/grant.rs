//! Access rules as policy takes them: principal x path x permissions, allow or deny, with expiry and purpose.
//!
//! Where the rows are kept, and who made them, is not policy's business.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{CollectionId, PersonId, RuleId};
use crate::path::RemotePath;
use crate::permission::Permission;

/// Whom a rule is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Principal {
    /// One person.
    Person(PersonId),
    /// Whoever has this verified e-mail address. ASCII letters compare without regard to case.
    Email(String),
    /// The members of a group.
    Group(String),
    /// Everyone for whom this peer site speaks, and the peer itself.
    Site(String),
    /// Everyone who has signed in, here or at a peer.
    EveryoneSignedIn,
    /// Everyone, signed in or not.
    Anonymous,
}

impl Principal {
    /// As people write it: `group:readers`, `person:ISSUER#SUBJECT`. Personal data for people and addresses.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Person(person) => format!("person:{}#{}", person.issuer, person.subject),
            Self::Email(email) => format!("email:{email}"),
            Self::Group(group) => format!("group:{group}"),
            Self::Site(site) => format!("site:{site}"),
            Self::EveryoneSignedIn => "signed-in".to_owned(),
            Self::Anonymous => "anonymous".to_owned(),
        }
    }
}

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a principal; write email:ADDRESS, person:ISSUER#SUBJECT, group:NAME, site:ID, signed-in or anonymous")]
pub struct PrincipalError;

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        match text.split_once(':') {
            None if text == "signed-in" => Ok(Self::EveryoneSignedIn),
            None if text == "anonymous" => Ok(Self::Anonymous),
            Some(("email", address)) if address.contains('@') => Ok(Self::Email(address.to_lowercase())),
            Some(("group", name)) if !name.is_empty() => Ok(Self::Group(name.to_owned())),
            Some(("site", site)) if !site.is_empty() => Ok(Self::Site(site.to_owned())),
            Some(("person", id)) => match id.rsplit_once('#') {
                Some((issuer, subject)) if !issuer.is_empty() && !subject.is_empty() => {
                    Ok(Self::Person(PersonId::new(issuer, subject)))
                }
                _ => Err(PrincipalError),
            },
            _ => Err(PrincipalError),
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => f.debug_tuple("Person").field(person).finish(),
            Self::Email(_) => f.write_str("Email([redacted])"),
            Self::Group(group) => f.debug_tuple("Group").field(group).finish(),
            Self::Site(site) => f.debug_tuple("Site").field(site).finish(),
            Self::EveryoneSignedIn => f.write_str("EveryoneSignedIn"),
            Self::Anonymous => f.write_str("Anonymous"),
        }
    }
}

/// One access rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// The rule's id.
    pub id: RuleId,
    /// The collection that it is about.
    pub collection: CollectionId,
    /// The path in it; the rule is about everything beneath, too.
    pub path: RemotePath,
    /// Whom it is for.
    pub principal: Principal,
    /// What it gives or refuses.
    pub permissions: Vec<Permission>,
    /// Whether it refuses. A rule that refuses beats every rule that gives, however near.
    pub deny: bool,
    /// When it ends, in seconds since 1970 UTC: at that second it no longer holds.
    pub expires_s: Option<i64>,
    /// The purpose that a request must declare for a rule that gives. A rule that refuses does so for every purpose,
    /// because a purpose is only what the requester says.
    pub purpose: Option<String>,
}
