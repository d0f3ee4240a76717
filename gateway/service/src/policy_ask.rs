//! Questions to policy: why, who, what, what was, and why then.
//!
//! **Who may ask what.** Everybody of themselves, as far as they may know of the collection. Officers and auditors of
//! anybody. Whoever may see the access rules of a collection, of anybody there; but groups and roles that the site knows of
//! a person are told to officers and auditors alone. Each question is an entry (`policy.ask`).
//!
//! **Promises.** Answers are the engine's own, under the rules in force or under those of a past moment, rebuilt from the
//! history. What is assumed, and what cannot be known, is said in the answer's notes.

mod explain;
mod reach;
mod rules;
mod subject;
mod why;

use sealane_audit::event::Assurance;
use sealane_audit::{Private, Scope};
use sealane_model::{Collection, PersonId, Problem, RemotePath};
use sealane_policy::{Action, Principal, Request, Resource};
use sealane_transfer::guard::Ask;

pub use explain::{ExplainQuestion, explain};
pub use reach::{WhatCanQuestion, WhoCanQuestion, what_can, who_can};
pub use rules::{SnapshotQuestion, snapshot};
pub use why::why;

use crate::act::ask;
use crate::app::App;
use crate::caller::Actor;
use crate::place::ask_about;
use crate::problem;

/// By which right somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// About themselves.
    Own,
    /// About anybody: officers and auditors.
    Any,
    /// About anybody in a collection whose rules they may see.
    Collection,
}

impl Right {
    /// The right by which a question is asked; whether they have it is decided, and recorded, after that.
    fn of(app: &App, actor: &Actor, own: bool, in_collection: bool) -> Self {
        let request = Request {
            subject: actor.subject.clone(),
            action: Action::AskPolicy,
            resource: Resource::site(),
            purpose: None,
            now_s: app.now().as_seconds(),
        };
        if own {
            Self::Own
        } else if !in_collection || app.guard().engine().decide(&request).is_permit() {
            Self::Any
        } else {
            Self::Collection
        }
    }
}

/// What is recorded of a question, whatever is asked.
struct Asked<'a> {
    /// Which question.
    name: &'static str,
    /// About whom, as it was written.
    who: Option<&'a str>,
    collection: Option<&'a Collection>,
    path: Option<&'a RemotePath>,
    at: Option<&'a str>,
}

impl Asked<'_> {
    /// The question to the guard, with what names people and files as personal values.
    fn by(&self, actor: &Actor, right: Right) -> Ask {
        let mut question = match (right, self.collection) {
            (Right::Collection, Some(collection)) => {
                ask_about(actor, Action::ReadRules, collection, &RemotePath::root(), Assurance::PolicyAsk)
            }
            (Right::Own, _) => ask(actor, Action::AskOwnPolicy, Resource::site(), Assurance::PolicyAsk),
            _ => ask(actor, Action::AskPolicy, Resource::site(), Assurance::PolicyAsk),
        };
        question = question.detail("question", self.name);
        if let Some(at) = self.at {
            question = question.detail("as-of", at);
        }
        if let Some(collection) = self.collection {
            question.object.collection = Some(collection.id.to_string());
            question.object.class = Some(collection.class.as_str().to_owned());
            if let Some(path) = self.path {
                let path = Private::new(path.to_text()).of(Scope::collection(collection.id.to_string()));
                question = question.private("asked-path", path);
            }
        }
        if let Some(who) = self.who {
            let value = Private::new(who);
            let value = match who.parse() {
                Ok(Principal::Person(PersonId { issuer, subject })) => value.of(Scope::person(&issuer, &subject)),
                _ => value,
            };
            question = question.private("asked-person", value);
        }
        question
    }
}

fn principal(text: &str) -> Result<Principal, Problem> {
    text.parse::<Principal>().map_err(|error| problem::bad_request("principal", error.to_string()))
}

fn action(text: &str) -> Result<Action, Problem> {
    text.parse::<Action>().map_err(|error| problem::bad_request("action", error.to_string()))
}
