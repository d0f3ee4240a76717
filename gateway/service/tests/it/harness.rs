//! One site in a temporary directory, and the people who use it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealane_audit::{EntryView, Filter, Kind, Log, LogKeys, Outcome};
use sealane_connectors::Registry;
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::{AeadKey, Secret, SigningKey, TlsIdentity};
use sealane_database::{Database, Kind as DatabaseKind};
use sealane_model::{
    AssuranceMode, Class, ManualClock, NodeId, Permission, Principal, Problem, RemotePath, RequestId, SessionKind,
    ShortName, SiteId, StorageKind, Timestamp,
};
use sealane_policy::{Engine, Snapshot};
use sealane_service::audit::IndexKey;
use sealane_service::configure::{Configured, ConfiguredCollection, ConfiguredRule, ConfiguredStorage};
use sealane_service::identity::{self, Begin, CallbackQuery, ProviderConfig, SignedIn, StepUp};
use sealane_service::witness::WitnessSettings;
use sealane_service::{Administrator, App, AppParts, Caller, Client, CollectionRef, Settings, configure};
use sealane_transfer::dialer::Dialer;
use sealane_transfer::engine::{TransferParts, TransferSettings, Transfers};
use sealane_transfer::guard::Guard;
use sealane_transfer::lane::{LaneParts, LaneService};
use sealane_transfer::site::SiteIdentity;
use sealane_transfer::tls::lane_server_config;
use sqlx::Row as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::backend::Backend;
use crate::provider::{CLIENT, Provider};

pub(crate) const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// A site with one identity provider and two collections: `imaging` (internal) and `patients` (phi).
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) provider: Provider,
    pub(crate) directory: TempDir,
    keys: LogKeys,
}

pub(crate) fn name(text: &str) -> ShortName {
    text.parse().unwrap()
}

pub(crate) fn path(text: &str) -> RemotePath {
    RemotePath::parse_text(text).unwrap()
}

pub(crate) fn collection(text: &str) -> CollectionRef {
    text.parse().unwrap()
}

impl Site {
    pub(crate) async fn start(on: &Backend) -> Self {
        Self::start_as(on, "hospital-a", |_| {}).await
    }

    pub(crate) async fn start_as(on: &Backend, site_name: &str, adjust: impl FnOnce(&mut ProviderConfig)) -> Self {
        Self::start_watched(on, site_name, adjust, None).await
    }

    /// A site that asks witnesses to confirm its log.
    pub(crate) async fn start_watched(
        on: &Backend,
        site_name: &str,
        adjust: impl FnOnce(&mut ProviderConfig),
        witness: Option<WitnessSettings>,
    ) -> Self {
        Self::make(on, site_name, adjust, |settings| settings.witness = witness).await
    }

    /// A site with settings of the test's.
    pub(crate) async fn start_with(on: &Backend, adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::make(on, "hospital-a", |_| {}, adjust).await
    }

