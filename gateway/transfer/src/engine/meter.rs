//! How far the running task is, counted as it moves.
//!
//! **Promises.** What the database says to be done is added in the transaction that makes it so; only the count of bytes
//! that crossed a lane may lag, by at most a second. Watchers hear at most ten times a second, the database and the other
//! site at most once.

use std::sync::{Mutex, PoisonError};

use sealane_model::{Progress, Task, TaskId, TaskState};

use super::progress::{Hub, TaskPulse};

/// The counters of one run.
pub(super) struct Meter {
    task: TaskId,
    state: Mutex<Counted>,
}

struct Counted {
    pulse: TaskPulse,
    /// Bytes that crossed and of which the database does not know yet.
    unwritten: u64,
    /// The number of lanes that the database knows.
    written_lanes: u16,
}

impl Meter {
    /// Goes on from where the task's row is.
    pub(super) fn new(task: &Task) -> Self {
        let mut pulse = TaskPulse::of(task);
        pulse.progress.lanes = 0;
        let counted = Counted { pulse, unwritten: 0, written_lanes: task.progress.lanes };
        Self { task: task.id, state: Mutex::new(counted) }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counted) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The counters now.
    pub(super) fn progress(&self) -> Progress {
        self.with(|counted| counted.pulse.progress)
    }

    /// What watchers see now.
    pub(super) fn pulse(&self) -> TaskPulse {
        self.with(|counted| counted.pulse.clone())
    }

    /// Bytes crossed a lane.
    pub(super) fn moved(&self, bytes: u64) {
        self.with(|counted| {
            counted.pulse.progress.bytes_moved += bytes;
            counted.unwritten += bytes;
        });
    }

    /// A lane opened (`true`) or closed.
    pub(super) fn lane(&self, open: bool) {
        self.with(|counted| {
            let lanes = &mut counted.pulse.progress.lanes;
            *lanes = if open { lanes.saturating_add(1) } else { lanes.saturating_sub(1) };
        });
    }

    /// The task says something else of itself.
    pub(super) fn say(&self, state: &TaskState, nice_status: &str) {
        self.with(|counted| {
            counted.pulse.state = state.clone();
            nice_status.clone_into(&mut counted.pulse.nice_status);
        });
    }

    /// What is to be added to the row together with `more`: the crossed bytes that it does not know yet.
    pub(super) fn draw(&self, more: Progress) -> Progress {
        self.with(|counted| {
            counted.written_lanes = counted.pulse.progress.lanes;
            Progress { bytes_moved: std::mem::take(&mut counted.unwritten), lanes: counted.written_lanes, ..more }
        })
    }

    /// The row has it now.
    pub(super) fn written(&self, added: &Progress) {
        self.with(|counted| {
            let progress = &mut counted.pulse.progress;
            progress.files_total += added.files_total;
            progress.bytes_total += added.bytes_total;
            progress.expanded |= added.expanded;
            progress.files_done += added.files_done;
            progress.bytes_done += added.bytes_done;
            progress.skipped += added.skipped;
            progress.directories += added.directories;
        });
    }

    /// The row could not be written: the crossed bytes wait for the next attempt.
    pub(super) fn unwritten(&self, drawn: &Progress) {
        self.with(|counted| counted.unwritten += drawn.bytes_moved);
    }

    /// Whether the row lags.
    pub(super) fn lags(&self) -> bool {
        self.with(|counted| counted.unwritten > 0 || counted.written_lanes != counted.pulse.progress.lanes)
    }

    /// Tells the watchers.
    pub(super) fn publish(&self, hub: &Hub) {
        hub.publish(self.task, &self.pulse());
    }
}
