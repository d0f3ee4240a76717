//! Feeds this node's audit log into the site's search index.
//!
//! **Promises.** Entries are in the index within about a second of being durable, in batches, each in one transaction with
//! the position that says so: whenever it is interrupted, it goes on where it was. The log never waits for it. An index
//! that belongs to another log (a restored disk, a restored database) is noticed by the leaf hash of its last entry, and
//! that log is indexed anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::{EntryView, Filter, Log};
use sealane_database::audit_index::{self, Batch, IndexedEntry, LogPosition};
use sealane_database::{Db, DbError};
use sealane_model::{Permit, PersonId, Problem, RemotePath, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;
use serde::Serialize;
use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio_util::sync::CancellationToken;

use super::key::IndexKey;
use crate::act::{ask, conclude};
use crate::alerts;
use crate::alerts::watch::Watched;
use crate::app::App;
use crate::caller::Actor;
use crate::problem;

/// Entries of one transaction.
const BATCH: usize = 1_000;
/// Between two rounds: what is written meanwhile goes together.
const PAUSE: Duration = Duration::from_millis(250);
/// Without anything new, the log's size is told anyway: others see that this node lives.
const QUIET: Duration = Duration::from_secs(30);
/// How often one batch is tried when another node is in its way.
const TRIES: usize = 20;

/// What this node's indexer knows.
#[derive(Debug, Default)]
pub(crate) struct Indexer {
    /// Where it stood last. One round at a time; questions take part.
    last: Mutex<Option<LogPosition>>,
    /// Rung when there is work although the log did not grow.
    bell: Notify,
    /// So many entries of the log were in the index at the last look: for those who do not want to wait for a round's end.
    indexed: AtomicU64,
}

impl Indexer {
    /// Keeps batches out as long as the guard lives: what was read from the log and is not in the index yet is read again.
    pub(crate) async fn pause(&self) -> MutexGuard<'_, Option<LogPosition>> {
        self.last.lock().await
    }

    /// So many entries of this node's log are in the index, as far as is known without asking.
    pub(crate) fn indexed(&self) -> u64 {
        self.indexed.load(Ordering::Relaxed)
    }
}

