//! Why somebody may do something at a place, or may not: the whole derivation.

use sealane_audit::event::Assurance;
use sealane_model::{Class, Collection, Permit, Person, Problem, RemotePath, permit};
use sealane_policy::{Action, Effect, Request, Resource, Showing};
use sealane_transfer::guard::Details;
use serde::{Deserialize, Serialize};

use super::rules::Rules;
use super::subject::{SignedIn, somebody};
use super::{Asked, Right, action, principal};
use crate::act::conclude;
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::place::{CollectionRef, find_here};
use crate::problem;
use crate::view::policy::ExplainView;

/// Access rules that an explanation shows at most.
const SHOWN: usize = 200;

/// What is to be explained.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExplainQuestion {
    /// The action, by its name in the permission matrix.
    pub action: String,
    /// The collection, by name or id; without it, the question is about the site itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The path in it; its root where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<RemotePath>,
    /// Whom: `person:ISSUER#SUBJECT`, `email:ADDRESS`, `group:NAME`, `site:ID`, `signed-in`, `anonymous`. Whoever asks, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// As of which moment; now where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// When they signed in: `now`, `unknown`, or so many minutes ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<String>,
    /// The purpose that they declare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

impl std::fmt::Debug for ExplainQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExplainQuestion").field("action", &self.action).finish_non_exhaustive()
    }
}

/// The answer to a question with its derivation.
pub async fn explain(app: &App, caller: &Caller, question: &ExplainQuestion) -> Result<ExplainView, Problem> {
    let actor = Actor::from(caller);
    let reference: Option<CollectionRef> = question.collection.as_deref().map(str::parse).transpose()?;
    let collection = match &reference {
        Some(reference) => Some(find_here(app, &actor, reference, Assurance::PolicyAsk).await?),
        None => None,
    };
    let right = Right::of(app, &actor, question.who.is_none(), collection.is_some());
    let path = question.path.clone().unwrap_or_else(RemotePath::root);
    let asked = Asked {
        name: "explain",
        who: question.who.as_deref(),
        collection: collection.as_ref(),
        path: Some(&path),
        at: question.at.as_deref(),
    };
    let recorded = asked.by(&actor, right).detail("asked-action", question.action.as_str());
    let about = Question {
        asked: question,
        actor: &actor,
        person: &caller.person,
        collection: collection.as_ref(),
        path: &path,
        right,
    };
    match (right, &collection) {
        (Right::Own, _) => {
            let grant = app.permit::<permit::AskOwnPolicy>(recorded).await?;
            let told = about.answer(app, &grant.permit).await;
            conclude(grant, told, Details::none()).await
        }
        (Right::Collection, Some(collection)) => {
            let grant = app.permit_in::<permit::SeeRules>(collection, recorded).await?;
            let told = about.answer(app, &grant.permit).await;
            conclude(grant, told, Details::none()).await
        }
        _ => {
            let grant = app.permit::<permit::AskPolicy>(recorded).await?;
            let told = about.answer(app, &grant.permit).await;
            conclude(grant, told, Details::none()).await
        }
    }
}

struct Question<'a> {
    asked: &'a ExplainQuestion,
    actor: &'a Actor,
    person: &'a Person,
    collection: Option<&'a Collection>,
    path: &'a RemotePath,
    right: Right,
}

impl Question<'_> {
    async fn answer<A>(&self, app: &App, _permit: &Permit<A>) -> Result<ExplainView, Problem> {
        let action = action(&self.asked.action)?;
        if let Some(collection) = self.collection.filter(|_| self.right == Right::Own)
            && !app.may_know_of(self.actor, collection)
        {
            return Err(problem::collection_unknown());
        }
        let mut rules = Rules::at(app, self.asked.at.as_deref(), self.collection.map(|known| known.id)).await?;
        let class = match self.collection {
            Some(collection) => rules.class(app, collection).await?,
            None => Class::Internal,
        };
        let signed_in = self.asked.signed_in.as_deref().map(SignedIn::parse).transpose()?;
        let (who, subject) = match &self.asked.who {
            None => {
                let mut subject = self.actor.subject.clone();
                subject.roles = rules.roles_of(app, self.person);
                if let Some(signed_in) = signed_in.or_else(|| rules.past.then_some(SignedIn::Now)) {
                    subject.assurance.auth_time_s = signed_in.assurance(rules.at).auth_time_s;
                }
                ("you".to_owned(), subject)
            }
            Some(text) => {
                let principal = principal(text)?;
                let signed_in = signed_in.unwrap_or(SignedIn::Now);
                let subject = somebody(app, &principal, self.right, signed_in, class, &mut rules).await?;
                (principal.to_text(), subject)
            }
        };
        let resource = match self.collection {
            Some(collection) => Resource::collection(collection.id, class, self.path.clone(), None),
            None => Resource::site(),
        };
        let purpose = self.asked.purpose.clone();
        let request = Request { subject, action, resource, purpose, now_s: rules.at.as_seconds() };
        let engine = app.guard().engine();
        let showing = if self.sees_all(app) { Showing::AllRules(SHOWN) } else { Showing::OwnRules };
        let explanation = if rules.past {
            rules.notes.push("the audit log is taken to have had its witnesses".to_owned());
            engine.explain_under(&request, &rules.snapshot, showing)
        } else {
            engine.explain(&request, showing)
        };
        Ok(ExplainView {
            who,
            action: action.name().to_owned(),
            collection: self.collection.map(|known| known.name.clone()),
            path: self.collection.map(|_| self.path.clone()),
            at: rules.at,
            notes: rules.notes,
            explanation,
        })
    }

    /// Whether rules about others are shown too: to those who may see the collection's rules anyway.
    fn sees_all(&self, app: &App) -> bool {
        let may_read = |collection: &Collection| {
            app.would(self.actor, Action::ReadRules, collection, &RemotePath::root()) == Effect::Permit
        };
        self.right != Right::Own || self.collection.is_some_and(may_read)
    }
}
