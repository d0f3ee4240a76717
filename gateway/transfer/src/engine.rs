//! The life of a task: submitted, leased, moved, verified, finished, at whichever node of the site is alive.
//!
//! **What for.** [`Transfers`] is what the rest of the product knows of moving data. A task is submitted at one site; the
//! site at which the data arrive does the moving: it lists the source, keeps what is to be done as work units in the
//! database, pulls them over lanes, and makes each one durable before its row says so.
//!
//! **Promises.** Submitting takes milliseconds however many files there are. Memory holds a few units. What is durable is
//! never fetched again, whatever kills a node: at most one range or batch per lane is repeated. No file is half there under
//! its final name. One node moves a task at a time (a lease with fencing), and any node may take over. Each site's audit log
//! has one intent and one outcome for the task.
//!
//! **Leaves to others.** Deciding and recording: [`crate::guard`]. The wire: [`crate::lane`]. Storage: `sealane-connectors`.

mod accept;
mod browse;
mod cancel;
mod commit_record;
mod committer;
mod ends;
mod exchange;
mod expand;
mod facts;
mod failure;
mod finish;
mod lease;
mod ledger;
mod local;
mod manifest;
mod meter;
mod mirror;
mod mover;
mod order_book;
mod owner;
mod parents;
mod progress;
mod queue;
mod receiver;
mod recover;
mod report;
mod request;
mod retry;
mod run;
mod stop;
mod supply;

mod unit;
mod worker;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use sealane_connectors::Registry;
use sealane_crypto::digest::Digest;
use sealane_crypto::random::Random;
use sealane_database::Database;
use sealane_model::{
    Clock, Collection, CollectionId, Item, NodeId, OrderId, Peer, Permit, Person, Problem, Task, TaskId, permit,
};
use sealane_policy::Subject;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dialer::Dialer;
use crate::guard::Guard;
use crate::peer_log::PeerLogs;
use crate::site::SiteIdentity;

use self::ends::Ends;
use self::ledger::Ledger;
use self::progress::Hub;

pub use self::progress::TaskPulse;

/// What the engine is built from.
pub struct TransferParts {
    /// This site.
    pub identity: Arc<SiteIdentity>,
    /// This node: holds leases.
    pub node: NodeId,
    /// The control database.
    pub database: Database,
    /// Decides and records.
    pub guard: Guard,
    /// Opens collections.
    pub registry: Arc<Registry>,
    /// Reaches peers.
    pub dialer: Arc<Dialer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub random: Arc<dyn Random>,
    /// Bounds.
    pub settings: TransferSettings,
    /// Cancelled when the site stops: running tasks pause cleanly.
    pub shutdown: CancellationToken,
    /// Owns what the engine spawns: wait for it after `shutdown`.
    pub tracker: TaskTracker,
}

/// Bounds of the engine.
#[derive(Debug, Clone)]
pub struct TransferSettings {
    /// Lanes of a task for which nobody asked otherwise.
    pub lanes: u16,
    /// Tasks that this node moves at the same time.
    pub tasks: usize,
    /// After this long an unfinished task fails.
    pub deadline: Duration,
    /// How long a node may be silent before another takes its tasks over.
    pub lease: Duration,
}

impl Default for TransferSettings {
    fn default() -> Self {
        Self { lanes: 4, tasks: 4, deadline: Duration::from_secs(24 * 3600), lease: Duration::from_secs(10) }
    }
}

/// One end of a transfer that is to be submitted.
#[derive(Debug, Clone)]
pub enum End {
    /// A collection of this site.
    Here(Box<Collection>),
    /// A collection of a peer.
    There(Box<Peer>, CollectionId),
}

