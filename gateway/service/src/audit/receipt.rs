//! The entries that belong to a task's receipt.

use sealane_audit::{EntryView, Kind};
use sealane_database::audit_index::{self, Wanted};
use sealane_model::{Permit, Problem, TaskId, Timestamp, permit};

use super::indexer::word;
use super::{lag, reveal};
use crate::app::App;
use crate::problem;
use crate::view::AuditEntryView;

/// Entries of a receipt at most: it tells what was done with the data, briefly.
const MOST: usize = 1_000;

/// The entries of this node's log about one task, for whoever may see the task.
///
/// Who looked at the task's page meanwhile stays in the log, and so does each single file: the manifest stands for them.
pub(crate) async fn of_task(
    app: &App,
    _permit: &Permit<permit::SeeTask>,
    task: TaskId,
) -> Result<Vec<AuditEntryView>, Problem> {
    let belongs =
        |kind: &&Kind| !["task.show", "task.list"].contains(&kind.name()) && !kind.name().starts_with("file.");
    let wanted = Wanted {
        task: Some(task.to_string()),
        origin: Some(app.guard().log().origin().to_owned()),
        kinds: Kind::ALL.iter().filter(belongs).map(|kind| kind.name().to_owned()).collect(),
        ..Wanted::default()
    };
    lag::wait(app).await?;
    let mut db = app.db().await?;
    let Some(mut search) = audit_index::prepare(&mut db, &wanted).await.map_err(problem::database)? else {
        return Ok(Vec::new());
    };
    let page = audit_index::page(&mut db, &mut search, None, MOST).await.map_err(problem::database)?;
    drop(db);
    let places: Vec<u64> = page.entries.iter().map(|entry| entry.place).collect();
    let found = reveal::entries(app, places).await?;
    let mut views: Vec<AuditEntryView> = found.into_values().map(view).collect();
    views.sort_unstable_by_key(|view| view.index);
    Ok(views)
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
