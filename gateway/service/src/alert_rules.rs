//! Rules that watch the audit log: saved, changed, paused and removed by officers, each with an entry (NIST SP 800-53 AU-6(1)).
//!
//! **Promises.** What a rule asks for that names somebody is kept as the index keeps it, as a keyed token, and stands in the
//! entry of its saving as a personal value. Rules that came with the program can be paused and tuned, not removed.

mod built_in;
mod form;
mod trial;

use sealane_audit::event::Assurance;
use sealane_audit::{Kind, Private};
use sealane_database::alert_rule::{self, AlertRule};
use sealane_model::page::Page;
use sealane_model::problem::ProblemKind;
use sealane_model::{Permit, Problem, ShortName, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::{Ask, Details};

pub use self::built_in::install;
pub use self::form::LONGEST_WINDOW;
use self::form::{changed, checked, concerning, json, kept, make, understand, view};
pub use self::trial::try_out;
use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::page::PageQuery;
use crate::problem;
use crate::view::{AlertRuleView, ChangeAlertRule, NewAlertRule};

/// Save a rule.
pub async fn save(app: &App, caller: &Caller, wanted: NewAlertRule) -> Result<AlertRuleView, Problem> {
    let (rule, named) = match make(app, wanted).await {
        Ok(made) => made,
        Err(problem) => return tell(app, caller, Assurance::AlertRuleCreate, problem).await,
    };
    let question = changed(about(caller, Assurance::AlertRuleCreate, &rule.name), None, Some(&rule));
    let question = Ask { private: named.into_iter().collect(), ..question };
    let grant = app.permit::<permit::ManageAlertRules>(question).await?;
    let result = add(app, &grant.permit, &rule).await;
    conclude(grant, result, Details::none()).await?;
    view(rule)
}

/// Rules by name.
pub async fn list(app: &App, caller: &Caller, query: &PageQuery) -> Result<Page<AlertRuleView>, Problem> {
    let after: Option<ShortName> = match &query.after {
        Some(text) => Some(text.parse().map_err(|_| problem::bad_request("cursor", "It is no name of a rule."))?),
        None => None,
    };
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertRuleList);
    let grant = app.permit::<permit::SeeAudit>(question).await?;
    let result = read(app, &grant.permit, after.as_ref(), query.rows()).await;
    conclude(grant, result, Details::none()).await
}

/// One rule.
pub async fn show(app: &App, caller: &Caller, name: &ShortName) -> Result<AlertRuleView, Problem> {
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertRuleList);
    let grant = app.permit::<permit::SeeAudit>(question.detail("rule", name.as_str())).await?;
    let found = find(app, name).await.and_then(view);
    conclude(grant, found, Details::none()).await
}

/// Change a rule: what is absent stays.
pub async fn change(
    app: &App,
    caller: &Caller,
    name: &ShortName,
    wanted: ChangeAlertRule,
) -> Result<AlertRuleView, Problem> {
    let made = async {
        let old = find(app, name).await?;
        if old.built_in && wanted.question.is_some() {
            return Err(is_built_in("What a rule of the program watches for cannot be changed."));
        }
        let (mut new, mut named) = (old.clone(), Vec::new());
        if let Some(question) = wanted.question {
            let understood = understand(app, &question).await?;
            new.question = json(&kept(&question, &understood))?;
            new.wanted = understood.wanted;
            named.extend(understood.named);
        }
        if let Some(threshold) = wanted.threshold {
            new.threshold = checked(threshold)?;
        }
        new.severity = wanted.severity.unwrap_or(old.severity);
        new.concerns = concerning(wanted.concerns.unwrap_or(old.concerns))?;
        if new == old {
            return Err(problem::bad_request("nothing-changes", "The rule is like that already."));
        }
        Ok((old, new, named))
    };
    let (old, new, named) = match made.await {
        Ok(made) => made,
        Err(problem) => return tell(app, caller, Assurance::AlertRuleChange, problem).await,
    };
    write(app, caller, old, new, named).await
}

/// Put a rule out of use, or into use again.
pub async fn set_paused(app: &App, caller: &Caller, name: &ShortName, paused: bool) -> Result<AlertRuleView, Problem> {
    match find(app, name).await {
        Err(problem) => tell(app, caller, Assurance::AlertRuleChange, problem).await,
        Ok(old) if old.paused == paused => {
            let problem = problem::bad_request("nothing-changes", "The rule is like that already.");
            tell(app, caller, Assurance::AlertRuleChange, problem).await
        }
        Ok(old) => {
            let new = AlertRule { paused, ..old.clone() };
            write(app, caller, old, new, Vec::new()).await
        }
    }
}

