//! Two whole sites in one process, engines running: the arrangement of every test about tasks.
//!
//! Between the sites stands a [`Gate`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealane_audit::{EntryView, Filter, Log, LogKeys, Phase, Recovery};
use sealane_connectors::Registry;
use sealane_crypto::{AeadKey, Random, SigningKey, SystemRandom, TlsIdentity};
use sealane_database::transfer_receipt::{self, TransferReceipt};
use sealane_database::{Database, collection, peer, storage_gateway, task, task_event};
use sealane_model::{
    AssuranceMode, Class, Clock, Collection, CollectionId, Item, NodeId, OrderId, Peer, Person, PersonId, Problem,
    RemotePath, RuleId, SiteId, StorageGateway, StorageGatewayId, StorageKind, SystemClock, Task, TaskEvent, TaskId,
    TaskState,
};
use sealane_policy::{Assurance, Engine, GrantRow, Permission, Principal, Snapshot, Subject};
use sealane_transfer::dialer::Dialer;
use sealane_transfer::engine::{End, NewTransfer, TransferParts, TransferSettings, Transfers};
use sealane_transfer::guard::Guard;
use sealane_transfer::lane::{LaneParts, LaneService};
use sealane_transfer::site::SiteIdentity;
use sealane_transfer::tls::lane_server_config;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answering::{Current, Receipts};
use super::files::{Tree, walk};
use super::gate::Gate;
use crate::backend::Backend;
pub(crate) use crate::two_sites::CLIENT;
use crate::two_sites::ISSUER;

/// Nothing in these tests takes this long, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One site without an engine: what survives a crash, and what the outside sees.
pub(crate) struct Site {
    pub(crate) identity: Arc<SiteIdentity>,
    pub(crate) database: Database,
    pub(crate) guard: Guard,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) collection: Collection,
    pub(crate) registry: Arc<Registry>,
    pub(crate) gate: Gate,
    /// The engine of the process that lives now.
    current: Arc<Mutex<Option<Transfers>>>,
    receipts: Arc<Mutex<Receipts>>,
    /// Signs its log.
    pub(crate) log_key: SigningKey,
    /// The node that is killed and started again.
    node: NodeId,
    lease: Duration,
    data: PathBuf,
    _folder: TempDir,
}

/// An engine that runs.
pub(crate) struct Node {
    pub(crate) engine: Transfers,
    pub(crate) shutdown: CancellationToken,
    tracker: TaskTracker,
    running: JoinHandle<()>,
}

impl Node {
    fn start(engine: Transfers, shutdown: CancellationToken, tracker: TaskTracker) -> Self {
        let moving = engine.clone();
        let running = tokio::spawn(async move { moving.run().await });
        Self { engine, shutdown, tracker, running }
    }

    /// Kills the engine where it is, as a crash would: nothing is put down in good order.
    pub(crate) async fn crash(self) {
        self.running.abort();
        let ended = self.running.await;
        assert!(ended.is_err_and(|error| error.is_cancelled()), "the engine ended by itself");
    }

    /// Stops the engine in good order.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(PATIENCE, async {
            self.running.await.unwrap();
            self.tracker.wait().await;
        })
        .await
        .expect("the engine stops");
    }
}

/// What a site is to be like.
pub(crate) struct Wish {
    pub(crate) class: Class,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) read_only: bool,
    /// Where its data are, if not in its own folder.
    pub(crate) data: Option<PathBuf>,
    /// How long a node that is gone keeps its tasks.
    pub(crate) lease: Duration,
}

impl Default for Wish {
    fn default() -> Self {
        let permissions = vec![Permission::List, Permission::Read, Permission::Write];
        Self { class: Class::Internal, permissions, read_only: false, data: None, lease: Duration::from_secs(2) }
    }
}

