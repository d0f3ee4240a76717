//! What a node is started with: read from the configuration file by `serve`, made on the spot by the demo.
//!
//! INVARIANT: what only the demo may do (pages over plain HTTP on the loopback address, an identity provider without
//! TLS) stands in [`DemoOnly`], which the configuration file cannot make.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sealane_crypto::{Digest, Secret};
use sealane_model::{AssuranceMode, RemotePath, ShortName, StorageKind};
use sealane_service::Administrator;
use sealane_service::configure::{Configured, ConfiguredCollection, ConfiguredRule, ConfiguredStorage};
use sealane_service::identity::ProviderConfig;
use sealane_service::jobs::syslog::{ClientIdentity, Pace, SyslogSettings, Target};
use sealane_service::timestamps::TimestampSettings;
use sealane_service::witness::WitnessSettings;
use url::Url;

use crate::config::check::duration;
use crate::config::{AccessRuleConfig, Config, IdentityProviderConfig, SyslogConfig, TimestampConfig};
use crate::principal;

/// Everything that a node is started with.
#[derive(Debug)]
pub struct NodeSettings {
    /// Short name of the site.
    pub name: ShortName,
    /// Name for people.
    pub title: String,
    /// Where its pages are.
    pub url: Url,
    /// The one address that it listens on.
    pub listen: SocketAddr,
    /// Where peers reach the site's nodes.
    pub addresses: Vec<String>,
    /// Which node of the site.
    pub node: ShortName,
    /// Folder of the site's keys.
    pub keys: PathBuf,
    /// Folder of this node's audit log.
    pub audit: PathBuf,
    /// The administrator's socket.
    pub socket: PathBuf,
    /// URL of the control database.
    pub database_url: String,
    /// The institution's certificate and key for pages and API.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Who people sign in with.
    pub providers: Vec<ProviderConfig>,
    /// Who administers the site.
    pub administrators: Vec<Administrator>,
    /// Who reviews its audit log.
    pub officers: Vec<Administrator>,
    /// Who audits.
    pub auditors: Vec<Administrator>,
    /// Storage gateways, collections and rules of the configuration.
    pub configured: Configured,
    /// Years for which audit entries are kept at least.
    pub retention_years: u32,
    /// Days after which the audit log is to be reviewed again.
    pub review_days: u32,
    /// Lanes of a task that does not ask for a number.
    pub lanes: u16,
    /// The log server that gets every entry of the audit log.
    pub syslog: Option<SyslogSettings>,
    /// Whose word is asked for the audit log.
    pub witness: Option<WitnessSettings>,
    /// Which authority dates the audit log.
    pub timestamp: TimestampSettings,
    /// Digest of the configuration, and of the policy file that it names.
    pub digest: Digest,
    /// What only the demo may do.
    pub demo: Option<DemoOnly>,
}

/// What only the demo may do.
#[derive(Debug)]
pub struct DemoOnly {
    /// Loopback address at which pages and API are served over plain HTTP.
    pub pages: SocketAddr,
}

impl NodeSettings {
    /// What a configuration file says.
    ///
    /// # Errors
    /// When a file that it names cannot be read.
    pub fn from_config(config: &Config) -> anyhow::Result<Self> {
        let site = &config.file.site;
        let port = site.url.port_or_known_default().unwrap_or(443);
        let host = site.url.host_str().context("[site] url has no host")?;
        let addresses = if site.addresses.is_empty() { vec![format!("{host}:{port}")] } else { site.addresses.clone() };
        let certificate =
            config.file.tls.as_ref().map(|tls| (config.resolve(&tls.certificate), config.resolve(&tls.key)));
        let providers = config.file.identity_provider.iter().enumerate();
        Ok(Self {
            name: site.name.clone(),
            title: site.title.clone(),
            url: site.url.clone(),
            listen: site.listen,
            addresses,
            node: config.file.node.name.clone(),
            keys: config.keys(),
            audit: config.audit(),
            socket: config.state().join("admin.sock"),
            database_url: config.database_url(),
            certificate,
            providers: providers.map(|(index, it)| provider(config, index, it)).collect::<anyhow::Result<_>>()?,
            administrators: site.administrators.iter().cloned().map(Administrator::Email).collect(),
            officers: site.compliance_officers.iter().cloned().map(Administrator::Email).collect(),
            auditors: site.auditors.iter().cloned().map(Administrator::Email).collect(),
            configured: configured(config)?,
            retention_years: config.file.audit.retention_years,
            review_days: config.file.audit.review_days,
            lanes: config.file.transfer.lanes,
            syslog: config.file.audit.syslog.as_ref().map(|it| syslog(config, it)).transpose()?,
            witness: config.witness.clone(),
            timestamp: config
                .file
                .audit
                .timestamp
                .as_ref()
                .map_or(Ok(TimestampSettings::NONE), |it| timestamp(config, it))?,
            digest: config.digest,
            demo: None,
        })
    }
}

