//! The application: what every use case works with, put together once at start.

use std::sync::Arc;
use std::time::Duration;

use sealane_connectors::Registry;
use sealane_crypto::random::Random;
use sealane_database::{Database, Pooled};
use sealane_model::{Clock, NodeId, Person, PersonId, Problem, Timestamp};
use sealane_policy::Role;
use sealane_transfer::dialer::Dialer;
use sealane_transfer::engine::Transfers;
use sealane_transfer::guard::Guard;
use sealane_transfer::peer_log::PeerLogs;
use sealane_transfer::site::SiteIdentity;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::alerts::Alerting;
use crate::audit::IndexKey;
use crate::audit::indexer::Indexer;
use crate::health::Readiness;
use crate::identity::ProviderConfig;
use crate::identity::device::Pace;
use crate::identity::discovery::Provider;
use crate::limiter::Limiter;
use crate::outbound::Outbound;
use crate::policy_sync::Published;
use crate::problem;
use crate::remote_names::RemoteNames;
use crate::timestamps::TimestampSettings;
use crate::uploads::Busy;
use crate::witness::{self, WitnessSettings, Witnessing};

const QUARTER: Duration = Duration::from_secs(15 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// Years for which documentation is kept at least (HIPAA, 45 CFR 164.316(b)(2)(i)).
pub const LEAST_RETENTION_YEARS: u32 = 6;

/// Days after which the audit log is to be reviewed again, unless the configuration says otherwise: a week (AU-6 a).
pub const USUAL_REVIEW_DAYS: u32 = 7;

/// Somebody whom the configuration gives a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administrator {
    /// One person, by issuer and subject.
    Person(PersonId),
    /// Whoever signs in with this verified e-mail address.
    Email(String),
}

impl Administrator {
    fn is(&self, person: &Person) -> bool {
        match self {
            Self::Person(id) => *id == person.id,
            Self::Email(email) => person.email.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(email)),
        }
    }
}

/// What the configuration says of the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where browsers reach the pages: scheme, host and port.
    pub public_url: Url,
    /// Who administers the site.
    pub administrators: Vec<Administrator>,
    /// Who reviews it: compliance officers, who read the audit log. Administrators do not (NIST SP 800-53 AU-9(4), AC-5).
    pub officers: Vec<Administrator>,
    /// Who audits it: reads the audit log, changes nothing, touches no data (AU-9(4)).
    pub auditors: Vec<Administrator>,
    /// A session ends after this, whatever happens.
    pub session_lifetime: Duration,
    /// A session ends after this without a request.
    pub session_idle: Duration,
    /// How many years entries are kept at least; the product itself never removes one.
    pub retention_years: u32,
    /// The audit log is to be reviewed every so many days.
    pub review_days: u32,
    /// Identity providers may be called without TLS on loopback addresses. Set by the demo and by nothing else.
    pub allow_loopback_http: bool,
    /// Whose word is asked for the audit log; nobody's where absent.
    pub witness: Option<WitnessSettings>,
    /// Which authority dates heads of the audit log.
    pub timestamp: TimestampSettings,
}

impl Settings {
    /// The settings of a site at this address: 12 hours a session, 1 hour without a request (NIST SP 800-63B AAL2 asks for as much).
    #[must_use]
    pub const fn at(public_url: Url) -> Self {
        Self {
            public_url,
            administrators: Vec::new(),
            officers: Vec::new(),
            auditors: Vec::new(),
            session_lifetime: Duration::from_secs(12 * 3600),
            session_idle: Duration::from_secs(3600),
            retention_years: LEAST_RETENTION_YEARS,
            review_days: USUAL_REVIEW_DAYS,
            allow_loopback_http: false,
            witness: None,
            timestamp: TimestampSettings::NONE,
        }
    }
}

/// What the composition root hands over.
pub struct AppParts {
    /// This site.
    pub identity: Arc<SiteIdentity>,
    /// This node.
    pub node: NodeId,
    /// The control database.
    pub database: Database,
    /// Decides and records.
    pub guard: Guard,
    /// Opens collections.
    pub registry: Arc<Registry>,
    /// Tasks.
    pub transfers: Transfers,
    /// Calls to peers.
    pub dialer: Arc<Dialer>,
    /// Makes the tokens of the audit log's search index.
    pub index_key: IndexKey,
    /// Identity providers, in the order of the sign-in page.
    pub providers: Vec<ProviderConfig>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// What the configuration says.
    pub settings: Settings,
}

/// Why the application cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Two providers have one name, so nobody could say which is meant.
    #[error("two identity providers are called '{0}': give each a name of its own in the configuration")]
    ProviderTwice(String),
    /// A provider's address cannot be used.
    #[error(
        "identity provider '{0}': its issuer must be an https address (plain http is for the demo on a loopback address)"
    )]
    Issuer(String),
    /// The site cannot be a witness.
    #[error("no key for cosigning other sites' logs: {0}")]
    Cosigner(String),
    /// The client for outbound calls cannot be made.
    #[error("no client for calls to identity providers: {0}")]
    Outbound(String),
}

