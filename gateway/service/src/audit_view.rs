//! The audit log for those who review it, and the part of it that belongs to a task's receipt.

use sealane_audit::event::Assurance;
use sealane_audit::{Checkpoint, EntryView, Filter, OpId};
use sealane_model::{Permit, Problem, TaskId, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;
use serde::{Deserialize, Serialize};

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::problem;
use crate::view::{AuditEntryView, CheckpointView};

const MOST: usize = 1_000;

/// Which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// From which index on; from the first where absent.
    #[serde(default)]
    pub from: Option<u64>,
    /// Entries at most: 1 to 1000, 100 where absent.
    #[serde(default)]
    pub limit: Option<usize>,
    /// About this task only.
    #[serde(default)]
    pub task: Option<TaskId>,
    /// Of this operation only.
    #[serde(default)]
    pub op: Option<String>,
}

/// Entries of this node's log.
pub async fn entries(app: &App, caller: &Caller, query: &AuditQuery) -> Result<Vec<AuditEntryView>, Problem> {
    let op = match &query.op {
        Some(text) => {
            Some(text.parse::<OpId>().map_err(|error| problem::bad_request("operation-id", error.to_string()))?)
        }
        None => None,
    };
    let filter = Filter { op, task: query.task.map(|task| task.to_string()), kind: None, phase: None };
    let limit = query.limit.unwrap_or(100).clamp(1, MOST);
    let actor = Actor::from(caller);
    let grant =
        app.permit::<permit::SeeAudit>(ask(&actor, Action::ReadAudit, Resource::site(), Assurance::AuditRead)).await?;
    let result = review(app, &grant.permit, query.from.unwrap_or(0), limit, filter).await;
    let details = Details::none().detail("from", query.from.unwrap_or(0)).detail("limit", limit);
    conclude(grant, result, details).await
}

/// The signed head of this node's log.
pub async fn checkpoint(app: &App, caller: &Caller) -> Result<CheckpointView, Problem> {
    let actor = Actor::from(caller);
    let grant =
        app.permit::<permit::SeeAudit>(ask(&actor, Action::ReadAudit, Resource::site(), Assurance::AuditRead)).await?;
    let view = checkpoint_view(&app.guard().log().checkpoint());
    conclude(grant, Ok(view), Details::none()).await
}

async fn review(
    app: &App,
    _permit: &Permit<permit::SeeAudit>,
    from: u64,
    limit: usize,
    filter: Filter,
) -> Result<Vec<AuditEntryView>, Problem> {
    read(app, from, limit, filter).await
}

/// All entries about one task, for whoever may see the task.
pub(crate) async fn of_task(
    app: &App,
    _permit: &Permit<permit::SeeTask>,
    task: TaskId,
) -> Result<Vec<AuditEntryView>, Problem> {
    read(app, 0, MOST, Filter::task(task.to_string())).await
}

async fn read(app: &App, from: u64, limit: usize, filter: Filter) -> Result<Vec<AuditEntryView>, Problem> {
    let log = app.guard().log().clone();
    let read = tokio::task::spawn_blocking(move || log.entries(from, limit, &filter)).await;
    let entries = read.map_err(|error| problem::internal("act-broken", &error))?;
    let entries = entries.map_err(|error| problem::internal("audit-unreadable", &error))?;
    Ok(entries.into_iter().map(view).collect())
}

pub(crate) fn checkpoint_view(checkpoint: &Checkpoint) -> CheckpointView {
    CheckpointView { size: checkpoint.size(), root: checkpoint.root().to_string(), note: checkpoint.text().to_owned() }
}

fn view(found: EntryView) -> AuditEntryView {
    let entry = found.entry;
    let (outcome, code) = entry.outcome.map_or((None, None), |outcome| (word(&outcome.outcome), Some(outcome.code)));
    AuditEntryView {
        index: entry.index,
        at: Timestamp::from_micros(entry.at_ns.div_euclid(1_000)),
        kind: entry.kind.name().to_owned(),
        phase: word(&entry.phase).unwrap_or_default(),
        op: entry.op.to_string(),
        outcome,
        code,
        decision: entry.decision.map(|decision| decision.id.to_string()),
        peer: entry.peer,
        transport: entry.transport,
        bytes: entry.object.bytes,
        files: entry.object.files,
        leaf: found.leaf.to_string(),
    }
}

/// The word that the log itself writes.
fn word<T: Serialize>(value: &T) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(ToOwned::to_owned)
}