impl Site {
    pub(crate) async fn start(on: &Backend, name: &str, wish: Wish) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = wish.data.clone().unwrap_or_else(|| folder.path().join("data"));
        std::fs::create_dir_all(&data).unwrap();
        std::fs::create_dir(folder.path().join("log")).unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Gate::before(listener.local_addr().unwrap()).await;
        let identity = Arc::new(identity(name, gate.address, random.as_ref()));
        let database = Database::connect(&on.fresh().await, 8).await.unwrap();
        let database = database.with_key(&AeadKey::generate(random.as_ref()), Arc::clone(&random));
        database.migrate().await.unwrap();
        let (gateway, collection) = collection_of(name, &wish, &data, random.as_ref());
        let mut db = database.acquire().await.unwrap();
        storage_gateway::upsert(&mut db, &gateway).await.unwrap();
        collection::upsert(&mut db, &collection).await.unwrap();
        drop(db);
        let rule = GrantRow {
            id: RuleId::from_uuid(OrderId::generate(&SystemClock, random.as_ref()).uuid()),
            collection: collection.id,
            path: RemotePath::root(),
            principal: Principal::Person(ana().id),
            permissions: wish.permissions,
            deny: false,
            expires_s: None,
            purpose: None,
        };
        let rules = if rule.permissions.is_empty() { Vec::new() } else { vec![rule] };
        let keys =
            LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
        let log_key = keys.signing.clone();
        let (log, _) =
            Log::open(&folder.path().join("log"), &format!("sealane/{name}/node-1"), keys, Arc::clone(&random))
                .unwrap();
        let policy = Engine::new(Snapshot::build(rules).unwrap()).unwrap();
        let guard = Guard::new(policy, log, Arc::new(SystemClock), Arc::clone(&random));
        let site = Self {
            identity,
            log_key,
            database,
            guard,
            collection,
            registry: Arc::new(Registry::new()),
            gate,
            current: Arc::default(),
            receipts: Arc::new(Mutex::new(Receipts::HONEST)),
            node: NodeId::generate(&SystemClock, random.as_ref()),
            lease: wish.lease,
            random,
            data,
            _folder: folder,
        };
        site.listen(listener);
        site
    }

    fn parts(&self, node: NodeId, shutdown: CancellationToken, tracker: TaskTracker) -> TransferParts {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        TransferParts {
            identity: Arc::clone(&self.identity),
            node,
            database: self.database.clone(),
            guard: self.guard.clone(),
            registry: Arc::clone(&self.registry),
            dialer: Arc::new(Dialer::new(Arc::clone(&self.identity), Arc::clone(&clock), Arc::clone(&self.random))),
            clock,
            random: Arc::clone(&self.random),
            settings: TransferSettings { lease: self.lease, ..TransferSettings::default() },
            shutdown,
            tracker,
        }
    }

    /// The engine that answers here; it moves something only if it runs.
    pub(crate) fn engine(&self) -> Transfers {
        let mut current = self.current.lock().unwrap();
        let make = || Transfers::new(self.parts(self.node, CancellationToken::new(), TaskTracker::new()));
        current.get_or_insert_with(make).clone()
    }

    /// Starts the site's process, for the first time or after a crash.
    pub(crate) async fn run(&self) -> Node {
        // A process that died here left others alive that write its interrupted outcomes.
        self.guard.settle().await;
        let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
        let engine = Transfers::new(self.parts(self.node, shutdown.clone(), tracker.clone()));
        *self.current.lock().unwrap() = Some(engine.clone());
        engine.recover(self.open_intents()).await.unwrap();
        Node::start(engine, shutdown, tracker)
    }

    /// Starts another node of the same site.
    pub(crate) fn run_beside(&self) -> Node {
        let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
        let id = NodeId::generate(&SystemClock, self.random.as_ref());
        Node::start(Transfers::new(self.parts(id, shutdown.clone(), tracker.clone())), shutdown, tracker)
    }

    /// Serves peers, with whichever engine answers at the time.
    fn listen(&self, listener: TcpListener) {
        self.engine();
        let service = LaneService::new(LaneParts {
            identity: Arc::clone(&self.identity),
            database: self.database.clone(),
            guard: self.guard.clone(),
            orders: Arc::new(Current { engine: Arc::clone(&self.current), receipts: Arc::clone(&self.receipts) }),
            witness: None,
            clock: Arc::new(SystemClock),
            random: Arc::clone(&self.random),
            shutdown: CancellationToken::new(),
        });
        let acceptor = TlsAcceptor::from(lane_server_config(&self.identity).unwrap());
        tokio::spawn(async move {
            loop {
                let (socket, remote) = listener.accept().await.unwrap();
                let (acceptor, service) = (acceptor.clone(), service.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(socket).await {
                        service.serve(stream, remote).await;
                    }
                });
            }
        });
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.data.join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, content: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) async fn task(&self, id: TaskId) -> Option<Task> {
        task::find(&mut self.database.acquire().await.unwrap(), id).await.unwrap()
    }

    pub(crate) async fn tasks(&self) -> usize {
        task::list(&mut self.database.acquire().await.unwrap(), None, None, 100).await.unwrap().len()
    }

    pub(crate) async fn events(&self, id: TaskId) -> Vec<TaskEvent> {
        task_event::list(&mut self.database.acquire().await.unwrap(), id, 0, 1_000).await.unwrap()
    }

    pub(crate) async fn event_codes(&self, id: TaskId) -> Vec<String> {
        self.events(id).await.into_iter().map(|event| event.code).collect()
    }

    pub(crate) async fn peer(&self, other: &Self) -> Peer {
        peer::find(&mut self.database.acquire().await.unwrap(), other.identity.site).await.unwrap().unwrap()
    }

    async fn trust(&self, other: &Self, ceiling: Class) {
        let peer = Peer {
            descriptor: other.identity.descriptor().unwrap(),
            issuers: vec![ISSUER.to_owned()],
            ceiling,
            accepted_at: SystemClock.now(),
        };
        peer::upsert(&mut self.database.acquire().await.unwrap(), &peer).await.unwrap();
    }

    /// Waits for the end of a task here, and gives its row.
    pub(crate) async fn ended(&self, engine: &Transfers, id: TaskId) -> Task {
        self.until(engine, id, |pulse| pulse.state.is_final()).await;
        self.task(id).await.unwrap()
    }

    /// Waits until a watcher of the task sees something.
    pub(crate) async fn until(
        &self,
        engine: &Transfers,
        id: TaskId,
        seen: impl Fn(&sealane_transfer::engine::TaskPulse) -> bool,
    ) {
        let mut watcher = engine.watch(id);
        let waited = tokio::time::timeout(PATIENCE, async {
            // The channel ends after the final state.
            while !seen(&watcher.borrow_and_update()) && watcher.changed().await.is_ok() {}
        })
        .await;
        if waited.is_err() {
            panic!("waited in vain: {:?}, {:?}", self.task(id).await, self.events(id).await);
        }
    }

    /// What becomes of receipts from now on.
    pub(crate) fn answers(&self, receipts: Receipts) {
        *self.receipts.lock().unwrap() = receipts;
    }

    pub(crate) async fn receipt(&self, id: TaskId) -> Option<TransferReceipt> {
        transfer_receipt::find(&mut self.database.acquire().await.unwrap(), id).await.unwrap()
    }

    /// Waits until the exchange of a task's receipt is at a certain point here.
    pub(crate) async fn receipt_that(&self, id: TaskId, is: impl Fn(&TransferReceipt) -> bool) -> TransferReceipt {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = self.receipt(id).await.filter(&is) {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        });
        match waited.await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain: {:?}", self.receipt(id).await),
        }
    }

    /// Everything in the log.
    pub(crate) fn entries(&self) -> Vec<EntryView> {
        self.guard.log().entries(0, 100_000, &Filter::all()).unwrap()
    }

    /// Intents without an outcome, as a start after a crash would find them.
    pub(crate) fn open_intents(&self) -> Recovery {
        let mut open = BTreeMap::new();
        for view in self.entries() {
            let key = (view.entry.op, view.entry.kind);
            match view.entry.phase {
                Phase::Intent => {
                    let intent = sealane_audit::OpenIntent {
                        op: view.entry.op,
                        kind: view.entry.kind,
                        index: view.entry.index,
                        task: view.entry.object.task.clone(),
                    };
                    assert!(open.insert(key, intent).is_none(), "an intent was written twice");
                }
                Phase::Outcome => drop(open.remove(&key)),
                Phase::Info => {}
            }
        }
        Recovery { cut_bytes: 0, open_intents: open.into_values().collect() }
    }

    /// Waits until every intent in the log has an outcome: connections end a moment after the task.
    pub(crate) async fn settled(&self) {
        let all = async {
            while !self.open_intents().open_intents.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            panic!("intents stay open: {:?}", self.open_intents());
        }
    }

    /// What is in the collection's folder, staging included.
    pub(crate) fn tree(&self, below: &str) -> Tree {
        let mut tree = Tree::new();
        walk(&self.path(below), Path::new(""), &mut tree);
        tree
    }
}

