//! Rules that watch the audit log: saved, changed, paused and removed by officers, each with an entry (NIST SP 800-53 AU-6(1)).
//!
//! **Promises.** What a rule asks for that names somebody is kept as the index keeps it, as a keyed token, and stands in the
//! entry of its saving as a personal value. Rules that came with the program can be paused and tuned, not removed.

mod built_in;
mod trial;

use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::{Kind, Private};
use sealane_database::alert_rule::{self, AlertRule};
use sealane_model::alert::Threshold;
use sealane_model::id::fresh_uuid;
use sealane_model::page::Page;
use sealane_model::problem::ProblemKind;
use sealane_model::{AlertRuleId, CollectionName, Permit, Problem, permit};
use sealane_policy::{Action, Resource, Role};
use sealane_transfer::guard::{Ask, Details};
use serde_json::Value;

pub use self::built_in::install;
pub use self::trial::try_out;
use crate::act::{ask, conclude};
use crate::app::App;
use crate::audit::{AuditQuestion, Understood};
use crate::caller::{Actor, Caller};
use crate::page::PageQuery;
use crate::problem;
use crate::view::{AlertRuleView, ChangeAlertRule, NewAlertRule, ThresholdView};

/// No rule looks back longer.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 3600);

/// The most entries that a rule counts before it raises an alert.
const MOST_ENTRIES: u64 = 10_000;

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
    let after: Option<CollectionName> = match &query.after {
        Some(text) => Some(text.parse().map_err(|_| problem::bad_request("cursor", "It is no name of a rule."))?),
        None => None,
    };
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertRuleList);
    let grant = app.permit::<permit::SeeAudit>(question).await?;
    let result = read(app, &grant.permit, after.as_ref(), query.rows()).await;
    conclude(grant, result, Details::none()).await
}

/// One rule.
pub async fn show(app: &App, caller: &Caller, name: &CollectionName) -> Result<AlertRuleView, Problem> {
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertRuleList);
    let grant = app.permit::<permit::SeeAudit>(question.detail("rule", name.as_str())).await?;
    let found = find(app, name).await.and_then(view);
    conclude(grant, found, Details::none()).await
}

