//! Who can do something at a place, and what somebody can do.

use std::sync::Arc;

use sealane_audit::event::Assurance;
use sealane_model::{Collection, Permit, Person, Problem, RemotePath, permit};
use sealane_policy::{Engine, Holding, PlacePowers, Snapshot, Subject, WhoCan};
use sealane_transfer::guard::Details;
use serde::{Deserialize, Serialize};

use super::rules::{Rules, every_collection};
use super::subject::{SignedIn, everybody, somebody};
use super::{Asked, Right, action, principal};
use crate::act::conclude;
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::place::{CollectionRef, find_here};
use crate::problem;
use crate::view::policy::{CollectionPowers, WhatCanView, WhoCanView};

/// Places of an answer at most.
const PLACES: usize = 1_000;

/// Who can do what.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhoCanQuestion {
    /// The action, by its name in the permission matrix.
    pub action: String,
    /// The path; every place of the collection at which the answer differs, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<RemotePath>,
    /// As of which moment; now where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// For which purpose; any, told with it, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// What somebody can do.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhatCanQuestion {
    /// Whom, as `explain` takes it; whoever asks, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// As of which moment; now where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Who can, at a place or anywhere in a collection.
pub async fn who_can(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    question: &WhoCanQuestion,
) -> Result<WhoCanView, Problem> {
    let actor = Actor::from(caller);
    let collection = find_here(app, &actor, reference, Assurance::PolicyAsk).await?;
    let right = Right::of(app, &actor, false, true);
    let asked = Asked {
        name: "who-can",
        who: None,
        collection: Some(&collection),
        path: question.path.as_ref(),
        at: question.at.as_deref(),
    };
    let recorded = asked.by(&actor, right).detail("asked-action", question.action.as_str());
    if right == Right::Any {
        let grant = app.permit::<permit::AskPolicy>(recorded).await?;
        let told = who(app, &grant.permit, right, &collection, question).await;
        conclude(grant, told, Details::none()).await
    } else {
        let grant = app.permit_in::<permit::SeeRules>(&collection, recorded).await?;
        let told = who(app, &grant.permit, right, &collection, question).await;
        conclude(grant, told, Details::none()).await
    }
}

async fn who<A>(
    app: &App,
    _permit: &Permit<A>,
    right: Right,
    collection: &Collection,
    question: &WhoCanQuestion,
) -> Result<WhoCanView, Problem> {
    let action = action(&question.action)?;
    let mut rules = Rules::at(app, question.at.as_deref(), Some(collection.id)).await?;
    let (snapshot, at) = (Arc::clone(&rules.snapshot), rules.at);
    let asked = WhoCan {
        action,
        collection: collection.id,
        class: rules.class(app, collection).await?,
        owner: None,
        purpose: question.purpose.clone(),
        now_s: at.as_seconds(),
    };
    let people = if right == Right::Any {
        rules.note(vec!["people are told with the groups of their last sign-in".to_owned()]);
        everybody(app, &rules).await?
    } else {
        let note = "members of groups and holders of roles are told by name to officers and auditors alone";
        rules.note(vec![note.to_owned()]);
        Vec::new()
    };
    let (engine, path) = (app.guard().engine().clone(), question.path.clone());
    let found = tokio::task::spawn_blocking(move || match path {
        Some(path) => (vec![engine.who_can(&snapshot, &asked, &path, &people)], false),
        None => engine.who_can_anywhere(&snapshot, &asked, &people, PLACES),
    });
    let (places, more) = found.await.map_err(|error| problem::internal("act-broken", &error))?;
    Ok(WhoCanView {
        action: action.name().to_owned(),
        collection: collection.name.clone(),
        at,
        snapshot: rules.snapshot.hash().to_string(),
        notes: rules.notes,
        places,
        more,
    })
}

/// What somebody can do in all collections.
pub async fn what_can(app: &App, caller: &Caller, question: &WhatCanQuestion) -> Result<WhatCanView, Problem> {
    let actor = Actor::from(caller);
    let right = Right::of(app, &actor, question.who.is_none(), false);
    let asked = Asked {
        name: "what-can",
        who: question.who.as_deref(),
        collection: None,
        path: None,
        at: question.at.as_deref(),
    };
    let recorded = asked.by(&actor, right);
    if right == Right::Own {
        let grant = app.permit::<permit::AskOwnPolicy>(recorded).await?;
        let told = what(app, &grant.permit, &actor, &caller.person, question).await;
        conclude(grant, told, Details::none()).await
    } else {
        let grant = app.permit::<permit::AskPolicy>(recorded).await?;
        let told = what(app, &grant.permit, &actor, &caller.person, question).await;
        conclude(grant, told, Details::none()).await
    }
}

async fn what<A>(
    app: &App,
    _permit: &Permit<A>,
    actor: &Actor,
    person: &Person,
    question: &WhatCanQuestion,
) -> Result<WhatCanView, Problem> {
    let mut rules = Rules::at(app, question.at.as_deref(), None).await?;
    let principal = question.who.as_deref().map(principal).transpose()?;
    let mut collections = Vec::new();
    for known in every_collection(app).await? {
        if principal.is_some() || app.may_know_of(actor, &known) {
            let class = rules.class(app, &known).await?;
            collections.push((known, class));
        }
    }
    let mut asked = Vec::new();
    let at = rules.at;
    for (known, class) in collections {
        let subject = match &principal {
            Some(principal) => somebody(app, principal, Right::Any, SignedIn::Now, class, &mut rules).await?,
            None => {
                let mut subject = actor.subject.clone();
                subject.roles = rules.roles_of(app, person);
                if rules.past {
                    subject.assurance.auth_time_s = Some(at.as_seconds());
                }
                subject
            }
        };
        asked.push((known, class, subject));
    }
    let (engine, snapshot) = (app.guard().engine().clone(), rules.snapshot);
    let found = tokio::task::spawn_blocking(move || powers(&engine, &snapshot, asked, at.as_seconds()));
    let collections = found.await.map_err(|error| problem::internal("act-broken", &error))?;
    let who = principal.map_or_else(|| "you".to_owned(), |principal| principal.to_text());
    Ok(WhatCanView { who, at, notes: rules.notes, collections })
}

fn powers(
    engine: &Engine,
    snapshot: &Snapshot,
    asked: Vec<(Collection, sealane_model::Class, Subject)>,
    now_s: i64,
) -> Vec<CollectionPowers> {
    let powers = |(known, class, subject): (Collection, sealane_model::Class, Subject)| {
        let holding = Holding { collection: known.id, class, owner: None };
        let places: Vec<PlacePowers> = engine.what_can(snapshot, &subject, &holding, now_s);
        (!places.is_empty()).then_some(CollectionPowers { collection: known.name, class, places })
    };
    asked.into_iter().filter_map(powers).collect()
}