/// Follow the log until the site stops.
pub async fn run(app: App, shutdown: CancellationToken) {
    let mut growth = app.guard().log().growth();
    let mut troubled = false;
    loop {
        let round = match catch_up(&app).await {
            // What rules found is told at once, and not only when the node looks at itself.
            Ok(()) => alerts::announce(&app).await.map(drop),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = &round
            && !troubled
        {
            tracing::warn!(code = %problem.code, "the audit log's search index is behind; it is tried again until it works");
        }
        troubled = round.is_err();
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        let changed = tokio::select! {
            () = shutdown.cancelled() => return,
            () = app.parts().indexer.bell.notified() => continue,
            changed = tokio::time::timeout(if troubled { PAUSE } else { QUIET }, growth.changed()) => changed,
        };
        if let Ok(Err(_)) = changed {
            return; // the log is closed
        }
    }
}

/// Bring the index up to what the log has now, however long it takes.
pub async fn catch_up(app: &App) -> Result<(), Problem> {
    let log = app.guard().log();
    let mut last = app.parts().indexer.last.lock().await;
    let mut position = where_it_stands(app, log, last.as_ref()).await?;
    let size = log.head().0;
    if position.indexed >= size {
        let mut db = app.db().await?;
        audit_index::tell_size(&mut db, position.number, size, app.now()).await.map_err(problem::database)?;
    }
    let indexed = &app.parts().indexer.indexed;
    indexed.store(position.indexed, Ordering::Relaxed);
    while position.indexed < log.head().0 {
        position = index_batch(app, log, position).await?;
        indexed.store(position.indexed, Ordering::Relaxed);
        *last = Some(position.clone());
    }
    *last = Some(position);
    Ok(())
}

/// Empty the index; this node begins to build it again at once, other nodes as soon as they notice. Says how many entries
/// are to be read again.
pub async fn rebuild(app: &App, actor: &Actor) -> Result<u64, Problem> {
    let question = ask(actor, Action::RebuildIndex, Resource::site(), Assurance::AuditReindex);
    let grant = app.permit::<permit::RebuildIndex>(question).await?;
    let result = empty(app, &grant.permit).await;
    let details = Details::none().detail("entries", result.as_ref().copied().unwrap_or_default());
    conclude(grant, result, details).await
}

async fn empty(app: &App, _permit: &Permit<permit::RebuildIndex>) -> Result<u64, Problem> {
    let mut last = app.parts().indexer.last.lock().await;
    let mut tx = app.database().begin().await.map_err(problem::database)?;
    let positions = audit_index::positions(&mut tx).await.map_err(problem::database)?;
    audit_index::empty(&mut tx).await.map_err(problem::database)?;
    tx.commit().await.map_err(problem::database)?;
    *last = None;
    app.parts().indexer.bell.notify_one();
    Ok(positions.iter().map(|position| position.size).sum())
}

/// The log's position in the index; a log that is not the one indexed begins anew.
async fn where_it_stands(app: &App, log: &Log, last: Option<&LogPosition>) -> Result<LogPosition, Problem> {
    let mut position = enlist(app, log).await?;
    let known = last.is_some_and(|last| last.indexed == position.indexed && last.tip == position.tip);
    if known || is_of(log, &position).await? {
        return Ok(position);
    }
    tracing::warn!(log.origin = %position.origin, "the search index is of another log than the one on disk; it is built again");
    let mut tx = app.database().begin().await.map_err(problem::database)?;
    audit_index::restart(&mut tx, position.number).await.map_err(problem::database)?;
    tx.commit().await.map_err(problem::database)?;
    position.indexed = 0;
    position.tip = None;
    Ok(position)
}

/// The log among the logs of the site.
pub(crate) async fn enlist(app: &App, log: &Log) -> Result<LogPosition, Problem> {
    for _ in 1..TRIES {
        let mut db = app.db().await?;
        match audit_index::enlist(&mut db, log.origin(), app.now()).await {
            Err(error) if error.is_passing() => tokio::task::yield_now().await,
            done => return done.map_err(problem::database),
        }
    }
    let mut db = app.db().await?;
    audit_index::enlist(&mut db, log.origin(), app.now()).await.map_err(problem::database)
}

/// Whether the last entry that was indexed is this log's.
async fn is_of(log: &Log, position: &LogPosition) -> Result<bool, Problem> {
    let Some(at) = position.indexed.checked_sub(1) else { return Ok(true) };
    if at >= log.head().0 {
        return Ok(false);
    }
    let entries = read(log, at, 1).await?;
    Ok(entries.first().map(|view| view.leaf.to_string()) == position.tip)
}

/// One batch; where the log stands afterwards.
async fn index_batch(app: &App, log: &Log, position: LogPosition) -> Result<LogPosition, Problem> {
    let views = read(log, position.indexed, BATCH).await?;
    let Some(tip) = views.last().map(|view| view.leaf.to_string()) else { return Ok(position) };
    let key = &app.parts().index_key;
    let entries: Vec<IndexedEntry> = views.iter().map(|view| indexed(key, view)).collect();
    let batch = Batch { entries: &entries, tip: &tip, size: log.head().0, now: app.now() };
    for attempt in 1.. {
        let mut tx = app.database().begin().await.map_err(problem::database)?;
        match take(app, &mut tx, &position, &batch, &views).await {
            Ok(Some(next)) => {
                tx.commit().await.map_err(problem::database)?;
                return Ok(next);
            }
            // Somebody emptied the index.
            Ok(None) => break,
            Err(error) if error.is_passing() && attempt < TRIES => {
                drop(tx);
                tokio::task::yield_now().await;
            }
            Err(error) => return Err(problem::database(error)),
        }
    }
    enlist(app, log).await
}

/// Takes a batch into the index and shows it to the rules, as one: no entry is in the index that no rule has seen.
async fn take(
    app: &App,
    db: &mut Db,
    position: &LogPosition,
    batch: &Batch<'_>,
    views: &[EntryView],
) -> Result<Option<LogPosition>, DbError> {
    let Some(next) = audit_index::append(db, position, batch).await? else { return Ok(None) };
    let watched = Watched { log: position.number, origin: &position.origin, entries: batch.entries, views };
    alerts::watch::look(app, db, &watched).await?;
    Ok(Some(next))
}

/// Entries with their personal values, read off the asynchronous threads.
pub(super) async fn read(log: &Log, from: u64, limit: usize) -> Result<Vec<EntryView>, Problem> {
    let log = log.clone();
    let read = tokio::task::spawn_blocking(move || log.entries(from, limit, &Filter::all())).await;
    let entries = read.map_err(|error| problem::internal("act-broken", &error))?;
    entries.map_err(|error| problem::internal("audit-unreadable", &error))
}

/// What the index keeps of an entry. A personal value that was erased has no token, and is found by none.
fn indexed(key: &IndexKey, view: &EntryView) -> IndexedEntry {
    let entry = &view.entry;
    let revealed = |field: &str| view.revealed.get(field).map(|value| value.expose());
    let actor = entry.actor.as_ref();
    let person = actor.zip(revealed("actor.subject")).map(|(actor, subject)| {
        let id = PersonId::new(actor.issuer.clone(), subject);
        key.person(&id)
    });
    let collection = entry.object.collection.clone();
    let path = revealed("object.path").and_then(|text| RemotePath::parse_text(text).ok());
    IndexedEntry {
        place: entry.index,
        at: Timestamp::from_micros(entry.at_ns.div_euclid(1_000)),
        kind: entry.kind.name().to_owned(),
        phase: word(&entry.phase).unwrap_or_default(),
        op: entry.op.uuid().into_bytes(),
        outcome: entry.outcome.as_ref().and_then(|outcome| word(&outcome.outcome)),
        code: entry.outcome.as_ref().map(|outcome| outcome.code.clone()),
        issuer: actor.map(|actor| actor.issuer.clone()),
        person,
        via_site: actor.and_then(|actor| actor.via_site.clone()),
        session: actor.and_then(|actor| actor.session.clone()),
        client: revealed("client").map(|address| key.client(address)),
        purpose: revealed("private.purpose").map(|purpose| key.purpose(purpose)),
        path: path.map(|path| key.way(collection.as_deref().unwrap_or_default(), &path)).unwrap_or_default(),
        collection,
        task: entry.object.task.clone(),
        class: entry.object.class.clone(),
        bytes: entry.object.bytes,
        files: entry.object.files,
        digest: entry.object.digest.map(|digest| *digest.as_bytes()),
        decision: entry.decision.as_ref().map(|decision| decision.id.uuid().into_bytes()),
        rule: entry.decision.as_ref().and_then(|decision| decision.rule.clone()),
        snapshot: entry.decision.as_ref().map(|decision| decision.snapshot.to_string()),
        peer: entry.peer.clone(),
        transport: entry.transport.clone(),
    }
}

/// The word that the log itself writes.
pub(super) fn word<T: Serialize>(value: &T) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(ToOwned::to_owned)
}
