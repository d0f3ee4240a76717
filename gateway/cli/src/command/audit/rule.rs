//! `sealane audit rule save|list|show|change|pause|resume|remove|try`: rules that watch the audit log.

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use sealane_model::ShortName;
use sealane_model::alert::{Grouping, Measure, Severity};
use sealane_policy::Role;
use sealane_service::audit::AuditQuestion;
use sealane_service::view::{AlertRuleView, ChangeAlertRule, NewAlertRule, ThresholdView, TrialView, TryAlertRule};
use serde_json::json;

use super::question::QuestionArguments;
use crate::command::Session;
use crate::output::{print, table};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum RuleCommand {
    /// Save a rule: which entries, how many of them, how grave that is.
    Save {
        /// Its short name. Names nobody: it is kept in clear.
        name: ShortName,
        #[command(flatten)]
        rule: Box<RuleArguments>,
    },
    /// Rules by name, those that came with the program too.
    List,
    /// One rule.
    Show {
        /// Its name.
        name: ShortName,
    },
    /// Change a rule. Options for entries replace the question as a whole; what is not given stays.
    Change {
        /// Its name.
        name: ShortName,
        #[command(flatten)]
        rule: Box<RuleArguments>,
    },
    /// Put a rule out of use for now.
    Pause {
        /// Its name.
        name: ShortName,
    },
    /// Put a rule into use again.
    Resume {
        /// Its name.
        name: ShortName,
    },
    /// Remove a rule; its alerts stay.
    Remove {
        /// Its name.
        name: ShortName,
    },
    /// Say what a rule would have found in the past days, without saving it.
    Try {
        /// Over so many past days.
        #[arg(long, default_value_t = 30)]
        days: u32,
        #[command(flatten)]
        rule: Box<RuleArguments>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// By the same person.
    Person,
    /// From the same network address.
    Client,
    /// In the same collection.
    Collection,
    /// By anybody, anywhere.
    Anybody,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::command) enum Grave {
    /// Worth knowing.
    Note,
    /// Somebody should look.
    Warning,
    /// Somebody should look now: readiness shows it too.
    Urgent,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::command) enum Whose {
    /// Compliance officers.
    ComplianceOfficer,
    /// Security officers.
    SecurityOfficer,
    /// Administrators.
    Administrator,
}

/// Which entries, and how many.
#[derive(Debug, Args)]
pub(in crate::command) struct RuleArguments {
    #[command(flatten)]
    question: QuestionArguments,
    /// So many entries raise an alert; 1: each does.
    #[arg(long, conflicts_with = "bytes")]
    count: Option<u64>,
    /// Entries about so many bytes raise an alert.
    #[arg(long, requires = "within")]
    bytes: Option<u64>,
    /// Within this time: 90s, 10m, 12h, 7d; 31 days at most.
    #[arg(long, value_parser = seconds)]
    within: Option<u64>,
    /// What the entries have in common.
    #[arg(long, value_enum)]
    by: Option<By>,
    /// How grave it is; a warning where absent.
    #[arg(long, value_enum)]
    severity: Option<Grave>,
    /// Whose the alerts are; compliance officers' where absent.
    #[arg(long, value_enum)]
    concerns: Option<Whose>,
}

impl RuleArguments {
    fn threshold(&self) -> ThresholdView {
        ThresholdView {
            measure: if self.bytes.is_some() { Measure::Bytes } else { Measure::Entries },
            at_least: self.bytes.or(self.count).unwrap_or(1),
            within_s: self.within.unwrap_or(0),
            by: grouping(self.by.unwrap_or(By::Anybody)),
        }
    }

    fn change(self) -> ChangeAlertRule {
        let threshold = self.count.is_some() || self.bytes.is_some() || self.within.is_some() || self.by.is_some();
        let threshold = threshold.then(|| self.threshold());
        let (severity, concerns) = (self.severity.map(severity), self.concerns.map(role));
        let question: AuditQuestion = self.question.into();
        let asked = question != AuditQuestion::default();
        ChangeAlertRule { question: asked.then_some(question), threshold, severity, concerns }
    }
}

fn grouping(by: By) -> Grouping {
    match by {
        By::Person => Grouping::Person,
        By::Client => Grouping::Client,
        By::Collection => Grouping::Collection,
        By::Anybody => Grouping::Anybody,
    }
}

pub(super) fn severity(grave: Grave) -> Severity {
    match grave {
        Grave::Note => Severity::Note,
        Grave::Warning => Severity::Warning,
        Grave::Urgent => Severity::Urgent,
    }
}

pub(super) fn role(whose: Whose) -> Role {
    match whose {
        Whose::ComplianceOfficer => Role::ComplianceOfficer,
        Whose::SecurityOfficer => Role::SecurityOfficer,
        Whose::Administrator => Role::Administrator,
    }
}

/// `90s`, `10m`, `12h`, `7d`.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("'{text}' is no time; write for example 90s, 10m, 12h or 7d");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text.get(..text.len() - 1).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    count.checked_mul(unit).ok_or_else(wrong)
}

