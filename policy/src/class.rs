//! Classification: how carefully a collection's data must be handled.
//!
//! The classes and their rules are read by compliance officers in `rules/classes.csv`; this file is only their names and
//! the order among them. PII follows NIST SP 800-122, PHI 45 CFR 160.103 (limited data sets 164.514(e)), CUI 32 CFR 2002.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The class of a collection's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Anyone may see it.
    Public,
    /// For members of the institution and whom they name.
    Internal,
    /// Personally identifiable information.
    Pii,
    /// Protected health information.
    Phi,
    /// A limited data set of protected health information, under a data use agreement.
    PhiLimited,
    /// Controlled unclassified information, basic.
    CuiBasic,
    /// Controlled unclassified information with handling rules of its own.
    CuiSpecified,
}

/// A text that names no class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown class: use one of public, internal, pii, phi, phi-limited, cui-basic, cui-specified")]
pub struct UnknownClass;

impl Class {
    /// All classes, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Public, Self::Internal, Self::Pii, Self::PhiLimited, Self::Phi, Self::CuiBasic, Self::CuiSpecified];

    /// The class's name, as people write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Pii => "pii",
            Self::Phi => "phi",
            Self::PhiLimited => "phi-limited",
            Self::CuiBasic => "cui-basic",
            Self::CuiSpecified => "cui-specified",
        }
    }

    /// Whether law or contract restricts the data: everything but public and internal.
    #[must_use]
    pub const fn is_restricted(self) -> bool {
        !matches!(self, Self::Public | Self::Internal)
    }

    /// Whether somebody who is accepted up to `ceiling` may handle this class.
    ///
    /// Health data and CUI are two ladders above `internal`, and neither stands above the other: a site that is accepted
    /// for CUI is not thereby accepted for PHI.
    #[must_use]
    pub const fn is_within(self, ceiling: Self) -> bool {
        match (self.place(), ceiling.place()) {
            ((Ladder::Common, rung), (Ladder::Common, top)) => rung <= top,
            ((Ladder::Common, _), _) => true,
            ((Ladder::Personal, rung), (Ladder::Personal, top)) | ((Ladder::Cui, rung), (Ladder::Cui, top)) => {
                rung <= top
            }
            _ => false,
        }
    }

    const fn place(self) -> (Ladder, u8) {
        match self {
            Self::Public => (Ladder::Common, 0),
            Self::Internal => (Ladder::Common, 1),
            Self::Pii => (Ladder::Personal, 2),
            Self::PhiLimited => (Ladder::Personal, 3),
            Self::Phi => (Ladder::Personal, 4),
            Self::CuiBasic => (Ladder::Cui, 2),
            Self::CuiSpecified => (Ladder::Cui, 3),
        }
    }
}

#[derive(Clone, Copy)]
enum Ladder {
    Common,
    Personal,
    Cui,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(text: &str) -> Result<Self, UnknownClass> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or(UnknownClass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_for_cui_says_nothing_about_health_data() {
        assert!(!Class::Phi.is_within(Class::CuiSpecified));
        assert!(!Class::CuiBasic.is_within(Class::Phi));
        assert!(Class::Internal.is_within(Class::CuiBasic));
        assert!(Class::PhiLimited.is_within(Class::Phi));
        assert!(!Class::Phi.is_within(Class::PhiLimited));
        assert!(!Class::Pii.is_within(Class::Internal));
    }

    #[test]
    fn every_class_is_within_itself_and_reads_back_from_its_name() {
        for class in Class::ALL {
            assert!(class.is_within(class));
            assert_eq!(class.as_str().parse(), Ok(class));
        }
    }
}
