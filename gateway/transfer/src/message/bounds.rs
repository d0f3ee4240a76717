//! Bounds of what a peer may say, checked once after decoding.

use sealane_model::Entry;
use sealane_model::limits::MAX_PAGE;

/// Longest text that is a name or a word.
pub(super) const WORD: usize = 256;
/// Longest text that is a sentence.
pub(super) const SENTENCE: usize = 2_048;

/// A message that is larger than the protocol allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message holds {what} beyond its bound: the other site does not keep to the protocol")]
pub struct OutOfBounds {
    /// What was too large.
    pub what: &'static str,
}

/// A message whose parts have bounds.
pub trait Bounded {
    /// Whether every part is within its bound.
    ///
    /// # Errors
    /// [`OutOfBounds`] naming the first part that is not.
    fn check(&self) -> Result<(), OutOfBounds>;
}

pub(super) fn at_most(what: &'static str, length: usize, most: usize) -> Result<(), OutOfBounds> {
    if length <= most { Ok(()) } else { Err(OutOfBounds { what }) }
}

pub(super) fn optional(what: &'static str, text: Option<&String>, most: usize) -> Result<(), OutOfBounds> {
    at_most(what, text.map_or(0, String::len), most)
}

pub(super) fn entries(entries: &[Entry]) -> Result<(), OutOfBounds> {
    at_most("entries", entries.len(), MAX_PAGE)
}
