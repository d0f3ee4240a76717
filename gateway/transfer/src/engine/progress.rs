//! Who watches which task.
//!
//! **What for.** A page or a command line follows a task as it moves. The node that moves it publishes at most ten times a
//! second; other nodes, and the mirror at the source, publish what the database says once a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sealane_model::{Progress, Task, TaskId, TaskState};
use tokio::sync::watch;

use super::Transfers;

/// What a watcher sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPulse {
    /// Where the task stands.
    pub state: TaskState,
    /// How far it is.
    pub progress: Progress,
    /// What it is doing now, in a few words.
    pub nice_status: String,
}

impl TaskPulse {
    /// What a task's row says.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        Self { state: task.state.clone(), progress: task.progress, nice_status: task.nice_status.clone() }
    }
}

/// The channels of this node's watchers.
#[derive(Default)]
pub(super) struct Hub {
    channels: Mutex<HashMap<TaskId, watch::Sender<TaskPulse>>>,
}

impl Hub {
    fn subscribe(&self, task: TaskId) -> watch::Receiver<TaskPulse> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = TaskPulse { state: TaskState::Active, progress: Progress::default(), nice_status: String::new() };
        channels.entry(task).or_insert_with(|| watch::Sender::new(unknown)).subscribe()
    }

    /// Tells the watchers of a task. After a final state nothing follows: their channel ends.
    pub(super) fn publish(&self, task: TaskId, pulse: &TaskPulse) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(channel) = channels.get(&task) else { return };
        channel.send_if_modified(|last| {
            let changed = last != pulse;
            if changed {
                last.clone_from(pulse);
            }
            changed
        });
        if pulse.state.is_final() || channel.is_closed() {
            channels.remove(&task);
        }
    }

    /// Tasks that somebody watches.
    pub(super) fn watched(&self) -> Vec<TaskId> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, channel| !channel.is_closed());
        channels.keys().copied().collect()
    }
}

/// Watches a task from now on; what the database says of it follows at once.
pub(super) fn watch(engine: &Transfers, task: TaskId) -> watch::Receiver<TaskPulse> {
    let receiver = engine.hub().subscribe(task);
    let engine = engine.clone();
    let tracker = engine.parts().tracker.clone();
    tracker.spawn(async move { refresh(&engine, task).await });
    receiver
}

/// Publishes what the database says of a task.
pub(super) async fn refresh(engine: &Transfers, id: TaskId) {
    match engine.find_task(id).await {
        Ok(Some(task)) => engine.hub().publish(id, &TaskPulse::of(&task)),
        Ok(None) => {}
        Err(problem) => tracing::warn!(task.id = %id, code = %problem.code, "a watched task could not be read"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sealane_crypto::SystemRandom;
    use sealane_model::SystemClock;

    use super::*;

    #[tokio::test]
    async fn a_watcher_sees_the_final_state_and_then_the_end() {
        let hub = Hub::default();
        let task = TaskId::generate(&SystemClock, Arc::new(SystemRandom::new().unwrap()).as_ref());
        let mut watcher = hub.subscribe(task);
        let state = TaskState::Succeeded { at: sealane_model::Timestamp::default() };
        hub.publish(
            task,
            &TaskPulse { state: state.clone(), progress: Progress::default(), nice_status: String::new() },
        );
        assert!(watcher.changed().await.is_ok());
        assert_eq!(watcher.borrow_and_update().state, state);
        assert!(watcher.changed().await.is_err());
        assert!(hub.watched().is_empty());
    }
}