/// A source and a destination that trust each other.
pub(crate) struct World {
    pub(crate) source: Site,
    pub(crate) destination: Site,
}

impl World {
    pub(crate) async fn start(on: &Backend) -> Self {
        Self::of(on, Wish::default(), Wish::default()).await
    }

    pub(crate) async fn of(on: &Backend, source: Wish, destination: Wish) -> Self {
        Self::with_ceiling(on, source, destination, Class::Phi).await
    }

    pub(crate) async fn with_ceiling(on: &Backend, source: Wish, destination: Wish, ceiling: Class) -> Self {
        let source = Site::start(on, "hospital-a", source).await;
        let destination = Site::start(on, "university-b", destination).await;
        source.trust(&destination, ceiling).await;
        destination.trust(&source, Class::Phi).await;
        Self { source, destination }
    }

    /// Ana, at the source, sends `items`.
    pub(crate) async fn push(&self, items: Vec<Item>) -> Result<Task, Problem> {
        let peer = self.source.peer(&self.destination).await;
        let new = transfer(
            End::Here(Box::new(self.source.collection.clone())),
            End::There(Box::new(peer), self.destination.collection.id),
            items,
        );
        self.source.engine().submit(new).await
    }

    /// Ana, at the destination, fetches `items` over so many lanes.
    pub(crate) async fn pull(&self, engine: &Transfers, items: Vec<Item>, lanes: u16) -> Result<Task, Problem> {
        let peer = self.destination.peer(&self.source).await;
        let new = transfer(
            End::There(Box::new(peer), self.source.collection.id),
            End::Here(Box::new(self.destination.collection.clone())),
            items,
        );
        engine.submit(NewTransfer { lanes: Some(lanes), ..new }).await
    }
}

