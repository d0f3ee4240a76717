//! Collections: named roots in a storage gateway that people can see.

use std::fmt;
use std::str::FromStr;

use sealane_policy::{Class, CollectionId};
use serde::{Deserialize, Serialize};

use crate::id::StorageGatewayId;
use crate::time::Timestamp;

/// What end-to-end means for a collection: declared, shown, enforced, recorded, never silently changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssuranceMode {
    /// Plaintext rests in both institutions' storage; lanes are mutually authenticated TLS 1.3.
    Transport,
}

impl AssuranceMode {
    /// The word as it is written in configuration, API and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
        }
    }
}

/// A collection's short name: unique at its site, typed by people, 1 to 63 of `a-z 0-9 -`, no hyphen at either end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CollectionName(String);

/// A text that is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a name: use 1 to 63 of a-z, 0-9 and '-', with no '-' at either end, for example 'ukb-imaging'")]
pub struct NameError;

impl CollectionName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CollectionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=63).contains(&text.len()) && text.bytes().all(allowed);
        if fits && !text.starts_with('-') && !text.ends_with('-') { Ok(Self(text.to_owned())) } else { Err(NameError) }
    }
}

impl TryFrom<String> for CollectionName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<CollectionName> for String {
    fn from(name: CollectionName) -> Self {
        name.0
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A named root in a storage gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its short name, unique at this site.
    pub name: CollectionName,
    /// Its name for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// Which storage gateway holds it. Its root is the gateway's root.
    pub storage_gateway: StorageGatewayId,
    /// The class of its data.
    pub class: Class,
    /// What end-to-end means for it.
    pub mode: AssuranceMode,
    /// Nobody can change it through Sealane, whatever the rules say.
    pub read_only: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_people_can_type() {
        assert!("ukb-imaging-2".parse::<CollectionName>().is_ok());
        for bad in ["", "-a", "a-", "A", "a b", "a/b", "ä", &"a".repeat(64)] {
            assert_eq!(bad.parse::<CollectionName>(), Err(NameError), "{bad:?}");
        }
    }
}
