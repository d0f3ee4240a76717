//! Whom or what a personal value belongs to: the unit of erasure.
//!
//! Values of one scope are sealed under one key of their own, so that all of them can be erased by
//! destroying it. What belongs to nobody named here is sealed under the site's key and cannot be erased.

use std::fmt;

/// A person or a collection.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A person, as an identity provider names them.
    Person {
        /// The provider.
        issuer: String,
        /// Its name for the person: personal.
        subject: String,
    },
    /// A collection, by its id.
    Collection(String),
}

impl Scope {
    /// A person.
    pub fn person(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self::Person { issuer: issuer.into(), subject: subject.into() }
    }

    /// A collection.
    pub fn collection(id: impl Into<String>) -> Self {
        Self::Collection(id.into())
    }

    /// One byte string a scope: no two scopes share one.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Person { issuer, subject } => {
                let length = u64::try_from(issuer.len()).unwrap_or(u64::MAX);
                [b"person\0", &length.to_be_bytes()[..], issuer.as_bytes(), subject.as_bytes()].concat()
            }
            Self::Collection(id) => [&b"collection\0"[..], id.as_bytes()].concat(),
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { issuer, .. } => write!(f, "Person({issuer}, [private])"),
            Self::Collection(id) => write!(f, "Collection({id})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_scope() -> impl Strategy<Value = Scope> {
        prop_oneof![
            ("[ab\0]{0,4}", "[ab\0]{0,4}").prop_map(|(issuer, subject)| Scope::person(issuer, subject)),
            "[ab\0]{0,8}".prop_map(Scope::collection),
        ]
    }

    proptest! {
        #[test]
        fn different_scopes_never_share_their_bytes(one in any_scope(), other in any_scope()) {
            prop_assert_eq!(one == other, one.to_bytes() == other.to_bytes());
        }
    }

    #[test]
    fn a_person_does_not_print() {
        let shown = format!("{:?}", Scope::person("https://idp.example", "ana"));
        assert_eq!(shown, "Person(https://idp.example, [private])");
    }
}
