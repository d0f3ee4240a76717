//! One node's turn at a task: lease, permits, lanes; and what follows when it ends.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealane_audit::event::Transfer as TransferKind;
use sealane_connectors::{Connector, Staging};
use sealane_database::{Lease, order, task};
use sealane_model::task::Pause;
use sealane_model::{Collection, Order, Peer, Permit, Progress, RemotePath, Task, TaskId, TaskState, permit};
use sealane_policy::{Action, ActionType, Resource, Subject};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::facts::own_subject;
use super::ledger::other_site;
use super::local::{LocalItem, local_items};
use super::meter::Meter;
use super::order_book::OrderBook;
use super::queue::Queue;
use super::stop::Stop;
use super::supply::Writers;
use super::{Transfers, expand, mover, report};
use crate::guard::{Ask, Details, Grant, ItemLog};
use crate::order::op_of;
use crate::trust::subject_of_order;

/// How long the lanes may take to close in good order.
const CLOSING: Duration = Duration::from_secs(5);

/// Where a run's data come from.
pub(super) enum Origin {
    /// This site's own storage.
    Here(Arc<dyn Connector>, Arc<Vec<LocalItem>>),
    /// Another site.
    There(Box<Peer>),
}

/// A task that this node is moving.
pub(super) struct TaskRun {
    pub(super) engine: Transfers,
    pub(super) task: Task,
    pub(super) lease: Lease,
    pub(super) subject: Subject,
    /// The person's network address.
    pub(super) client: Option<String>,
    pub(super) book: OrderBook,
    pub(super) origin: Origin,
    pub(super) collection: Collection,
    pub(super) connector: Arc<dyn Connector>,
    /// Where large files grow, across runs.
    pub(super) staging: Staging,
    /// Where this run's small files grow.
    pub(super) batches: Staging,
    pub(super) writers: Writers,
    /// For each item, the log of its files and directories.
    pub(super) logs: Vec<ItemLog>,
    pub(super) meter: Arc<Meter>,
    pub(super) queue: Queue,
    /// Cancelled when the lanes are to stop.
    pub(super) halt: CancellationToken,
    /// What writes to the storage on threads of its own: it goes on for a moment when a lane is dropped.
    pub(super) writing: TaskTracker,
    stumbling: AtomicBool,
    /// Held while the task waits for another site: it then takes no place among those that this node moves.
    waiting: tokio::sync::Mutex<Option<Waiting>>,
    cipher: tokio::sync::OnceCell<String>,
    failures: Mutex<BTreeSet<String>>,
}

/// A task that waits counts here, for as long as this lives.
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Transfers {
    /// One more task waits.
    fn wait(&self) -> Waiting {
        self.inner.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(Arc::clone(&self.inner.waiting))
    }

    /// How many of this node's tasks wait for another site.
    pub(super) fn waiting(&self) -> usize {
        self.inner.waiting.load(Ordering::Acquire)
    }
}

/// The grants of a run: each is told how the run ended.
pub(super) struct Grants {
    writes: Vec<Grant<permit::Write>>,
    reads: Vec<Grant<permit::Read>>,
}

impl Grants {
    /// Records how the run ended, with what it brought in.
    pub(super) async fn close(self, outcome: &sealane_audit::OutcomeRecord, before: &Progress, after: &Progress) {
        let details = Details::none()
            .bytes(after.bytes_done.saturating_sub(before.bytes_done))
            .files(after.files_done.saturating_sub(before.files_done));
        for grant in self.writes {
            log_unrecorded(grant.done(outcome.clone(), details.clone()).await);
        }
        for grant in self.reads {
            log_unrecorded(grant.done(outcome.clone(), details.clone()).await);
        }
    }
}

fn log_unrecorded(written: Result<(), sealane_audit::AppendError>) {
    if let Err(error) = written {
        tracing::error!(error = %error, "the end of a run could not be recorded");
    }
}

/// The staging folder of one lease's small files: a node that lost the lease cannot touch those of the next.
pub(super) fn batch_staging(task: TaskId, fence: i64) -> Staging {
    let mark = u128::try_from(fence).unwrap_or(0);
    Staging::from(TaskId::from_uuid(uuid::Uuid::from_u128(task.uuid().as_u128() ^ mark)))
}

