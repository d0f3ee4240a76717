//! Who may do something at a place: everybody whom a rule or a role names there.
//!
//! **How.** Only whom the access rules at the place and above it name is asked about, not everybody: a person who is named
//! by none of them has what everyone has. Each is judged by the engine itself, as the person for whom the principal stands
//! ([`Subject::standing_for`]); people whom the site knows are judged as who they are, with all their groups.
//!
//! **Promises.** For people whom the site knows the answer is what [`Engine::decide`] says of them, freshly signed in.
//! What is not known before somebody signs in is told as a condition.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::archetype::somebody;
use crate::book::Fact;
use crate::class::Class;
use crate::decision::Effect;
use crate::descent::Descent;
use crate::engine::{Engine, Setting};
use crate::explanation::speaks_of;
use crate::grant::Principal;
use crate::grant_index::{Crowd, Names, Reading};
use crate::id::{CollectionId, PersonId};
use crate::path::RemotePath;
use crate::permission::Permissions;
use crate::request::Request;
use crate::resource::Resource;
use crate::role::Role;
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::what_can::an_entry_of;

/// What is asked: who can do this, there, then?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhoCan {
    /// What.
    pub action: Action,
    /// In which collection.
    pub collection: CollectionId,
    /// The class of its data.
    pub class: Class,
    /// Who owns it.
    pub owner: Option<PersonId>,
    /// For which purpose; where none is named, rules for a purpose are told with it.
    pub purpose: Option<String>,
    /// When, in seconds since 1970 UTC.
    pub now_s: i64,
}

/// Who can, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceReach {
    /// The place; what lies beneath it is the same, down to the next place of the answer.
    pub path: RemotePath,
    /// Everybody who is named, in order.
    pub who: Vec<Standing>,
}

/// How somebody stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// `group:readers`, `person:ISSUER#SUBJECT`, `role:auditor`, `owner`.
    pub who: String,
    /// Whether they can.
    pub can: Can,
    /// The rows and access rules that say so.
    pub rule: Option<String>,
    /// The purpose that they must declare.
    pub purpose: Option<String>,
    /// Why not, where they cannot.
    pub why_not: Option<String>,
    /// What must be so besides, and is not known before they sign in.
    pub conditions: Vec<String>,
}

/// Whether somebody can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Can {
    /// Yes, if the conditions are met.
    Yes,
    /// Rules give a part of what it needs: with another rule, they could.
    Partly,
    /// No.
    No,
}

/// Somebody to ask about.
struct Candidate {
    who: String,
    subject: Subject,
    conditions: Vec<String>,
}

impl Engine {
    /// Who can at this place, under these rules. `people` are those whom the site knows, signed in at the time of asking.
    #[must_use]
    pub fn who_can(&self, snapshot: &Snapshot, asked: &WhoCan, path: &RemotePath, people: &[Subject]) -> PlaceReach {
        let question = Question::new(self, snapshot, asked, people);
        question.at(path, &snapshot.grants().names())
    }

    /// Who can anywhere in the collection: each place at which the answer differs from the one above it. Of what takes whole
    /// trees (delete, rename), the answer is about the entries of the place. At most `most` places; whether there are more is
    /// told.
    #[must_use]
    pub fn who_can_anywhere(
        &self,
        snapshot: &Snapshot,
        asked: &WhoCan,
        people: &[Subject],
        most: usize,
    ) -> (Vec<PlaceReach>, bool) {
        let question = Question::new(self, snapshot, asked, people);
        let names = snapshot.grants().names();
        let mut places = vec![RemotePath::root()];
        // Whether there is such a collection is one question, not one for each place.
        if asked.action != Action::ShowCollection {
            places.extend(snapshot.grants().places(asked.collection).into_iter().filter(|path| !path.is_root()));
        }
        let entries = speaks_of(
            self.tables().data_rules,
            &question.request(Subject::anonymous(), &RemotePath::root()),
            Fact::RefusedBeneath,
        );
        let (mut answers, mut descent): (Vec<PlaceReach>, _) = (Vec::new(), Descent::default());
        for path in places {
            let who = question.at(&if entries { an_entry_of(&path) } else { path.clone() }, &names).who;
            let answer = PlaceReach { path, who };
            let above = descent.above(&answer.path, |number| answers.get(number).map(|above| &above.path));
            if above.and_then(|number| answers.get(number)).is_none_or(|above| above.who != answer.who) {
                if answers.len() == most {
                    return (answers, true);
                }
                descent.answered(answers.len());
                answers.push(answer);
            }
        }
        (answers, false)
    }
}