pub(crate) struct Parts {
    pub(crate) identity: Arc<SiteIdentity>,
    pub(crate) node: NodeId,
    pub(crate) database: Database,
    pub(crate) guard: Guard,
    pub(crate) registry: Arc<Registry>,
    pub(crate) transfers: Transfers,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) index_key: IndexKey,
    pub(crate) indexer: Indexer,
    pub(crate) providers: Vec<Provider>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) settings: Settings,
    pub(crate) outbound: Outbound,
    /// Wrong user codes: 5 in 15 minutes for each address (RFC 8628 section 5.1).
    pub(crate) wrong_codes: Limiter,
    /// Sign-ins begun, device codes asked for: what anybody may do without being known.
    pub(crate) beginnings: Limiter,
    pub(crate) pace: Pace,
    pub(crate) busy_uploads: Busy,
    pub(crate) remote_names: RemoteNames,
    pub(crate) policy: Published,
    pub(crate) readiness: Readiness,
    /// Held while approved erasures are carried out.
    pub(crate) erasing: tokio::sync::Mutex<()>,
    pub(crate) witnessing: Witnessing,
    pub(crate) alerting: Alerting,
    /// Acts under way.
    pub(crate) acts: TaskTracker,
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("node", &self.0.node).finish_non_exhaustive()
    }
}

impl App {
    /// Put the application together. Nothing is called yet: providers are asked at the first sign-in.
    pub fn new(parts: AppParts) -> Result<Self, SetupError> {
        let outbound = Outbound::new(parts.settings.allow_loopback_http)
            .map_err(|error| SetupError::Outbound(error.to_string()))?;
        let providers = check_providers(parts.providers, &outbound)?;
        let cosigner = witness::cosigner(&parts.identity.name, &parts.identity.signing)
            .map_err(|error| SetupError::Cosigner(error.to_string()))?;
        Ok(Self(Arc::new(Parts {
            identity: parts.identity,
            node: parts.node,
            database: parts.database,
            guard: parts.guard,
            registry: parts.registry,
            transfers: parts.transfers,
            dialer: parts.dialer,
            index_key: parts.index_key,
            indexer: Indexer::default(),
            providers,
            clock: parts.clock,
            random: parts.random,
            settings: parts.settings,
            outbound,
            wrong_codes: Limiter::new(5, QUARTER),
            beginnings: Limiter::new(60, MINUTE),
            pace: Pace::default(),
            busy_uploads: Busy::default(),
            remote_names: RemoteNames::default(),
            policy: Published::default(),
            readiness: Readiness::default(),
            erasing: tokio::sync::Mutex::default(),
            witnessing: Witnessing::new(cosigner),
            alerting: Alerting::default(),
            acts: TaskTracker::new(),
        })))
    }

    /// This site.
    #[must_use]
    pub fn identity(&self) -> &SiteIdentity {
        &self.0.identity
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The guard.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// Tasks.
    #[must_use]
    pub fn transfers(&self) -> &Transfers {
        &self.0.transfers
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Randomness.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    /// Whose log it is, for exports of it.
    #[must_use]
    pub fn export_context(&self) -> sealane_audit::export::Context {
        let identity = &self.0.identity;
        sealane_audit::export::Context {
            site_id: identity.site.to_string(),
            site: identity.name.to_string(),
            host: self.0.settings.public_url.host_str().unwrap_or("localhost").to_owned(),
            origin: self.0.guard.log().origin().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What this site knows of its peers' audit logs.
    pub(crate) fn peer_logs(&self) -> PeerLogs<'_> {
        PeerLogs { database: &self.0.database, guard: &self.0.guard, now: self.now() }
    }

    pub(crate) async fn db(&self) -> Result<Pooled, Problem> {
        self.0.database.acquire().await.map_err(problem::database)
    }

    /// The roles that the configuration gives a person.
    pub(crate) fn roles_of(&self, person: &Person) -> Vec<Role> {
        let settings = &self.0.settings;
        let mut roles = vec![Role::Researcher];
        if settings.administrators.iter().any(|named| named.is(person)) {
            roles.push(Role::Administrator);
        }
        if settings.officers.iter().any(|named| named.is(person)) {
            roles.push(Role::ComplianceOfficer);
        }
        if settings.auditors.iter().any(|named| named.is(person)) {
            roles.push(Role::Auditor);
        }
        roles
    }
}

fn check_providers(configs: Vec<ProviderConfig>, outbound: &Outbound) -> Result<Vec<Provider>, SetupError> {
    let mut providers: Vec<Provider> = Vec::new();
    for config in configs {
        if providers.iter().any(|known| known.config.name == config.name) {
            return Err(SetupError::ProviderTwice(config.name));
        }
        let usable = config.issuer.parse::<Url>().is_ok_and(|issuer| outbound.check(&issuer).is_ok());
        if !usable {
            return Err(SetupError::Issuer(config.name));
        }
        providers.push(Provider::new(config));
    }
    Ok(providers)
}
