//! Alerts: what rules and the site itself noticed in the audit log, and what officers make of it (NIST SP 800-53 AU-6, AU-5).
//!
//! An alert is open, then somebody acknowledges it, then somebody closes it with a finding and a note. Each step is an
//! entry. Nobody takes or closes an alert that is about themselves. Those who may read the log may see alerts; auditors see
//! all and change nothing.

mod alarms;
mod announce;
mod follow;
pub(crate) mod people;
pub(crate) mod watch;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use sealane_audit::event::Assurance;
use sealane_audit::{Kind, OpId, Private};
use sealane_database::alert::{self, Alert, AlertEntry, AlertFilter};
use sealane_database::audit_index::{self, Token, Wanted};
use sealane_model::alert::{Alarm, AlertState, Severity};
use sealane_model::page::Page;
use sealane_model::problem::ProblemKind;
use sealane_model::{AlertId, Permit, Problem, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::{Ask, Details};

pub use self::alarms::{look, run};
use self::announce::Told;
pub use self::announce::announce;
pub use self::follow::{Feed, follow};
use crate::act::{ask, conclude};
use crate::app::App;
use crate::audit::{entries_here, lag};
use crate::caller::{Actor, Caller};
use crate::erasures::words;
use crate::page::PageQuery;
use crate::problem;
use crate::view::{AlertCounts, AlertQuery, AlertShown, AlertStretch, AlertView, CloseAlert};

/// What a node knows of alerts beside the database.
#[derive(Debug, Default)]
pub(crate) struct Alerting {
    told: tokio::sync::Mutex<Told>,
    noticed: Mutex<BTreeSet<Alarm>>,
    waiting: Mutex<alarms::Waiting>,
    syslog_away: AtomicBool,
}

impl Alerting {
    /// What this node notices now.
    pub(crate) fn noticed(&self) -> BTreeSet<Alarm> {
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The log server took no entries, or takes them again.
    pub(crate) fn set_syslog_away(&self, away: bool) {
        self.syslog_away.store(away, Ordering::Relaxed);
    }

    fn is_syslog_away(&self) -> bool {
        self.syslog_away.load(Ordering::Relaxed)
    }

    fn notice(&self, now: &BTreeSet<Alarm>) {
        let before = std::mem::replace(&mut *self.noticed.lock().unwrap_or_else(PoisonError::into_inner), now.clone());
        alarms::tell(&before, now);
    }

    fn waiting_since(&self, size: u64, indexed: u64, now: Timestamp) -> Option<Timestamp> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).since(size, indexed, now)
    }
}

/// A token as text, for columns that hold other keys too.
pub(crate) fn hex(token: &Token) -> String {
    data_encoding::HEXLOWER.encode(token)
}

/// Alerts, the newest first.
pub async fn list(app: &App, caller: &Caller, query: &AlertQuery) -> Result<Page<AlertView>, Problem> {
    let after = match &query.after {
        Some(text) => Some(text.parse::<AlertId>().map_err(|error| problem::bad_request("cursor", error.to_string()))?),
        None => None,
    };
    let filter = AlertFilter { state: query.state, severity: query.severity, concerns: query.concerns };
    let rows = PageQuery { after: None, limit: query.limit }.rows();
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertList);
    let grant = app.permit::<permit::SeeAudit>(question).await?;
    let result = read(app, &grant.permit, &filter, after, rows).await;
    conclude(grant, result, Details::none()).await
}

/// One alert with its entries, and what was written when it was closed.
pub async fn show(app: &App, caller: &Caller, id: AlertId) -> Result<AlertShown, Problem> {
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertList);
    let grant = app.permit::<permit::SeeAudit>(question.detail("alert", id.to_string())).await?;
    let result = read_one(app, &grant.permit, id).await;
    conclude(grant, result, Details::none()).await
}

/// Look into an alert.
pub async fn acknowledge(app: &App, caller: &Caller, id: AlertId) -> Result<AlertView, Problem> {
    let question = about(caller, id, Assurance::AlertAcknowledge);
    let grant = app.permit::<permit::HandleAlerts>(question).await?;
    let (app, caller) = (app.clone(), caller.clone());
    app.clone()
        .to_its_end(async move {
            let result = take(&app, &grant.permit, &caller, id).await;
            let details = counted(&result);
            conclude(grant, result, details).await.map(view)
        })
        .await
}

