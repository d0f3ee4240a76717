//! This node's part in approved erasures: at start, on a tick, and at once where one is approved here.
//!
//! **Promises.** The entry about an erasure is durable before the key goes, and the part is reported after it has gone. A
//! crash in between is made up for: the log finishes at its opening what its entry orders, and [`resume`] reports it.

use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::{
    Actor as AuditActor, EraseError, Erased, Event, Filter, OpId, OpenIntent, Outcome, OutcomeRecord, Phase, Private,
    Recovery,
};
use sealane_database::erasure::Erasure;
use sealane_database::{DbError, alert, audit_hold, audit_index, erasure, erasure_part, person, policy_history};
use sealane_model::{ErasureId, PersonId, Problem};
use tokio_util::sync::CancellationToken;

use super::concealed::{Concealed, Concealer, scope};
use crate::alerts::hex;
use crate::app::App;
use crate::audit::indexer;
use crate::problem;
use crate::view::AboutView;

const EVERY: Duration = Duration::from_secs(5);
/// How often a report is tried when another node is in its way.
const TRIES: usize = 20;

/// At start, before anything new is recorded: make this node's log known, close and report the erasures that its opening
/// finished (they leave `recovery`), and carry out those that were approved while the node was away.
pub async fn resume(app: &App, recovery: &mut Recovery) -> Result<(), Problem> {
    indexer::enlist(app, app.guard().log()).await?;
    let is_erasure = |intent: &mut OpenIntent| intent.kind == Assurance::Erase.into();
    for intent in recovery.open_intents.extract_if(.., is_erasure) {
        finished(app, &intent).await?;
    }
    pending(app).await.map(drop)
}

async fn finished(app: &App, intent: &OpenIntent) -> Result<(), Problem> {
    let (log, index) = (app.guard().log().clone(), intent.index);
    let read = tokio::task::spawn_blocking(move || log.entries(index, 1, &Filter::all())).await;
    let views = read
        .map_err(|error| problem::internal("act-broken", &error))?
        .map_err(|error| problem::internal("audit-unreadable", &error))?;
    let values = views.first().and_then(|view| view.entry.detail.get("values")?.as_u64()).unwrap_or(0);
    let outcome = OutcomeRecord::new(Outcome::Done, "ok", "the keys were destroyed when the log was opened");
    let event = app.guard().event(Assurance::Erase, Phase::Outcome, intent.op).outcome(outcome);
    let event = event.detail("intent", intent.index).detail("values", values);
    app.guard().record(event).await.map_err(|error| problem::unrecorded(&error))?;
    let mut db = app.db().await?;
    let row = erasure::find(&mut db, ErasureId::from_uuid(intent.op.uuid())).await.map_err(problem::database)?;
    drop(db);
    match row {
        Some(row) if row.sealed.is_some() => {
            let about = Concealer::of(app.guard().log())?.open_row(&row)?.about;
            report(app, row.id, &about, values).await
        }
        // The part was reported, or the erasure was ordered in another way.
        _ => Ok(()),
    }
}

/// Carry out what is approved, every few seconds, until the site stops.
pub async fn run(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(problem) = pending(&app).await {
            tracing::error!(code = %problem.code, "approved erasures are not carried out yet; tried again in a moment");
        }
    }
}

/// Carry out every approved erasure in which this node's log still has a part. Returns how many were.
pub async fn pending(app: &App) -> Result<usize, Problem> {
    // One at a time: the second would find nothing left and report that.
    let _turn = app.parts().erasing.lock().await;
    let mut db = app.db().await?;
    erasure::forget_expired(&mut db, app.now()).await.map_err(problem::database)?;
    let waiting = erasure_part::pending(&mut db, app.guard().log().origin()).await.map_err(problem::database)?;
    let mut carried_out = 0;
    for row in waiting {
        let held = match &row.token {
            Some(code) => audit_hold::on(&mut db, code).await.map_err(problem::database)?.is_some(),
            None => false,
        };
        if !held {
            let concealed = Concealer::of(app.guard().log())?.open_row(&row)?;
            let values = erase(app, &row, &concealed).await?;
            report(app, row.id, &concealed.about, values).await?;
            carried_out += 1;
        }
    }
    Ok(carried_out)
}

