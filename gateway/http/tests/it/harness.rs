//! One site in a temporary directory, a person who is signed in to it, and requests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::{HeaderMap, Method, Request, StatusCode, header};
use sealane_audit::{Log, LogKeys};
use sealane_connectors::Registry;
use sealane_crypto::digest::{Digest, Sha256};
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::{AeadKey, Secret, SigningKey, TlsIdentity};
use sealane_database::Database;
use sealane_http::HttpOptions;
use sealane_model::{
    AssuranceMode, Class, Clock, NodeId, Permission, Person, PersonId, Principal, RemotePath, Session, SessionKind,
    SiteId, StorageKind, SystemClock,
};
use sealane_policy::{Assurance, Engine, Snapshot};
use sealane_service::audit::IndexKey;
use sealane_service::configure::{self, Configured, ConfiguredCollection, ConfiguredRule, ConfiguredStorage};
use sealane_service::identity::{ProviderConfig, session::form_token};
use sealane_service::{App, AppParts, Settings};
use sealane_transfer::dialer::Dialer;
use sealane_transfer::engine::{TransferParts, TransferSettings, Transfers};
use sealane_transfer::guard::Guard;
use sealane_transfer::site::SiteIdentity;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::backend::Backend;
use crate::conformity;

pub(crate) const ORIGIN: &str = "http://127.0.0.1:8443";
pub(crate) const HOST: &str = "127.0.0.1:8443";

/// A site with two collections, `imaging` and `archive`, of which Ana may do everything in the first and write to the
/// second; and `patients`, of which she may know nothing.
pub(crate) struct Site {
    pub(crate) app: App,
    router: Router,
    cookie: String,
    directory: TempDir,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A problem document of this status and code.
    pub(crate) fn problem(&self, status: StatusCode, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }
}

/// Who a request is sent by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    Nobody,
    Browser,
    Program,
}

impl Site {
    pub(crate) async fn start(on: &Backend) -> Self {
        Self::start_with(on, |_| {}).await
    }

    /// A site whose configuration says something more.
    pub(crate) async fn start_with(on: &Backend, adjust: impl FnOnce(&mut Settings)) -> Self {
        let directory = TempDir::new().unwrap();
        for folder in ["imaging", "archive", "patients", "audit"] {
            std::fs::create_dir(directory.path().join(folder)).unwrap();
        }
        let (app, options) = build(on, &directory, adjust).await;
        configure::apply(&app, &configured(&directory)).await.unwrap();
        let cookie = options.session_cookie();
        let router = sealane_http::router(app.clone(), options);
        let site = Self { app, router, cookie, directory };
        for who in [As::Browser, As::Program] {
            site.sign_in(token(who), who).await;
        }
        site
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, file: &str, content: &[u8]) {
        let target = self.directory.path().join(file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, content).unwrap();
    }

    /// A request with the headers that the sender's software sets by itself.
    pub(crate) fn request(&self, who: As, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        match who {
            As::Nobody => request,
            As::Program => request.header(header::AUTHORIZATION, format!("Bearer {}", token(who))),
            As::Browser => request
                .header(header::COOKIE, format!("{}={}", self.cookie, token(who)))
                .header(header::ACCEPT, "text/html,application/xhtml+xml")
                .header(header::ORIGIN, ORIGIN)
                .header("sec-fetch-site", "same-origin"),
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let mut request = request;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 50_000))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.unwrap_or_default().to_vec();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        conformity::check(&method, &path, &answer);
        answer
    }

    pub(crate) async fn get(&self, who: As, path: &str) -> Answer {
        self.send(self.request(who, Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, who: As, path: &str, body: &Value) -> Answer {
        self.send_json(self.request(who, Method::POST, path), body).await
    }

    pub(crate) async fn send_json(&self, request: http::request::Builder, body: &Value) -> Answer {
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A form as a browser sends it, with the session's form token.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("form_token".to_owned(), form_token(token(As::Browser)))];
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(all);
        let request = self.request(As::Browser, Method::POST, path);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body.finish())).unwrap()).await
    }

    async fn sign_in(&self, token: &str, who: As) {
        let now = self.app.clock().now();
        let person = Person {
            id: PersonId::new("https://idp.example", "ana"),
            email: Some("ana@hospital-a.example".to_owned()),
            name: Some("Ana Ruiz".to_owned()),
        };
        let assurance = Assurance { acr: None, amr: vec!["pwd".to_owned()], auth_time_s: Some(now.as_seconds()) };
        let session = Session {
            digest: session_digest(token),
            person: person.clone(),
            groups: Vec::new(),
            kind: if who == As::Browser { SessionKind::Browser } else { SessionKind::Cli },
            assurance,
            created_at: now,
            expires_at: now.after(Duration::from_secs(3600)),
        };
        let mut db = self.app.database().acquire().await.unwrap();
        sealane_database::person::upsert(&mut db, &person, now).await.unwrap();
        sealane_database::session::insert(&mut db, &session).await.unwrap();
    }
}

