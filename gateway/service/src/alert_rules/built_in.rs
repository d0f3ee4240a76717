//! The rules that come with the program, switched on. docs/operate/reviews.md says what each is for.

use std::time::Duration;

use sealane_database::alert_rule::{self, AlertRule};
use sealane_model::alert::{Grouping, Measure, Severity, Threshold};
use sealane_model::id::fresh_uuid;
use sealane_model::{AlertRuleId, Problem};
use sealane_policy::Role;

use super::form::{json, understand};
use crate::app::App;
use crate::audit::AuditQuestion;
use crate::problem;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const GIBIBYTE: u64 = 1 << 30;

const EACH: Threshold =
    Threshold { measure: Measure::Entries, at_least: 1, within: Duration::ZERO, by: Grouping::Anybody };

/// Name, kinds, phases, outcomes, classes, threshold, severity.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, Threshold, Severity);

const fn many(at_least: u64, within: Duration, by: Grouping) -> Threshold {
    Threshold { measure: Measure::Entries, at_least, within, by }
}

const RULES: &[Row] = &[
    (
        "refused-decisions",
        "",
        "",
        "denied",
        "",
        many(10, MINUTE.saturating_mul(10), Grouping::Person),
        Severity::Warning,
    ),
    (
        "failed-sign-ins",
        "session.sign-in,session.step-up",
        "",
        "failed,denied",
        "",
        many(5, MINUTE.saturating_mul(15), Grouping::Client),
        Severity::Warning,
    ),
    (
        "restricted-data-out",
        "content.read,file.release",
        "outcome,info",
        "",
        "phi,phi-limited,cui-basic,cui-specified",
        Threshold { measure: Measure::Bytes, at_least: 50 * GIBIBYTE, within: HOUR, by: Grouping::Person },
        Severity::Urgent,
    ),
    ("role-granted", "role.grant", "outcome", "done", "", EACH, Severity::Warning),
    ("erasure-asked", "audit.erase-request", "outcome", "done", "", EACH, Severity::Note),
    ("hold-released", "audit.hold-release", "outcome", "done", "", EACH, Severity::Note),
    ("audit-exported", "audit.export", "outcome", "", "", EACH, Severity::Note),
    ("rules-changed", "alert-rule.change,alert-rule.remove", "outcome", "done", "", EACH, Severity::Warning),
    ("log-forked", "witness.fork", "", "", "", EACH, Severity::Urgent),
    ("log-recovered", "log.recover,log.resume", "", "", "", EACH, Severity::Warning),
    ("receipt-differs", "transfer.receipt", "", "failed,denied", "", EACH, Severity::Urgent),
];

/// Puts into use the rules that the site does not have yet. What officers have tuned or paused stays as it is.
pub async fn install(app: &App) -> Result<(), Problem> {
    for (name, kind, phase, outcome, class, threshold, severity) in RULES {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let question = AuditQuestion {
            kind: given(kind),
            phase: given(phase),
            outcome: given(outcome),
            class: given(class),
            ..AuditQuestion::default()
        };
        let rule = AlertRule {
            id: AlertRuleId::from_uuid(fresh_uuid(app.clock(), app.random())),
            name: name.parse().map_err(|error| problem::internal("built-in-rule", &error))?,
            question: json(&question)?,
            wanted: understand(app, &question).await?.wanted,
            threshold: *threshold,
            severity: *severity,
            concerns: Role::ComplianceOfficer,
            built_in: true,
            paused: false,
        };
        let mut db = app.db().await?;
        alert_rule::insert(&mut db, &rule).await.map_err(problem::database)?;
    }
    Ok(())
}
