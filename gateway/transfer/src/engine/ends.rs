//! Telling the lanes that this node serves that their task has ended.
//!
//! A lane holds a token for as long as it runs. The token is cancelled when the task's mirror ends: at once if this node
//! learns of it, within a second if another node of the site did.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sealane_model::{Problem, TaskId};
use tokio_util::sync::CancellationToken;

use super::Transfers;

/// The tokens of the tasks whose lanes this node serves.
#[derive(Default)]
pub(super) struct Ends {
    tokens: Mutex<HashMap<TaskId, CancellationToken>>,
}

impl Ends {
    /// The token of a task.
    pub(super) fn of(&self, task: TaskId) -> CancellationToken {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).entry(task).or_default().clone()
    }

    /// The task has ended.
    pub(super) fn end(&self, task: TaskId) {
        if let Some(token) = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(&task) {
            token.cancel();
        }
    }

    fn tasks(&self) -> Vec<TaskId> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

/// Ends the lanes of tasks that another node has ended.
pub(super) async fn look(engine: &Transfers) -> Result<(), Problem> {
    for id in engine.ends().tasks() {
        if engine.find_task(id).await?.is_some_and(|task| task.state.is_final()) {
            engine.ends().end(id);
        }
    }
    Ok(())
}
