//! The demo's world: two sites that trust each other, one identity provider, people and rules.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use sealane_audit::Checkpoint;
use sealane_audit::witness::{Policy, Window};
use sealane_crypto::SystemRandom;
use sealane_crypto::digest::sha256;
use sealane_model::{AssuranceMode, Class, Permission, Principal, RemotePath, SiteId, StorageKind, SystemClock};
use sealane_service::configure::{Configured, ConfiguredCollection, ConfiguredRule, ConfiguredStorage};
use sealane_service::identity::ProviderConfig;
use sealane_service::timestamps::TimestampSettings;
use sealane_service::view::AcceptPeer;
use sealane_service::witness::WitnessSettings;
use sealane_service::{Actor, Administrator, LEAST_RETENTION_YEARS, USUAL_REVIEW_DAYS, peers, witness};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::identity_provider::{Client, IdentityProvider};
use super::people::{ADA, ANA, BEN, CARLA, DemoPerson};
use super::ports::Ports;
use super::sample;
use crate::serve::node::Node;
use crate::serve::settings::{DemoOnly, NodeSettings};
use crate::serve::web::WebServer;
use crate::site_keys::SiteKeys;

/// Lanes of a task in the demo.
pub(super) const LANES: u16 = 4;

/// Time for a witness to confirm a log.
const COSIGNED: Duration = Duration::from_secs(30);

/// One of the two sites.
pub(super) struct Site {
    /// Where its pages and API are.
    pub(super) url: Url,
    /// Root of its collection.
    pub(super) root: PathBuf,
    /// Its audit log.
    pub(super) audit: PathBuf,
    /// Its keys.
    pub(super) keys: PathBuf,
    node: Node,
}

impl Site {
    /// The newest head of its log that its witness has confirmed, once there is one.
    pub(super) async fn cosigned(&self) -> anyhow::Result<Checkpoint> {
        let app = &self.node.app;
        let settings = app.settings().witness.as_ref().context("the site asks no witness")?;
        let mut growth = app.guard().log().growth();
        let find = async {
            loop {
                if let Some((head, _)) = app.guard().log().newest_cosigned(&settings.policy)? {
                    return anyhow::Ok(head);
                }
                // The log says in an entry that its witness has confirmed a head, so it grows.
                growth.changed().await?;
            }
        };
        tokio::time::timeout(COSIGNED, find).await.context("the witness has confirmed nothing in time")?
    }
}

/// Everything that runs.
pub(super) struct World {
    /// Hospital A.
    pub(super) hospital: Site,
    /// University B.
    pub(super) university: Site,
    identity_provider: CancellationToken,
    tracker: TaskTracker,
}

struct Plan<'a> {
    name: &'a str,
    title: &'a str,
    collection: ConfiguredCollection,
    root: PathBuf,
    rules: Vec<ConfiguredRule>,
}

impl World {
    /// Make what is missing in `state` and start everything.
    pub(super) async fn start(state: &Path, data: Option<&Path>, ports: Ports) -> anyhow::Result<Self> {
        let data_root = state.join("hospital-a-data");
        let source = match data {
            Some(folder) => std::fs::canonicalize(folder)
                .with_context(|| format!("--data: there is no directory {}", folder.display()))?,
            None => data_root,
        };
        let making = {
            let (source, needed) = (source.clone(), data.is_none() && !source.exists());
            tokio::task::spawn_blocking(move || if needed { make_sample(&source) } else { Ok(()) })
        };
        let tracker = TaskTracker::new();
        let identity_provider = CancellationToken::new();
        let issuer = start_identity_provider(ports, identity_provider.clone(), &tracker).await?;
        let intake = state.join("university-b-data");
        std::fs::create_dir_all(&intake)?;
        making.await.context("the sample data were not made")??;
        let (hospital, university) = (hospital_plan(source, data.is_some())?, university_plan(intake)?);
        // Each is the other's witness.
        let [at_hospital, at_university] = [as_witness(state, &university)?, as_witness(state, &hospital)?];
        let hospital = start_site(state, hospital, [ports.pages[0], ports.listeners[0]], &issuer, at_hospital).await?;
        let university =
            start_site(state, university, [ports.pages[1], ports.listeners[1]], &issuer, at_university).await?;
        introduce_to(&hospital, &university, &issuer).await?;
        introduce_to(&university, &hospital, &issuer).await?;
        Ok(Self { hospital, university, identity_provider, tracker })
    }