    async fn make(
        on: &Backend,
        site_name: &str,
        adjust: impl FnOnce(&mut ProviderConfig),
        settings: impl FnOnce(&mut Settings),
    ) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let provider = Provider::start(Arc::clone(&clock)).await;
        let directory = TempDir::new().unwrap();
        for folder in ["imaging", "patients", "audit"] {
            std::fs::create_dir(directory.path().join(folder)).unwrap();
        }
        let mut config = ProviderConfig::public("hospital", "Hospital A sign-in", &provider.issuer(), CLIENT);
        adjust(&mut config);
        let random = SystemRandom::new().unwrap();
        let keys = LogKeys { signing: SigningKey::generate(&random), openings: AeadKey::generate(&random) };
        let database = Database::connect(&on.fresh().await, 4).await.unwrap();
        let database = database.with_key(&AeadKey::generate(&random), Arc::new(random));
        database.migrate().await.unwrap();
        let log = (directory.path().join("audit"), format!("sealane/{site_name}/node-1"), keys.clone());
        let app = build(database, log, site_name, &clock, vec![config], settings).await.unwrap();
        let site = Self { app, clock, provider, directory, keys };
        configure::apply(&site.app, &site.configured()).await.unwrap();
        site
    }

    /// Another node of the site: the same database and keys for personal values, a log of its own.
    pub(crate) async fn another_node(&self) -> App {
        let random = SystemRandom::new().unwrap();
        let keys = LogKeys { signing: SigningKey::generate(&random), ..self.keys.clone() };
        let folder = self.folder("audit-2");
        std::fs::create_dir(&folder).unwrap();
        let log = (folder, "sealane/hospital-a/node-2".to_owned(), keys);
        build(self.app.database().clone(), log, "hospital-a", &self.clock, Vec::new(), |_| {}).await.unwrap()
    }

    /// The node once more, after it was killed: the same log and database, and nothing in memory.
    pub(crate) async fn killed_and_started(&mut self) {
        let log = self.app.guard().log().clone();
        let (folder, origin) = (log.directory().to_owned(), log.origin().to_owned());
        log.close().await;
        let log = (folder, origin, self.keys.clone());
        self.app =
            build(self.app.database().clone(), log, "hospital-a", &self.clock, Vec::new(), |_| {}).await.unwrap();
    }

    /// What the configuration file of the site says.
    pub(crate) fn configured(&self) -> Configured {
        let storage = |folder: &str, classes: &[Class]| ConfiguredStorage {
            name: format!("{folder}-storage"),
            storage: StorageKind::Posix { root: self.folder(folder) },
            classes: classes.to_vec(),
        };
        let collection = |text: &str, class| ConfiguredCollection {
            name: name(text),
            title: format!("The {text} data"),
            description: String::new(),
            storage_gateway: format!("{text}-storage"),
            class,
            mode: AssuranceMode::Transport,
            read_only: false,
        };
        Configured {
            storage_gateways: vec![storage("imaging", &[Class::Internal]), storage("patients", &[Class::Phi])],
            collections: vec![collection("imaging", Class::Internal), collection("patients", Class::Phi)],
            rules: vec![self.rule("imaging", "/", Principal::Group("imaging".to_owned()), &Permission::ALL)],
        }
    }

    pub(crate) fn rule(
        &self,
        collection: &str,
        beneath: &str,
        principal: Principal,
        permissions: &[Permission],
    ) -> ConfiguredRule {
        ConfiguredRule {
            name: format!("{collection} {beneath} {permissions:?}"),
            collection: name(collection),
            path: path(beneath),
            principal,
            permissions: permissions.to_vec(),
            deny: false,
            expires_at: None,
            purpose: None,
        }
    }

    pub(crate) async fn with_rules(&self, more: Vec<ConfiguredRule>) {
        let mut configured = self.configured();
        configured.rules.extend(more);
        configure::apply(&self.app, &configured).await.unwrap();
    }

    pub(crate) fn folder(&self, text: &str) -> PathBuf {
        self.directory.path().join(text)
    }

    pub(crate) fn write(&self, file: &str, content: &[u8]) {
        let target = self.directory.path().join(file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, content).unwrap();
    }

    pub(crate) fn client(&self) -> Client {
        Client {
            address: Some("192.0.2.7".to_owned()),
            request: RequestId::generate(self.app.clock(), self.app.random()),
        }
    }

    /// The whole code flow, as a browser goes it.
    pub(crate) async fn try_sign_in(&self, begin: Begin) -> Result<SignedIn, Problem> {
        let redirect = identity::login::begin(&self.app, begin, &self.client()).await?;
        let back = self.provider.visit(&redirect.location).await;
        let binding = redirect.binding.expose().clone();
        identity::callback::finish(&self.app, query(&back), Some(&binding), None, &self.client()).await
    }

    pub(crate) async fn step_up(&self) -> Result<SignedIn, Problem> {
        self.try_sign_in(Begin { step_up: Some(StepUp { max_age_s: 0 }), ..Begin::default() }).await
    }

    /// A signed-in person with the claims that the provider gives for this subject.
    pub(crate) async fn person(&self, subject: &'static str) -> Caller {
        self.provider.claims(move |claims| {
            claims["sub"] = subject.into();
            claims["name"] = subject.into();
            claims["email"] = format!("{subject}@hospital-a.example").into();
            if subject != "ana" {
                claims["groups"] = serde_json::json!([]);
            }
        });
        let signed_in = self.try_sign_in(Begin::default()).await.unwrap();
        self.caller(&signed_in).await
    }

    pub(crate) async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.authenticate(signed_in.token.expose(), SessionKind::Browser).await.unwrap()
    }

    pub(crate) async fn authenticate(&self, token: &str, kind: SessionKind) -> Option<Caller> {
        identity::session::authenticate(&self.app, token, kind, &self.client()).await.unwrap()
    }

    pub(crate) fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Everything that the control database holds, as it stands on disk or as the server tells it.
    pub(crate) async fn stored(&self) -> Vec<u8> {
        let database = self.app.database();
        let mut db = database.acquire().await.unwrap();
        let read = match database.kind() {
            DatabaseKind::Sqlite => "SELECT file FROM pragma_database_list",
            // Binary columns are in it as hexadecimal digits.
            DatabaseKind::Postgres => "SELECT CAST(schema_to_xml(current_schema(), true, true, '') AS TEXT)",
        };
        let text: String = sqlx::query(read).fetch_one(&mut *db).await.unwrap().get(0);
        match database.kind() {
            DatabaseKind::Sqlite => {
                [text.clone(), format!("{text}-wal")].iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
            }
            DatabaseKind::Postgres => text.into_bytes(),
        }
    }

    /// The log's entries of one kind.
    pub(crate) fn entries(&self, kind: impl Into<Kind>) -> Vec<EntryView> {
        self.app.guard().log().entries(0, 10_000, &Filter::kind(kind)).unwrap()
    }

    pub(crate) fn outcomes(&self, kind: impl Into<Kind>) -> Vec<(Outcome, String)> {
        let outcome = |view: EntryView| view.entry.outcome.map(|outcome| (outcome.outcome, outcome.code));
        self.entries(kind).into_iter().filter_map(outcome).collect()
    }
}

