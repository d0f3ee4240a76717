//! What somebody may do: collections, places in them, and the permissions that they have there.
//!
//! Only places at which a rule about them stands are asked about; between two of them nothing changes. Each is judged by
//! the engine itself.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::class::Class;
use crate::decision::Effect;
use crate::descent::Descent;
use crate::engine::{Engine, Setting};
use crate::id::{CollectionId, PersonId};
use crate::path::{Component, RemotePath};
use crate::permission::Permission;
use crate::request::Request;
use crate::resource::Resource;
use crate::snapshot::Snapshot;
use crate::subject::Subject;

/// A collection to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its id.
    pub collection: CollectionId,
    /// The class of its data.
    pub class: Class,
    /// Who owns it.
    pub owner: Option<PersonId>,
}

/// What somebody may do at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacePowers {
    /// The place; what lies beneath it is the same, down to the next place of the answer.
    pub path: RemotePath,
    /// What they may do.
    pub can: Vec<Permission>,
    /// What they may do once they have signed in again.
    pub after_sign_in: Vec<Permission>,
    /// What rules give them for a purpose, beyond that.
    pub for_purposes: Vec<PurposePowers>,
}

/// What somebody may do for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurposePowers {
    /// The purpose that they must declare.
    pub purpose: String,
    /// What they may do then.
    pub can: Vec<Permission>,
}

/// The action by which a permission is tried.
pub(crate) const fn tried_by(permission: Permission) -> Action {
    match permission {
        Permission::List => Action::ListDirectory,
        Permission::Read => Action::ReadContent,
        Permission::Write => Action::WriteContent,
        Permission::Delete => Action::DeleteEntry,
        Permission::Share => Action::ManageRules,
    }
}

/// An entry of a place at which no rule stands.
pub(crate) fn an_entry_of(path: &RemotePath) -> RemotePath {
    // No rule is for a name like this one; a place that is as long as a path may be stands for its entries itself.
    Component::new(*b"\xff an entry \xff")
        .ok()
        .and_then(|name| path.try_join(&name).ok())
        .unwrap_or_else(|| path.clone())
}

impl Engine {
    /// What a subject may do in a collection: each place at which that differs from the place above it. Empty where they
    /// may do nothing.
    #[must_use]
    pub fn what_can(&self, snapshot: &Snapshot, subject: &Subject, holding: &Holding, now_s: i64) -> Vec<PlacePowers> {
        let index = snapshot.grants();
        let closure = index.closure(subject);
        let setting = Setting { snapshot, exposed: false };
        let mut places = index.places_of(holding.collection, &closure);
        if places.first() != Some(&RemotePath::root()) {
            places.insert(0, RemotePath::root());
        }
        let (mut answers, mut descent): (Vec<PlacePowers>, _) = (Vec::new(), Descent::default());
        for path in places {
            let purposes = index.powers(&closure, holding.collection, &path, now_s).by_purpose;
            let judged = |purpose: Option<&str>| -> [Vec<Permission>; 2] {
                let effect_of = |permission: Permission| {
                    // Deleting takes the whole tree, so it is tried at an entry: a refusal elsewhere beneath is no matter.
                    let place = if permission == Permission::Delete { an_entry_of(&path) } else { path.clone() };
                    let resource =
                        Resource::collection(holding.collection, holding.class, place, holding.owner.clone());
                    let subject = subject.clone();
                    let purpose = purpose.map(str::to_owned);
                    self.judge(&Request { subject, action: tried_by(permission), resource, purpose, now_s }, &setting)
                        .effect
                };
                let effects = Permission::ALL.map(|permission| (permission, effect_of(permission)));
                [Effect::Permit, Effect::StepUp].map(|wanted| {
                    effects.iter().filter(|(_, effect)| *effect == wanted).map(|(given, _)| *given).collect()
                })
            };
            let [can, after_sign_in] = judged(None);
            let for_purposes = purposes.into_keys().filter_map(|purpose| {
                let [mut more, later] = judged(Some(&purpose));
                more.extend(later);
                more.retain(|permission| !can.contains(permission) && !after_sign_in.contains(permission));
                (!more.is_empty()).then_some(PurposePowers { purpose, can: more })
            });
            let answer = PlacePowers { for_purposes: for_purposes.collect(), path, can, after_sign_in };
            let above = descent.above(&answer.path, |number| answers.get(number).map(|above| &above.path));
            let same = match above.and_then(|number| answers.get(number)) {
                Some(above) => above.is_as(&answer),
                None => answer.is_nothing(),
            };
            if !same {
                descent.answered(answers.len());
                answers.push(answer);
            }
        }
        answers
    }
}

impl PlacePowers {
    fn is_nothing(&self) -> bool {
        self.can.is_empty() && self.after_sign_in.is_empty() && self.for_purposes.is_empty()
    }

    fn is_as(&self, other: &Self) -> bool {
        let parts = |powers: &Self| (powers.can.clone(), powers.after_sign_in.clone(), powers.for_purposes.clone());
        parts(self) == parts(other)
    }
}