    /// Stop everything; nothing is left running.
    pub(super) async fn stop(self) {
        tokio::join!(self.hospital.node.stop(), self.university.node.stop());
        self.identity_provider.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Under another name first: sample data whose making was cut short are made again.
fn make_sample(target: &Path) -> anyhow::Result<()> {
    let making = target.with_extension("making");
    if making.exists() {
        std::fs::remove_dir_all(&making)?;
    }
    sample::write(&making)?;
    Ok(std::fs::rename(&making, target)?)
}

async fn start_identity_provider(
    ports: Ports,
    stop: CancellationToken,
    tracker: &TaskTracker,
) -> anyhow::Result<String> {
    let clients = ["Hospital A", "University B"].iter().zip(ports.pages).map(|(title, pages)| Client {
        id: (*title).to_owned(),
        redirect_uri: format!("http://{pages}/auth/callback"),
    });
    let random = Arc::new(SystemRandom::new()?);
    let provider = IdentityProvider::new(
        &format!("http://{}", ports.identity_provider).parse()?,
        clients.collect(),
        Arc::new(SystemClock),
        random,
    )?;
    let issuer = provider.issuer().to_owned();
    let web = WebServer::new(provider.router(), stop.clone());
    let listener = TcpListener::bind(ports.identity_provider).await?;
    tracker.spawn(super::pages::run(listener, web, stop, tracker.clone()));
    Ok(issuer)
}

/// A site as another one's only witness. Its keys are made if it has none yet.
fn as_witness(state: &Path, plan: &Plan<'_>) -> anyhow::Result<WitnessSettings> {
    let folder = state.join(plan.name).join("keys");
    let random = SystemRandom::new()?;
    let keys = match SiteKeys::load(&folder) {
        Ok(keys) => keys,
        Err(_) => {
            let site = SiteId::generate(&SystemClock, &random);
            SiteKeys::create(&folder, site, &["localhost".to_owned()], &random)?
        }
    };
    let name = plan.name;
    let cosigner = witness::cosigner(&name.parse()?, &keys.signing)?;
    let policy = Policy::parse(format!("witness {name} {}\nquorum {name}\n", cosigner.verifier()).as_bytes())?;
    Ok(WitnessSettings { policy, window: Window::default(), warn_after: Duration::from_secs(5) })
}

async fn start_site(
    state: &Path,
    plan: Plan<'_>,
    [pages, listen]: [SocketAddr; 2],
    issuer: &str,
    witness: WitnessSettings,
) -> anyhow::Result<Site> {
    let folder = state.join(plan.name);
    let keys = folder.join("keys");
    let url: Url = format!("http://{pages}").parse()?;
    let audit = folder.join("audit");
    let gateway = ConfiguredStorage {
        name: "demo".to_owned(),
        storage: StorageKind::Posix { root: plan.root.clone() },
        classes: vec![Class::Phi],
    };
    let settings = NodeSettings {
        name: plan.name.parse()?,
        title: plan.title.to_owned(),
        url: url.clone(),
        listen,
        addresses: vec![listen.to_string()],
        node: "node-1".parse()?,
        keys: keys.clone(),
        audit: audit.clone(),
        socket: folder.join("admin.sock"),
        database_url: format!("sqlite://{}?mode=rwc", folder.join("site.db").display()),
        certificate: None,
        providers: vec![ProviderConfig::public("demo", "Demo identity provider", issuer, plan.title)],
        administrators: vec![Administrator::Email(ADA.email.to_owned())],
        officers: vec![Administrator::Email(CARLA.email.to_owned())],
        auditors: Vec::new(),
        configured: Configured {
            storage_gateways: vec![gateway],
            collections: vec![plan.collection],
            rules: plan.rules,
        },
        retention_years: LEAST_RETENTION_YEARS,
        review_days: USUAL_REVIEW_DAYS,
        lanes: LANES,
        syslog: None,
        witness: Some(witness),
        digest: sha256(b"the demo"),
        timestamp: TimestampSettings::NONE,
        demo: Some(DemoOnly { pages }),
    };
    let node = Node::start(settings).await.with_context(|| format!("{} does not start", plan.title))?;
    Ok(Site { url, root: plan.root, audit, keys, node })
}

fn hospital_plan(root: PathBuf, read_only: bool) -> anyhow::Result<Plan<'static>> {
    use Permission::{List, Read};
    let collection = collection("imaging", "Chest CT study", "Images, variants and tables of a study", read_only)?;
    let rules = vec![rule("imaging", ANA, &[List, Read])?, rule("imaging", CARLA, &[List])?];
    Ok(Plan { name: "hospital-a", title: "Hospital A", collection, root, rules })
}

fn university_plan(root: PathBuf) -> anyhow::Result<Plan<'static>> {
    use Permission::{Delete, List, Read, Share, Write};
    let collection = collection("intake", "Intake", "Where partners' data arrive", false)?;
    let rules = vec![rule("intake", BEN, &[List, Read, Write, Delete, Share])?, rule("intake", ANA, &[List])?];
    Ok(Plan { name: "university-b", title: "University B", collection, root, rules })
}

fn collection(name: &str, title: &str, description: &str, read_only: bool) -> anyhow::Result<ConfiguredCollection> {
    Ok(ConfiguredCollection {
        name: name.parse()?,
        title: title.to_owned(),
        description: description.to_owned(),
        storage_gateway: "demo".to_owned(),
        class: Class::Phi,
        mode: AssuranceMode::Transport,
        read_only,
    })
}

fn rule(collection: &str, person: DemoPerson, permissions: &[Permission]) -> anyhow::Result<ConfiguredRule> {
    Ok(ConfiguredRule {
        name: person.subject.to_owned(),
        collection: collection.parse()?,
        path: RemotePath::root(),
        principal: Principal::Email(person.email.to_owned()),
        permissions: permissions.to_vec(),
        deny: false,
        expires_at: None,
        purpose: None,
    })
}

/// What two administrators do by telephone: hand over an invitation, read out the fingerprint, accept.
async fn introduce_to(inviting: &Site, accepting: &Site, issuer: &str) -> anyhow::Result<()> {
    let operator = Actor::operator();
    let invitation = peers::invite(&inviting.node.app, &operator).await?;
    let known = peers::list(&accepting.node.app, &operator).await?;
    if known.iter().any(|peer| peer.fingerprint == invitation.fingerprint && peer.url == inviting.url.as_str()) {
        return Ok(());
    }
    let accept = AcceptPeer {
        invitation: invitation.invitation,
        fingerprint: invitation.fingerprint,
        issuers: vec![issuer.to_owned()],
        ceiling: Class::Phi,
    };
    match peers::accept(&accepting.node.app, &operator, accept).await {
        Ok(_) => Ok(()),
        Err(problem) => bail!("the two sites could not be introduced: {problem}"),
    }
}