pub(crate) fn query(back: &HashMap<String, String>) -> CallbackQuery {
    CallbackQuery {
        code: back.get("code").cloned(),
        state: back.get("state").cloned(),
        iss: back.get("iss").cloned(),
        error: back.get("error").cloned(),
        error_description: None,
    }
}

async fn build(
    database: Database,
    (folder, origin, keys): (PathBuf, String, LogKeys),
    site_name: &str,
    clock: &Arc<ManualClock>,
    providers: Vec<ProviderConfig>,
    adjust: impl FnOnce(&mut Settings),
) -> Result<App, sealane_service::SetupError> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
    let clock: Arc<dyn sealane_model::Clock> = Arc::clone(clock) as Arc<dyn sealane_model::Clock>;
    let (log, _) = Log::open(&folder, &origin, keys, Arc::clone(&random)).unwrap();
    let engine = Engine::new(Snapshot::build(Vec::new()).unwrap()).unwrap();
    let guard = Guard::new(engine, log, Arc::clone(&clock), Arc::clone(&random));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let identity = Arc::new(SiteIdentity {
        site: SiteId::generate(clock.as_ref(), random.as_ref()),
        name: name(site_name),
        title: format!("The {site_name}"),
        signing: SigningKey::generate(random.as_ref()),
        tls: TlsIdentity::generate(site_name, &["localhost".to_owned()]).unwrap(),
        addresses: vec![listener.local_addr().unwrap().to_string()],
        url: "https://hospital-a.example".to_owned(),
    });
    let node = NodeId::generate(clock.as_ref(), random.as_ref());
    let registry = Arc::new(Registry::new());
    let dialer = Arc::new(Dialer::new(Arc::clone(&identity), Arc::clone(&clock), Arc::clone(&random)));
    let public_url: Url = "http://127.0.0.1:8080".parse().unwrap();
    let mut settings = Settings::at(public_url);
    settings.allow_loopback_http = true;
    settings.administrators = vec![Administrator::Email("admin@hospital-a.example".to_owned())];
    settings.officers =
        ["officer", "second"].map(|name| Administrator::Email(format!("{name}@hospital-a.example"))).to_vec();
    settings.auditors = vec![Administrator::Email("auditor@hospital-a.example".to_owned())];
    adjust(&mut settings);
    let transfers = Transfers::new(TransferParts {
        identity: Arc::clone(&identity),
        node,
        database: database.clone(),
        guard: guard.clone(),
        registry: Arc::clone(&registry),
        dialer: Arc::clone(&dialer),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        settings: TransferSettings::default(),
        shutdown: CancellationToken::new(),
        tracker: TaskTracker::new(),
    });
    let app = App::new(AppParts {
        identity: Arc::clone(&identity),
        node,
        database: database.clone(),
        guard: guard.clone(),
        registry,
        transfers: transfers.clone(),
        dialer,
        index_key: IndexKey::derived_from(&Secret::new(b"index".to_vec())),
        providers,
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        settings,
    })?;
    let lanes = LaneService::new(LaneParts {
        identity: Arc::clone(&identity),
        database,
        guard,
        orders: Arc::new(transfers.clone()),
        witness: Some(Arc::new(app.clone())),
        clock,
        random,
        shutdown: CancellationToken::new(),
    });
    tokio::spawn(listen(listener, TlsAcceptor::from(lane_server_config(&identity).unwrap()), lanes));
    tokio::spawn(async move { transfers.run().await });
    Ok(app)
}

async fn listen(listener: TcpListener, acceptor: TlsAcceptor, lanes: LaneService) {
    while let Ok((stream, remote)) = listener.accept().await {
        let (acceptor, lanes) = (acceptor.clone(), lanes.clone());
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                lanes.serve(stream, remote).await;
            }
        });
    }
}
