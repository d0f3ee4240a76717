//! The closed catalogue: every kind of event that the log knows, in six areas of one file each.
//!
//! A kind has a stable dotted name (written to entries, never reused for another meaning) and a
//! sentence saying when it is recorded (NIST SP 800-53 AU-2). Names may be added; none is renamed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::access::Access;
use super::admin::Admin;
use super::assurance::Assurance;
use super::identity::Identity;
use super::sharing::Sharing;
use super::transfer::Transfer;

/// Version of the catalogue, carried by every entry: it grows when a kind is added or its meaning is made narrower.
pub const CATALOGUE_VERSION: u32 = 1;

/// Declares the kinds of one area: an enum, its stable names and what each one records.
macro_rules! kinds {
    ($(#[$doc:meta])* $area:ident { $($variant:ident = $name:literal, $describes:literal;)* }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $area {
            $(#[doc = $describes] $variant,)*
        }

        impl $area {
            /// Every kind of this area, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable dotted name that entries carry.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// When such an event is recorded, in one sentence.
            #[must_use]
            pub const fn describes(self) -> &'static str {
                match self { $(Self::$variant => $describes,)* }
            }
        }
    };
}
pub(super) use kinds;

macro_rules! areas {
    ($($(#[$doc:meta])* $area:ident),* $(,)?) => {
        /// What happened: one of a closed set, in six areas.
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $area($area),)*
        }

        const COUNT: usize = 0 $(+ $area::ALL.len())*;

        impl Kind {
            /// The whole catalogue.
            pub const ALL: &'static [Self] = &Self::collect();

            #[expect(clippy::indexing_slicing, reason = "runs at compile time: a wrong index does not build")]
            const fn collect() -> [Self; COUNT] {
                let mut all = [Self::Access(Access::ContentRead); COUNT];
                let mut filled = 0;
                $({
                    let mut i = 0;
                    while i < $area::ALL.len() {
                        all[filled] = Self::$area($area::ALL[i]);
                        filled += 1;
                        i += 1;
                    }
                })*
                assert!(filled == COUNT);
                all
            }

            /// The stable dotted name that entries carry, such as `content.read`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$area(kind) => kind.name(),)* }
            }

            /// When such an event is recorded, in one sentence.
            #[must_use]
            pub const fn describes(self) -> &'static str {
                match self { $(Self::$area(kind) => kind.describes(),)* }
            }

            /// The area of the catalogue, for grouping.
            #[must_use]
            pub const fn area(self) -> &'static str {
                match self { $(Self::$area(_) => stringify!($area),)* }
            }
        }

        $(impl From<$area> for Kind {
            fn from(kind: $area) -> Self {
                Self::$area(kind)
            }
        })*
    };
}

areas! {
    /// Who signed in, out, or became more trusted.
    Identity,
    /// Data and names read, written, moved or removed in a collection.
    Access,
    /// Collections and the rules that open them to people.
    Sharing,
    /// Tasks, orders and lanes: data that leaves or enters the site.
    Transfer,
    /// The site itself: peers, storage, roles, keys, configuration.
    Admin,
    /// The log's own life, and everybody who reads or checks it.
    Assurance,
}

/// A name that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no event kind is called {0:?}; the catalogue is `Kind::ALL`")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_unique_and_finds_its_kind_again() {
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse::<Kind>(), Ok(*kind));
        }
    }

    #[test]
    fn names_are_dotted_lower_case_and_each_is_explained() {
        for kind in Kind::ALL {
            let name = kind.name();
            assert!(name.split('.').count() == 2, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'-'), "{name}");
            assert!(kind.describes().ends_with('.'), "{name}");
        }
    }

    #[test]
    fn a_name_outside_the_catalogue_is_refused() {
        assert!("content.guess".parse::<Kind>().is_err());
    }
}