pub(crate) fn token(who: As) -> &'static str {
    match who {
        As::Nobody => "",
        As::Browser => "slb_browser-of-ana",
        As::Program => "slc_command-line-of-ana",
    }
}

/// What the database keeps of a token.
fn session_digest(token: &str) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"sealane session\0");
    hash.update(token.as_bytes());
    hash.finish()
}

fn configured(directory: &TempDir) -> Configured {
    let storage = |name: &str, class| ConfiguredStorage {
        name: format!("{name}-storage"),
        storage: StorageKind::Posix { root: directory.path().join(name) },
        classes: vec![class],
    };
    let collection = |name: &str, class| ConfiguredCollection {
        name: name.parse().unwrap(),
        title: format!("The {name} data"),
        description: String::new(),
        storage_gateway: format!("{name}-storage"),
        class,
        mode: AssuranceMode::Transport,
        read_only: false,
    };
    let rule = |name: &str| ConfiguredRule {
        name: format!("{name}-ana"),
        collection: name.parse().unwrap(),
        path: RemotePath::root(),
        principal: Principal::Email("ana@hospital-a.example".to_owned()),
        permissions: Permission::ALL.to_vec(),
        deny: false,
        expires_at: None,
        purpose: None,
    };
    let names = [("imaging", Class::Internal), ("archive", Class::Internal), ("patients", Class::Phi)];
    Configured {
        storage_gateways: names.map(|(name, class)| storage(name, class)).to_vec(),
        collections: names.map(|(name, class)| collection(name, class)).to_vec(),
        rules: vec![rule("imaging"), rule("archive")],
    }
}

async fn build(on: &Backend, directory: &TempDir, adjust: impl FnOnce(&mut Settings)) -> (App, HttpOptions) {
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = Database::connect(&on.fresh().await, 4).await.unwrap();
    let database = database.with_key(&AeadKey::generate(random.as_ref()), Arc::clone(&random));
    database.migrate().await.unwrap();
    let keys = LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
    let (log, _) =
        Log::open(&directory.path().join("audit"), "hospital-a.example/log", keys, Arc::clone(&random)).unwrap();
    let engine = Engine::new(Snapshot::build(Vec::new()).unwrap()).unwrap();
    let guard = Guard::new(engine, log, Arc::clone(&clock), Arc::clone(&random));
    let identity = Arc::new(SiteIdentity {
        site: SiteId::generate(clock.as_ref(), random.as_ref()),
        name: "hospital-a".parse().unwrap(),
        title: "Hospital A".to_owned(),
        signing: SigningKey::generate(random.as_ref()),
        tls: TlsIdentity::generate("hospital-a", &["localhost".to_owned()]).unwrap(),
        addresses: vec!["127.0.0.1:1".to_owned()],
        url: ORIGIN.to_owned(),
    });
    let options = HttpOptions::new(&ORIGIN.parse().unwrap(), identity.site).unwrap();
    let node = NodeId::generate(clock.as_ref(), random.as_ref());
    let registry = Arc::new(Registry::new());
    let dialer = Arc::new(Dialer::new(Arc::clone(&identity), Arc::clone(&clock), Arc::clone(&random)));
    let mut settings = Settings::at(ORIGIN.parse().unwrap());
    settings.allow_loopback_http = true;
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
    let providers = vec![ProviderConfig::public("staff", "Hospital A staff", "http://127.0.0.1:9", "sealane")];
    let index_key = IndexKey::derived_from(&Secret::new(b"index".to_vec()));
    let parts = AppParts {
        identity,
        node,
        database,
        guard,
        registry,
        transfers,
        dialer,
        index_key,
        providers,
        clock,
        random,
        settings,
    };
    (App::new(parts).unwrap(), options)
}
