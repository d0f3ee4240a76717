//! The person whom a principal stands for in questions: known by that alone, and signed in this very moment.
//!
//! Whatever is not known before somebody signs in is assumed in their favour here, and told as a condition beside the
//! answer (`who_can`): an answer that is no for an archetype is no for everybody whom only that principal names.

use crate::class::Class;
use crate::grant::Principal;
use crate::id::PersonId;
use crate::role::Role;
use crate::subject::{Assurance, Subject};

/// An issuer that no identity provider can have.
const NOBODYS_ISSUER: &str = "urn:sealane:somebody";

/// Somebody signed in now, in no group, with an address that no rule can name: an empty one is refused by the lint.
pub(crate) fn somebody(now_s: i64) -> Subject {
    let assurance = Assurance { auth_time_s: Some(now_s), ..Assurance::default() };
    Subject { email: Some(String::new()), ..Subject::person(PersonId::new(NOBODYS_ISSUER, "somebody"), assurance) }
}

impl Subject {
    /// The person whom a principal stands for: known by that alone, signed in this very moment, at a peer that is accepted
    /// up to the class where a peer speaks.
    #[must_use]
    pub fn standing_for(principal: &Principal, class: Class, now_s: i64) -> Self {
        let somebody = somebody(now_s);
        match principal {
            Principal::Person(person) => Self { person: Some(person.clone()), ..somebody },
            Principal::Email(email) => Self { email: Some(email.clone()), ..somebody },
            Principal::Group(group) => Self { groups: vec![group.clone()], ..somebody },
            Principal::Site(site) => Self { via_site: Some(site.clone()), peer_ceiling: Some(class), ..somebody },
            Principal::EveryoneSignedIn => somebody,
            Principal::Anonymous => Self::anonymous(),
        }
    }

    /// Somebody with one role at this site.
    #[must_use]
    pub fn in_role(role: Role, now_s: i64) -> Self {
        Self { roles: vec![role], ..somebody(now_s) }
    }
}
