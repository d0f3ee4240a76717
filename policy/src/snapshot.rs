//! All rules that are in force at one moment: immutable, hashed, swapped as a whole.
//!
//! The hash covers the gateway's own tables and models and every access rule in a canonical order, so that each decision
//! names exactly the rules that it was made with.

use std::fmt;

use sealane_crypto::{Digest, Sha256};

use crate::book;
use crate::grant::{GrantRow, Principal};
use crate::grant_index::GrantIndex;
use crate::lint::{LintError, lint_rows};
use crate::permission::Permissions;

/// All rules that are in force at one moment.
pub struct Snapshot {
    grants: GrantIndex,
    hash: Digest,
}

impl Snapshot {
    /// Checks, orders, hashes and indexes access rules. One bad row refuses them all.
    pub fn build(rows: Vec<GrantRow>) -> Result<Self, LintError> {
        Self::of(&rows)
    }

    /// As [`Snapshot::build`], of rows that stay where they are.
    pub fn of(rows: &[GrantRow]) -> Result<Self, LintError> {
        lint_rows(rows)?;
        let mut ordered: Vec<&GrantRow> = rows.iter().collect();
        ordered.sort_unstable_by(|a, b| (a.collection, &a.path, a.id).cmp(&(b.collection, &b.path, b.id)));
        Ok(Self { hash: hash_of(&ordered), grants: GrantIndex::build(&ordered)? })
    }

    /// The hash of all rules: those of the gateway and the access rules.
    #[must_use]
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// The hash of the gateway's own tables and models alone: snapshots of two versions of the program differ by it.
    #[must_use]
    pub fn tables() -> Digest {
        let mut hash = Canonical(Sha256::new());
        hash.bytes(b"sealane-policy-tables/1");
        book::texts().iter().for_each(|text| hash.bytes(text.as_bytes()));
        hash.0.finish()
    }

    /// How many access rules there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.grants.len()
    }

    /// Whether there is no access rule at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.grants.len() == 0
    }

    pub(crate) const fn grants(&self) -> &GrantIndex {
        &self.grants
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("hash", &self.hash).field("rules", &self.grants.len()).finish()
    }
}

fn hash_of(rows: &[&GrantRow]) -> Digest {
    let mut hash = Canonical(Sha256::new());
    hash.bytes(b"sealane-policy-snapshot/1");
    for text in book::texts() {
        hash.bytes(text.as_bytes());
    }
    for row in rows {
        hash.row(row);
    }
    hash.0.finish()
}

/// Every value goes in with its length before it, so that no two lists of rules read the same.
struct Canonical(Sha256);

impl Canonical {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn row(&mut self, row: &GrantRow) {
        self.bytes(row.id.uuid().as_bytes());
        self.bytes(row.collection.uuid().as_bytes());
        self.0.update(&(row.path.depth() as u64).to_be_bytes());
        for name in row.path.components() {
            self.bytes(name.as_bytes());
        }
        let (kind, texts): (u8, [&str; 2]) = match &row.principal {
            Principal::Person(person) => (0, [&person.issuer, &person.subject]),
            Principal::Email(email) => (1, [email, ""]),
            Principal::Group(group) => (2, [group, ""]),
            Principal::Site(site) => (3, [site, ""]),
            Principal::EveryoneSignedIn => (4, ["", ""]),
            Principal::Anonymous => (5, ["", ""]),
        };
        self.0.update(&[kind]);
        for text in texts {
            self.bytes(text.as_bytes());
        }
        self.0.update(&[
            Permissions::of(&row.permissions).bits(),
            u8::from(row.deny),
            u8::from(row.expires_s.is_some()),
        ]);
        self.0.update(&row.expires_s.unwrap_or_default().to_be_bytes());
        self.0.update(&[u8::from(row.purpose.is_some())]);
        self.bytes(row.purpose.as_deref().unwrap_or_default().as_bytes());
    }
}
