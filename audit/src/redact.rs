//! Personal values: kept out of the entries, which hold only a salted commitment to each.
//!
//! `SHA-256("ac1" || salt || field || 0x00 || value)`, salt 16 random bytes. The commitment binds the
//! log to the value without showing it; the value and its salt go, sealed, to the openings beside the
//! log (`opening`), where they can be erased without breaking a hash. An unsalted hash would not do:
//! names and record numbers are few enough to be guessed.

use std::fmt;

use sealane_crypto::digest::{Digest, Sha256};

use crate::scope::Scope;

const DOMAIN: &[u8] = b"ac1";

/// Bytes of salt in front of each committed value.
pub(crate) const SALT_BYTES: usize = 16;

/// A personal value on its way to the log, or revealed from it for the site itself.
///
/// It prints as `[private]`; only [`Private::expose`] gives the text. Unless said otherwise it belongs to
/// the acting person, a path to its collection; [`Private::of`] says otherwise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Private {
    value: String,
    owner: Option<Box<Scope>>,
}

impl Private {
    /// Marks a value as personal.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), owner: None }
    }

    /// Says whose value it is, when that is not the acting person: with them it is erased.
    #[must_use]
    pub fn of(self, owner: Scope) -> Self {
        Self { owner: Some(Box::new(owner)), ..self }
    }

    pub(crate) fn owner(&self) -> Option<&Scope> {
        self.owner.as_deref()
    }

    /// The value itself. Never hand it to an error, a log line or an entry's detail.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

impl From<String> for Private {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Private {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

/// Commits to `value` as the content of `field`.
pub(crate) fn commitment(salt: &[u8; SALT_BYTES], field: &str, value: &str) -> Digest {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(salt);
    hash.update(field.as_bytes());
    hash.update(&[0]);
    hash.update(value.as_bytes());
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_value_does_not_print() {
        assert_eq!(format!("{:?}", Private::new("Ana Silva")), "[private]");
    }

    #[test]
    fn the_commitment_binds_salt_field_and_value() {
        let salt = [7; SALT_BYTES];
        let base = commitment(&salt, "client", "10.0.0.1");
        assert_eq!(base, commitment(&salt, "client", "10.0.0.1"));
        assert_ne!(base, commitment(&[8; SALT_BYTES], "client", "10.0.0.1"));
        assert_ne!(base, commitment(&salt, "object.path", "10.0.0.1"));
        assert_ne!(base, commitment(&salt, "client", "10.0.0.2"));
    }
}