fn provider(config: &Config, index: usize, it: &IdentityProviderConfig) -> anyhow::Result<ProviderConfig> {
    let name = format!("provider-{}", index + 1);
    let mut provider = ProviderConfig::public(&name, &it.title, issuer_text(&it.issuer), &it.client_id);
    if let Some(file) = &it.client_secret_file {
        let path = config.resolve(file);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("[[identity_provider]] client_secret_file: cannot read {}", path.display()))?;
        provider.client_secret = Some(Secret::new(text.trim().to_owned()));
    }
    Ok(provider)
}

fn timestamp(config: &Config, it: &TimestampConfig) -> anyhow::Result<TimestampSettings> {
    let mut authorities = Vec::new();
    if let Some(file) = &it.ca_file {
        let path = config.resolve(file);
        let told = || format!("[audit.timestamp] ca_file: cannot read certificates from {}", path.display());
        let pem = std::fs::read(&path).with_context(told)?;
        authorities = CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().with_context(told)?;
        if authorities.is_empty() {
            bail!("[audit.timestamp] ca_file: {} holds no certificate", path.display());
        }
    }
    let every = duration(it.every.get_ref()).context("[audit.timestamp] every is no time")?;
    Ok(TimestampSettings { url: it.url.as_ref().map(|url| url.get_ref().clone()), authorities, every })
}

fn syslog(config: &Config, it: &SyslogConfig) -> anyhow::Result<SyslogSettings> {
    let read = |path: &Path| {
        let path = config.resolve(path);
        std::fs::read(&path).with_context(|| {
            format!("cannot read {}\n  next: check the files that [audit.syslog] names", path.display())
        })
    };
    let ca = it.ca_file.as_deref().map(read).transpose()?;
    let identity = match (&it.certificate, &it.key) {
        (Some(certificate), Some(key)) => {
            Some(ClientIdentity { certificate: read(certificate)?, key: Secret::new(read(key)?) })
        }
        _ => None,
    };
    Ok(SyslogSettings {
        target: Target::new(it.address.get_ref(), ca.as_deref(), identity)?,
        enterprise: it.enterprise_number,
        personal_values: it.personal_values,
        pace: Pace::default(),
    })
}

/// An issuer is compared byte for byte; the URL type adds a slash to a bare host that most issuers do not have.
fn issuer_text(issuer: &Url) -> &str {
    let text = issuer.as_str();
    if issuer.path() == "/" { text.trim_end_matches('/') } else { text }
}

fn configured(config: &Config) -> anyhow::Result<Configured> {
    let storage_gateways = config.file.storage_gateway.iter().map(|it| ConfiguredStorage {
        name: it.name.to_string(),
        storage: StorageKind::Posix { root: config.resolve(&it.root) },
        classes: it.classes.clone(),
    });
    let collections = config.file.collection.iter().map(|it| ConfiguredCollection {
        name: it.name.clone(),
        title: it.title.clone(),
        description: it.description.clone(),
        storage_gateway: it.storage_gateway.get_ref().clone(),
        class: *it.class.get_ref(),
        mode: AssuranceMode::Transport,
        read_only: it.read_only,
    });
    let rules = config.file.access_rule.iter().enumerate().map(|(index, it)| rule(index, it));
    Ok(Configured {
        storage_gateways: storage_gateways.collect(),
        collections: collections.collect(),
        rules: rules.collect::<anyhow::Result<_>>()?,
    })
}

fn rule(index: usize, it: &AccessRuleConfig) -> anyhow::Result<ConfiguredRule> {
    Ok(ConfiguredRule {
        name: format!("rule-{}", index + 1),
        collection: it.collection.get_ref().parse()?,
        path: RemotePath::parse_text(&it.path)?,
        principal: principal::parse(it.principal.get_ref())?,
        permissions: it.permissions.clone(),
        deny: false,
        expires_at: it.expires,
        purpose: it.purpose.clone(),
    })
}
