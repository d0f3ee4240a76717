//! Ids that policy decides with: collections, access rules, people.
//!
//! Collections and rules have UUIDs. A person is the pair of issuer and subject (OpenID Connect Core 1.0 section 2: the
//! only pair that an identity provider promises to keep unique and never to give to somebody else); an e-mail address is
//! never an identity.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {what} id: expected a UUID such as 019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60")]
pub struct IdError {
    /// Which kind of id was expected.
    pub what: &'static str,
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id that a UUID stands for.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind the id.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError { what: $what })
            }
        }
    };
}

typed_id!(
    /// A collection of this site.
    CollectionId, "collection"
);
typed_id!(
    /// An access rule.
    RuleId, "access rule"
);

/// A person: who says so, and what they call them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonId {
    /// The identity provider's issuer URL.
    pub issuer: String,
    /// The subject at that issuer. Personal data: never in logs, errors or `Debug`.
    pub subject: String,
}

impl PersonId {
    /// The person whom `issuer` calls `subject`.
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), subject: subject.into() }
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonId").field("issuer", &self.issuer).field("subject", &"[redacted]").finish()
    }
}