impl TaskRun {
    /// Gathers what the run needs, and decides anew whether it may.
    pub(super) async fn prepare(engine: &Transfers, task: Task, lease: Lease) -> Result<(Arc<Self>, Grants), Stop> {
        let peer = match other_site(engine, &task) {
            Some(site) => Some(engine.find_peer(site).await.map_err(|problem| Stop::of_problem(&problem))?),
            None => None,
        };
        let (order, signed, unused) = current_order(engine, task.id, peer.as_ref()).await?;
        let subject = match &peer {
            Some(peer) => subject_of_order(engine.parts().identity.site, peer, &order),
            None => Ok(own_subject(&order)),
        }
        .map_err(|problem| Stop::of_problem(&problem))?;
        let collection = of_problem(engine.find_collection(task.destination.collection).await)?;
        of_problem(super::facts::writable(&collection))?;
        let connector = of_problem(engine.connector(&collection).await)?;
        let client = order.person.client.clone();
        let asker = Asker { engine, task: &task, subject: &subject, client: client.as_ref(), peer: peer.as_ref() };
        let kind = TransferKind::FilesCommit;
        let writes: Vec<Grant<permit::Write>> =
            asker.grants(&collection, Action::TransferIn, kind, |item| &item.destination).await?;
        let writers = shared(&writes)?;
        let logs = item_logs(&writes, task.id);
        let (origin, reads) = match peer {
            Some(peer) => (Origin::There(Box::new(peer)), Vec::new()),
            None => asker.here().await?,
        };
        let run = Self {
            engine: engine.clone(),
            subject,
            book: OrderBook::new(order, signed, unused),
            origin,
            collection,
            connector,
            staging: Staging::from(task.id),
            batches: batch_staging(task.id, lease.fence),
            writers: Arc::new(writers),
            logs,
            client,
            meter: Arc::new(Meter::new(&task)),
            queue: Queue::new(task.id),
            halt: CancellationToken::new(),
            stumbling: AtomicBool::new(false),
            writing: TaskTracker::new(),
            waiting: tokio::sync::Mutex::new(matches!(task.state, TaskState::Inactive { .. }).then(|| engine.wait())),
            cipher: tokio::sync::OnceCell::new(),
            failures: Mutex::default(),
            task,
            lease,
        };
        Ok((Arc::new(run), Grants { writes, reads }))
    }

    /// Lists and moves until all is there, or something stops it. `watch` says when to stop from outside.
    pub(super) async fn work(self: &Arc<Self>, watch: impl Future<Output = Stop>) -> Result<(), Stop> {
        let mut lanes = JoinSet::new();
        lanes.spawn(expand::expand(Arc::clone(self)));
        for lane in 0..self.task.lanes {
            lanes.spawn(mover::work(Arc::clone(self), lane));
        }
        let mut reporters = JoinSet::new();
        reporters.spawn(report::to_watchers(Arc::clone(self)));
        reporters.spawn(report::to_peer(Arc::clone(self)));
        tokio::pin!(watch);
        loop {
            let stop = tokio::select! {
                biased;
                stop = &mut watch => stop,
                ended = lanes.join_next() => match ended {
                    None => return Ok(()),
                    Some(Ok(Ok(()))) => continue,
                    Some(Ok(Err(stop))) => stop,
                    Some(Err(error)) => Stop::from(error),
                },
            };
            self.halt.cancel();
            if !matches!(stop, Stop::Lost) {
                let closing = async { while lanes.join_next().await.is_some() {} };
                // A lane that does not close in time is dropped, and recorded as interrupted.
                let _ = tokio::time::timeout(CLOSING, closing).await;
                lanes.shutdown().await;
            }
            return Err(stop);
        }
    }

    /// The lane over which the source is listed: the one after those that carry data.
    pub(super) const fn planning_lane(&self) -> u16 {
        self.task.lanes
    }

    /// `true` for the first failure of its kind in this run.
    pub(super) fn is_new_failure(&self, code: &str) -> bool {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).insert(code.to_owned())
    }

    /// The cipher suite of this run's lanes, or of an earlier run's where this one opened none.
    pub(super) fn cipher(&self) -> Option<String> {
        self.cipher.get().cloned().or_else(|| self.task.cipher.clone())
    }

    /// The lanes use this cipher suite: written down once.
    pub(super) async fn uses_cipher(&self, cipher: &str) -> Result<(), Stop> {
        let write = || async {
            let mut db = self.engine.parts().database.acquire().await?;
            task::set_cipher(&mut db, self.task.id, cipher, Some(&self.lease)).await?;
            Ok::<String, Stop>(cipher.to_owned())
        };
        self.cipher.get_or_try_init(write).await.map(drop)
    }

    /// Something was lost and will be tried again; if that lasts, the task says that it waits.
    pub(super) async fn stumbles(&self, cause: &str, lasts: bool) -> Result<(), Stop> {
        if !self.stumbling.swap(true, Ordering::AcqRel) {
            let message = format!("The work was interrupted and goes on by itself: {cause}.");
            self.engine.note(self.task.id, "lane-lost", &message, true).await?;
        }
        let mut waiting = self.waiting.lock().await;
        if lasts && waiting.is_none() {
            let reason = Pause::PeerUnreachable;
            self.stand(&TaskState::Inactive { reason }, "waiting for the other site").await?;
            let message = format!("The task waits and tries again until its deadline: {cause}.");
            self.engine.note(self.task.id, "peer-unreachable", &message, true).await?;
            *waiting = Some(self.engine.wait());
        }
        Ok(())
    }

    /// Something was done: whatever was in the way is gone.
    pub(super) async fn goes_on(&self) -> Result<(), Stop> {
        if self.stumbling.swap(false, Ordering::AcqRel) {
            self.engine.note(self.task.id, "resumed", "The work goes on.", false).await?;
        }
        let mut waiting = self.waiting.lock().await;
        if waiting.is_some() {
            self.stand(&TaskState::Active, "moving").await?;
            *waiting = None;
        }
        Ok(())
    }

    /// Writes down where the task stands.
    pub(super) async fn stand(&self, state: &TaskState, nice_status: &str) -> Result<(), Stop> {
        let mut db = self.engine.parts().database.acquire().await?;
        let now = self.engine.parts().clock.now();
        task::set_state(&mut db, self.task.id, state, nice_status, now, Some(&self.lease)).await?;
        self.meter.say(state, nice_status);
        self.meter.publish(self.engine.hub());
        Ok(())
    }
}

