//! Building the index: rows are sorted by collection and path, so every node is appended, never searched for.

use std::collections::HashMap;

use super::principals::{Principals, UNKNOWN_EMAIL};
use super::{CollectionGrants, GrantIndex, Indexed, NEVER, Node, Refusal};
use crate::grant::{GrantRow, Principal};
use crate::lint::LintError;
use crate::path::Component;
use crate::permission::Permissions;

impl GrantIndex {
    /// Indexes rows, which must be sorted by collection and path and have passed the lint.
    pub(crate) fn build(rows: &[&GrantRow]) -> Result<Self, LintError> {
        let mut principals = Principals::default();
        let mut collections: HashMap<_, CollectionGrants> = HashMap::new();
        for row in rows {
            let principal = principals.intern(&row.principal).ok_or(LintError::TooMany(u32::MAX as usize))?;
            let permissions = Permissions::of(&row.permissions);
            let rule = Indexed {
                principal,
                deny: row.deny,
                permissions: if row.deny { permissions } else { permissions.with_implied() },
                expires_s: row.expires_s.unwrap_or(NEVER),
                id: row.id,
                purpose: row.purpose.as_deref().map(Box::from).filter(|_| !row.deny),
            };
            collections.entry(row.collection).or_default().add(row, rule);
        }
        collections.values_mut().for_each(CollectionGrants::finish);
        Ok(Self { principals, collections, rows: rows.len() })
    }
}

impl CollectionGrants {
    fn add(&mut self, row: &GrantRow, rule: Indexed) {
        if row.deny && matches!(row.principal, Principal::Email(_)) {
            self.add_one(row, Indexed { principal: UNKNOWN_EMAIL, ..rule.clone() });
        }
        self.add_one(row, rule);
    }

    fn add_one(&mut self, row: &GrantRow, rule: Indexed) {
        if row.deny {
            self.refusals.push(Refusal { path: row.path.clone(), rule: rule.clone() });
        } else {
            self.given.push((rule.principal, rule.expires_s));
        }
        self.root.place(row.path.components()).rules.push(rule);
    }

    fn finish(&mut self) {
        // The last end of each principal is what counts.
        self.given.sort_unstable();
        self.given.reverse();
        self.given.dedup_by_key(|(principal, _)| *principal);
        self.given.reverse();
        self.refusals.sort_by(|a, b| (a.rule.principal, &a.path).cmp(&(b.rule.principal, &b.path)));
        self.given.shrink_to_fit();
        self.refusals.shrink_to_fit();
        self.root.finish();
    }
}

impl Node {
    /// The node for a path, made with all above it. Rows come sorted, so an existing child is the last one.
    fn place(&mut self, path: &[Component]) -> &mut Self {
        let mut node = self;
        for name in path {
            let at = match node.children.last() {
                Some((last, _)) if last == name => node.children.len() - 1,
                _ => {
                    node.children.push((name.clone(), Self::default()));
                    node.children.len() - 1
                }
            };
            #[expect(clippy::indexing_slicing, reason = "the last child exists: it was found or pushed just above")]
            {
                node = &mut node.children[at].1;
            }
        }
        node
    }

    fn finish(&mut self) {
        self.rules.sort_by_key(|rule| (rule.principal, rule.id));
        self.rules.shrink_to_fit();
        self.children.shrink_to_fit();
        for (_, child) in &mut self.children {
            child.finish();
        }
    }
}