/// A transfer that a person asks for.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// Who asks.
    pub owner: Person,
    /// The same person as policy sees them now.
    pub subject: Subject,
    /// Digest of their session, for the record.
    pub session: Option<Digest>,
    /// Their network address, for the record.
    pub client: Option<String>,
    /// What they call it.
    pub label: Option<String>,
    /// Where the data are.
    pub source: End,
    /// Where they go.
    pub destination: End,
    /// What moves.
    pub items: Vec<Item>,
    /// Why, where a rule asks for it.
    pub purpose: Option<String>,
    /// Parallel lanes; the site's default where absent.
    pub lanes: Option<u16>,
    /// An id that the caller chose: submitted again it gives the same task and starts nothing.
    pub submission_id: Option<TaskId>,
}

/// The transfer engine of one node. Cheap to clone: all clones are one.
#[derive(Clone)]
pub struct Transfers {
    inner: Arc<Inner>,
}

struct Inner {
    parts: TransferParts,
    hub: Hub,
    ledger: Ledger,
    ends: Ends,
    /// Orders that were made or received by this process and of which no lane has been opened yet.
    unused_orders: std::sync::Mutex<std::collections::HashSet<OrderId>>,
    /// Tasks of this node that wait for another site.
    waiting: Arc<AtomicUsize>,
    /// Rung when there may be something to do before the next tick.
    bell: Notify,
    /// Rung when somebody wants a running task to end.
    nudge: Notify,
    /// Rung when a receipt is owed.
    owing: Notify,
}

impl Transfers {
    /// The engine; nothing moves until [`run`](Self::run).
    #[must_use]
    pub fn new(parts: TransferParts) -> Self {
        let inner = Inner {
            parts,
            hub: Hub::default(),
            ledger: Ledger::default(),
            ends: Ends::default(),
            unused_orders: std::sync::Mutex::default(),
            waiting: Arc::default(),
            bell: Notify::new(),
            nudge: Notify::new(),
            owing: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Decides, records, inserts the task and offers the order to the other site.
    ///
    /// # Errors
    /// A [`Problem`] for the person: policy said no here or there, the peer cannot be reached, or the request makes no
    /// sense. Then there is no task.
    pub async fn submit(&self, new: NewTransfer) -> Result<Task, Problem> {
        request::submit(self, new).await
    }

    /// Stops a task at both sites, for a person with this network address. What arrived whole stays; nothing is left half under its final name.
    ///
    /// # Errors
    /// `task-unknown`, or `task-ended` if there is nothing left to stop.
    pub async fn cancel(
        &self,
        permit: &Permit<permit::CancelTask>,
        task: TaskId,
        client: Option<String>,
    ) -> Result<Task, Problem> {
        cancel::cancel(self, permit, task, client).await
    }

    /// The task's progress and state as they change, at most ten times a second. The last value is a final state.
    #[must_use]
    pub fn watch(&self, task: TaskId) -> tokio::sync::watch::Receiver<TaskPulse> {
        progress::watch(self, task)
    }

    /// Leases tasks and moves them until the site stops; then pauses what runs and lets go of the leases. Exchanges the
    /// receipts of what has moved.
    pub async fn run(&self) {
        tokio::join!(worker::run(self), exchange::run(self));
    }

    /// Closes intents that a crash left open in this node's audit log, each with what the database says became of it, and
    /// gives back the leases that the node held when it crashed. To be called once, before [`run`](Self::run).
    ///
    /// Only who opened the log has a [`Recovery`](sealane_audit::Recovery), and only one process at a time can have it
    /// open: so no other process acts as this node, and what it seems to hold nobody holds.
    ///
    /// # Errors
    /// If the truth cannot be read or the record cannot be written.
    pub async fn recover(&self, recovery: sealane_audit::Recovery) -> Result<(), Problem> {
        recover::recover(self, &recovery).await
    }

    fn parts(&self) -> &TransferParts {
        &self.inner.parts
    }

    /// What this site knows of its peers' audit logs.
    fn peer_logs(&self) -> PeerLogs<'_> {
        let TransferParts { database, guard, clock, .. } = self.parts();
        PeerLogs { database, guard, now: clock.now() }
    }

    fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    fn ends(&self) -> &Ends {
        &self.inner.ends
    }

    /// Look for work now instead of at the next tick.
    fn ring(&self) {
        self.inner.bell.notify_one();
    }
}