/// Asks for the permits of a run.
struct Asker<'a> {
    engine: &'a Transfers,
    task: &'a Task,
    subject: &'a Subject,
    client: Option<&'a String>,
    peer: Option<&'a Peer>,
}

impl Asker<'_> {
    /// One grant for each item.
    async fn grants<A: ActionType>(
        &self,
        collection: &Collection,
        action: Action,
        kind: TransferKind,
        path: impl Fn(&sealane_model::Item) -> &RemotePath,
    ) -> Result<Vec<Grant<A>>, Stop> {
        let asked = self.task.items.iter().map(|item| {
            let resource = Resource::collection(collection.id, collection.class, path(item).clone(), None);
            let mut ask = Ask::new(self.subject.clone(), action, resource, kind);
            ask.object.task = Some(self.task.id.to_string());
            ask.client = self.client.cloned();
            ask.purpose.clone_from(&self.task.purpose);
            ask.peer = self.peer.map(|peer| peer.descriptor.site.to_string());
            self.engine.parts().guard.permit::<A>(ask)
        });
        let mut grants = Vec::new();
        for granted in futures_util::future::join_all(asked).await {
            grants.push(granted?);
        }
        Ok(grants)
    }

    /// The source, where it is at this site too.
    async fn here(&self) -> Result<(Origin, Vec<Grant<permit::Read>>), Stop> {
        let collection = of_problem(self.engine.find_collection(self.task.source.collection).await)?;
        let connector = of_problem(self.engine.connector(&collection).await)?;
        let kind = TransferKind::Release;
        let reads: Vec<Grant<permit::Read>> =
            self.grants(&collection, Action::TransferOut, kind, |item| &item.source).await?;
        let items = local_items(&self.task.items, shared(&reads)?, item_logs(&reads, self.task.id));
        Ok((Origin::Here(connector, Arc::new(items)), reads))
    }
}

/// The permits of grants, to be shared by lanes; the grants stay with the run.
fn shared<A: ActionType>(grants: &[Grant<A>]) -> Result<Vec<Arc<Permit<A>>>, Stop> {
    let share = |grant: &Grant<A>| grant.permit.path().and_then(|path| grant.permit.narrow(path)).map(Arc::new);
    grants.iter().map(share).collect::<Option<Vec<_>>>().ok_or_else(|| {
        Stop::failed("not-permitted", "An access rule refuses the destination or source itself. Next: ask for access.")
    })
}

/// The logs of the items of grants.
fn item_logs<A: ActionType>(grants: &[Grant<A>], task: TaskId) -> Vec<ItemLog> {
    grants.iter().filter_map(|grant| grant.item_log(op_of(task))).collect()
}

fn of_problem<T>(result: Result<T, sealane_model::Problem>) -> Result<T, Stop> {
    result.map_err(|problem| Stop::of_problem(&problem))
}

async fn current_order(
    engine: &Transfers,
    id: TaskId,
    peer: Option<&Peer>,
) -> Result<(Order, sealane_crypto::Signed<Order>, bool), Stop> {
    let signed = {
        let mut db = engine.parts().database.acquire().await?;
        order::current(&mut db, id).await?
    };
    let signed =
        signed.ok_or_else(|| Stop::failed("order-unknown", "The task has no order. Next: submit it again."))?;
    let order = engine.read_kept(&signed, peer)?;
    let unused = engine.take_unused(order.id);
    Ok((order, signed, unused))
}
