//! Access rules, indexed so that a decision looks at a few rows, however many there are.
//!
//! **How.** One tree of path components for each collection; a decision walks from the root down to the asked path, so
//! that every ancestor is probed and nothing else, and stops where no rule lies deeper. At a node, rules are sorted by
//! principal, so that a subject's own principals are found by binary search. Names are compared whole and in order: no
//! hashing of paths, nothing for an attacker to collide, no string prefix.
//!
//! **Promises.** A deny at any ancestor is found whatever lies nearer. Rows that have ended are not seen. The order in
//! which rows were given does not matter.

mod build;
mod principals;
mod reading;

use std::collections::HashMap;

pub(crate) use principals::Closure;
pub(crate) use principals::folded;
use principals::{PrincipalId, Principals};
pub(crate) use reading::{Crowd, Names, Powers, Reading};

use crate::id::{CollectionId, RuleId};
use crate::path::{Component, RemotePath};
use crate::permission::Permissions;
use crate::subject::Subject;

/// The end of a rule that has none.
const NEVER: i64 = i64::MAX;

/// All access rules of a site.
pub(crate) struct GrantIndex {
    principals: Principals,
    collections: HashMap<CollectionId, CollectionGrants>,
    rows: usize,
}

/// The rules of one collection.
#[derive(Default)]
struct CollectionGrants {
    root: Node,
    /// Until when any rule gives something, by principal: answers "does this subject have anything here?".
    given: Vec<(PrincipalId, i64)>,
    /// Every rule that refuses, by principal and path: answers "is anything beneath this place refused?".
    refusals: Vec<Refusal>,
}

struct Refusal {
    path: RemotePath,
    rule: Indexed,
}

/// One place in a collection that rules are about, or that lies above such a place.
#[derive(Default)]
struct Node {
    /// Sorted by name.
    children: Vec<(Component, Self)>,
    /// Sorted by principal.
    rules: Vec<Indexed>,
}

/// One rule under one principal.
#[derive(Clone)]
struct Indexed {
    principal: PrincipalId,
    deny: bool,
    permissions: Permissions,
    expires_s: i64,
    id: RuleId,
    purpose: Option<Box<str>>,
}

/// What a decision asks of the index.
pub(crate) struct Query<'a> {
    pub(crate) collection: CollectionId,
    pub(crate) path: &'a RemotePath,
    pub(crate) required: Permissions,
    pub(crate) purpose: Option<&'a str>,
    pub(crate) now_s: i64,
}

/// The few rules that bear on a decision.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The permissions that rules give for this place and purpose.
    pub(crate) given: Permissions,
    /// Rules that give a permission that was asked for.
    pub(crate) granting: Vec<RuleId>,
    /// The rule that refuses a permission that was asked for.
    pub(crate) refusing: Option<RuleId>,
    /// Places beneath at which a rule refuses.
    pub(crate) refused_beneath: Vec<RemotePath>,
    /// A rule that would have given, had it not ended.
    pub(crate) ended: Option<RuleId>,
    /// A rule that would have given, had its purpose been declared.
    pub(crate) other_purpose: Option<(RuleId, Box<str>)>,
    /// Whether any rule gives anything anywhere in the collection.
    pub(crate) visible: bool,
}

impl GrantIndex {
    /// How many rules there are.
    pub(crate) const fn len(&self) -> usize {
        self.rows
    }

    /// The principals that a subject stands for.
    pub(crate) fn closure(&self, subject: &Subject) -> Closure {
        self.principals.closure(subject)
    }

    /// Finds what bears on a decision.
    pub(crate) fn find(&self, closure: &Closure, query: &Query<'_>) -> Findings {
        let mut findings = Findings::default();
        let Some(collection) = self.collections.get(&query.collection) else {
            return findings;
        };
        findings.visible = collection.gives(closure, query.now_s);
        let mut node = Some(&collection.root);
        let mut names = query.path.components().iter();
        while let Some(here) = node {
            findings.weigh(here, closure, query);
            node = names.next().and_then(|name| here.child(name));
        }
        findings.refused_beneath = collection.refused_beneath(closure, query);
        findings
    }
}

impl CollectionGrants {
    /// Whether any rule gives a subject anything anywhere.
    fn gives(&self, closure: &Closure, now_s: i64) -> bool {
        let end = |id: &PrincipalId| {
            let at = self.given.binary_search_by_key(id, |(principal, _)| *principal).ok()?;
            self.given.get(at).map(|(_, end)| *end)
        };
        closure.ids().iter().filter_map(end).any(|end| is_live(end, now_s))
    }

    /// The topmost places strictly beneath the asked one at which a rule refuses what is asked.
    fn refused_beneath(&self, closure: &Closure, query: &Query<'_>) -> Vec<RemotePath> {
        let mut places = Vec::new();
        for id in closure.ids() {
            let first =
                self.refusals.partition_point(|refusal| (refusal.rule.principal, &refusal.path) <= (*id, query.path));
            let beneath = self.refusals.get(first..).unwrap_or_default().iter();
            places.extend(
                beneath
                    .take_while(|refusal| refusal.rule.principal == *id && refusal.path.starts_with(query.path))
                    .filter(|refusal| refusal.rule.is_live(query.now_s))
                    .filter(|refusal| refusal.rule.permissions.intersects(query.required))
                    .map(|refusal| refusal.path.clone()),
            );
        }
        places.sort_unstable();
        let mut topmost: Vec<RemotePath> = Vec::with_capacity(places.len());
        for place in places {
            if !topmost.last().is_some_and(|above| place.starts_with(above)) {
                topmost.push(place);
            }
        }
        topmost
    }
}

impl Node {
    fn child(&self, name: &Component) -> Option<&Self> {
        let at = self.children.binary_search_by(|(child, _)| child.cmp(name)).ok()?;
        self.children.get(at).map(|(_, node)| node)
    }
}

impl Findings {
    fn weigh(&mut self, node: &Node, closure: &Closure, query: &Query<'_>) {
        for rule in of_subject(&node.rules, closure) {
            let about = rule.permissions.intersects(query.required);
            if !rule.is_live(query.now_s) {
                if about && !rule.deny {
                    self.ended = Some(rule.id);
                }
            } else if rule.deny {
                if about {
                    self.refusing.get_or_insert(rule.id);
                }
            } else if let Some(purpose) = rule.purpose.as_deref().filter(|purpose| query.purpose != Some(purpose)) {
                if about {
                    self.other_purpose = Some((rule.id, purpose.into()));
                }
            } else {
                self.given = self.given.union(rule.permissions);
                if about {
                    self.granting.push(rule.id);
                }
            }
        }
    }
}

impl Indexed {
    const fn is_live(&self, now_s: i64) -> bool {
        is_live(self.expires_s, now_s)
    }
}

const fn is_live(expires_s: i64, now_s: i64) -> bool {
    now_s < expires_s || expires_s == NEVER
}

/// The rules of a sorted list that are for a subject.
fn of_subject<'a>(rules: &'a [Indexed], closure: &'a Closure) -> impl Iterator<Item = &'a Indexed> {
    closure.ids().iter().flat_map(|id| {
        let first = rules.partition_point(|rule| rule.principal < *id);
        rules.get(first..).unwrap_or_default().iter().take_while(|rule| rule.principal == *id)
    })
}