/// Sign what an alert was. Refused to whoever it is about.
pub async fn close(app: &App, caller: &Caller, id: AlertId, signed: CloseAlert) -> Result<AlertView, Problem> {
    let note = words(signed.note, "note")?;
    let finding = serde_json::to_value(signed.finding).unwrap_or_default();
    let question = about(caller, id, Assurance::AlertSignOff).detail("finding", finding);
    let question = question.private("note", Private::new(note));
    let grant = app.permit::<permit::HandleAlerts>(question).await?;
    let (app, caller) = (app.clone(), caller.clone());
    app.clone()
        .to_its_end(async move {
            let op = grant.op().to_string();
            let result = sign(&app, &grant.permit, &caller, id, signed.finding, &op).await;
            let details = counted(&result);
            conclude(grant, result, details).await.map(view)
        })
        .await
}

fn about(caller: &Caller, id: AlertId, kind: impl Into<Kind>) -> Ask {
    ask(&Actor::from(caller), Action::HandleAlerts, Resource::site(), kind).detail("alert", id.to_string())
}

/// How much had come together by then.
fn counted(result: &Result<Alert, Problem>) -> Details {
    match result {
        Ok(alert) => Details::none().detail("rule", alert.rule_name.as_str()).detail("entries", alert.entries),
        Err(_) => Details::none(),
    }
}

async fn take(
    app: &App,
    _permit: &Permit<permit::HandleAlerts>,
    caller: &Caller,
    id: AlertId,
) -> Result<Alert, Problem> {
    by_another(app, caller, id).await?;
    let mut db = app.db().await?;
    let taken = alert::acknowledge(&mut db, id, &caller.person.id, app.now()).await.map_err(problem::database)?;
    let alert = alert::find(&mut db, id).await.map_err(problem::database)?.ok_or_else(unknown)?;
    if taken { Ok(alert) } else { Err(in_state(alert.state)) }
}

async fn sign(
    app: &App,
    _permit: &Permit<permit::HandleAlerts>,
    caller: &Caller,
    id: AlertId,
    finding: sealane_model::alert::Finding,
    op: &str,
) -> Result<Alert, Problem> {
    let alert = by_another(app, caller, id).await?;
    if alert.alarm.is_some() && alert.cleared_at.is_none() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "alarm-stands",
            "What the site noticed is not over",
            "An alert about it is closed when it is over.",
        )
        .next("`sealane audit status` says what stands; remove its cause first."));
    }
    let mut db = app.db().await?;
    let by = &caller.person.id;
    let closed = alert::close(&mut db, id, by, finding, op, app.now()).await.map_err(problem::database)?;
    let alert = alert::find(&mut db, id).await.map_err(problem::database)?.ok_or_else(unknown)?;
    if closed { Ok(alert) } else { Err(in_state(alert.state)) }
}

/// The alert, unless it is about whoever asks (separation of duties, AC-5).
async fn by_another(app: &App, caller: &Caller, id: AlertId) -> Result<Alert, Problem> {
    let tokens = people::of_caller(app, caller).await?;
    let mut db = app.db().await?;
    let alert = alert::find(&mut db, id).await.map_err(problem::database)?.ok_or_else(unknown)?;
    if alert::is_about(&mut db, id, &tokens).await.map_err(problem::database)? {
        return Err(Problem::new(
            ProblemKind::Denied,
            "own-alert",
            "Somebody else has to look at it",
            "Nobody judges an alert that is about themselves.",
        )
        .next("Ask another officer to acknowledge and close it."));
    }
    Ok(alert)
}

async fn read(
    app: &App,
    _permit: &Permit<permit::SeeAudit>,
    filter: &AlertFilter,
    after: Option<AlertId>,
    rows: usize,
) -> Result<Page<AlertView>, Problem> {
    let mut db = app.db().await?;
    let found = alert::list(&mut db, filter, after, rows + 1).await.map_err(problem::database)?;
    let page = Page::from_surplus(found, rows, |alert| alert.id.to_string());
    Ok(Page { items: page.items.into_iter().map(view).collect(), next: page.next })
}

