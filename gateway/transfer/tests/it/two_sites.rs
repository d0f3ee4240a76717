//! Two sites on loopback that trust each other: the arrangement of every test about lanes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sealane_audit::event::Transfer;
use sealane_audit::{EntryView, Filter, Log, LogKeys};
use sealane_connectors::{Connector, Registry};
use sealane_crypto::{AeadKey, Random, Signed, SigningKey, SystemRandom, TlsIdentity};
use sealane_database::{Database, peer};
use sealane_model::problem::ProblemKind;
use sealane_model::time::Timestamp;
use sealane_model::{
    AssuranceMode, Class, Clock, Collection, CollectionId, Item, ManualClock, Order, OrderId, Peer, Person,
    PersonAssertion, PersonId, Place, Problem, Protection, RemotePath, RuleId, SiteId, StorageGateway,
    StorageGatewayId, StorageKind, TaskId,
};
use sealane_policy::{Assurance, Engine, GrantRow, Permission, Principal, Snapshot, Subject};
use sealane_transfer::dialer::Dialer;
use sealane_transfer::guard::Guard;
use sealane_transfer::lane::{LaneClient, LaneError, LaneParts, LaneService, Orders, SourceCollection};
use sealane_transfer::message::{
    Accepted, BrowseQuery, Finished, PersonListing, ProgressReport, ReceiptPart, RemoteCollection,
};
use sealane_transfer::order;
use sealane_transfer::site::SiteIdentity;
use sealane_transfer::tls::lane_server_config;
use sealane_transfer::trust::Visitor;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::Backend;

/// The identity provider of both sites' people.
pub(crate) const ISSUER: &str = "https://login.example.edu";
/// When the tests begin.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// One site: a folder with data, a database, a log, a listener.
pub(crate) struct Site {
    pub(crate) identity: Arc<SiteIdentity>,
    pub(crate) database: Database,
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) collection: Collection,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task_ended: CancellationToken,
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    connections: TaskTracker,
    folder: TempDir,
}

impl Site {
    /// Starts a site whose collection is `class`; Ana may read all of it.
    pub(crate) async fn start(on: &Backend, name: &str, class: Class) -> Self {
        Self::start_in(on, tempfile::tempdir().unwrap(), name, class).await
    }