struct Question<'a> {
    engine: &'a Engine,
    setting: Setting<'a>,
    asked: &'a WhoCan,
    people: &'a [Subject],
    crowd: Crowd,
    /// Whom a role or owning the collection may name.
    in_roles: Vec<usize>,
}

impl<'a> Question<'a> {
    fn new(engine: &'a Engine, snapshot: &'a Snapshot, asked: &'a WhoCan, people: &'a [Subject]) -> Self {
        let special = |person: &Subject| {
            let owns = asked.owner.is_some() && person.person == asked.owner;
            owns || person.roles.iter().any(|role| *role != Role::Researcher)
        };
        Self {
            engine,
            setting: Setting { snapshot, exposed: false },
            asked,
            people,
            crowd: Crowd::of(snapshot.grants(), people),
            in_roles: (0..people.len()).filter(|number| people.get(*number).is_some_and(special)).collect(),
        }
    }

    fn at(&self, path: &RemotePath, names: &Names<'a>) -> PlaceReach {
        let request = self.request(Subject::anonymous(), path);
        let rules = self.rules(path, &request, names);
        let mut who = Vec::new();
        for candidate in self.candidates(&rules, &request) {
            who.extend(self.judge(candidate, path, &rules));
        }
        PlaceReach { path: path.clone(), who }
    }

    fn request(&self, subject: Subject, path: &RemotePath) -> Request {
        let asked = self.asked;
        let resource = Resource::collection(asked.collection, asked.class, path.clone(), asked.owner.clone());
        Request { subject, action: asked.action, resource, purpose: asked.purpose.clone(), now_s: asked.now_s }
    }

