//! Alerts become entries of the audit log: one when they are raised, one when what the site noticed is over.
//!
//! **Promises.** An alert is in the database first. Its entry is written as soon as the log takes one, once: after a kill
//! the log is asked whether the entry is there already.

use std::collections::HashMap;

use sealane_audit::event::Assurance;
use sealane_audit::{Event, Filter, OpId, Outcome, OutcomeRecord, Phase};
use sealane_database::alert::{self, Alert};
use sealane_model::alert::Severity;
use sealane_model::{AlertId, Problem};
use serde_json::json;

use crate::app::App;
use crate::problem;

/// Alerts of one round.
const ROUND: usize = 1_000;
/// Places that an entry names.
const PLACES: usize = 20;
/// Entries that are read at a time when the log is asked.
const BATCH: usize = 1_000;

/// Entries that were written by this process or found in the log, and are not noted in the database yet.
#[derive(Debug, Default)]
pub(crate) struct Told {
    entries: HashMap<(AlertId, Assurance), u64>,
    asked: bool,
}

/// Write the entries that are due in this node's log; says how many were written.
pub async fn announce(app: &App) -> Result<usize, Problem> {
    let mut told = app.parts().alerting.told.lock().await;
    let mut db = app.db().await?;
    let due = alert::untold(&mut db, app.guard().log().origin(), ROUND).await.map_err(problem::database)?;
    drop(db);
    let Some(floor) = due.iter().map(|alert| alert.floor).min() else { return Ok(0) };
    if !told.asked {
        told.entries = written(app, floor).await?;
        told.asked = true;
    }
    let mut count = 0;
    for alert in due {
        if alert.raised_place.is_none() {
            count += tell(app, &mut told, &alert, Assurance::AlertRaise).await?;
        }
        if alert.cleared_at.is_some() && alert.cleared_place.is_none() {
            count += tell(app, &mut told, &alert, Assurance::AlertClear).await?;
        }
    }
    Ok(count)
}

/// Entries about alerts that an earlier run of this node has written.
async fn written(app: &App, floor: u64) -> Result<HashMap<(AlertId, Assurance), u64>, Problem> {
    let log = app.guard().log().clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut found = HashMap::new();
        for kind in [Assurance::AlertRaise, Assurance::AlertClear] {
            let mut from = floor;
            loop {
                let views = log.entries(from, BATCH, &Filter::kind(kind))?;
                let Some(last) = views.last() else { break };
                from = last.entry.index + 1;
                found.extend(
                    views.iter().map(|view| ((AlertId::from_uuid(view.entry.op.uuid()), kind), view.entry.index)),
                );
            }
        }
        Ok::<_, sealane_audit::ReadError>(found)
    });
    let read = read.await.map_err(|error| problem::internal("act-broken", &error))?;
    read.map_err(|error| problem::internal("audit-unreadable", &error))
}

async fn tell(app: &App, told: &mut Told, alert: &Alert, kind: Assurance) -> Result<usize, Problem> {
    let (place, fresh) = match told.entries.get(&(alert.id, kind)) {
        Some(place) => (*place, 0),
        None => {
            let event = event(app, alert, kind).await?;
            let receipt = app.guard().record(event).await.map_err(|error| problem::unrecorded(&error))?;
            told.entries.insert((alert.id, kind), receipt.index());
            (receipt.index(), 1)
        }
    };
    let mut db = app.db().await?;
    match kind {
        Assurance::AlertClear => alert::told_cleared(&mut db, alert.id, place).await,
        _ => alert::told_raised(&mut db, alert.id, place).await,
    }
    .map_err(problem::database)?;
    told.entries.remove(&(alert.id, kind));
    Ok(fresh)
}

async fn event(app: &App, alert: &Alert, kind: Assurance) -> Result<Event, Problem> {
    // The alert's own id joins what is told of it, and finds it again after a crash.
    let event = app.guard().event(kind, Phase::Info, OpId::new(alert.id.uuid()));
    let event = event.detail("alert", alert.id.to_string()).detail("rule", alert.rule_name.as_str());
    let event = match &alert.alarm {
        Some((alarm, subject)) => event.detail("alarm", alarm.word()).detail("subject", subject.as_str()),
        None => event,
    };
    if kind == Assurance::AlertClear {
        return Ok(event.outcome(OutcomeRecord::new(Outcome::Done, "alert-cleared", "what was noticed is over")));
    }
    let mut db = app.db().await?;
    let places = alert::entries(&mut db, alert.id).await.map_err(problem::database)?;
    drop(db);
    let places: Vec<_> = places
        .iter()
        .take(PLACES)
        .map(|place| json!({ "log": place.log, "first": place.first, "last": place.last, "entries": place.entries }))
        .collect();
    let (id, rule) = (alert.id, alert.rule_name.as_str());
    // A log server sorts by this: what is urgent is an error there.
    let (outcome, code) = match alert.severity {
        Severity::Urgent => {
            tracing::error!(alert.id = %id, alert.rule = rule, "urgent alert; `sealane audit alert list` shows it to officers");
            (Outcome::Failed, "alert-urgent")
        }
        Severity::Warning => {
            tracing::warn!(alert.id = %id, alert.rule = rule, "alert; `sealane audit alert list` shows it to officers");
            (Outcome::Done, "alert-warning")
        }
        Severity::Note => (Outcome::Done, "alert-note"),
    };
    Ok(event
        .outcome(OutcomeRecord::new(outcome, code, "a rule that watches the log found what it watches for"))
        .detail("severity", alert.severity.word())
        .detail("concerns", alert.concerns.as_str())
        .detail("entries", alert.entries)
        .detail("bytes", alert.amount.min(1 << 53))
        .detail("places", places))
}
