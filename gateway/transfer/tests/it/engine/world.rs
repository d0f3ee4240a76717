//! Two whole sites in one process, engines running: the arrangement of every test about tasks.
//!
//! Between the sites stands a [`Gate`]: it lets so many bytes through and then holds, or cuts, so that a test can stop a
//! transfer at a place of its choice.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sealane_audit::{EntryView, Filter, Log, LogKeys, Phase, Recovery};
use sealane_connectors::Registry;
use sealane_crypto::{AeadKey, Random, Signed, SigningKey, SystemRandom, TlsIdentity};
use sealane_database::{Database, collection, peer, storage_gateway, task, task_event};
use sealane_model::{
    AssuranceMode, Class, Clock, Collection, CollectionId, Item, NodeId, Order, OrderId, Peer, Person, PersonId, Problem,
    RemotePath, RuleId, SiteId, StorageGateway, StorageGatewayId, StorageKind, SystemClock, Task, TaskEvent, TaskId,
    TaskState,
};
use sealane_policy::{Assurance, Engine, GrantRow, Permission, Principal, Snapshot, Subject};
use sealane_transfer::dialer::Dialer;
use sealane_transfer::engine::{End, NewTransfer, TransferParts, TransferSettings, Transfers};
use sealane_transfer::guard::Guard;
use sealane_transfer::lane::{LaneParts, LaneService, Orders, SourceCollection};
use sealane_transfer::message::{Accepted, BrowseQuery, Finished, PersonListing, ProgressReport, RemoteCollection};
use sealane_transfer::site::SiteIdentity;
use sealane_transfer::tls::lane_server_config;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::database::TestDatabase;
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
    data: PathBuf,
    _folder: TempDir,
    _database: TestDatabase,
}

/// An engine that runs.
pub(crate) struct Node {
    pub(crate) engine: Transfers,
    pub(crate) shutdown: CancellationToken,
    tracker: TaskTracker,
    running: JoinHandle<()>,
}

impl Node {
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
}

impl Default for Wish {
    fn default() -> Self {
        let permissions = vec![Permission::List, Permission::Read, Permission::Write];
        Self { class: Class::Internal, permissions, read_only: false, data: None }
    }
}

