//! Canceling a task, at either of its sites.
//!
//! **Promises.** The wish is kept in the database of the site that moves the task; whichever node moves it sees it within a
//! second, stops its lanes, removes what is not whole, and ends the task as failed with the code `canceled`. At the source,
//! a task whose moving site cannot be told ends at once: its lanes and fresh orders are refused from then on.

use sealane_crypto::digest::sha256;
use sealane_database::{task, task_event};
use sealane_model::problem::ProblemKind;
use sealane_model::{Peer, Permit, Person, PersonAssertion, Problem, Task, TaskId, TaskRole, TaskState, permit};
use sealane_policy::Subject;

use super::Transfers;
use super::facts::unknown_task;
use super::ledger::{close_if_ended, other_site};
use super::progress::refresh;
use crate::lane::LaneError;
use crate::trust::Visitor;

/// Cancels for a person of this site.
pub(super) async fn cancel(
    engine: &Transfers,
    permit: &Permit<permit::CancelTask>,
    id: TaskId,
    client: Option<String>,
) -> Result<Task, Problem> {
    let task = engine.find_task(id).await?.ok_or_else(unknown_task)?;
    if task.state.is_final() {
        let detail = format!("It is {}.", task.state.word());
        return Err(Problem::new(ProblemKind::Conflict, "task-ended", "The task has ended", detail)
            .next("There is nothing to cancel."));
    }
    wish(engine, &task, permit.subject()).await?;
    if task.role == TaskRole::Source {
        let by = Visitor { subject: permit.subject().clone(), client };
        tell_mover(engine, &task, by).await?;
    }
    engine.find_task(id).await?.ok_or_else(unknown_task)
}

/// Cancels for a person of the peer. The peer has decided that they may; here only the two sites of a task may end it.
pub(super) async fn for_peer(engine: &Transfers, peer: &Peer, id: TaskId, by: &Subject) -> Result<(), Problem> {
    let task = engine.find_task(id).await?.ok_or_else(unknown_task)?;
    if other_site(engine, &task) != Some(peer.descriptor.site) {
        return Err(unknown_task());
    }
    if task.state.is_final() {
        return Ok(());
    }
    wish(engine, &task, by).await
}

/// Keeps the wish, tells the owner, wakes whoever moves the task here.
async fn wish(engine: &Transfers, task: &Task, by: &Subject) -> Result<(), Problem> {
    let written = async {
        let mut tx = engine.parts().database.begin().await?;
        if task::request_cancel(&mut tx, task.id, &mark_of(by)).await? {
            let now = engine.parts().clock.now();
            task_event::append(&mut tx, task.id, now, "cancel-requested", "Somebody asked to cancel the task.", false)
                .await?;
        }
        tx.commit().await
    };
    written.await.map_err(|error: sealane_database::DbError| error.problem())?;
    engine.inner.nudge.notify_waiters();
    engine.ring();
    Ok(())
}

/// Who asked, as a value that can be compared and is no name.
fn mark_of(subject: &Subject) -> String {
    match &subject.person {
        Some(person) => sha256(format!("{}\0{}", person.issuer, person.subject).as_bytes()).to_string(),
        None => "site".to_owned(),
    }
}

/// Tells the site that moves the task; if it cannot be told, the task ends here.
async fn tell_mover(engine: &Transfers, task: &Task, by: Visitor) -> Result<(), Problem> {
    let peer = engine.find_peer(task.destination.site).await?;
    let told = match assertion_of(by) {
        Some(person) => tell(engine, &peer, task.id, &person).await,
        None => Err(LaneError::Closed),
    };
    match told {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::warn!(task.id = %task.id, code = error.code(), "the moving site could not be told of a cancel");
            end_here(engine, task).await
        }
    }
}

async fn tell(engine: &Transfers, peer: &Peer, task: TaskId, by: &PersonAssertion) -> Result<(), LaneError> {
    let mut control = engine.parts().dialer.control(peer).await?;
    control.cancel(task, by).await?;
    control.close().await;
    Ok(())
}

fn assertion_of(by: Visitor) -> Option<PersonAssertion> {
    let Visitor { subject, client } = by;
    let id = subject.person.clone()?;
    let person = Person { id, email: subject.email.clone(), name: None };
    Some(PersonAssertion { person, groups: Vec::new(), assurance: subject.assurance, client })
}

async fn end_here(engine: &Transfers, task: &Task) -> Result<(), Problem> {
    let now = engine.parts().clock.now();
    let message = "The task was canceled at the source while the other site could not be told; it gets no more data.";
    let state = TaskState::Failed { at: now, code: "canceled".to_owned(), message: message.to_owned() };
    let written = async {
        let mut tx = engine.parts().database.begin().await?;
        if task::set_state(&mut tx, task.id, &state, "canceled", now, None).await? {
            task_event::append(&mut tx, task.id, now, "canceled", message, true).await?;
        }
        tx.commit().await
    };
    written.await.map_err(|error: sealane_database::DbError| error.problem())?;
    close_if_ended(engine, task.id).await?;
    refresh(engine, task.id).await;
    Ok(())
}
