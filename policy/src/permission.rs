//! What an access rule gives or refuses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One permission of an access rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// See names, sizes and times.
    List,
    /// Read contents and send them elsewhere. A rule that gives `read` gives `list` too.
    Read,
    /// Make and change files and directories. Alone it makes a drop box: what is put in cannot be seen.
    Write,
    /// Remove files and directories; with `write`, rename them.
    Delete,
    /// Manage the access rules.
    Share,
}

/// A text that names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown permission: use one of list, read, write, delete, share")]
pub struct UnknownPermission;

impl Permission {
    /// All permissions, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Write, Self::Delete, Self::Share];

    /// The permission's name, as people write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Share => "share",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or(UnknownPermission)
    }
}

/// A set of permissions in one byte: a million rules hold one each.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Permissions(u8);

impl Permissions {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self::of(&Permission::ALL);

    pub(crate) const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = permissions;
        while let [first, tail @ ..] = rest {
            bits |= first.bit();
            rest = tail;
        }
        Self(bits)
    }

    /// What a rule that allows these gives in all: reading includes seeing.
    pub(crate) const fn with_implied(self) -> Self {
        if self.0 & Permission::Read.bit() == 0 { self } else { Self(self.0 | Permission::List.bit()) }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn contains_all(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    pub(crate) const fn intersects(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub(crate) const fn union(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.0 & permission.bit() != 0)
    }

    /// For people: `'read' and 'write'`.
    pub(crate) fn in_words(self) -> String {
        let words: Vec<String> = self.iter().map(|permission| format!("'{permission}'")).collect();
        words.join(" and ")
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
