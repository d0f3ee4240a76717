//! The task's own intent in this node's audit log, and its outcome.
//!
//! **What for.** Taking part in a task is one operation that may outlive several runs of the gateway. Its intent is written
//! when the task is taken on (`transfer.release` at the source, `transfer.accept` at the destination) under an operation id
//! that is the task's id; its outcome when the task has ended, whichever node ended it.
//!
//! **Promises.** Each intent that this node wrote gets one outcome, written after the database knows the end, so that a
//! crash in between is mended by the next start: see [`super::recover`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sealane_audit::event::Transfer as TransferKind;
use sealane_audit::{Event, Kind, Object, Outcome, OutcomeRecord, Phase, Private};
use sealane_database::task;
use sealane_model::{Order, Problem, SiteId, Task, TaskId, TaskRole, TaskState};

use super::owner::Owner;
use super::{Transfers, exchange};
use crate::guard::unrecorded;
use crate::order::op_of;

/// The tasks whose intent stands open in this node's log.
#[derive(Default)]
pub(super) struct Ledger {
    open: Mutex<BTreeMap<TaskId, Kind>>,
}

impl Ledger {
    pub(super) fn add(&self, task: TaskId, kind: Kind) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(task, kind);
    }

    /// INVARIANT: whoever takes an entry out writes its outcome, or puts it back.
    fn take(&self, task: TaskId) -> Option<Kind> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&task)
    }

    fn tasks(&self) -> Vec<TaskId> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

/// What this site does when it takes part in a task.
pub(super) fn kind_of(role: TaskRole) -> Kind {
    match role {
        TaskRole::Source => TransferKind::Release.into(),
        TaskRole::Destination | TaskRole::Both => TransferKind::Accept.into(),
    }
}

/// Records that this site takes part, before anything moves.
pub(super) async fn open(engine: &Transfers, task: &Task, order: &Order, class: Option<&str>) -> Result<(), Problem> {
    let kind = kind_of(task.role);
    let mut object = object_of(task);
    object.class = class.map(str::to_owned);
    let event = with_peer(engine.parts().guard.event(kind, Phase::Intent, op_of(task.id)), engine, task);
    let items = u64::try_from(task.items.len()).unwrap_or(u64::MAX);
    let event = Owner::of_order(engine.parts().identity.site, order).of(event).object(object);
    let event = with_purpose(event, task).detail("items", items).detail("role", role_word(task.role));
    engine.parts().guard.record(event).await.map_err(|_| unrecorded())?;
    engine.ledger().add(task.id, kind);
    Ok(())
}

/// Records that the task which was just begun is not taken on after all.
pub(super) async fn withdraw(engine: &Transfers, task: &Task, problem: &Problem) -> Result<(), Problem> {
    let Some(kind) = engine.ledger().take(task.id) else { return Ok(()) };
    let outcome = OutcomeRecord::new(Outcome::Denied, problem.code.clone(), problem.title.clone());
    let event = with_peer(engine.parts().guard.event(kind, Phase::Outcome, op_of(task.id)), engine, task);
    let event = Owner::of_task(engine, task).await.of(event).object(object_of(task)).outcome(outcome);
    engine.parts().guard.record(event).await.map(drop).map_err(|_| {
        engine.ledger().add(task.id, kind);
        unrecorded()
    })
}

/// Writes the outcome of every task that has ended since, whichever node ended it.
pub(super) async fn close_ended(engine: &Transfers) -> Result<(), Problem> {
    for id in engine.ledger().tasks() {
        close_if_ended(engine, id).await?;
    }
    Ok(())
}

/// Writes the outcome of one task if it has ended.
pub(super) async fn close_if_ended(engine: &Transfers, id: TaskId) -> Result<(), Problem> {
    let found = {
        let mut db = engine.parts().database.acquire().await.map_err(|error| error.problem())?;
        task::find(&mut db, id).await.map_err(|error| error.problem())?
    };
    let Some(task) = found.filter(|task| task.state.is_final()) else { return Ok(()) };
    engine.ends().end(id);
    let Some(kind) = engine.ledger().take(id) else { return Ok(()) };
    let written = write_end(engine, &task, kind).await;
    if written.is_err() {
        engine.ledger().add(id, kind);
    }
    written
}

async fn write_end(engine: &Transfers, task: &Task, kind: Kind) -> Result<(), Problem> {
    let guard = &engine.parts().guard;
    let owner = Owner::of_task(engine, task).await;
    let finish = guard.event(TransferKind::Finish, Phase::Info, op_of(task.id));
    let end = |event| owner.clone().of(end_of(event, engine, task));
    let finished = guard.record(end(finish)).await.map_err(|_| unrecorded())?;
    // INVARIANT: before the outcome, so that a crash in between leaves the intent open and the next start comes here again.
    exchange::owe(engine, task, finished.index()).await?;
    let outcome = guard.event(kind, Phase::Outcome, op_of(task.id));
    guard.record(end(outcome)).await.map(drop).map_err(|_| unrecorded())
}

/// How the task ended, with its counts, its manifest's digest and the cipher that its lanes used.
fn end_of(event: Event, engine: &Transfers, task: &Task) -> Event {
    let mut object = object_of(task);
    object.files = Some(task.progress.files_done);
    object.bytes = Some(task.progress.bytes_done);
    object.digest = task.manifest;
    let outcome = match &task.state {
        TaskState::Failed { code, message, .. } => OutcomeRecord::new(Outcome::Failed, code.clone(), message.clone()),
        _ => OutcomeRecord::done(),
    };
    let mut event = with_purpose(with_peer(event, engine, task), task)
        .object(object)
        .outcome(outcome)
        .detail("bytes_moved", task.progress.bytes_moved)
        .detail("skipped", task.progress.skipped)
        .detail("role", role_word(task.role));
    event.transport.clone_from(&task.cipher);
    event
}

/// What an entry says of a task.
pub(super) fn object_of(task: &Task) -> Object {
    let collection = match task.role {
        TaskRole::Source => task.source.collection,
        TaskRole::Destination | TaskRole::Both => task.destination.collection,
    };
    Object { collection: Some(collection.to_string()), task: Some(task.id.to_string()), ..Object::default() }
}

/// The other site of a task; none if there is only this one.
pub(super) fn other_site(engine: &Transfers, task: &Task) -> Option<SiteId> {
    let me = engine.parts().identity.site;
    [task.source.site, task.destination.site].into_iter().find(|site| *site != me)
}

fn with_peer(event: Event, engine: &Transfers, task: &Task) -> Event {
    match other_site(engine, task) {
        Some(site) => event.peer(site.to_string()),
        None => event,
    }
}

fn with_purpose(event: Event, task: &Task) -> Event {
    match &task.purpose {
        Some(purpose) => event.private("purpose", Private::new(purpose.clone())),
        None => event,
    }
}

const fn role_word(role: TaskRole) -> &'static str {
    match role {
        TaskRole::Source => "source",
        TaskRole::Destination => "destination",
        TaskRole::Both => "both",
    }
}
