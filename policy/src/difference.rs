//! Who gains and who loses what between two sets of rules: asked before rules are published, and of the past.
//!
//! **How.** Only rules that differ are looked at, with the rules beneath them for the same people; whoever no differing
//! rule names, and no differing rule for everyone, is as before.
//!
//! **Promises.** The difference of a principal at a place is that of the permissions that it has there before and after,
//! refusals, ends and purposes weighed; beneath the place it is the same, down to the next place of the answer. The order
//! of the rows never matters. `tests/it/differences.rs` holds it against asking the engine about everybody everywhere.
//!
//! **Leaves to others.** People who are named by several principals at once: each principal is told for itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::descent::Descent;
use crate::engine::Engine;
use crate::grant::{GrantRow, Principal};
use crate::grant_index::{Powers, folded};
use crate::id::{CollectionId, RuleId};
use crate::lint::LintError;
use crate::path::RemotePath;
use crate::permission::{Permission, Permissions};
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::what_can::tried_by;

/// One side of a comparison: all access rules, the classes of their collections, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// The access rules.
    pub rows: Vec<GrantRow>,
    /// The class of each collection.
    pub classes: BTreeMap<CollectionId, Class>,
    /// The time of asking, in seconds since 1970 UTC.
    pub now_s: i64,
}

/// What differs for one principal at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// The collection.
    pub collection: CollectionId,
    /// Whom: `group:readers`.
    pub who: String,
    /// The place; what lies beneath it is the same, down to the next place of the answer.
    pub path: RemotePath,
    /// What they may do afterwards and not before.
    pub gains: Vec<Power>,
    /// What they may do before and not afterwards. Where both are empty, nothing changes from this place on.
    pub loses: Vec<Power>,
}

/// A permission, perhaps for a purpose only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Power {
    /// The permission.
    pub permission: Permission,
    /// The purpose that must be declared for it.
    pub purpose: Option<String>,
}

/// A collection whose class changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassChange {
    /// The collection.
    pub collection: CollectionId,
    /// Its class before. None where it is new.
    pub old: Option<Class>,
    /// Its class afterwards. None where it is gone.
    pub new: Option<Class>,
}

impl Engine {
    /// What changes for whom from one set of rules to another, in order of collection, principal and place.
    pub fn difference(&self, old: &Side, new: &Side) -> Result<Vec<Difference>, LintError> {
        let (before, after) = (Snapshot::of(&old.rows)?, Snapshot::of(&new.rows)?);
        let changed = changed(old, new);
        let all = rules(old.rows.iter().chain(&new.rows).filter(|row| changed.contains_key(&row.collection)));
        let sides = [(&before, old), (&after, new)];
        let mut differences = Vec::new();
        for (collection, changed) in &changed {
            let Some(all) = all.get(collection) else { continue };
            let concerns_all = changed.keys().any(is_everyone);
            for principal in all.keys().filter(|principal| concerns_all || changed.contains_key(*principal)) {
                let places = places(principal, changed, all);
                differences.extend(self.differences_of(principal, *collection, places, &sides));
            }
        }
        differences.sort();
        Ok(differences)
    }

    fn differences_of(
        &self,
        principal: &Principal,
        collection: CollectionId,
        places: BTreeSet<&RemotePath>,
        sides: &[(&Snapshot, &Side); 2],
    ) -> Vec<Difference> {
        let (mut found, mut descent): (Vec<Difference>, _) = (Vec::new(), Descent::default());
        let prepared = sides.map(|(snapshot, side)| {
            let class = side.classes.get(&collection).copied().unwrap_or(Class::Internal);
            let subject = Subject::standing_for(principal, class, side.now_s);
            (snapshot, snapshot.grants().closure(&subject), self.open_to(principal, class), side.now_s)
        });
        for path in places {
            let [before, after] = prepared.each_ref().map(|(snapshot, closure, open, now_s)| {
                let mut powers = snapshot.grants().powers(closure, collection, path, *now_s);
                powers.limit(*open);
                listed(&powers)
            });
            let gains: Vec<Power> = after.difference(&before).cloned().collect();
            let loses: Vec<Power> = before.difference(&after).cloned().collect();
            let above = descent.above(path, |number| found.get(number).map(|above| &above.path));
            let same = match above.and_then(|number| found.get(number)) {
                Some(above) => above.gains == gains && above.loses == loses,
                None => gains.is_empty() && loses.is_empty(),
            };
            if !same {
                descent.answered(found.len());
                found.push(Difference { collection, who: principal.to_text(), path: path.clone(), gains, loses });
            }
        }
        found
    }

