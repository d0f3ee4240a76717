//! The rules in force follow the database: at once on the node that changes them, within a second on the others.
//!
//! Each change of the rules moves the epoch on in the same transaction. INVARIANT: on one node snapshots are published in
//! the order of their epochs, because loading and publishing happen under one lock. Each snapshot that a node decides with
//! is noted with the state of the rules that it was made of, so that a past decision can be made again (`policy_history`).

use std::time::Duration;

use sealane_audit::Phase;
use sealane_audit::event::Assurance;
use sealane_database::policy_history::{self, KnownSnapshot};
use sealane_database::{Database, Db, access_rule};
use sealane_model::{Problem, Timestamp};
use sealane_policy::Snapshot;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::problem;

const EVERY: Duration = Duration::from_secs(1);
/// How often rules that change while they are read are read again.
const TRIES: usize = 5;

/// The epoch of the rules that this node decides with; `None` before the first refresh.
#[derive(Debug, Default)]
pub(crate) struct Published(Mutex<Option<i64>>);

/// The rules as the database has them: what an engine begins with.
pub async fn load(database: &Database, now: Timestamp) -> Result<Snapshot, Problem> {
    let mut db = database.acquire().await.map_err(problem::database)?;
    let mut epoch = access_rule::epoch(&mut db).await.map_err(problem::database)?;
    for _ in 0..TRIES {
        let rows = access_rule::active(&mut db, now).await.map_err(problem::database)?;
        let after = access_rule::epoch(&mut db).await.map_err(problem::database)?;
        let snapshot = Snapshot::build(rows).map_err(|error| problem::internal("rules-refused", &error))?;
        if epoch == after {
            note(&mut db, &snapshot, epoch, now).await;
            return Ok(snapshot);
        }
        epoch = after;
    }
    // Rules that change all the time: those that were read are in force, and what they decide cannot be made again.
    tracing::warn!(
        "the access rules changed while they were read, again and again; this snapshot is not in the history"
    );
    let rows = access_rule::active(&mut db, now).await.map_err(problem::database)?;
    Snapshot::build(rows).map_err(|error| problem::internal("rules-refused", &error))
}

/// Rules come into force whether or not that can be noted: holding back a revocation would be worse.
async fn note(db: &mut Db, snapshot: &Snapshot, epoch: i64, now: Timestamp) {
    let known = KnownSnapshot { hash: snapshot.hash(), epoch, loaded_s: now.as_seconds(), tables: Snapshot::tables() };
    if let Err(error) = policy_history::note_snapshot(db, &known).await {
        tracing::error!(%error, "a snapshot of the rules could not be noted; what it decides cannot be made again");
    }
}

/// Decide with the rules as they are in the database now.
pub async fn refresh(app: &App) -> Result<(), Problem> {
    let mut published = app.parts().policy.0.lock().await;
    // The epoch is read first: rules that change in between are newer than it says, and are loaded again at the next look.
    let epoch = current_epoch(app).await?;
    publish(app, epoch).await?;
    *published = Some(epoch);
    Ok(())
}

/// Look every second whether another node has changed the rules, until the site stops.
pub async fn run(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(problem) = follow(&app).await {
            tracing::error!(code = %problem.code, "access rules could not be read; those in force stay in force");
        }
    }
}

/// One look: publish if the epoch has moved.
pub async fn follow(app: &App) -> Result<(), Problem> {
    let mut published = app.parts().policy.0.lock().await;
    let epoch = current_epoch(app).await?;
    if *published == Some(epoch) {
        return Ok(());
    }
    publish(app, epoch).await?;
    *published = Some(epoch);
    Ok(())
}

async fn current_epoch(app: &App) -> Result<i64, Problem> {
    let mut db = app.db().await?;
    access_rule::epoch(&mut db).await.map_err(problem::database)
}

async fn publish(app: &App, epoch: i64) -> Result<(), Problem> {
    let snapshot = load(app.database(), app.now()).await?;
    let event = app
        .guard()
        .event(Assurance::PolicyPublish, Phase::Info, app.guard().fresh_op())
        .detail("epoch", epoch)
        .detail("snapshot", snapshot.hash().to_string())
        .detail("rules", snapshot.len());
    // INVARIANT: rules come into force whether or not that can be recorded: holding back a revocation would be worse.
    app.guard().engine().publish(snapshot);
    app.guard().record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
}