async fn read_one(app: &App, _permit: &Permit<permit::SeeAudit>, id: AlertId) -> Result<AlertShown, Problem> {
    let mut db = app.db().await?;
    let alert = alert::find(&mut db, id).await.map_err(problem::database)?.ok_or_else(unknown)?;
    let places = alert::entries(&mut db, id).await.map_err(problem::database)?;
    drop(db);
    let note = match &alert.closed_op {
        Some(op) => note_of(app, op).await?,
        None => None,
    };
    let place = |AlertEntry { log, first, last, entries }| AlertStretch { log, first, last, entries };
    Ok(AlertShown { alert: view(alert), places: places.into_iter().map(place).collect(), note })
}

/// What somebody wrote when they signed: it stands in the audit log alone, where it can be erased.
async fn note_of(app: &App, op: &str) -> Result<Option<String>, Problem> {
    let Ok(op) = op.parse::<OpId>() else { return Ok(None) };
    lag::wait(app).await?;
    let origin = app.guard().log().origin().to_owned();
    let wanted = Wanted { op: Some(op.uuid().into_bytes()), origin: Some(origin), ..Wanted::default() };
    let mut db = app.db().await?;
    let Some(mut search) = audit_index::prepare(&mut db, &wanted).await.map_err(problem::database)? else {
        return Ok(None);
    };
    let page = audit_index::page(&mut db, &mut search, None, 2).await.map_err(problem::database)?;
    drop(db);
    let found = entries_here(app, page.entries.iter().map(|entry| entry.place).collect()).await?;
    let note = |view: &sealane_audit::EntryView| Some(view.revealed.get("private.note")?.expose().to_owned());
    Ok(found.values().find_map(note))
}

/// How many alerts are not closed. One about something that is over needs a look all the same.
pub(crate) async fn counts(app: &App) -> Result<AlertCounts, Problem> {
    let mut db = app.db().await?;
    let mut counts = AlertCounts::default();
    for (state, severity, _, count) in alert::counts(&mut db).await.map_err(problem::database)? {
        let field = match (state, severity) {
            (AlertState::Open, Severity::Note) => &mut counts.note,
            (AlertState::Open, Severity::Warning) => &mut counts.warning,
            (AlertState::Open, Severity::Urgent) => &mut counts.urgent,
            _ => &mut counts.acknowledged,
        };
        *field = field.saturating_add(count);
    }
    Ok(counts)
}

fn view(alert: Alert) -> AlertView {
    let (acknowledged_by, acknowledged_at) =
        alert.acknowledged.map_or((None, None), |(by, at)| (Some(by.subject), Some(at)));
    let (closed_by, closed_at) = alert.closed.map_or((None, None), |(by, at)| (Some(by.subject), Some(at)));
    let (alarm, subject) = alert.alarm.map_or((None, None), |(alarm, subject)| (Some(alarm), Some(subject)));
    AlertView {
        id: alert.id,
        rule: alert.rule_name,
        severity: alert.severity,
        concerns: alert.concerns,
        state: alert.state,
        alarm,
        subject,
        raised_at: alert.raised_at,
        first_at: alert.first_at,
        last_at: alert.last_at,
        entries: alert.entries,
        bytes: alert.amount,
        cleared_at: alert.cleared_at,
        acknowledged_by,
        acknowledged_at,
        closed_by,
        closed_at,
        finding: alert.finding,
        log: alert.log,
        index: alert.raised_place,
    }
}

fn in_state(state: AlertState) -> Problem {
    let (code, detail, next) = match state {
        AlertState::Open => {
            ("alert-open", "Nobody looks into it yet.", "Acknowledge it first: `sealane audit alert acknowledge ID`.")
        }
        AlertState::Acknowledged => {
            ("alert-acknowledged", "Somebody looks into it already.", "`sealane audit alert show ID` says who.")
        }
        AlertState::Closed => ("alert-closed", "It was closed.", "`sealane audit alert show ID` has the finding."),
    };
    Problem::new(ProblemKind::Conflict, code, "The alert is in another state", detail).next(next)
}

fn unknown() -> Problem {
    problem::not_found("alert-unknown", "alert").next("`sealane audit alert list` shows alerts.")
}
