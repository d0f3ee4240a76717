//! Why a run of a task stops before its end, and what came between.
//!
//! [`Stop`] ends the run at this node, each variant with another consequence for the task. [`Trouble`] is what a single
//! lane meets: it may be worth another attempt.

use std::fmt;

use sealane_connectors::StorageError;
use sealane_database::DbError;
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;

use super::unit::BadUnit;
use crate::guard::Refusal;
use crate::lane::LaneError;

/// Why this node no longer moves the task.
#[derive(Debug)]
pub(super) enum Stop {
    /// Another node has the lease: nothing more is written.
    Lost,
    /// The site stops: the task stays as it is and goes on later.
    Shutdown,
    /// Its owner, or an administrator, wants it to end.
    Canceled,
    /// The person must sign in again.
    StepUp(Problem),
    /// It failed, for good.
    Failed {
        /// The stable word.
        code: String,
        /// What happened, why, and what to do next; free of names.
        message: String,
    },
    /// Database or audit log do not work now: try again soon.
    Unready(String),
}

/// What a lane met.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The other site, or the way to it.
    Lane(LaneError),
    /// This site's storage.
    Storage(StorageError),
    /// The whole run stops.
    Stop(Stop),
}

impl Stop {
    /// A failure with its words.
    pub(super) fn failed(code: &str, message: impl Into<String>) -> Self {
        Self::Failed { code: code.to_owned(), message: message.into() }
    }

    /// A failure as a problem tells it.
    pub(super) fn of_problem(problem: &Problem) -> Self {
        match problem.kind {
            ProblemKind::StepUp => Self::StepUp(problem.clone()),
            ProblemKind::Unavailable => Self::Unready(problem.title.clone()),
            _ => Self::failed(&problem.code, sentence(problem)),
        }
    }

    /// A failure of this site's storage that no other attempt will cure.
    pub(super) fn of_storage(error: &StorageError) -> Self {
        Self::of_failure(&error.problem())
    }

    /// The problem as a failure, whatever its kind.
    pub(super) fn of_failure(problem: &Problem) -> Self {
        Self::failed(&problem.code, sentence(problem))
    }
}

/// A problem in one sentence or two.
pub(super) fn sentence(problem: &Problem) -> String {
    let detail = problem.detail.trim_end_matches('.');
    match &problem.next_step {
        Some(next) => format!("{}: {detail}. Next: {next}", problem.title),
        None => format!("{}: {detail}.", problem.title),
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("another node has the lease"),
            Self::Shutdown => f.write_str("the site stops"),
            Self::Canceled => f.write_str("it was canceled"),
            Self::StepUp(problem) => problem.fmt(f),
            Self::Failed { code, .. } => f.write_str(code),
            Self::Unready(cause) => f.write_str(cause),
        }
    }
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Fenced => Self::Lost,
            DbError::Corrupt { .. } | DbError::Unstorable { .. } => Self::failed("database", error.to_string()),
            error => Self::Unready(error.to_string()),
        }
    }
}

impl From<BadUnit> for Stop {
    fn from(error: BadUnit) -> Self {
        Self::failed("unit-unreadable", error.to_string())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::of_problem(&refusal.problem())
    }
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Stop(error.into())
    }
}

impl From<BadUnit> for Trouble {
    fn from(error: BadUnit) -> Self {
        Self::Stop(error.into())
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<LaneError> for Trouble {
    fn from(error: LaneError) -> Self {
        Self::Lane(error)
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// A blocking thread that panicked or was cancelled: the work is done again.
impl From<tokio::task::JoinError> for Trouble {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Stop(Stop::Unready("a worker thread of this node stopped".to_owned()))
    }
}

impl From<tokio::task::JoinError> for Stop {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Unready("a worker thread of this node stopped".to_owned())
    }
}
