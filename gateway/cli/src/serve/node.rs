//! The composition root: settings in, a running node out.
//!
//! Order of start: keys, audit log (before anything can happen that would need a record), database, policy, transfers,
//! then the listener. Order of stop: no new connections, running requests and lanes end, tasks pause, the log closes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sealane_audit::{Log, Options};
use sealane_connectors::Registry;
use sealane_crypto::{Random, SystemRandom};
use sealane_database::{Database, site::SiteRecord};
use sealane_http::HttpOptions;
use sealane_model::{Clock, NodeId, SiteId, SystemClock};
use sealane_policy::Engine;
use sealane_service::erasures::carry_out;
use sealane_service::jobs::syslog;
use sealane_service::{
    App, AppParts, Settings, alerts, audit, configure, housekeeping, life, policy_sync, timestamps, witness,
};
use sealane_transfer::dialer::Dialer;
use sealane_transfer::engine::{TransferParts, TransferSettings, Transfers};
use sealane_transfer::guard::Guard;
use sealane_transfer::lane::{LaneParts, LaneService};
use sealane_transfer::site::SiteIdentity;
use sealane_transfer::tls::lane_server_config;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::admin::{self, AdminAnswer, AdminRequest};
use super::listener::{self, Faces};
use super::settings::NodeSettings;
use super::web::WebServer;
use super::web_tls::{self, WebCertificate};
use crate::control_database;
use crate::site_keys::{LogPlace, SiteKeys, index_key, open_log};

/// Connections to the control database.
const DATABASE_CONNECTIONS: u32 = 16;
/// How long running requests and lanes may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// What runs, for the record.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A running node.
pub struct Node {
    /// Use cases, for whoever runs in the same process.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    log: Log,
    socket: PathBuf,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Node {
    /// Start a node.
    ///
    /// # Errors
    /// When keys are missing, the log is damaged, the database is not reachable or too new, or the address is in use.
    pub async fn start(settings: NodeSettings) -> anyhow::Result<Self> {
        crate::install_crypto();
        // The address first: a node that cannot listen must not touch log or database.
        let listener = bind(settings.listen).await?;
        let pages = match &settings.demo {
            Some(demo) => Some(bind(demo.pages).await?),
            None => None,
        };
        let address = listener.local_addr()?;
        let parts = Parts::open(&settings).await?;
        let web = web_faces(&settings, &parts)?;
        life::changed(&parts.app, &settings.digest).await?;
        life::started(&parts.app, VERSION).await?;
        let faces = Faces {
            lane_tls: lane_server_config(&parts.identity)?,
            lanes: parts.lanes.clone(),
            web_tls: web_tls::config(Arc::clone(&web.certificate))?,
            web: web.server.clone(),
        };
        let Parts { app, transfers, log, shutdown, tracker, .. } = parts;
        tracker.spawn(listener::run(listener, faces, shutdown.clone(), tracker.clone()));
        if let Some(pages) = pages {
            tracker.spawn(crate::demo::pages::run(pages, web.server, shutdown.clone(), tracker.clone()));
        }
        tracker.spawn(web.certificate.watch(shutdown.clone()));
        tracker.spawn(admin::serve(admin::bind(&settings.socket)?, app.clone(), shutdown.clone()));
        tracker.spawn(policy_sync::run(app.clone(), shutdown.clone()));
        tracker.spawn(carry_out::run(app.clone(), shutdown.clone()));
        tracker.spawn(housekeeping::run(app.clone(), shutdown.clone()));
        tracker.spawn(audit::run(app.clone(), shutdown.clone()));
        tracker.spawn(witness::run(app.clone(), shutdown.clone()));
        tracker.spawn(alerts::run(app.clone(), shutdown.clone()));
        tracker.spawn(timestamps::run(app.clone(), shutdown.clone()));
        if let Some(syslog) = settings.syslog {
            tracker.spawn(syslog::run(app.clone(), syslog, shutdown.clone()));
        }
        tracker.spawn(async move { transfers.run().await });
        info!(site.name = %settings.name, node.name = %settings.node, server.address = %address, "node is ready");
        Ok(Self { app, address, log, socket: settings.socket, shutdown, tracker })
    }

    /// Answer one administrator's request without listening: for a site whose node is not running.
    ///
    /// # Errors
    /// As [`Self::start`], but for the address.
    pub async fn answer_once(settings: &NodeSettings, request: AdminRequest) -> anyhow::Result<AdminAnswer> {
        crate::install_crypto();
        let parts = Parts::open(settings).await?;
        let reindex = matches!(request, AdminRequest::Reindex);
        let answer = admin::answer(&parts.app, request).await;
        if reindex {
            // Nobody else is there to do it.
            audit::catch_up(&parts.app).await?;
        }
        close(&parts.app, parts.log).await;
        Ok(answer)
    }

    /// Stop: running requests end, tasks pause and go on at the next start.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        if tokio::time::timeout(GRACE, self.tracker.wait()).await.is_err() {
            warn!("some connections did not end in time; they are cut");
        }
        self.app.settle().await;
        if let Err(problem) = life::stops(&self.app, VERSION).await {
            warn!(code = %problem.code, "the stop of the node could not be recorded");
        }
        close(&self.app, self.log).await;
        // Nobody listens any more; a socket that cannot be removed is replaced at the next start.
        let _ = std::fs::remove_file(&self.socket);
        info!("node has stopped");
    }
}