pub(super) async fn run(command: RuleCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        RuleCommand::Save { name, rule } => save(session, name, *rule).await,
        RuleCommand::List => list(session).await,
        RuleCommand::Show { name } => {
            let rule: AlertRuleView = session.client.get(at(session, &[name.as_str()])).await?;
            print(session.format, &rule, shown)
        }
        RuleCommand::Change { name, rule } => {
            let rule: AlertRuleView =
                session.client.post(at(session, &[name.as_str(), "change"]), &rule.change()).await?;
            print(session.format, &rule, shown)
        }
        RuleCommand::Pause { name } => set(session, &name, "pause").await,
        RuleCommand::Resume { name } => set(session, &name, "resume").await,
        RuleCommand::Remove { name } => {
            let url = at(session, &[name.as_str()]);
            session.client.send(session.client.request(Method::DELETE, url)).await?;
            print(session.format, &json!({ "removed": name }), |_| "The rule is removed; its alerts stay.".to_owned())
        }
        RuleCommand::Try { days, rule } => try_out(session, days, *rule).await,
    }
}

fn at(session: &Session, rest: &[&str]) -> url::Url {
    session.client.at(&[&["audit", "alert-rules"], rest].concat())
}

async fn save(session: &Session, name: ShortName, rule: RuleArguments) -> anyhow::Result<()> {
    let wanted = NewAlertRule {
        name,
        threshold: rule.threshold(),
        severity: rule.severity.map_or(Severity::Warning, severity),
        concerns: rule.concerns.map_or(Role::ComplianceOfficer, role),
        question: rule.question.into(),
    };
    let saved: AlertRuleView = session.client.post(at(session, &[]), &wanted).await?;
    print(session.format, &saved, |saved| format!("The rule watches from now on.\n{}", shown(saved)))
}

async fn set(session: &Session, name: &ShortName, what: &str) -> anyhow::Result<()> {
    let rule: AlertRuleView = session.client.post(at(session, &[name.as_str(), what]), &json!({})).await?;
    print(session.format, &rule, shown)
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let rules: Vec<AlertRuleView> = session.client.get_all(at(session, &[])).await?;
    print(session.format, &rules, |rules| {
        let rows: Vec<[String; 5]> = rules
            .iter()
            .map(|rule| {
                let state = match (rule.paused, rule.built_in) {
                    (true, _) => "paused",
                    (false, true) => "on, built in",
                    (false, false) => "on",
                };
                let severity = rule.severity.word().to_owned();
                [rule.name.to_string(), state.to_owned(), severity, enough(&rule.threshold), rule.question.in_words()]
            })
            .collect();
        table(["rule", "state", "severity", "alert", "entries"], &rows)
    })
}

async fn try_out(session: &Session, days: u32, rule: RuleArguments) -> anyhow::Result<()> {
    let wanted = TryAlertRule { threshold: rule.threshold(), question: rule.question.into(), days };
    let found: TrialView = session.client.post(session.client.at(&["audit", "alert-rule-trial"]), &wanted).await?;
    print(session.format, &found, |found| {
        let rows: Vec<[String; 4]> = found
            .first
            .iter()
            .map(|alert| {
                [
                    alert.first_at.to_string(),
                    alert.last_at.to_string(),
                    alert.entries.to_string(),
                    alert.bytes.to_string(),
                ]
            })
            .collect();
        let missing = match found.not_indexed {
            0 => String::new(),
            more => format!("{more} entries could not be found yet.\n"),
        };
        let told =
            format!("{} entries match; they would have raised {} alerts.\n{missing}", found.entries, found.alerts);
        if rows.is_empty() { told } else { format!("{told}{}", table(["first", "last", "entries", "bytes"], &rows)) }
    })
}

fn enough(threshold: &ThresholdView) -> String {
    let by = match threshold.by {
        Grouping::Person => " by one person",
        Grouping::Client => " from one address",
        Grouping::Collection => " in one collection",
        Grouping::Anybody => "",
    };
    match (threshold.measure, threshold.at_least) {
        (Measure::Entries, 1) => "each".to_owned(),
        (Measure::Entries, count) => format!("{count}{by} within {} s", threshold.within_s),
        (Measure::Bytes, bytes) => format!("{bytes} bytes{by} within {} s", threshold.within_s),
    }
}

fn shown(rule: &AlertRuleView) -> String {
    let state = if rule.paused { "paused" } else { "on" };
    format!(
        "{}: {state}, {}, for {}\n  entries: {}\n  alert:   {}",
        rule.name,
        rule.severity.word(),
        rule.concerns,
        rule.question.in_words(),
        enough(&rule.threshold)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(["90s", "10m", "12h", "7d"].map(|text| seconds(text).unwrap()), [90, 600, 43_200, 604_800]);
        for text in ["", "m", "10", "-1m", "1y", "é", "99999999999999999999d"] {
            assert!(seconds(text).unwrap_err().contains("is no time"), "{text}");
        }
    }
}
