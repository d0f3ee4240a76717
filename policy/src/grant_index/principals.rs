//! Principals as small numbers, and the numbers that one subject stands for.

use std::collections::HashMap;

use crate::grant::Principal;
use crate::subject::Subject;

/// A principal's number within one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PrincipalId(u32);

impl PrincipalId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Rules that refuse by e-mail address stand under this number, too: a person whose address is not known may be the one
/// who is meant, and unknown counts against the subject where a rule refuses.
pub(super) const UNKNOWN_EMAIL: PrincipalId = PrincipalId(0);

/// All principals of a snapshot.
#[derive(Default)]
pub(super) struct Principals(HashMap<Principal, PrincipalId>);

/// The principals that one subject stands for, sorted.
pub(crate) struct Closure(Vec<PrincipalId>);

impl Closure {
    pub(super) fn ids(&self) -> &[PrincipalId] {
        &self.0
    }

    pub(super) fn holds(&self, id: PrincipalId) -> bool {
        self.0.binary_search(&id).is_ok()
    }
}

impl Principals {
    /// The number of a principal, a new one if need be. None past 2^32 principals.
    pub(super) fn intern(&mut self, principal: &Principal) -> Option<PrincipalId> {
        let principal = folded(principal);
        if let Some(id) = self.0.get(&principal) {
            return Some(*id);
        }
        let id = PrincipalId(u32::try_from(self.0.len()).ok()?.checked_add(1)?);
        self.0.insert(principal, id);
        Some(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Principal, PrincipalId)> {
        self.0.iter().map(|(principal, id)| (principal, *id))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn closure(&self, subject: &Subject) -> Closure {
        let mut ids = Vec::with_capacity(subject.groups.len() + 5);
        let mut add = |principal: Principal| ids.extend(self.0.get(&principal).copied());
        add(Principal::Anonymous);
        if let Some(person) = &subject.person {
            add(Principal::Person(person.clone()));
            add(Principal::EveryoneSignedIn);
            for group in &subject.groups {
                add(Principal::Group(group.clone()));
            }
            if let Some(email) = &subject.email {
                add(folded(&Principal::Email(email.clone())));
            }
        }
        if let Some(site) = &subject.via_site {
            add(Principal::Site(site.clone()));
        }
        if subject.person.is_some() && subject.email.is_none() {
            ids.push(UNKNOWN_EMAIL);
        }
        ids.sort_unstable();
        ids.dedup();
        Closure(ids)
    }
}

/// A principal as it is compared.
pub(crate) fn folded(principal: &Principal) -> Principal {
    match principal {
        Principal::Email(email) => Principal::Email(email.to_ascii_lowercase()),
        other => other.clone(),
    }
}
