//! The rule book: the gateway's own tables, read strictly into closed types.
//!
//! `rules/data.csv` says which facts permit and forbid, `rules/roles.csv` who may run the site. Effects, facts, buckets,
//! actions and callers are enums here: a word that is not known is refused by line at start, never ignored (casbin ignores
//! an effect that it does not know; see [`crate::engine`]).

mod data;
mod roles;

pub(crate) use data::{Bucket, DataRule, FILE as DATA_FILE, Fact, MAX_ROWS, data_rules};
pub(crate) use roles::{Caller, FILE as ROLES_FILE, RoleRule, role_rules};

use crate::mandatory::ClassTable;

/// The casbin model that decides over facts.
pub(crate) const DATA_MODEL: &str = include_str!("../models/data.conf");
/// The casbin model that decides over roles.
pub(crate) const ADMIN_MODEL: &str = include_str!("../models/admin.conf");

/// What a row of the book does when it applies. casbin compares these exact words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowEffect {
    Allow,
    Deny,
}

impl RowEffect {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Allow, Self::Deny].into_iter().find(|effect| effect.as_str() == word)
    }
}

/// The texts of all tables and models, for the hash of the rules in force.
pub(crate) const fn texts() -> [&'static str; 5] {
    [ClassTable::text(), data::TEXT, roles::TEXT, DATA_MODEL, ADMIN_MODEL]
}
