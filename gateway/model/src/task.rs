//! Tasks: submitted transfers, their states, progress and events.
//!
//! A state change consumes the old state and may be refused, so no task leaves an end state. The same task has a row at
//! each of its sites; [`TaskRole`] says which end this site is.

use sealane_crypto::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::id::TaskId;
use crate::order::{Item, Place};
use crate::person::PersonId;
use crate::time::Timestamp;

/// Which end of the task this site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskRole {
    /// The data leave here.
    Source,
    /// The data arrive here: this site does the moving.
    Destination,
    /// Both collections are at this site.
    Both,
}

/// Why a task waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pause {
    /// The person must sign in again.
    StepUp,
    /// The other site cannot be reached; tried again until the deadline.
    PeerUnreachable,
    /// Storage is full.
    StorageFull,
}

/// Where a task stands. The words are those of the field: ACTIVE, INACTIVE, SUCCEEDED, FAILED.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskState {
    /// Queued or moving.
    Active,
    /// Waiting for something outside.
    Inactive {
        /// For what.
        reason: Pause,
    },
    /// Everything arrived and was verified; `skipped` counts what could not be taken along.
    Succeeded {
        /// When.
        at: Timestamp,
    },
    /// It ended without.
    Failed {
        /// When.
        at: Timestamp,
        /// A stable word for the cause, such as `canceled`, `denied`, `source-changed`, `storage-full`.
        code: String,
        /// What happened, why, and what to do next.
        message: String,
    },
}

/// A change of state that the rules of a task's life forbid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task is {from}, so it cannot become {to}")]
pub struct InvalidTransition {
    /// The state that it is in.
    pub from: &'static str,
    /// The state that was asked for.
    pub to: &'static str,
}

impl TaskState {
    /// The word for people and programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive { .. } => "INACTIVE",
            Self::Succeeded { .. } => "SUCCEEDED",
            Self::Failed { .. } => "FAILED",
        }
    }

    /// Whether nothing will change any more.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded { .. } | Self::Failed { .. })
    }

    fn change(self, to: Self) -> Result<Self, InvalidTransition> {
        if self.is_final() { Err(InvalidTransition { from: self.word(), to: to.word() }) } else { Ok(to) }
    }

    /// Wait for something outside.
    pub fn pause(self, reason: Pause) -> Result<Self, InvalidTransition> {
        self.change(Self::Inactive { reason })
    }

    /// Go on.
    pub fn resume(self) -> Result<Self, InvalidTransition> {
        self.change(Self::Active)
    }

    /// End well.
    pub fn succeed(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        self.change(Self::Succeeded { at })
    }

    /// End without.
    pub fn fail(self, at: Timestamp, code: &str, message: &str) -> Result<Self, InvalidTransition> {
        self.change(Self::Failed { at, code: code.to_owned(), message: message.to_owned() })
    }
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Files found so far; final once `expanded`.
    pub files_total: u64,
    /// Bytes found so far; final once `expanded`.
    pub bytes_total: u64,
    /// Whether the source has been listed to its end.
    pub expanded: bool,
    /// Files verified, durable and under their final names.
    pub files_done: u64,
    /// Bytes verified and durable.
    pub bytes_done: u64,
    /// Bytes that crossed the lanes, those sent twice included.
    pub bytes_moved: u64,
    /// Symbolic links and special files that were left out.
    pub skipped: u64,
    /// Directories made.
    pub directories: u64,
    /// Lanes open now.
    pub lanes: u16,
}

/// A submitted transfer, as one site keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id, the same at both sites.
    pub id: TaskId,
    /// Who submitted it.
    pub owner: PersonId,
    /// What its owner calls it.
    pub label: Option<String>,
    /// Which end this site is.
    pub role: TaskRole,
    /// Whether it was submitted at this site.
    pub coordinator: bool,
    /// Where the data are.
    pub source: Place,
    /// Where they go.
    pub destination: Place,
    /// What moves.
    pub items: Vec<Item>,
    /// Why, as the person declared it.
    pub purpose: Option<String>,
    /// Lanes asked for.
    pub lanes: u16,
    /// Where it stands.
    pub state: TaskState,
    /// How far it is.
    pub progress: Progress,
    /// A short word on what it is doing now, such as "moving", "waiting for university-b".
    pub nice_status: String,
    /// Digest of the manifest of every file, once it succeeded: the same at both sites.
    pub manifest: Option<Digest>,
    /// The cipher suite that its lanes use.
    pub cipher: Option<String>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// Something that happened to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEvent {
    /// Its number within the task, from 1, without gaps.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// A stable word, such as `submitted`, `started`, `lane-lost`, `resumed`, `succeeded`.
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// Whether it is a fault.
    pub is_error: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_ended_stays_ended() {
        let ended = TaskState::Active.succeed(Timestamp::default()).unwrap();
        assert!(ended.clone().resume().is_err());
        assert!(ended.fail(Timestamp::default(), "canceled", "").is_err());
    }

    #[test]
    fn a_waiting_task_can_go_on() {
        let waiting = TaskState::Active.pause(Pause::PeerUnreachable).unwrap();
        assert_eq!(waiting.resume(), Ok(TaskState::Active));
    }
}
