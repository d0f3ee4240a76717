//! After a crash: what the audit log shows as begun, closed with what really became of it.
//!
//! **Promises.** A task's own intent stays open while the task runs, across any number of restarts, and is closed by its end.
//! Every other intent of this node belongs to an act that died with the process: it is closed with what the database knows
//! of it, and in the name of whoever acted. A node does not wait for leases of its own past: see
//! docs/decisions/0006-a-node-keeps-its-name.md.

mod truth;

use sealane_audit::event::Transfer as TransferKind;
use sealane_audit::{EntryView, Filter, Kind, OpenIntent, Phase, Recovery};
use sealane_database::{DbError, lease};
use sealane_model::problem::ProblemKind;
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

/// Writes the outcome that the crash left unwritten, on behalf of whoever acted.
async fn close(engine: &Transfers, intent: &OpenIntent, task: Option<&Task>) -> Result<(), Problem> {
    let begun = read(engine, intent.index).await?;
    let now = engine.parts().clock.now();
    let truth = {
        let mut db = engine.parts().database.acquire().await.map_err(|error| error.problem())?;
        truth::of(&mut db, &begun.entry, task, now).await.map_err(|error| error.problem())?
    };
    let event = begun.follow_up(engine.parts().guard.event(intent.kind, Phase::Outcome, intent.op));
    let event = event.outcome(truth.outcome()).detail("intent", intent.index).detail("recovered", true);
    engine.parts().guard.record(event).await.map(drop).map_err(|_| unrecorded())
}

async fn read(engine: &Transfers, index: u64) -> Result<EntryView, Problem> {
    let log = engine.parts().guard.log().clone();
    let read = tokio::task::spawn_blocking(move || log.entries(index, 1, &Filter::all())).await;
    let found = read.ok().and_then(Result::ok).and_then(|mut views| views.pop());
    found.filter(|view| view.entry.index == index).ok_or_else(|| {
        Problem::new(
            ProblemKind::Internal,
            "audit-unreadable",
            "The audit log cannot be read",
            "What was begun before the last stop cannot be closed.",
        )
        .next("Run `sealane-verify` on a copy of the audit directory.")
    })
}
