//! The index read back: which rules lie above a place, where rules stand, what they come to for one subject.
//!
//! For questions about rules, which are rare; decisions go by [`GrantIndex::find`] alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::principals::{Closure, PrincipalId, UNKNOWN_EMAIL};
use super::{CollectionGrants, GrantIndex, Indexed, NEVER, Node, of_subject};
use crate::grant::Principal;
use crate::id::{CollectionId, RuleId};
use crate::path::RemotePath;
use crate::permission::Permissions;
use crate::subject::Subject;

/// One rule, read back.
pub(crate) struct Reading<'a> {
    pub(crate) id: RuleId,
    /// At which depth of the asked path it stands.
    pub(crate) depth: usize,
    pub(crate) principal: &'a Principal,
    pub(crate) permissions: Permissions,
    pub(crate) deny: bool,
    pub(crate) expires_s: Option<i64>,
    pub(crate) purpose: Option<&'a str>,
    /// Whether it has not ended.
    pub(crate) live: bool,
    number: PrincipalId,
}

/// The principals of an index by their numbers.
pub(crate) struct Names<'a>(Vec<Option<&'a Principal>>);

/// Many subjects, by the principals that each stands for: finds whom a few rules name without looking at everybody.
pub(crate) struct Crowd(HashMap<PrincipalId, Vec<usize>>);

impl Crowd {
    pub(crate) fn of(index: &GrantIndex, subjects: &[Subject]) -> Self {
        let mut crowd: HashMap<PrincipalId, Vec<usize>> = HashMap::new();
        for (number, subject) in subjects.iter().enumerate() {
            for id in index.closure(subject).ids() {
                crowd.entry(*id).or_default().push(number);
            }
        }
        Self(crowd)
    }

    /// The numbers of those whom rules name for more than being there or being signed in.
    pub(crate) fn named(&self, rules: &[Reading<'_>]) -> BTreeSet<usize> {
        let own =
            rules.iter().filter(|rule| !matches!(rule.principal, Principal::EveryoneSignedIn | Principal::Anonymous));
        let ids = own.flat_map(|rule| {
            let by_address = rule.deny && matches!(rule.principal, Principal::Email(_));
            [Some(rule.number), by_address.then_some(UNKNOWN_EMAIL)].into_iter().flatten()
        });
        ids.filter_map(|id| self.0.get(&id)).flatten().copied().collect()
    }
}

/// What the rules come to for one subject at one place, refusals taken off.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Powers {
    /// Whatever the purpose.
    pub(crate) given: Permissions,
    /// For one purpose only, beyond [`Powers::given`].
    pub(crate) by_purpose: BTreeMap<String, Permissions>,
}

impl<'a> Names<'a> {
    fn find(&self, id: PrincipalId) -> Option<&'a Principal> {
        self.0.get(id.index()).copied().flatten()
    }
}

impl Reading<'_> {
    /// Whether it is about a subject. A refusal by address may mean somebody whose address is not known.
    pub(crate) fn concerns(&self, closure: &Closure) -> bool {
        let unknown = self.deny && matches!(self.principal, Principal::Email(_)) && closure.holds(UNKNOWN_EMAIL);
        unknown || closure.holds(self.number)
    }
}

impl GrantIndex {
    /// All principals by their numbers: made once for a question, not for each rule.
    pub(crate) fn names(&self) -> Names<'_> {
        let mut names = vec![None; self.principals.len() + 1];
        for (principal, id) in self.principals.iter() {
            if let Some(slot) = names.get_mut(id.index()) {
                *slot = Some(principal);
            }
        }
        Names(names)
    }

    /// The rules at a place and above it, from the root down.
    pub(crate) fn above<'a>(
        &'a self,
        names: &Names<'a>,
        collection: CollectionId,
        path: &RemotePath,
        now_s: i64,
    ) -> Vec<Reading<'a>> {
        let nodes = self.collections.get(&collection).map(|found| found.way_to(path)).unwrap_or_default();
        let at_each = nodes.into_iter().enumerate();
        at_each
            .flat_map(|(depth, node)| node.rules.iter().filter_map(move |rule| read(names, rule, depth, now_s)))
            .collect()
    }

    /// The places of a collection at which rules stand, from the root down.
    pub(crate) fn places(&self, collection: CollectionId) -> Vec<RemotePath> {
        self.places_where(collection, &|_| true)
    }

    /// The places of a collection at which rules about a subject stand, from the root down.
    pub(crate) fn places_of(&self, collection: CollectionId, closure: &Closure) -> Vec<RemotePath> {
        self.places_where(collection, &|node| of_subject(&node.rules, closure).next().is_some())
    }

    /// What the rules come to for a subject at a place.
    pub(crate) fn powers(&self, closure: &Closure, collection: CollectionId, path: &RemotePath, now_s: i64) -> Powers {
        let nodes = self.collections.get(&collection).map(|found| found.way_to(path)).unwrap_or_default();
        let (mut refused, mut powers) = (Permissions::NONE, Powers::default());
        for rule in nodes.into_iter().flat_map(|node| of_subject(&node.rules, closure)) {
            if !rule.is_live(now_s) {
                continue;
            }
            match (rule.deny, rule.purpose.as_deref()) {
                (true, _) => refused = refused.union(rule.permissions),
                (false, None) => powers.given = powers.given.union(rule.permissions),
                (false, Some(purpose)) => {
                    let known = powers.by_purpose.entry(purpose.to_owned()).or_default();
                    *known = known.union(rule.permissions);
                }
            }
        }
        powers.given = powers.given.without(refused);
        powers.limit(Permissions::ALL.without(refused));
        powers
    }

    fn places_where(&self, collection: CollectionId, wanted: &dyn Fn(&Node) -> bool) -> Vec<RemotePath> {
        let mut places = Vec::new();
        if let Some(found) = self.collections.get(&collection) {
            let mut waiting = vec![(RemotePath::root(), &found.root)];
            while let Some((path, node)) = waiting.pop() {
                waiting.extend(node.children.iter().rev().map(|(name, child)| (path.join(name), child)));
                if !node.rules.is_empty() && wanted(node) {
                    places.push(path);
                }
            }
        }
        places
    }
}

impl Powers {
    /// Takes off whatever is not allowed.
    pub(crate) fn limit(&mut self, allowed: Permissions) {
        let beyond = Permissions::ALL.without(allowed);
        self.given = self.given.without(beyond);
        let off = beyond.union(self.given);
        self.by_purpose.values_mut().for_each(|given| *given = given.without(off));
        self.by_purpose.retain(|_, given| !given.is_empty());
    }
}

impl CollectionGrants {
    /// The nodes from the root down to a path, as far as they go.
    fn way_to(&self, path: &RemotePath) -> Vec<&Node> {
        let mut way = vec![&self.root];
        let mut node = &self.root;
        for name in path.components() {
            let Some(child) = node.child(name) else { break };
            way.push(child);
            node = child;
        }
        way
    }
}

/// A rule with its principal. The copies that stand for people of unknown address are left out.
fn read<'a>(names: &Names<'a>, rule: &'a Indexed, depth: usize, now_s: i64) -> Option<Reading<'a>> {
    Some(Reading {
        id: rule.id,
        depth,
        principal: names.find(rule.principal)?,
        permissions: rule.permissions,
        deny: rule.deny,
        expires_s: Some(rule.expires_s).filter(|end| *end != NEVER),
        purpose: rule.purpose.as_deref(),
        live: rule.is_live(now_s),
        number: rule.principal,
    })
}
