//! Telling the source that a task has failed, until it hears it.
//!
//! **Promises.** The failure is in this site's database before the source is told. It is told at once if the source answers
//! within seconds; else in the background, again and again, and after a restart too: what was told is an event of the task.

use std::time::Duration;

use sealane_database::{task, task_event};
use sealane_model::{Progress, Task, TaskRole, TaskState};

use super::Transfers;
use super::finish::{Ending, finished_of, tell};
use super::ledger::other_site;
use super::retry::Backoff;
use super::stop::Stop;
use crate::lane::LaneError;
use crate::message::Finished;

/// The word of the event that says that the source knows.
const TOLD: &str = "source-informed";
/// How long the end of a task waits for the source to hear of it.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Tasks that are looked through after a restart: the newest.
const NEWEST: usize = 1_000;
/// Events of one task that are looked through.
const EVENTS: usize = 10_000;

/// Tells it now if that is possible, else goes on trying in the background.
pub(super) async fn tell_source(engine: &Transfers, task: &Task, ending: &Ending, progress: Progress) {
    if task.role != TaskRole::Destination {
        return;
    }
    let finished = finished_of(task, ending, progress);
    let told = tokio::time::timeout(AT_ONCE, attempt(engine, task, &finished)).await;
    if !matches!(told, Ok(Ok(()))) {
        keep_telling(engine, task.clone(), finished);
    }
}

/// Tells, and notes that it was told.
async fn attempt(engine: &Transfers, task: &Task, finished: &Finished) -> Result<(), LaneError> {
    let Some(site) = other_site(engine, task) else { return Ok(()) };
    let peer = engine.find_peer(site).await.map_err(LaneError::Refused)?;
    tell(engine, &peer, finished.clone()).await?;
    if let Err(stop) = engine.note(task.id, TOLD, "The other site knows how the task ended.", false).await {
        // It is told once more after a restart, which changes nothing there.
        tracing::warn!(task.id = %task.id, cause = %stop, "it could not be noted that the source knows");
    }
    Ok(())
}

fn keep_telling(engine: &Transfers, task: Task, finished: Finished) {
    let (engine, shutdown) = (engine.clone(), engine.parts().shutdown.clone());
    let tracker = engine.parts().tracker.clone();
    tracker.spawn(async move {
        let mut backoff = Backoff::default();
        let until = tokio::time::Instant::now() + engine.parts().settings.deadline;
        while tokio::time::Instant::now() < until {
            match attempt(&engine, &task, &finished).await {
                Ok(()) => return,
                Err(error) if !error.is_passing() => {
                    tracing::warn!(task.id = %task.id, code = error.code(), "the source cannot be told how a task ended");
                    return;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(backoff.failed()) => {}
            }
        }
    });
}

/// After a start: tells of failures of which an earlier process could not.
pub(super) async fn tell_rest(engine: &Transfers) -> Result<(), Stop> {
    let parts = engine.parts();
    let now = parts.clock.now();
    let mut untold = Vec::new();
    {
        let mut db = parts.database.acquire().await?;
        for task in task::list(&mut db, None, None, NEWEST).await? {
            let recent = task.completed_at.is_some_and(|at| now < at.after(parts.settings.deadline));
            if task.role != TaskRole::Destination || !recent {
                continue;
            }
            let TaskState::Failed { code, message, .. } = task.state.clone() else { continue };
            let events = task_event::list(&mut db, task.id, 0, EVENTS).await?;
            if !events.iter().any(|event| event.code == TOLD) {
                untold.push((task, Ending::failed(code, message)));
            }
        }
    }
    for (task, ending) in untold {
        let finished = finished_of(&task, &ending, task.progress);
        keep_telling(engine, task, finished);
    }
    Ok(())
}
