//! Who asks, and how well we know it.
//!
//! A subject is built by the caller from verified facts only: an ID token that was checked, a session of ours, a peer's
//! signed assertion. Absent means unknown, and unknown is never yes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::id::PersonId;
use crate::role::Role;

/// How and when the person signed in (OpenID Connect Core 1.0 section 2: `acr`, `amr`, `auth_time`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assurance {
    /// Authentication context class, as the identity provider names it.
    pub acr: Option<String>,
    /// Authentication methods.
    pub amr: Vec<String>,
    /// When the person really signed in, in seconds since 1970 UTC; not when a token was issued.
    pub auth_time_s: Option<i64>,
}

/// Who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The person; none for anonymous requests and for a peer that acts for itself.
    pub person: Option<PersonId>,
    /// Their e-mail address, only where the issuer says that it verified it.
    pub email: Option<String>,
    /// Groups that this site counts them in.
    pub groups: Vec<String>,
    /// Roles at this site. Ignored where a peer speaks for the person.
    pub roles: Vec<Role>,
    /// How well the issuer knew them.
    pub assurance: Assurance,
    /// The peer site that speaks for them, by its id.
    pub via_site: Option<String>,
    /// Up to which class that peer may speak.
    pub peer_ceiling: Option<Class>,
}

impl Subject {
    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// A peer site that acts for itself.
    #[must_use]
    pub fn peer(site: impl Into<String>) -> Self {
        Self { via_site: Some(site.into()), ..Self::default() }
    }

    /// A person who signed in at this site.
    #[must_use]
    pub fn person(person: PersonId, assurance: Assurance) -> Self {
        Self { person: Some(person), assurance, ..Self::default() }
    }

    /// Whether the person holds a role at this site.
    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        self.is_local_person() && self.roles.contains(&role)
    }

    /// Whether a person signed in here, without a peer in between.
    pub(crate) const fn is_local_person(&self) -> bool {
        self.person.is_some() && self.via_site.is_none()
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("person", &self.person)
            .field("email", &self.email.as_ref().map(|_| "[redacted]"))
            .field("groups", &self.groups.len())
            .field("roles", &self.roles)
            .field("assurance", &self.assurance)
            .field("via_site", &self.via_site)
            .field("peer_ceiling", &self.peer_ceiling)
            .finish()
    }
}