impl Site {
    pub(crate) async fn start(name: &str, wish: Wish) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = wish.data.clone().unwrap_or_else(|| folder.path().join("data"));
        std::fs::create_dir_all(&data).unwrap();
        std::fs::create_dir(folder.path().join("log")).unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Gate::before(listener.local_addr().unwrap()).await;
        let identity = Arc::new(identity(name, gate.address, random.as_ref()));
        let prepared = TestDatabase::fresh(folder.path()).await;
        let database = Database::connect(&prepared.url, 8).await.unwrap();
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
        let (log, _) = Log::open(&folder.path().join("log"), name, keys, Arc::clone(&random)).unwrap();
        let policy = Engine::new(Snapshot::build(rules).unwrap()).unwrap();
        let guard = Guard::new(policy, log, Arc::new(SystemClock), Arc::clone(&random));
        let site = Self {
            identity,
            database,
            guard,
            random,
            collection,
            registry: Arc::new(Registry::new()),
            gate,
            current: Arc::default(),
            data,
            _folder: folder,
            _database: prepared,
        };
        site.listen(listener);
        site
    }

    fn parts(&self, shutdown: CancellationToken, tracker: TaskTracker) -> TransferParts {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        TransferParts {
            identity: Arc::clone(&self.identity),
            node: NodeId::generate(clock.as_ref(), self.random.as_ref()),
            database: self.database.clone(),
            guard: self.guard.clone(),
            registry: Arc::clone(&self.registry),
            dialer: Arc::new(Dialer::new(Arc::clone(&self.identity), Arc::clone(&clock), Arc::clone(&self.random))),
            clock,
            random: Arc::clone(&self.random),
            settings: TransferSettings { lease: Duration::from_secs(2), ..TransferSettings::default() },
            shutdown,
            tracker,
        }
    }

    /// The engine that answers here; it moves something only if it runs.
    pub(crate) fn engine(&self) -> Transfers {
        let mut current = self.current.lock().unwrap();
        let make = || Transfers::new(self.parts(CancellationToken::new(), TaskTracker::new()));
        current.get_or_insert_with(make).clone()
    }

    /// Starts the site's process, for the first time or after a crash.
    pub(crate) async fn run(&self) -> Node {
        // A process that died here left others alive that write its interrupted outcomes.
        self.guard.settle().await;
        let node = self.run_beside();
        *self.current.lock().unwrap() = Some(node.engine.clone());
        node.engine.recover(self.open_intents()).await.unwrap();
        node
    }

    /// Starts another node of the same site.
    pub(crate) fn run_beside(&self) -> Node {
        let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
        let engine = Transfers::new(self.parts(shutdown.clone(), tracker.clone()));
        let running = tokio::spawn({
            let engine = engine.clone();
            async move { engine.run().await }
        });
        Node { engine, shutdown, tracker, running }
    }

    /// Serves peers, with whichever engine answers at the time.
    fn listen(&self, listener: TcpListener) {
        self.engine();
        let service = LaneService::new(LaneParts {
            identity: Arc::clone(&self.identity),
            database: self.database.clone(),
            guard: self.guard.clone(),
            orders: Arc::new(Current(Arc::clone(&self.current))),
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
        task::find(&mut *self.database.acquire().await.unwrap(), id).await.unwrap()
    }

    pub(crate) async fn tasks(&self) -> usize {
        task::list(&mut *self.database.acquire().await.unwrap(), None, None, 100).await.unwrap().len()
    }

    pub(crate) async fn events(&self, id: TaskId) -> Vec<TaskEvent> {
        task_event::list(&mut *self.database.acquire().await.unwrap(), id, 0, 1_000).await.unwrap()
    }

    pub(crate) async fn event_codes(&self, id: TaskId) -> Vec<String> {
        self.events(id).await.into_iter().map(|event| event.code).collect()
    }

    pub(crate) async fn peer(&self, other: &Self) -> Peer {
        peer::find(&mut *self.database.acquire().await.unwrap(), other.identity.site).await.unwrap().unwrap()
    }

    async fn trust(&self, other: &Self, ceiling: Class) {
        let peer = Peer {
            descriptor: other.identity.descriptor().unwrap(),
            issuers: vec![ISSUER.to_owned()],
            ceiling,
            accepted_at: SystemClock.now(),
        };
        peer::upsert(&mut *self.database.acquire().await.unwrap(), &peer).await.unwrap();
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

/// Hands on to the engine of the moment.
struct Current(Arc<Mutex<Option<Transfers>>>);

impl Current {
    fn engine(&self) -> Transfers {
        self.0.lock().unwrap().clone().unwrap()
    }
}

#[async_trait]
impl Orders for Current {
    async fn source(&self, peer: &Peer, order: &Order) -> Result<SourceCollection, Problem> {
        self.engine().source(peer, order).await
    }

    async fn accept_offer(
        &self,
        peer: &Peer,
        subject: Subject,
        order: &Order,
        signed: &Signed<Order>,
    ) -> Result<Accepted, Problem> {
        self.engine().accept_offer(peer, subject, order, signed).await
    }

    async fn renew(&self, peer: &Peer, task: TaskId) -> Result<Signed<Order>, Problem> {
        self.engine().renew(peer, task).await
    }

    async fn progress(&self, peer: &Peer, report: ProgressReport) -> Result<(), Problem> {
        self.engine().progress(peer, report).await
    }

    async fn finished(&self, peer: &Peer, finished: Finished) -> Result<(), Problem> {
        self.engine().finished(peer, finished).await
    }

    async fn cancel(&self, peer: &Peer, task: TaskId, by: Subject) -> Result<(), Problem> {
        Orders::cancel(&self.engine(), peer, task, by).await
    }

    async fn browse(&self, peer: &Peer, subject: Subject, query: BrowseQuery) -> Result<PersonListing, Problem> {
        self.engine().browse(peer, subject, query).await
    }

    async fn collections(&self, peer: &Peer, subject: Subject) -> Result<Vec<RemoteCollection>, Problem> {
        self.engine().collections(peer, subject).await
    }
}

/// Names with kind, content and time of change.
pub(crate) type Tree = BTreeMap<PathBuf, (bool, Vec<u8>, (i64, i64))>;

fn walk(root: &Path, below: &Path, tree: &mut Tree) {
    let Ok(entries) = std::fs::read_dir(root.join(below)) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        let meta = entry.path().symlink_metadata().unwrap();
        let content = if meta.is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
        tree.insert(path.clone(), (meta.is_dir(), content, (meta.mtime(), meta.mtime_nsec())));
        if meta.is_dir() {
            walk(root, &path, tree);
        }
    }
}

/// A source and a destination that trust each other.
pub(crate) struct World {
    pub(crate) source: Site,
    pub(crate) destination: Site,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::of(Wish::default(), Wish::default()).await
    }

    pub(crate) async fn of(source: Wish, destination: Wish) -> Self {
        Self::with_ceiling(source, destination, Class::Phi).await
    }

    pub(crate) async fn with_ceiling(source: Wish, destination: Wish, ceiling: Class) -> Self {
        let source = Site::start("hospital-a", source).await;
        let destination = Site::start("university-b", destination).await;
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
        client: None,
        label: None,
        source,
        destination,
        items,
        purpose: None,
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

/// A file name from bytes.
pub(crate) fn name(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// Content that is the same nowhere.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
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

/// A wire before a site: what the site sends waits once the allowance is used up.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    allowance: Arc<Semaphore>,
    wires: Arc<Mutex<Vec<JoinHandle<()>>>>,
    shut: Arc<std::sync::atomic::AtomicBool>,
}

/// The allowance is counted in pieces of this size, begun ones whole.
const PIECE: usize = 4 << 10;

impl Gate {
    async fn before(site: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self {
            address: listener.local_addr().unwrap(),
            allowance: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS / 2)),
            wires: Arc::default(),
            shut: Arc::default(),
        };
        let (allowance, wires, shut) =
            (Arc::clone(&gate.allowance), Arc::clone(&gate.wires), Arc::clone(&gate.shut));
        tokio::spawn(async move {
            loop {
                let (outer, _) = listener.accept().await.unwrap();
                if shut.load(std::sync::atomic::Ordering::SeqCst) {
                    continue;
                }
                let allowance = Arc::clone(&allowance);
                let wire = tokio::spawn(async move {
                    let inner = TcpStream::connect(site).await.unwrap();
                    carry(outer, inner, &allowance).await;
                });
                wires.lock().unwrap().push(wire);
            }
        });
        gate
    }

    /// From now on the site may send so many bytes, and then its words wait.
    pub(crate) fn allow(&self, bytes: usize) {
        self.allowance.forget_permits(Semaphore::MAX_PERMITS);
        self.allowance.add_permits(bytes / PIECE);
    }

    /// The site may send again.
    pub(crate) fn open(&self) {
        self.shut.store(false, std::sync::atomic::Ordering::SeqCst);
        self.allowance.add_permits(Semaphore::MAX_PERMITS / 4);
    }

    /// Cuts every connection, and every new one at once.
    pub(crate) fn shut(&self) {
        self.shut.store(true, std::sync::atomic::Ordering::SeqCst);
        self.cut();
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        for wire in self.wires.lock().unwrap().drain(..) {
            wire.abort();
        }
    }
}

async fn carry(outer: TcpStream, inner: TcpStream, allowance: &Semaphore) {
    let (mut from_outer, mut to_outer) = outer.into_split();
    let (mut from_inner, mut to_inner) = inner.into_split();
    let asked = tokio::io::copy(&mut from_outer, &mut to_inner);
    let answered = async {
        let mut buffer = vec![0; 16 * PIECE];
        loop {
            match from_inner.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(read) => {
                    let pieces = u32::try_from(read.div_ceil(PIECE)).unwrap();
                    allowance.acquire_many(pieces).await.unwrap().forget();
                    if to_outer.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            }
        }
    };
    tokio::select! {
        _ = asked => {}
        () = answered => {}
    }
}