    /// The rules that may matter: those above the place; refusals beneath it where a whole tree is taken; and all of the
    /// collection where the question is whether it may be seen at all.
    fn rules(&self, path: &RemotePath, request: &Request, names: &Names<'a>) -> Vec<Reading<'a>> {
        let (index, asked) = (self.setting.snapshot.grants(), self.asked);
        let speaks = |fact| speaks_of(self.engine.tables().data_rules, request, fact);
        let (visible, beneath) = (speaks(Fact::Visible), speaks(Fact::RefusedBeneath));
        let required = asked.action.required();
        let refuses = |rule: &Reading<'_>| rule.deny && rule.permissions.intersects(required);
        let mut rules = index.above(names, asked.collection, path, asked.now_s);
        if visible || beneath {
            let elsewhere = |place: &RemotePath| {
                if visible { !path.starts_with(place) } else { place.starts_with(path) && place != path }
            };
            for place in index.places(asked.collection).into_iter().filter(elsewhere) {
                let there = index.above(names, asked.collection, &place, asked.now_s);
                let there = there.into_iter().filter(|rule| rule.depth == place.depth());
                rules.extend(there.filter(|rule| visible || refuses(rule)));
            }
        }
        rules.retain(|rule| rule.live);
        rules
    }

    fn candidates(&self, rules: &[Reading<'a>], request: &Request) -> Vec<Candidate> {
        let speaks = |fact| speaks_of(self.engine.tables().data_rules, request, fact);
        let mut found: BTreeMap<String, Candidate> = BTreeMap::new();
        let mut principals: BTreeSet<&Principal> = rules.iter().map(|rule| rule.principal).collect();
        if principals.contains(&Principal::Anonymous) {
            // What the class keeps from people who have not signed in, such a rule still gives to everyone who has.
            principals.insert(&Principal::EveryoneSignedIn);
        }
        for principal in &principals {
            let subject = Subject::standing_for(principal, self.asked.class, self.asked.now_s);
            let conditions = self.conditions(principal, rules);
            let who = principal.to_text();
            found.insert(who.clone(), Candidate { who, subject, conditions });
        }
        for role in Role::ALL {
            let spoken = match role {
                Role::Administrator => speaks(Fact::Administrator),
                Role::SecurityOfficer | Role::ComplianceOfficer => speaks(Fact::Officer),
                Role::Auditor => speaks(Fact::Auditor),
                Role::Researcher => false,
            };
            if spoken {
                let subject = Subject::in_role(role, self.asked.now_s);
                found.insert(
                    format!("role:{role}"),
                    Candidate { who: format!("role:{role}"), subject, conditions: Vec::new() },
                );
            }
        }
        if let Some(owner) = self.asked.owner.as_ref().filter(|_| speaks(Fact::Owner)) {
            let subject = Subject { person: Some(owner.clone()), ..somebody(self.asked.now_s) };
            found.insert("owner".to_owned(), Candidate { who: "owner".to_owned(), subject, conditions: Vec::new() });
        }
        for person in self.named(rules, &found) {
            let Some(id) = &person.person else { continue };
            let who = Principal::Person(id.clone()).to_text();
            found.insert(who.clone(), Candidate { who, subject: person.clone(), conditions: Vec::new() });
        }
        found.into_values().collect()
    }

    /// People whom a rule or a role names for more than being signed in.
    fn named(&self, rules: &[Reading<'a>], found: &BTreeMap<String, Candidate>) -> Vec<&'a Subject> {
        let mut named = self.crowd.named(rules);
        let role =
            |person: &Subject, role: &Role| person.has_role(*role) && found.contains_key(&format!("role:{role}"));
        let owner = |person: &Subject| person.person == self.asked.owner && found.contains_key("owner");
        let by_role = |person: &Subject| owner(person) || Role::ALL.iter().any(|held| role(person, held));
        named.extend(self.in_roles.iter().filter(|number| self.people.get(**number).is_some_and(by_role)));
        named.into_iter().filter_map(|number| self.people.get(number)).collect()
    }

    fn conditions(&self, principal: &Principal, rules: &[Reading<'a>]) -> Vec<String> {
        let mut conditions = Vec::new();
        let required = self.asked.action.required();
        let by_address = |rule: &Reading<'_>| {
            rule.deny && matches!(rule.principal, Principal::Email(_)) && rule.permissions.intersects(required)
        };
        if matches!(principal, Principal::Person(_)) && rules.iter().any(by_address) {
            conditions
                .push("their e-mail address, which is known once they sign in, is none that a rule refuses".to_owned());
        }
        if matches!(principal, Principal::Group(_) | Principal::EveryoneSignedIn | Principal::Anonymous)
            && rules.iter().any(|rule| rule.deny && rule.principal != principal)
        {
            conditions.push("no rule refuses it to them by another name".to_owned());
        }
        conditions
    }

    /// What the class asks of everybody, as a condition.
    fn class_conditions(&self, subject: &Subject) -> Vec<String> {
        let mut conditions = Vec::new();
        if let Some(rule) = self.engine.tables().classes.rule(self.asked.class, self.asked.action.group()) {
            if let Some(minutes) = rule.max_sign_in_age_min.filter(|_| subject.person.is_some()) {
                conditions.push(format!("they signed in at most {minutes} min ago"));
            }
            if rule.peer_ceiling && subject.via_site.is_some() {
                conditions.push(format!("their site is accepted up to {}", rule.class));
            }
        }
        conditions
    }

    fn judge(&self, candidate: Candidate, path: &RemotePath, rules: &[Reading<'a>]) -> Vec<Standing> {
        let Candidate { who, subject, mut conditions } = candidate;
        let answer = self.engine.judge(&self.request(subject.clone(), path), &self.setting);
        conditions.extend(self.class_conditions(&subject));
        let standing = |can, rule, purpose, why_not| Standing {
            who: who.clone(),
            can,
            rule,
            purpose,
            why_not,
            conditions: if can == Can::Yes { conditions.clone() } else { Vec::new() },
        };
        if answer.effect == Effect::Permit {
            return vec![standing(Can::Yes, answer.rule, None, None)];
        }
        let closure = self.setting.snapshot.grants().closure(&subject);
        let own = || rules.iter().filter(|rule| rule.concerns(&closure));
        if self.asked.purpose.is_none() {
            let purposes: BTreeSet<&str> = own().filter_map(|rule| rule.purpose).collect();
            let with = purposes.into_iter().filter_map(|purpose| {
                let mut request = self.request(subject.clone(), path);
                request.purpose = Some(purpose.to_owned());
                let answer = self.engine.judge(&request, &self.setting);
                let yes = answer.effect == Effect::Permit;
                yes.then(|| standing(Can::Yes, answer.rule, Some(purpose.to_owned()), None))
            });
            let with: Vec<Standing> = with.collect();
            if !with.is_empty() {
                return with;
            }
        }
        let gives =
            |given: Permissions, rule: &Reading<'_>| if rule.deny { given } else { given.union(rule.permissions) };
        let given = own().fold(Permissions::NONE, gives);
        let required = self.asked.action.required();
        let refused = own().any(|rule| rule.deny && rule.permissions.intersects(required));
        let can = match answer.reason.code {
            _ if !refused && !given.intersects(required) => return Vec::new(),
            "rule.missing" if !refused => Can::Partly,
            _ => Can::No,
        };
        vec![standing(can, answer.rule, None, Some(answer.reason.text))]
    }
}