pub(crate) fn transfer(source: End, destination: End, items: Vec<Item>) -> NewTransfer {
    let owner = ana();
    let assurance = Assurance { acr: None, amr: Vec::new(), auth_time_s: Some(SystemClock.now().as_seconds()) };
    NewTransfer {
        subject: Subject::person(owner.id.clone(), assurance),
        owner,
        session: None,
        client: Some(CLIENT.to_owned()),
        label: None,
        source,
        destination,
        items,
        purpose: Some("protocol 7".to_owned()),
        lanes: None,
        submission_id: None,
    }
}

pub(crate) fn item(source: &str, destination: &str) -> Item {
    Item { source: path(source), destination: path(destination), recursive: true }
}

pub(crate) fn path(text: &str) -> RemotePath {
    text.parse().unwrap()
}

pub(crate) fn ana() -> Person {
    let id = PersonId { issuer: ISSUER.to_owned(), subject: "ana".to_owned() };
    Person { id, email: None, name: Some("Ana".to_owned()) }
}

pub(crate) fn failed_with(task: &Task) -> &str {
    match &task.state {
        TaskState::Failed { code, .. } => code,
        state => panic!("the task is {state:?}"),
    }
}

fn identity(name: &str, address: SocketAddr, random: &dyn Random) -> SiteIdentity {
    SiteIdentity {
        site: SiteId::generate(&SystemClock, random),
        name: name.parse().unwrap(),
        title: name.to_owned(),
        signing: SigningKey::generate(random),
        tls: TlsIdentity::generate("lane", &["lane.example".to_owned()]).unwrap(),
        addresses: vec![address.to_string()],
        url: format!("https://{address}/"),
    }
}

fn collection_of(name: &str, wish: &Wish, root: &Path, random: &dyn Random) -> (StorageGateway, Collection) {
    let gateway = StorageGateway {
        id: StorageGatewayId::generate(&SystemClock, random),
        name: "disk".to_owned(),
        storage: StorageKind::Posix { root: root.to_owned() },
        classes: Class::ALL.to_vec(),
    };
    let collection = Collection {
        id: CollectionId::from_uuid(OrderId::generate(&SystemClock, random).uuid()),
        name: name.parse().unwrap(),
        title: name.to_owned(),
        description: String::new(),
        storage_gateway: gateway.id,
        class: wish.class,
        mode: AssuranceMode::Transport,
        read_only: wish.read_only,
        created_at: SystemClock.now(),
    };
    (gateway, collection)
}
