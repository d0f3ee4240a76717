//! What a rule asks for, from how it is written to how it is kept and shown.

use std::time::Duration;

use sealane_audit::Private;
use sealane_audit::event::Assurance;
use sealane_database::alert_rule::AlertRule;
use sealane_model::alert::Threshold;
use sealane_model::id::fresh_uuid;
use sealane_model::{AlertRuleId, Problem};
use sealane_policy::Role;
use sealane_transfer::guard::Ask;
use serde_json::Value;

use crate::app::App;
use crate::audit::{AuditQuestion, Understood};
use crate::problem;
use crate::view::{AlertRuleView, NewAlertRule, ThresholdView};

/// No rule looks back longer.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 3600);

/// The most entries that a rule counts before it raises an alert.
const MOST_ENTRIES: u64 = 10_000;

pub(super) async fn make(app: &App, wanted: NewAlertRule) -> Result<(AlertRule, Vec<(String, Private)>), Problem> {
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
pub(super) async fn understand(app: &App, question: &AuditQuestion) -> Result<Understood, Problem> {
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
pub(super) fn kept(question: &AuditQuestion, understood: &Understood) -> AuditQuestion {
    let mut kept = question.without_names();
    kept.collection.clone_from(&understood.wanted.collection);
    kept.peer.clone_from(&understood.wanted.peer);
    kept.via_site.clone_from(&understood.wanted.via_site);
    kept
}

pub(super) fn checked(threshold: ThresholdView) -> Result<Threshold, Problem> {
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
pub(super) fn concerning(role: Role) -> Result<Role, Problem> {
    match role {
        Role::ComplianceOfficer | Role::SecurityOfficer | Role::Administrator => Ok(role),
        Role::Auditor | Role::Researcher => Err(problem::bad_request(
            "rule-concerns",
            "An alert concerns compliance-officer, security-officer or administrator.",
        )),
    }
}

/// What a rule asks for, in words that name nobody.
fn asked(rule: &AlertRule) -> Value {
    serde_json::from_str(&rule.question).map_or(Value::Null, |question: AuditQuestion| question.in_words().into())
}

/// What a rule was and is to be.
pub(super) fn changed(of: Ask, old: Option<&AlertRule>, new: Option<&AlertRule>) -> Ask {
    let both = |of: Ask, name: &str, value: fn(&AlertRule) -> Value| of.changed(name, old.map(value), new.map(value));
    let of = both(of, "at-least", |rule| rule.threshold.at_least.into());
    let of = both(of, "by", |rule| serde_json::to_value(rule.threshold.by).unwrap_or_default());
    let of = both(of, "concerns", |rule| rule.concerns.as_str().into());
    let of = both(of, "measure", |rule| serde_json::to_value(rule.threshold.measure).unwrap_or_default());
    let of = both(of, "paused", |rule| rule.paused.into());
    let of = both(of, "question", asked);
    let of = both(of, "severity", |rule| rule.severity.word().into());
    both(of, "within-s", |rule| rule.threshold.within.as_secs().into())
}

pub(super) fn view(rule: AlertRule) -> Result<AlertRuleView, Problem> {
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

pub(super) fn json(question: &AuditQuestion) -> Result<String, Problem> {
    serde_json::to_string(question).map_err(|error| problem::internal("rule-form", &error))
}
