//! After a crash: what the audit log shows as begun, closed with what really became of it.
//!
//! **Promises.** A task's own intent stays open while the task runs, across any number of restarts, and is closed by its end.
//! Every other intent of this node belongs to an act that died with the process: it is closed as interrupted, save a
//! submission or an acceptance whose task is there, which was done. A node does not wait for leases of its own past: see
//! docs/decisions/0006-a-node-keeps-its-name.md.

use sealane_audit::event::Transfer as TransferKind;
use sealane_audit::{Kind, Object, OpenIntent, Outcome, OutcomeRecord, Phase, Recovery};
use sealane_database::{DbError, lease};
use sealane_model::{Problem, Task, TaskId};

use super::Transfers;
use super::ledger::close_if_ended;
use crate::guard::unrecorded;
use crate::order::op_of;

/// Closes what is open, or takes it over; tasks that the node was moving are free for it again at once.
pub(super) async fn recover(engine: &Transfers, recovery: &Recovery) -> Result<(), Problem> {
    release_leases(engine).await.map_err(|error| error.problem())?;
    for intent in &recovery.open_intents {
        let id: Option<TaskId> = intent.task.as_ref().and_then(|text| text.parse().ok());
        let task = match id {
            Some(id) => engine.find_task(id).await?,
            None => None,
        };
        match (id, &task) {
            (Some(id), Some(_)) if intent.op == op_of(id) && is_own(intent.kind) => {
                engine.ledger().add(id, intent.kind);
                close_if_ended(engine, id).await?;
            }
            _ => close(engine, intent, task.as_ref()).await?,
        }
    }
    Ok(())
}

async fn release_leases(engine: &Transfers) -> Result<(), DbError> {
    let parts = engine.parts();
    let given_back = lease::release_all(&mut *parts.database.acquire().await?, parts.node).await?;
    if given_back > 0 {
        tracing::info!(tasks = given_back, "tasks that this node moved when it was cut off are taken up again");
    }
    Ok(())
}

/// The kinds under which a task's own intent is written.
fn is_own(kind: Kind) -> bool {
    [TransferKind::Accept, TransferKind::Release].into_iter().any(|own| kind == own.into())
}

async fn close(engine: &Transfers, intent: &OpenIntent, task: Option<&Task>) -> Result<(), Problem> {
    let begins_task =
        [TransferKind::Submit, TransferKind::OrderReceive].into_iter().any(|kind| intent.kind == kind.into());
    let outcome = if begins_task && task.is_some() {
        OutcomeRecord::new(Outcome::Done, "ok", "the task was begun before the gateway stopped")
    } else {
        OutcomeRecord::new(Outcome::Interrupted, "interrupted", "the gateway stopped before the act was complete")
    };
    let object = Object { task: intent.task.clone(), ..Object::default() };
    let event = engine.parts().guard.event(intent.kind, Phase::Outcome, intent.op);
    let event = event.object(object).outcome(outcome).detail("intent", intent.index);
    engine.parts().guard.record(event).await.map(drop).map_err(|_| unrecorded())
}
