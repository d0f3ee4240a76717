//! The source's copy of a task that another site moves.
//!
//! **Promises.** What the moving site reports is kept; its end is kept once, and never changed by a later report. A mirror
//! that hears nothing until the deadline fails by itself.

use std::time::Duration;

use sealane_database::{task, task_event};
use sealane_model::bytes::ByteCount;
use sealane_model::{Order, Progress, Task, TaskRole, TaskState};

use super::Transfers;
use super::facts::unknown_task;
use super::ledger::close_if_ended;
use super::progress::{TaskPulse, refresh};
use super::stop::Stop;
use crate::message::{Finished, ProgressReport};
use sealane_model::{Peer, Problem};

/// Beyond the deadline, a mirror waits this long for the moving site's own word.
const GRACE: Duration = Duration::from_secs(600);

/// The moving site tells how it goes.
pub(super) async fn progress(engine: &Transfers, peer: &Peer, report: ProgressReport) -> Result<(), Problem> {
    let task = moved_by(engine, peer, report.task).await?;
    if task.state.is_final() {
        return Ok(());
    }
    {
        let mut db = engine.parts().database.acquire().await.map_err(|error| error.problem())?;
        task::mirror_progress(&mut db, task.id, &report.progress).await.map_err(|error| error.problem())?;
        let waits = report.state != TaskState::Active.word();
        let state = if waits {
            TaskState::Inactive { reason: sealane_model::task::Pause::PeerUnreachable }
        } else {
            TaskState::Active
        };
        if state != task.state || report.nice_status != task.nice_status {
            let now = engine.parts().clock.now();
            task::set_state(&mut db, task.id, &state, &report.nice_status, now, None)
                .await
                .map_err(|error| error.problem())?;
        }
    }
    let state = if report.state == TaskState::Active.word() { TaskState::Active } else { task.state };
    engine.hub().publish(task.id, &TaskPulse { state, progress: report.progress, nice_status: report.nice_status });
    Ok(())
}

/// The moving site tells how it ended.
pub(super) async fn finished(engine: &Transfers, peer: &Peer, finished: Finished) -> Result<(), Problem> {
    let task = moved_by(engine, peer, finished.task).await?;
    if task.state.is_final() {
        return Ok(());
    }
    let now = engine.parts().clock.now();
    let state = if finished.succeeded {
        TaskState::Succeeded { at: now }
    } else {
        TaskState::Failed { at: now, code: finished.code.clone(), message: finished.message.clone() }
    };
    end(engine, &task, &state, &finished).await.map_err(|error| error.problem())?;
    close_if_ended(engine, task.id).await?;
    refresh(engine, task.id).await;
    Ok(())
}

async fn end(
    engine: &Transfers,
    mirror: &Task,
    state: &TaskState,
    finished: &Finished,
) -> Result<(), sealane_database::DbError> {
    let now = engine.parts().clock.now();
    let mut tx = engine.parts().database.begin().await?;
    task::mirror_progress(&mut tx, mirror.id, &finished.progress).await?;
    if let Some(manifest) = &finished.manifest {
        task::set_manifest(&mut tx, mirror.id, manifest, None).await?;
    }
    if let Some(cipher) = &finished.cipher {
        task::set_cipher(&mut tx, mirror.id, cipher, None).await?;
    }
    let nice = if finished.succeeded { "finished" } else { "failed" };
    if task::set_state(&mut tx, mirror.id, state, nice, now, None).await? {
        let (code, message) = if finished.succeeded {
            let bytes = ByteCount(finished.bytes);
            ("succeeded", format!("{} files ({bytes}) arrived at the other site and were verified.", finished.files))
        } else {
            (finished.code.as_str(), finished.message.clone())
        };
        task_event::append(&mut tx, mirror.id, now, code, &message, !finished.succeeded).await?;
    }
    tx.commit().await
}

/// The mirror of a task that this peer moves; made from its order if a crash kept it from being written.
async fn moved_by(engine: &Transfers, peer: &Peer, id: sealane_model::TaskId) -> Result<Task, Problem> {
    let task = match engine.find_task(id).await? {
        Some(task) => task,
        None => restore(engine, peer, id).await?,
    };
    if task.role == TaskRole::Source && task.destination.site == peer.descriptor.site {
        Ok(task)
    } else {
        Err(unknown_task())
    }
}

async fn restore(engine: &Transfers, peer: &Peer, id: sealane_model::TaskId) -> Result<Task, Problem> {
    let signed = {
        let mut db = engine.parts().database.acquire().await.map_err(|error| error.problem())?;
        sealane_database::order::current(&mut db, id).await.map_err(|error| error.problem())?
    };
    let signed = signed.ok_or_else(unknown_task)?;
    let order = engine.read_kept(&signed, Some(peer)).map_err(|_| unknown_task())?;
    if !engine.is_here(order.coordinator) || order.destination.site != peer.descriptor.site {
        return Err(unknown_task());
    }
    let task = task_of(engine, &order, None);
    let mut db = engine.parts().database.acquire().await.map_err(|error| error.problem())?;
    match task::insert(&mut db, &task).await {
        // Another request restored it at the same time.
        Ok(()) | Err(sealane_database::DbError::Duplicate(_)) => Ok(task),
        Err(error) => Err(error.problem()),
    }
}

/// The row of a task as its order describes it.
pub(super) fn task_of(engine: &Transfers, order: &Order, label: Option<String>) -> Task {
    let (source, destination) = (engine.is_here(order.source.site), engine.is_here(order.destination.site));
    let role = match (source, destination) {
        (true, true) => TaskRole::Both,
        (true, false) => TaskRole::Source,
        (false, _) => TaskRole::Destination,
    };
    Task {
        id: order.task,
        owner: order.person.person.id.clone(),
        label,
        role,
        coordinator: engine.is_here(order.coordinator),
        source: order.source.clone(),
        destination: order.destination.clone(),
        items: order.items.clone(),
        purpose: order.purpose.clone(),
        // The last lane of an order lists the source.
        lanes: order.lanes.saturating_sub(1).max(1),
        state: TaskState::Active,
        progress: Progress::default(),
        nice_status: "queued".to_owned(),
        manifest: None,
        cipher: None,
        submitted_at: engine.parts().clock.now(),
        completed_at: None,
    }
}

/// Fails mirrors of which nothing was heard until long after the deadline.
pub(super) async fn expire(engine: &Transfers) -> Result<(), Stop> {
    let parts = engine.parts();
    let now = parts.clock.now();
    let mut expired = Vec::new();
    {
        let mut db = parts.database.acquire().await?;
        for id in task::active(&mut db).await? {
            let found = task::find(&mut db, id).await?;
            expired.extend(found.filter(|task| {
                task.role == TaskRole::Source && now >= task.submitted_at.after(parts.settings.deadline + GRACE)
            }));
        }
    }
    for mirror in expired {
        let message = "The other site did not say how the task ended before its deadline. Next: ask its administrator.";
        let state = TaskState::Failed { at: now, code: "deadline".to_owned(), message: message.to_owned() };
        let mut tx = parts.database.begin().await?;
        if task::set_state(&mut tx, mirror.id, &state, "failed", now, None).await? {
            task_event::append(&mut tx, mirror.id, now, "deadline", message, true).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
