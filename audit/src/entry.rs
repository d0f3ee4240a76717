//! An entry: the canonical JSON of one event in its place, and the typed reading of it.
//!
//! Members (RFC 8785 order): `actor at cat change client clock decision detail index kind mono object op
//! outcome peer phase prev private transport v`; absent ones are left out. `prev` is the leaf hash (RFC
//! 6962 section 2.1) of the entry before, zeros for the first; `at` is UTC with nanoseconds (RFC 3339);
//! `cat` is the catalogue's version. Personal values appear as commitments only. An entry is shorter
//! than 65,535 bytes, as C2SP entry bundles need.

mod glance;
mod lacks;
mod members;
mod reading;
mod writing;

use sealane_crypto::digest::{Digest, leaf_hash};

pub(crate) use self::glance::{Field, Glance, glance};
pub(crate) use self::reading::Link;
pub use self::reading::{Entry, EntryActor, EntryObject};
pub(crate) use self::writing::{MAX_OPENINGS, Prepared};
use crate::canonical::CanonicalError;

/// Format of the entries written today.
pub(crate) const VERSION: u32 = 1;

/// Longest entry, and longest opening record.
pub(crate) const MAX_BYTES: usize = 65_534;

/// An event that cannot become an entry. Nothing was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Too long.
    #[error("the event needs {bytes} bytes and an entry holds {MAX_BYTES}; record long lists by their digest")]
    TooLong {
        /// Bytes that it would need.
        bytes: usize,
    },
    /// A name of a personal value is too long.
    #[error("the name of a personal value is longer than 240 bytes; choose a shorter one")]
    FieldName,
    /// Events that are to be recorded together are more than one write takes.
    #[error(
        "the events that are to be recorded together need {bytes} bytes and {most} fit; record them in smaller groups"
    )]
    GroupTooLong {
        /// Bytes that they would need.
        bytes: usize,
        /// Most that fit.
        most: usize,
    },
    /// The time cannot be written.
    #[error("the time {0} ns is outside the calendar")]
    Time(i64),
    /// A value has no canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

/// `prev` of the first entry.
pub(crate) const NOTHING_BEFORE: Digest = Digest::from_bytes([0; 32]);

/// Leaf hash of an entry's bytes: RFC 6962 section 2.1.
pub(crate) fn leaf(entry: &[u8]) -> Digest {
    leaf_hash(entry)
}

#[cfg(test)]
mod tests;