/// Remove a rule; its alerts stay.
pub async fn remove(app: &App, caller: &Caller, name: &ShortName) -> Result<(), Problem> {
    let found = find(app, name).await.and_then(|rule| {
        if rule.built_in { Err(is_built_in("A rule of the program cannot be removed.")) } else { Ok(rule) }
    });
    let rule = match found {
        Ok(rule) => rule,
        Err(problem) => return tell(app, caller, Assurance::AlertRuleRemove, problem).await,
    };
    let question = changed(about(caller, Assurance::AlertRuleRemove, name), Some(&rule), None);
    let grant = app.permit::<permit::ManageAlertRules>(question).await?;
    let result = delete(app, &grant.permit, &rule).await;
    conclude(grant, result, Details::none()).await
}

async fn write(
    app: &App,
    caller: &Caller,
    old: AlertRule,
    new: AlertRule,
    named: Vec<(String, Private)>,
) -> Result<AlertRuleView, Problem> {
    let question = changed(about(caller, Assurance::AlertRuleChange, &old.name), Some(&old), Some(&new));
    let question = Ask { private: named.into_iter().collect(), ..question };
    let grant = app.permit::<permit::ManageAlertRules>(question).await?;
    let result = replace(app, &grant.permit, &new).await;
    conclude(grant, result, Details::none()).await?;
    view(new)
}

async fn add(app: &App, _permit: &Permit<permit::ManageAlertRules>, rule: &AlertRule) -> Result<(), Problem> {
    let mut db = app.db().await?;
    if alert_rule::insert(&mut db, rule).await.map_err(problem::database)? {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Conflict,
        "alert-rule-exists",
        "There is a rule of that name",
        "Names of rules are unique at a site.",
    )
    .next("Choose another name, or change that rule: `sealane audit rule change NAME`."))
}

async fn replace(app: &App, _permit: &Permit<permit::ManageAlertRules>, rule: &AlertRule) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let there = alert_rule::update(&mut db, rule).await.map_err(problem::database)?;
    if there { Ok(()) } else { Err(unknown()) }
}

async fn delete(app: &App, _permit: &Permit<permit::ManageAlertRules>, rule: &AlertRule) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let there = alert_rule::delete(&mut db, rule.id).await.map_err(problem::database)?;
    if there { Ok(()) } else { Err(unknown()) }
}

async fn read(
    app: &App,
    _permit: &Permit<permit::SeeAudit>,
    after: Option<&ShortName>,
    rows: usize,
) -> Result<Page<AlertRuleView>, Problem> {
    let mut db = app.db().await?;
    let found = alert_rule::list(&mut db, after, rows + 1).await.map_err(problem::database)?;
    let page = Page::from_surplus(found, rows, |rule| rule.name.to_string());
    Ok(Page { items: page.items.into_iter().map(view).collect::<Result<_, _>>()?, next: page.next })
}

async fn find(app: &App, name: &ShortName) -> Result<AlertRule, Problem> {
    let mut db = app.db().await?;
    alert_rule::find(&mut db, name).await.map_err(problem::database)?.ok_or_else(unknown)
}

fn about(caller: &Caller, kind: Assurance, name: &ShortName) -> Ask {
    ask(&Actor::from(caller), Action::ManageAlertRules, Resource::site(), kind).detail("rule", name.as_str())
}

/// What stands in the way is told to those who may manage rules; others are told that they may not. Both are recorded.
async fn tell<T>(app: &App, caller: &Caller, kind: impl Into<Kind>, problem: Problem) -> Result<T, Problem> {
    let question = ask(&Actor::from(caller), Action::ManageAlertRules, Resource::site(), kind);
    let grant = app.permit::<permit::ManageAlertRules>(question).await?;
    conclude(grant, Err(problem), Details::none()).await
}

fn is_built_in(detail: &str) -> Problem {
    Problem::new(ProblemKind::Conflict, "alert-rule-built-in", "The rule came with the program", detail)
        .next("Pause it, `sealane audit rule pause NAME`, and save a rule of your own.")
}

fn unknown() -> Problem {
    problem::not_found("alert-rule-unknown", "rule").next("`sealane audit rule list` shows the rules.")
}
