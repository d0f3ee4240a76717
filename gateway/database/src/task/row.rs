//! A task's row: how its state is spread over columns, and how it is read back.

use sealane_model::order::{Item, Place};
use sealane_model::person::PersonId;
use sealane_model::task::{Progress, Task, TaskState};
use sealane_model::time::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::DbError;
use crate::cells::{Cells, word};
use crate::seal::{Cell, Sealer};

pub(super) const TABLE: &str = "task";

/// Whose a task is and what it is about: never changed.
#[derive(Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) owner: PersonId,
    pub(crate) label: Option<String>,
    pub(crate) items: Vec<Item>,
    pub(crate) purpose: Option<String>,
}

/// What a task says of itself: changed with its state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Says {
    pub(crate) nice_status: String,
    pub(crate) failure: Option<String>,
}

/// A state as columns. Its time, where it has one, is the task's time of completion.
#[derive(Default)]
pub(super) struct State {
    pub(super) word: &'static str,
    pub(super) pause: Option<String>,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) at: Option<i64>,
}

impl State {
    pub(super) fn of(state: &TaskState) -> Result<Self, DbError> {
        let plain = Self { word: state.word(), ..Self::default() };
        Ok(match state {
            TaskState::Active => plain,
            TaskState::Inactive { reason } => Self { pause: Some(word(TABLE, "pause", reason)?), ..plain },
            TaskState::Succeeded { at } => Self { at: Some(at.as_micros()), ..plain },
            TaskState::Failed { at, code, message } => {
                Self { code: Some(code.clone()), message: Some(message.clone()), at: Some(at.as_micros()), ..plain }
            }
        })
    }
}

pub(super) fn read(sealer: &Sealer, row: &AnyRow) -> Result<Task, DbError> {
    let cells = Cells::of(TABLE, row);
    let id = cells.text("id")?;
    let About { owner, label, items, purpose } = cells.open(sealer, Cell::Task, &id)?;
    let Says { nice_status, failure } = cells.open(sealer, Cell::TaskStatus, &id)?;
    let completed_at = cells.opt_time("completed_at")?;
    Ok(Task {
        id: cells.parsed("id")?,
        owner,
        label,
        role: cells.word("role")?,
        coordinator: cells.flag("coordinator")?,
        source: Place { site: cells.parsed("source_site")?, collection: cells.parsed("source_collection")? },
        destination: Place {
            site: cells.parsed("destination_site")?,
            collection: cells.parsed("destination_collection")?,
        },
        items,
        purpose,
        lanes: cells.number("lanes")?,
        state: read_state(cells, completed_at, failure)?,
        progress: read_progress(cells)?,
        nice_status,
        manifest: cells.opt_parsed("manifest")?,
        cipher: cells.opt_text("cipher")?,
        submitted_at: cells.time("submitted_at")?,
        completed_at,
    })
}

fn read_state(
    cells: Cells<'_>,
    completed_at: Option<Timestamp>,
    failure: Option<String>,
) -> Result<TaskState, DbError> {
    let ended = || completed_at.ok_or_else(|| cells.corrupt("completed_at"));
    match cells.text("state")?.as_str() {
        "ACTIVE" => Ok(TaskState::Active),
        "INACTIVE" => Ok(TaskState::Inactive { reason: cells.word("pause")? }),
        "SUCCEEDED" => Ok(TaskState::Succeeded { at: ended()? }),
        "FAILED" => Ok(TaskState::Failed {
            at: ended()?,
            code: cells.text("failure_code")?,
            message: failure.ok_or_else(|| cells.corrupt("sealed_status"))?,
        }),
        _ => Err(cells.corrupt("state")),
    }
}

fn read_progress(cells: Cells<'_>) -> Result<Progress, DbError> {
    Ok(Progress {
        files_total: cells.number("files_total")?,
        bytes_total: cells.number("bytes_total")?,
        expanded: cells.flag("expanded")?,
        files_done: cells.number("files_done")?,
        bytes_done: cells.number("bytes_done")?,
        bytes_moved: cells.number("bytes_moved")?,
        skipped: cells.number("skipped")?,
        directories: cells.number("directories")?,
        lanes: cells.number("lanes_open")?,
    })
}