/// The last records are written before the log closes.
async fn close(app: &App, log: Log) {
    app.settle().await;
    app.guard().settle().await;
    log.close().await;
    app.database().close().await;
}

/// What is put together before anything listens.
struct Parts {
    identity: Arc<SiteIdentity>,
    app: App,
    transfers: Transfers,
    lanes: LaneService,
    log: Log,
    web_identity: sealane_crypto::TlsIdentity,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Parts {
    async fn open(settings: &NodeSettings) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
        let keys = SiteKeys::load(&settings.keys)?;
        let origin = format!("sealane/{}/{}", settings.name, settings.node);
        let options = Options { opened_at_ns: Some(clock.now().as_nanos()), ..Options::default() };
        let place = LogPlace { directory: &settings.audit, origin: &origin };
        let (log, mut recovery) = open_log(&settings.keys, &settings.node, &place, &random, options)?;
        // The key with which the log began: the node stays itself when the key is replaced.
        let node = NodeId::of_log(&log.first_key());
        if recovery.cut_bytes > 0 {
            warn!(
                bytes = recovery.cut_bytes,
                "the audit log ended in a record that was never acknowledged; it was cut back"
            );
        }
        let database =
            control_database::open(&settings.database_url, DATABASE_CONNECTIONS, &settings.keys, Arc::clone(&random))
                .await?;
        claim(&database, keys.site, settings).await?;
        let identity = Arc::new(SiteIdentity {
            site: keys.site,
            name: settings.name.clone(),
            title: settings.title.clone(),
            signing: keys.signing,
            tls: keys.lane,
            addresses: settings.addresses.clone(),
            url: settings.url.to_string(),
        });
        let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
        let engine = Engine::new(policy_sync::load(&database, clock.now()).await?)?;
        let guard = Guard::new(engine, log.clone(), Arc::clone(&clock), Arc::clone(&random));
        let registry = Arc::new(Registry::new());
        let dialer = Arc::new(Dialer::new(Arc::clone(&identity), Arc::clone(&clock), Arc::clone(&random)));
        let transfers = Transfers::new(TransferParts {
            identity: Arc::clone(&identity),
            node,
            database: database.clone(),
            guard: guard.clone(),
            registry: Arc::clone(&registry),
            dialer: Arc::clone(&dialer),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            settings: TransferSettings { lanes: settings.lanes, ..TransferSettings::default() },
            shutdown: shutdown.clone(),
            tracker: tracker.clone(),
        });
        let app = App::new(AppParts {
            identity: Arc::clone(&identity),
            node,
            database: database.clone(),
            guard: guard.clone(),
            registry,
            transfers: transfers.clone(),
            dialer,
            index_key: index_key(&settings.keys)?,
            providers: settings.providers.clone(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            settings: app_settings(settings),
        })?;
        let lanes = LaneService::new(LaneParts {
            identity: Arc::clone(&identity),
            database,
            guard,
            orders: Arc::new(transfers.clone()),
            witness: Some(Arc::new(app.clone())),
            clock,
            random,
            shutdown: shutdown.clone(),
        });
        // What a crash left open is closed before anything new is begun, erasures first: they leave less to read.
        carry_out::resume(&app, &mut recovery).await?;
        transfers.recover(recovery).await?;
        configure::apply(&app, &settings.configured).await?;
        Ok(Self { identity, app, transfers, lanes, log, web_identity: keys.web, shutdown, tracker })
    }
}

/// A database belongs to one site: the first node writes whose it is, and every other site is refused.
async fn claim(database: &Database, site: SiteId, settings: &NodeSettings) -> anyhow::Result<()> {
    let record = SiteRecord { site, name: settings.name.clone(), title: settings.title.clone() };
    let mut db = database.acquire().await?;
    Ok(sealane_database::site::put(&mut db, &record).await?)
}

fn app_settings(settings: &NodeSettings) -> Settings {
    Settings {
        administrators: settings.administrators.clone(),
        officers: settings.officers.clone(),
        auditors: settings.auditors.clone(),
        retention_years: settings.retention_years,
        review_days: settings.review_days,
        allow_loopback_http: settings.demo.is_some(),
        witness: settings.witness.clone(),
        timestamp: settings.timestamp.clone(),
        ..Settings::at(settings.url.clone())
    }
}

struct WebFaces {
    certificate: Arc<WebCertificate>,
    server: WebServer,
}

fn web_faces(settings: &NodeSettings, parts: &Parts) -> anyhow::Result<WebFaces> {
    let certificate = match &settings.certificate {
        Some((certificate, key)) => WebCertificate::from_files(certificate, key)?,
        None => {
            let own = WebCertificate::self_signed(&parts.web_identity)?;
            if let (Some(fingerprint), None) = (own.fingerprint(), &settings.demo) {
                info!(certificate.fingerprint = %fingerprint, "pages and API present a self-signed certificate; sign in with `sealane login {} --fingerprint {fingerprint}`", settings.url);
            }
            own
        }
    };
    let options = HttpOptions::new(&settings.url, parts.identity.site)?;
    let router = sealane_http::router(parts.app.clone(), options);
    Ok(WebFaces { certificate, server: WebServer::new(router, parts.shutdown.clone()) })
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}\n  next: end what uses the port (`ss -ltnp`), or choose another")
    })
}
