//! `sealane audit alert list|show|acknowledge|close`: the queue of alerts.

use clap::{Subcommand, ValueEnum};
use sealane_model::AlertId;
use sealane_model::alert::{AlertState, Finding};
use sealane_service::view::{AlertShown, AlertView, CloseAlert};
use serde_json::json;

use super::rule::{Grave, Whose, role, severity};
use crate::command::Session;
use crate::output::{print, table};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum AlertCommand {
    /// Alerts, the newest first.
    List {
        /// Of this state.
        #[arg(long, value_enum)]
        state: Option<State>,
        /// Of this severity.
        #[arg(long, value_enum)]
        severity: Option<Grave>,
        /// Whose.
        #[arg(long, value_enum)]
        concerns: Option<Whose>,
    },
    /// One alert with the places of its entries.
    Show {
        /// Its id.
        alert: AlertId,
    },
    /// Say that you look into an alert.
    Acknowledge {
        /// Its id.
        alert: AlertId,
    },
    /// Sign what an alert was. Not yours to sign if it is about you.
    Close {
        /// Its id.
        alert: AlertId,
        /// What it was.
        #[arg(long, value_enum)]
        finding: Found,
        /// How you know: kept, sealed, in the audit log.
        #[arg(long)]
        note: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::command) enum State {
    /// Nobody looks into it yet.
    Open,
    /// Somebody looks into it.
    Acknowledged,
    /// It is signed.
    Closed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::command) enum Found {
    /// It happened, and was in order.
    Explained,
    /// Something happened that must not.
    Incident,
    /// Nothing of the kind happened.
    FalseAlarm,
}

pub(super) async fn run(command: AlertCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        AlertCommand::List { state, severity: grave, concerns } => {
            let mut url = session.client.at(&["audit", "alerts"]);
            {
                let mut pairs = url.query_pairs_mut();
                if let Some(state) = state {
                    pairs.append_pair("state", word(state_of(state)));
                }
                if let Some(grave) = grave {
                    pairs.append_pair("severity", severity(grave).word());
                }
                if let Some(whose) = concerns {
                    pairs.append_pair("concerns", role(whose).as_str());
                }
            }
            let alerts: Vec<AlertView> = session.client.get_all(url).await?;
            print(session.format, &alerts, |alerts| rows(alerts))
        }
        AlertCommand::Show { alert } => {
            let shown: AlertShown = session.client.get(at(session, alert, None)).await?;
            print(session.format, &shown, whole)
        }
        AlertCommand::Acknowledge { alert } => {
            let alert: AlertView = session.client.post(at(session, alert, Some("acknowledge")), &json!({})).await?;
            print(session.format, &alert, |alert| {
                format!("You look into it.\n  next: `sealane audit alert close {} --finding .. --note ..`", alert.id)
            })
        }
        AlertCommand::Close { alert, finding, note } => {
            let finding = match finding {
                Found::Explained => Finding::Explained,
                Found::Incident => Finding::Incident,
                Found::FalseAlarm => Finding::FalseAlarm,
            };
            let url = at(session, alert, Some("close"));
            let alert: AlertView = session.client.post(url, &CloseAlert { finding, note }).await?;
            print(session.format, &alert, |_| "The alert is closed.".to_owned())
        }
    }
}

fn at(session: &Session, alert: AlertId, rest: Option<&str>) -> url::Url {
    let id = alert.to_string();
    let segments: Vec<&str> = ["audit", "alerts", &id].into_iter().chain(rest).collect();
    session.client.at(&segments)
}

const fn state_of(state: State) -> AlertState {
    match state {
        State::Open => AlertState::Open,
        State::Acknowledged => AlertState::Acknowledged,
        State::Closed => AlertState::Closed,
    }
}

const fn word(state: AlertState) -> &'static str {
    match state {
        AlertState::Open => "open",
        AlertState::Acknowledged => "acknowledged",
        AlertState::Closed => "closed",
    }
}

fn rows(alerts: &[AlertView]) -> String {
    let rows: Vec<[String; 6]> = alerts
        .iter()
        .map(|alert| {
            let state = match (alert.state, alert.cleared_at) {
                (AlertState::Closed, _) | (_, None) => word(alert.state).to_owned(),
                (state, Some(_)) => format!("{}, over", word(state)),
            };
            [
                alert.id.to_string(),
                alert.raised_at.to_string(),
                alert.severity.word().to_owned(),
                state,
                alert.entries.to_string(),
                alert.rule.clone(),
            ]
        })
        .collect();
    table(["alert", "raised", "severity", "state", "entries", "rule"], &rows)
}

fn whole(shown: &AlertShown) -> String {
    let alert = &shown.alert;
    let mut lines = vec![rows(std::slice::from_ref(alert)).trim_end().to_owned()];
    lines.push(format!(
        "From {} to {}: {} entries, {} bytes.",
        alert.first_at, alert.last_at, alert.entries, alert.bytes
    ));
    for place in &shown.places {
        let to = if place.last > place.first { format!(" to {}", place.last) } else { String::new() };
        lines.push(format!("  {} entry {}{to}", place.log, place.first));
    }
    if let (Some(by), Some(at)) = (&alert.acknowledged_by, alert.acknowledged_at) {
        lines.push(format!("{by} looks into it since {at}."));
    }
    if let (Some(by), Some(at), Some(finding)) = (&alert.closed_by, alert.closed_at, alert.finding) {
        let finding = serde_json::to_value(finding).ok().and_then(|word| Some(word.as_str()?.to_owned()));
        lines.push(format!("{by} closed it at {at}: {}.", finding.unwrap_or_default()));
    }
    lines.extend(shown.note.as_ref().map(|note| format!("Note: {note}")));
    lines.join("\n")
}