    /// Starts a site in a folder of the caller's choice.
    pub(crate) async fn start_in(on: &Backend, folder: TempDir, name: &str, class: Class) -> Self {
        for part in ["data", "log"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
        let clock = Arc::new(ManualClock::at(NOON));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let identity = Arc::new(identity(name, listener.local_addr().unwrap(), clock.as_ref(), random.as_ref()));
        let database = Database::connect(&on.fresh().await, 4).await.unwrap();
        let database = database.with_key(&AeadKey::generate(random.as_ref()), Arc::clone(&random));
        database.migrate().await.unwrap();
        let (collection, connector) = collection(name, class, &folder.path().join("data"), &clock, random.as_ref());
        let snapshot = Snapshot::build(vec![may_read(&collection, &clock, random.as_ref())]).unwrap();
        let keys =
            LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
        let (log, _) =
            Log::open(&folder.path().join("log"), &format!("sealane/{name}/node-1"), keys, Arc::clone(&random))
                .unwrap();
        let guard = Guard::new(Engine::new(snapshot).unwrap(), log, clock.clone(), Arc::clone(&random));
        let site = Self {
            identity,
            database,
            guard,
            clock,
            random,
            collection,
            connector,
            shutdown: CancellationToken::new(),
            task_ended: CancellationToken::new(),
            heard: Arc::default(),
            connections: TaskTracker::new(),
            folder,
        };
        site.listen(listener);
        site
    }

    fn listen(&self, listener: TcpListener) {
        let service = LaneService::new(LaneParts {
            identity: Arc::clone(&self.identity),
            database: self.database.clone(),
            guard: self.guard.clone(),
            orders: Arc::new(Engineless {
                source: SourceCollection {
                    collection: self.collection.clone(),
                    connector: Arc::clone(&self.connector),
                    ended: self.task_ended.clone(),
                },
                heard: Arc::clone(&self.heard),
            }),
            witness: None,
            clock: self.clock.clone(),
            random: Arc::clone(&self.random),
            shutdown: self.shutdown.clone(),
        });
        let acceptor = TlsAcceptor::from(lane_server_config(&self.identity).unwrap());
        let connections = self.connections.clone();
        tokio::spawn(async move {
            loop {
                let (socket, remote) = listener.accept().await.unwrap();
                let (acceptor, service) = (acceptor.clone(), service.clone());
                connections.spawn(async move {
                    if let Ok(stream) = acceptor.accept(socket).await {
                        service.serve(stream, remote).await;
                    }
                });
            }
        });
    }

    /// The rule by which Ana may read everything.
    pub(crate) fn rule(&self) -> GrantRow {
        may_read(&self.collection, &self.clock, self.random.as_ref())
    }

    /// Pins the other site, as its administrator would.
    pub(crate) async fn trust(&self, other: &Self) -> Peer {
        let peer = other.as_peer();
        let mut db = self.database.acquire().await.unwrap();
        peer::upsert(&mut db, &peer).await.unwrap();
        peer
    }

    pub(crate) fn as_peer(&self) -> Peer {
        Peer {
            descriptor: self.identity.descriptor().unwrap(),
            issuers: vec![ISSUER.to_owned()],
            ceiling: Class::Phi,
            accepted_at: NOON,
        }
    }

    pub(crate) fn dialer(&self) -> Dialer {
        Dialer::new(Arc::clone(&self.identity), self.clock.clone(), Arc::clone(&self.random))
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let path = self.data().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// What the log says of lanes, once every connection ended and everything is written.
    pub(crate) async fn lane_entries(&self) -> Vec<EntryView> {
        self.connections.close();
        self.connections.wait().await;
        self.guard.settle().await;
        self.guard.log().entries(0, 1_000, &Filter::kind(Transfer::LaneOpen)).unwrap()
    }

    /// The codes of the outcomes of lanes in the log. Two lanes may end in either order.
    pub(crate) async fn lane_codes(&self) -> Vec<String> {
        let entries = self.lane_entries().await;
        entries.into_iter().filter_map(|view| view.entry.outcome).map(|outcome| outcome.code).collect()
    }
}

/// Two sites that trust each other: data at the source, lanes dialled by the destination.
pub(crate) struct TwoSites {
    pub(crate) source: Site,
    pub(crate) destination: Site,
    /// The source, as the destination knows it.
    pub(crate) peer: Peer,
}

impl TwoSites {
    pub(crate) async fn start(on: &Backend) -> Self {
        Self::of_class(on, Class::Internal).await
    }

    pub(crate) async fn of_class(on: &Backend, class: Class) -> Self {
        Self::between(Site::start(on, "hospital-a", class).await, Site::start(on, "university-b", class).await).await
    }

    pub(crate) async fn between(source: Site, destination: Site) -> Self {
        let peer = destination.trust(&source).await;
        source.trust(&destination).await;
        Self { source, destination, peer }
    }

    /// An order of the destination for the whole collection of the source.
    pub(crate) fn order(&self) -> Order {
        let now = self.destination.clock.now();
        let (clock, random) = (self.destination.clock.as_ref(), self.destination.random.as_ref());
        Order {
            id: OrderId::generate(clock, random),
            task: TaskId::generate(clock, random),
            coordinator: self.destination.identity.site,
            source: Place { site: self.source.identity.site, collection: self.source.collection.id },
            destination: Place { site: self.destination.identity.site, collection: self.destination.collection.id },
            items: vec![Item { source: RemotePath::root(), destination: path("/in"), recursive: true }],
            person: ana(),
            purpose: None,
            class: None,
            protection: Protection::MutualTls13,
            lanes: 2,
            issued_at: now,
            expires_at: now.after(Duration::from_secs(900)),
        }
    }

    /// The order, signed by the destination without judging it.
    pub(crate) fn signed(&self, order: &Order) -> Signed<Order> {
        Signed::seal(&self.destination.identity.signing, Order::CONTEXT, order).unwrap()
    }

    /// A lane of a sound order for the whole collection.
    pub(crate) async fn lane(&self) -> LaneClient {
        let order = order::seal(&self.order(), &self.destination.identity.signing).unwrap();
        self.destination.dialer().lane(&self.peer, &order, 0).await.unwrap()
    }

    /// Why a lane does not open.
    pub(crate) async fn refusal(&self, order: &Signed<Order>, lane: u16) -> LaneError {
        self.destination.dialer().lane(&self.peer, order, lane).await.expect_err("the lane must not open")
    }
}

pub(crate) fn path(text: &str) -> RemotePath {
    text.parse().unwrap()
}

/// Where Ana sits.
pub(crate) const CLIENT: &str = "198.51.100.4";

/// Ana, who signed in five minutes before noon.
pub(crate) fn ana() -> PersonAssertion {
    PersonAssertion {
        person: Person {
            id: PersonId { issuer: ISSUER.to_owned(), subject: "ana".to_owned() },
            email: None,
            name: Some("Ana".to_owned()),
        },
        groups: Vec::new(),
        assurance: Assurance { acr: None, amr: Vec::new(), auth_time_s: Some(NOON.as_seconds() - 300) },
        client: Some(CLIENT.to_owned()),
    }
}

fn identity(name: &str, address: SocketAddr, clock: &dyn Clock, random: &dyn Random) -> SiteIdentity {
    SiteIdentity {
        site: SiteId::generate(clock, random),
        name: name.parse().unwrap(),
        title: name.to_owned(),
        signing: SigningKey::generate(random),
        tls: TlsIdentity::generate("lane", &["lane.example".to_owned()]).unwrap(),
        addresses: vec![address.to_string()],
        url: format!("https://{address}/"),
    }
}

fn collection(
    name: &str,
    class: Class,
    root: &Path,
    clock: &ManualClock,
    random: &dyn Random,
) -> (Collection, Arc<dyn Connector>) {
    let gateway = StorageGateway {
        id: StorageGatewayId::generate(clock, random),
        name: "disk".to_owned(),
        storage: StorageKind::Posix { root: root.to_owned() },
        classes: Class::ALL.to_vec(),
    };
    let collection = Collection {
        id: CollectionId::from_uuid(OrderId::generate(clock, random).uuid()),
        name: name.parse().unwrap(),
        title: name.to_owned(),
        description: String::new(),
        storage_gateway: gateway.id,
        class,
        mode: AssuranceMode::Transport,
        read_only: false,
        created_at: NOON,
    };
    let connector = Registry::new().open(&collection, &gateway).unwrap();
    (collection, connector)
}

fn may_read(collection: &Collection, clock: &ManualClock, random: &dyn Random) -> GrantRow {
    GrantRow {
        id: RuleId::from_uuid(OrderId::generate(clock, random).uuid()),
        collection: collection.id,
        path: RemotePath::root(),
        principal: Principal::Person(ana().person.id),
        permissions: vec![Permission::Read],
        deny: false,
        expires_s: None,
        purpose: None,
    }
}

/// Serves one collection and notes what it hears: lanes without the engine behind them.
struct Engineless {
    source: SourceCollection,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Engineless {
    fn note(&self, what: String) {
        self.heard.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Orders for Engineless {
    async fn source(&self, _peer: &Peer, order: &Order) -> Result<SourceCollection, Problem> {
        if order.source.collection == self.source.collection.id {
            Ok(self.source.clone())
        } else {
            Err(Problem::new(
                ProblemKind::NotFound,
                "collection-unknown",
                "there is no such collection",
                "none has this id",
            ))
        }
    }

    async fn accept_offer(
        &self,
        _peer: &Peer,
        subject: Subject,
        order: &Order,
        _signed: &Signed<Order>,
    ) -> Result<Accepted, Problem> {
        self.note(format!("offer {} via {:?}", order.task, subject.via_site));
        Ok(Accepted { class: self.source.collection.class, title: self.source.collection.title.clone() })
    }

    async fn renew(&self, _peer: &Peer, task: TaskId) -> Result<Signed<Order>, Problem> {
        self.note(format!("renew {task}"));
        Err(Problem::new(ProblemKind::NotFound, "task-unknown", "there is no such task", "none has this id")
            .next("look"))
    }

    async fn progress(&self, _peer: &Peer, report: ProgressReport) -> Result<(), Problem> {
        self.note(format!("progress {} {}", report.task, report.state));
        Ok(())
    }

    async fn finished(&self, _peer: &Peer, finished: Finished) -> Result<(), Problem> {
        self.note(format!("finished {} {}", finished.task, finished.code));
        Ok(())
    }

    async fn cancel(&self, _peer: &Peer, task: TaskId, _by: Visitor) -> Result<(), Problem> {
        self.note(format!("cancel {task}"));
        Ok(())
    }

    async fn browse(&self, _peer: &Peer, visitor: Visitor, query: BrowseQuery) -> Result<PersonListing, Problem> {
        let (person, client) = (visitor.subject.person.unwrap().subject, visitor.client.unwrap());
        self.note(format!("browse {} for {person} at {client}", query.path.to_text()));
        Ok(PersonListing { entries: Vec::new(), more: true })
    }

    async fn collections(&self, _peer: &Peer, _visitor: Visitor) -> Result<Vec<RemoteCollection>, Problem> {
        let collection = &self.source.collection;
        Ok(vec![RemoteCollection {
            id: collection.id,
            name: collection.name.clone(),
            title: collection.title.clone(),
            class: collection.class,
            may_read: true,
            may_write: false,
        }])
    }

    async fn receipt(&self, _peer: &Peer, part: ReceiptPart) -> Result<ReceiptPart, Problem> {
        self.note(format!("receipt {}", part.task));
        Ok(part)
    }
}