/// Change a rule: what is absent stays.
pub async fn change(
    app: &App,
    caller: &Caller,
    name: &CollectionName,
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
pub async fn set_paused(
    app: &App,
    caller: &Caller,
    name: &CollectionName,
    paused: bool,
) -> Result<AlertRuleView, Problem> {
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
pub async fn remove(app: &App, caller: &Caller, name: &CollectionName) -> Result<(), Problem> {
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
    after: Option<&CollectionName>,
    rows: usize,
) -> Result<Page<AlertRuleView>, Problem> {
    let mut db = app.db().await?;
    let found = alert_rule::list(&mut db, after, rows + 1).await.map_err(problem::database)?;
    let page = Page::from_surplus(found, rows, |rule| rule.name.to_string());
    Ok(Page { items: page.items.into_iter().map(view).collect::<Result<_, _>>()?, next: page.next })
}

async fn find(app: &App, name: &CollectionName) -> Result<AlertRule, Problem> {
    let mut db = app.db().await?;
    alert_rule::find(&mut db, name).await.map_err(problem::database)?.ok_or_else(unknown)
}

async fn make(app: &App, wanted: NewAlertRule) -> Result<(AlertRule, Vec<(String, Private)>), Problem> {
    let understood = understand(app, &wanted.question).await?;
    let rule = AlertRule {
        id: AlertRuleId::from_uuid(fresh_uuid(app.clock(), app.random())),
        name: wanted.name,
        question: json(&kept(&wanted.question, &understood))?,
        threshold: checked(wanted.threshold)?,
        severity: wanted.severity,
        concerns: concerning(wanted.concerns)?,
        built_in: false,
        paused: false,
        wanted: understood.wanted,
    };
    Ok((rule, understood.named.into_iter().collect()))
}

/// A rule watches what comes: a time or a number of entries means nothing to it.
async fn understand(app: &App, question: &AuditQuestion) -> Result<Understood, Problem> {
    let of_searches =
        question.from.is_some() || question.to.is_some() || question.limit.is_some() || question.newest_first.is_some();
    if of_searches {
        return Err(problem::bad_request(
            "rule-question",
            "A rule watches what comes: it has no --from, --to, --limit and --newest-first.",
        ));
    }
    let mut understood = question.understand(app).await?;
    understood.wanted.until = None;
    let of_alerts = [Assurance::AlertRaise.name(), Assurance::AlertClear.name()];
    if understood.wanted.kinds.iter().any(|kind| of_alerts.contains(&kind.as_str())) && question.kind.is_some() {
        understood.wanted.kinds.retain(|kind| !of_alerts.contains(&kind.as_str()));
        if understood.wanted.kinds.is_empty() {
            return Err(problem::bad_request("rule-of-alerts", "Alerts about alerts would never end."));
        }
    }
    Ok(understood)
}

/// What is shown of the question: collection and peer by the ids that they keep, and nobody's name.
fn kept(question: &AuditQuestion, understood: &Understood) -> AuditQuestion {
    let mut kept = question.without_names();
    kept.collection.clone_from(&understood.wanted.collection);
    kept.peer.clone_from(&understood.wanted.peer);
    kept.via_site.clone_from(&understood.wanted.via_site);
    kept
}

fn checked(threshold: ThresholdView) -> Result<Threshold, Problem> {
    use sealane_model::alert::Measure::Entries;
    let made = Threshold {
        measure: threshold.measure,
        at_least: threshold.at_least,
        within: Duration::from_secs(threshold.within_s),
        by: threshold.by,
    };
    let wrong = match (made.measure, made.at_least) {
        (_, 0) => "Nothing cannot be too much: count from 1 on.",
        (Entries, more) if more > MOST_ENTRIES => "A rule counts up to 10,000 entries.",
        _ if i64::try_from(made.at_least).is_err() => "That is more than a log holds.",
        _ if !made.is_every() && made.within.is_zero() => "Say within which time: --within 10m.",
        _ if made.within > LONGEST_WINDOW => "A rule looks back 31 days at most.",
        _ => return Ok(made),
    };
    Err(problem::bad_request("rule-threshold", wrong))
}

/// Alerts are for those who can see or mend something.
fn concerning(role: Role) -> Result<Role, Problem> {
    match role {
        Role::ComplianceOfficer | Role::SecurityOfficer | Role::Administrator => Ok(role),
        Role::Auditor | Role::Researcher => Err(problem::bad_request(
            "rule-concerns",
            "An alert concerns compliance-officer, security-officer or administrator.",
        )),
    }
}

fn about(caller: &Caller, kind: Assurance, name: &CollectionName) -> Ask {
    ask(&Actor::from(caller), Action::ManageAlertRules, Resource::site(), kind).detail("rule", name.as_str())
}

/// What a rule was and is to be.
fn changed(of: Ask, old: Option<&AlertRule>, new: Option<&AlertRule>) -> Ask {
    let both = |of: Ask, name: &str, value: fn(&AlertRule) -> Value| of.changed(name, old.map(value), new.map(value));
    let of = both(of, "at-least", |rule| rule.threshold.at_least.into());
    let of = both(of, "by", |rule| serde_json::to_value(rule.threshold.by).unwrap_or_default());
    let of = both(of, "concerns", |rule| rule.concerns.as_str().into());
    let of = both(of, "measure", |rule| serde_json::to_value(rule.threshold.measure).unwrap_or_default());
    let of = both(of, "paused", |rule| rule.paused.into());
    let of = both(of, "question", |rule| rule.question.as_str().into());
    let of = both(of, "severity", |rule| rule.severity.word().into());
    both(of, "within-s", |rule| rule.threshold.within.as_secs().into())
}

/// What stands in the way is told to those who may manage rules; others are told that they may not. Both are recorded.
async fn tell<T>(app: &App, caller: &Caller, kind: impl Into<Kind>, problem: Problem) -> Result<T, Problem> {
    let question = ask(&Actor::from(caller), Action::ManageAlertRules, Resource::site(), kind);
    let grant = app.permit::<permit::ManageAlertRules>(question).await?;
    conclude(grant, Err(problem), Details::none()).await
}

fn view(rule: AlertRule) -> Result<AlertRuleView, Problem> {
    let question = serde_json::from_str(&rule.question).map_err(|error| problem::internal("rule-form", &error))?;
    Ok(AlertRuleView {
        name: rule.name,
        question,
        threshold: ThresholdView {
            measure: rule.threshold.measure,
            at_least: rule.threshold.at_least,
            within_s: rule.threshold.within.as_secs(),
            by: rule.threshold.by,
        },
        severity: rule.severity,
        concerns: rule.concerns,
        built_in: rule.built_in,
        paused: rule.paused,
    })
}

fn json(question: &AuditQuestion) -> Result<String, Problem> {
    serde_json::to_string(question).map_err(|error| problem::internal("rule-form", &error))
}

fn is_built_in(detail: &str) -> Problem {
    Problem::new(ProblemKind::Conflict, "alert-rule-built-in", "The rule came with the program", detail)
        .next("Pause it, `sealane audit rule pause NAME`, and save a rule of your own.")
}

fn unknown() -> Problem {
    problem::not_found("alert-rule-unknown", "rule").next("`sealane audit rule list` shows the rules.")
}
