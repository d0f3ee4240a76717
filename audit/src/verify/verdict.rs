//! One question, answered: it holds, it does not, or it cannot be said.

use std::fmt;

use serde::Serialize;

/// One question, answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Ok {
        /// On what ground.
        because: String,
    },
    /// It does not hold.
    Bad {
        /// The first entry that it does not hold for, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        entry: Option<u64>,
        /// Where in the files, if there is such a place.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// What is wrong.
        why: String,
    },
    /// It cannot be said from what was given.
    Unknown {
        /// What is missing.
        why: String,
    },
}

impl Verdict {
    pub(super) fn ok(because: impl Into<String>) -> Self {
        Self::Ok { because: because.into() }
    }

    pub(super) fn bad(entry: impl Into<Option<u64>>, why: impl Into<String>) -> Self {
        Self::Bad { entry: entry.into(), place: None, why: why.into() }
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// The same, said of something that is made anew from the log at any time.
    pub(super) fn derived(self) -> Self {
        match self {
            Self::Bad { entry, place, why } => {
                let why = format!("{why}; tiles are derived from the segments, and opening the log writes them anew");
                Self::Bad { entry, place, why }
            }
            other => other,
        }
    }

    /// Whether it holds.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok { .. })
    }

    /// Whether it was found not to hold.
    #[must_use]
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Bad { .. })
    }

    pub(super) const fn entry(&self) -> Option<u64> {
        match self {
            Self::Bad { entry, .. } => *entry,
            _ => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok { because } => write!(f, "ok       {because}"),
            Self::Unknown { why } => write!(f, "unknown  {why}"),
            Self::Bad { entry, place, why } => {
                f.write_str("BAD      ")?;
                if let Some(entry) = entry {
                    write!(f, "entry {entry}: ")?;
                }
                f.write_str(why)?;
                place.as_ref().map_or(Ok(()), |place| write!(f, " ({place})"))
            }
        }
    }
}