/// Forgets in the search index what led to the values, and in the history of the rules what named them; reports the part, as one.
async fn report(app: &App, id: ErasureId, about: &AboutView, values: u64) -> Result<(), Problem> {
    // A batch that was read before the key went must not bring back what is forgotten now.
    let _paused = app.parts().indexer.pause().await;
    for attempt in 1.. {
        match try_report(app, id, about, values).await {
            Err(error) if error.is_passing() && attempt < TRIES => tokio::task::yield_now().await,
            done => return done.map_err(problem::database),
        }
    }
    Ok(())
}

async fn try_report(app: &App, id: ErasureId, about: &AboutView, values: u64) -> Result<(), DbError> {
    let mut tx = app.database().begin().await?;
    match about {
        AboutView::Person { issuer, subject } => {
            let token = app.parts().index_key.person(&PersonId::new(issuer.as_str(), subject.as_str()));
            audit_index::forget_person(&mut tx, token).await?;
            let id = PersonId::new(issuer.as_str(), subject.as_str());
            let known = person::find(&mut tx, &id).await?;
            let email = known.as_ref().and_then(|person| person.email.as_deref());
            policy_history::forget_person(&mut tx, &id, email, app.now()).await?;
            alert::forget_person(&mut tx, token, &hex(&token)).await?;
        }
        AboutView::Collection { collection } => {
            audit_index::forget_collection(&mut tx, collection).await?;
            policy_history::forget_collection(&mut tx, collection, app.now()).await?;
        }
    }
    erasure_part::done(&mut tx, id, app.guard().log().origin(), values, app.now()).await?;
    tx.commit().await
}

/// Destroys the key, between an entry that orders it and an entry that says how it ended.
async fn erase(app: &App, row: &Erasure, concealed: &Concealed) -> Result<u64, Problem> {
    let approver = row.approved.as_ref().map(|(by, _)| recorded(by));
    // The erasure's own id joins the entries of all nodes and finds it again after a crash.
    let op = OpId::new(row.id.uuid());
    let event = |phase| app.guard().event(Assurance::Erase, phase, op).actor(approver.clone());
    let order = event(Phase::Intent).detail("erasure", row.id.to_string());
    let order = order.private("basis", Private::new(concealed.words.as_str()));
    let (log, scope) = (app.guard().log().clone(), scope(&concealed.about));
    let erased = tokio::task::spawn_blocking(move || log.erase(&scope, order)).await;
    let erased = erased.map_err(|error| problem::internal("act-broken", &error))?;
    record_end(app, event(Phase::Outcome), &erased).await?;
    match erased {
        Ok(erased) => Ok(erased.values),
        Err(error) => Err(problem::internal("erasure-failed", &error)),
    }
}

async fn record_end(app: &App, event: Event, erased: &Result<Erased, EraseError>) -> Result<(), Problem> {
    let event = match erased {
        Ok(erased) => event.outcome(OutcomeRecord::done()).detail("values", erased.values),
        // Without an order there is nothing to close.
        Err(EraseError::Append(error)) => return Err(problem::unrecorded(error)),
        Err(EraseError::Key(_)) => event.outcome(OutcomeRecord::new(
            Outcome::Failed,
            "erasure-failed",
            "a key could not be overwritten; it is tried again",
        )),
    };
    app.guard().record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
}

/// Whoever approved it, as the entry of this node names them.
fn recorded(person: &PersonId) -> AuditActor {
    AuditActor {
        issuer: person.issuer.clone(),
        subject: Private::new(person.subject.clone()),
        acr: None,
        amr: Vec::new(),
        auth_time_s: None,
        session: None,
        via_site: None,
    }
}
