//! Access rules: who may do what beneath which path, until when, for what.
//!
//! A rule that is made or revoked holds here at once: the new snapshot is published before the answer. Other nodes of the
//! site see the changed epoch within a second (`policy_sync`).

use sealane_audit::event::Sharing;
use sealane_database::{access_rule, collection};
use sealane_model::page::Page;
use sealane_model::{AccessRule, Collection, Permit, Problem, RemotePath, RuleId, Timestamp, id::fresh_uuid, permit};
use sealane_policy::{Action, GrantRow, Principal};
use sealane_transfer::guard::Details;

use crate::act::conclude;
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::page::PageQuery;
use crate::place::{CollectionRef, ask_about, find_here};
use crate::view::{NewRule, RuleView};
use crate::{change, policy_sync, problem};

/// A collection's rules.
pub async fn list(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    query: &PageQuery,
) -> Result<Page<RuleView>, Problem> {
    let actor = Actor::from(caller);
    let after = match &query.after {
        Some(text) => Some(text.parse::<RuleId>().map_err(|error| problem::bad_request("cursor", error.to_string()))?),
        None => None,
    };
    let collection = find_here(app, &actor, reference, Sharing::RuleList).await?;
    let question = ask_about(&actor, Action::ReadRules, &collection, &RemotePath::root(), Sharing::RuleList);
    let grant = app.permit_in::<permit::SeeRules>(&collection, question).await?;
    let result = read(app, &grant.permit, &collection, after, query.rows()).await;
    conclude(grant, result, Details::none()).await
}

/// Make a rule.
pub async fn create(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    request: NewRule,
) -> Result<RuleView, Problem> {
    let actor = Actor::from(caller);
    let now = app.now();
    let path = request.path.unwrap_or_else(RemotePath::root);
    if request.expires_at.is_some_and(|end| end <= now) {
        return Err(problem::bad_request(
            "rule-expired",
            "The rule would have ended before it began: `expires_at` lies in the past.",
        ));
    }
    let collection = find_here(app, &actor, reference, Sharing::RuleCreate).await?;
    let rule = AccessRule {
        grant: GrantRow {
            id: RuleId::from_uuid(fresh_uuid(app.clock(), app.random())),
            collection: collection.id,
            path: path.clone(),
            principal: plain(request.principal.into()),
            permissions: request.permissions,
            deny: request.deny,
            expires_s: request.expires_at.map(Timestamp::as_seconds),
            purpose: request.purpose,
        },
        created_by: Some(caller.person.id.clone()),
        created_at: now,
    };
    let question = ask_about(&actor, Action::ManageRules, &collection, &path, Sharing::RuleCreate);
    let question = change::rule(question, None, Some(&rule)).detail("rule", rule.grant.id.to_string());
    let grant = app.permit_in::<permit::ManageRules>(&collection, question).await?;
    let app = app.clone();
    app.clone()
        .to_its_end(async move {
            let result = write(&app, &grant.permit, &rule).await;
            conclude(grant, result.map(|()| view(rule)), Details::none()).await
        })
        .await
}

/// Take a rule away.
pub async fn revoke(app: &App, caller: &Caller, id: RuleId) -> Result<(), Problem> {
    let actor = Actor::from(caller);
    let mut db = app.db().await?;
    let found = access_rule::find(&mut db, id).await.map_err(problem::database)?;
    let collection = match &found {
        Some(rule) => collection::find(&mut db, rule.grant.collection).await.map_err(problem::database)?,
        None => None,
    };
    drop(db);
    let (Some(rule), Some(collection)) = (found, collection) else {
        app.record_miss(&actor, Sharing::RuleRemove, "rule-unknown").await?;
        return Err(rule_unknown());
    };
    let question = ask_about(&actor, Action::ManageRules, &collection, &rule.grant.path, Sharing::RuleRemove);
    let question = change::rule(question, Some(&rule), None).detail("rule", rule.grant.id.to_string());
    let granted = app.permit_in::<permit::ManageRules>(&collection, question).await;
    // Whoever may not know of the collection may not know of its rule either.
    let grant =
        granted.map_err(|problem| if problem.code == "collection-unknown" { rule_unknown() } else { problem })?;
    let app = app.clone();
    app.clone()
        .to_its_end(async move {
            let result = remove(&app, &grant.permit, &rule).await;
            conclude(grant, result, Details::none()).await
        })
        .await
}

async fn read(
    app: &App,
    _permit: &Permit<permit::SeeRules>,
    collection: &Collection,
    after: Option<RuleId>,
    limit: usize,
) -> Result<Page<RuleView>, Problem> {
    let mut db = app.db().await?;
    let rows = access_rule::list(&mut db, collection.id, after, limit + 1).await.map_err(problem::database)?;
    let page = Page::from_surplus(rows, limit, |rule| rule.grant.id.to_string());
    Ok(Page { items: page.items.into_iter().map(view).collect(), next: page.next })
}

async fn write(app: &App, _permit: &Permit<permit::ManageRules>, rule: &AccessRule) -> Result<(), Problem> {
    rule.grant.lint().map_err(|error| problem::bad_request("rule-refused", error.to_string()))?;
    let mut db = app.db().await?;
    access_rule::insert(&mut db, rule).await.map_err(problem::database)?;
    drop(db);
    policy_sync::refresh(app).await
}

async fn remove(app: &App, _permit: &Permit<permit::ManageRules>, rule: &AccessRule) -> Result<(), Problem> {
    if rule.created_by.is_none() {
        return Err(Problem::new(
            sealane_model::problem::ProblemKind::Conflict,
            "rule-configured",
            "The rule comes from the configuration file",
            "A rule that is configured would be back at the next start.",
        )
        .next("Remove it from the configuration file, then restart the site."));
    }
    let mut db = app.db().await?;
    let was_there = access_rule::revoke(&mut db, rule.grant.id, app.now()).await.map_err(problem::database)?;
    drop(db);
    policy_sync::refresh(app).await?;
    if was_there { Ok(()) } else { Err(rule_unknown()) }
}

/// E-mail addresses are compared as providers assert them: in lower case, without space around.
fn plain(principal: Principal) -> Principal {
    match principal {
        Principal::Email(email) => Principal::Email(email.trim().to_lowercase()),
        other => other,
    }
}

fn rule_unknown() -> Problem {
    problem::not_found("rule-unknown", "access rule")
        .next("`sealane rule list COLLECTION` shows the rules of a collection.")
}

fn view(rule: AccessRule) -> RuleView {
    RuleView {
        id: rule.grant.id,
        path: rule.grant.path,
        principal: rule.grant.principal.into(),
        permissions: rule.grant.permissions,
        deny: rule.grant.deny,
        expires_at: rule.grant.expires_s.map(Timestamp::from_seconds),
        purpose: rule.grant.purpose,
        created_by: rule.created_by.map(|person| person.subject),
        created_at: rule.created_at,
    }
}