    /// What the class leaves to those who have not signed in; everything to everybody else.
    fn open_to(&self, principal: &Principal, class: Class) -> Permissions {
        if *principal != Principal::Anonymous {
            return Permissions::ALL;
        }
        let open = Permission::ALL.into_iter().filter(|permission| {
            let rule = self.tables().classes.rule(class, tried_by(*permission).group());
            rule.is_some_and(|rule| rule.anonymous)
        });
        open.fold(Permissions::NONE, |open, permission| open.union(Permissions::of(&[permission])))
    }
}

/// Collections whose class is not the same on both sides.
#[must_use]
pub fn class_changes(old: &Side, new: &Side) -> Vec<ClassChange> {
    let all: BTreeSet<CollectionId> = old.classes.keys().chain(new.classes.keys()).copied().collect();
    let change = |collection| ClassChange {
        collection,
        old: old.classes.get(&collection).copied(),
        new: new.classes.get(&collection).copied(),
    };
    all.into_iter().map(change).filter(|change| change.old != change.new).collect()
}

/// Where rules for each principal stand, by collection.
type Rules<'a> = BTreeMap<CollectionId, Places<'a>>;
type Places<'a> = BTreeMap<Principal, BTreeSet<&'a RemotePath>>;

fn rules<'a>(rows: impl Iterator<Item = &'a GrantRow>) -> Rules<'a> {
    let mut rules = Rules::new();
    for row in rows {
        rules.entry(row.collection).or_default().entry(folded(&row.principal)).or_default().insert(&row.path);
    }
    rules
}

/// The rules that are not the same on both sides.
fn changed<'a>(old: &'a Side, new: &'a Side) -> Rules<'a> {
    let (before, after) = (by_id(&old.rows), by_id(&new.rows));
    let same = |row: &GrantRow, other: &GrantRow| row == other && in_force(row, old) == in_force(other, new);
    let kept = |row: &GrantRow| match (before.get(&row.id), after.get(&row.id)) {
        (Some(old), Some(new)) => same(old, new),
        _ => false,
    };
    let classes: BTreeSet<CollectionId> = class_changes(old, new).into_iter().map(|change| change.collection).collect();
    // What is open to people who have not signed in depends on the class.
    let opened = |row: &GrantRow| row.principal == Principal::Anonymous && classes.contains(&row.collection);
    rules(old.rows.iter().chain(&new.rows).filter(|row| !kept(row) || opened(row)))
}

fn by_id(rows: &[GrantRow]) -> HashMap<RuleId, &GrantRow> {
    rows.iter().map(|row| (row.id, row)).collect()
}

fn in_force(row: &GrantRow, side: &Side) -> bool {
    row.expires_s.is_none_or(|end| side.now_s < end)
}

const fn is_everyone(principal: &Principal) -> bool {
    matches!(principal, Principal::EveryoneSignedIn | Principal::Anonymous)
}

/// The principals whose rules are for whoever `principal` stands for.
fn names(principal: &Principal) -> impl Iterator<Item = &Principal> {
    let signed_in = (*principal != Principal::Anonymous).then_some(&Principal::EveryoneSignedIn);
    [principal, &Principal::Anonymous].into_iter().chain(signed_in)
}

/// The places at which something may differ for a principal: those of differing rules, and of its rules beneath them.
fn places<'a>(principal: &Principal, changed: &Places<'a>, all: &Places<'a>) -> BTreeSet<&'a RemotePath> {
    let tops: BTreeSet<&RemotePath> =
        names(principal).filter_map(|named| changed.get(named)).flatten().copied().collect();
    let own = names(principal).filter_map(|named| all.get(named)).flatten().copied();
    let beneath = |path: &&RemotePath| (0..=path.depth()).any(|names| tops.contains(&path.first(names)));
    own.filter(beneath).collect()
}

fn listed(powers: &Powers) -> BTreeSet<Power> {
    let plain = powers.given.iter().map(|permission| Power { permission, purpose: None });
    let bound = powers.by_purpose.iter().flat_map(|(purpose, given)| {
        given.iter().map(|permission| Power { permission, purpose: Some(purpose.clone()) })
    });
    plain.chain(bound).collect()
}
