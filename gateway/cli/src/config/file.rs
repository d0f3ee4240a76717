//! The keys of the configuration file, one struct a table.

use std::net::SocketAddr;
use std::path::PathBuf;

use sealane_model::{Class, Permission, ShortName, Timestamp};
use sealane_service::{LEAST_RETENTION_YEARS, USUAL_REVIEW_DAYS};
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Who and where this site is.
    pub site: SiteConfig,
    /// Which of the site's nodes this is.
    #[serde(default)]
    pub node: NodeConfig,
    /// The control database.
    #[serde(default)]
    pub database: DatabaseConfig,
    /// The institution's certificate for pages and API; self-signed where absent.
    pub tls: Option<TlsConfig>,
    /// The audit log.
    #[serde(default)]
    pub audit: AuditConfig,
    /// Transfer settings.
    #[serde(default)]
    pub transfer: TransferConfig,
    /// Who people sign in with.
    #[serde(default)]
    pub identity_provider: Vec<IdentityProviderConfig>,
    /// Configured connectors.
    #[serde(default)]
    pub storage_gateway: Vec<StorageGatewayConfig>,
    /// Named roots that people see.
    #[serde(default)]
    pub collection: Vec<CollectionConfig>,
    /// Access rules that stand as long as the file says so.
    #[serde(default)]
    pub access_rule: Vec<AccessRuleConfig>,
}

/// `[site]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// Short name that peers know it by.
    pub name: ShortName,
    /// Name for people.
    pub title: String,
    /// Where its pages are, as people's browsers reach them.
    pub url: url::Url,
    /// The one address that it listens on.
    pub listen: SocketAddr,
    /// `host:port` at which peers reach its nodes; the host of `url` where absent.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Folder for keys, audit log, operational log and the SQLite database.
    pub state: PathBuf,
    /// Folder of the site's keys; `keys` in `state` where absent. Nodes of one site share it.
    pub keys: Option<PathBuf>,
    /// E-mail addresses, as the identity provider verified them, of the site's administrators.
    #[serde(default)]
    pub administrators: Vec<String>,
    /// E-mail addresses of those who review the audit log. Administrators do not (NIST SP 800-53 AU-9(4)).
    #[serde(default)]
    pub compliance_officers: Vec<String>,
    /// E-mail addresses of auditors: they read the audit log and its reports, change nothing and touch no data.
    #[serde(default)]
    pub auditors: Vec<String>,
}

/// `[node]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Unique among the nodes of a site: names its audit log.
    pub name: ShortName,
}

impl Default for NodeConfig {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that the tests read")]
        let name = "node-1".parse().expect("a valid name");
        Self { name }
    }
}

/// `[database]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite://...` or `postgres://...`; SQLite in the state folder where absent.
    pub url: Option<String>,
}

/// `[tls]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// `[audit]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// Years for which entries are kept at least; six or more. Sealane itself never removes an entry.
    #[serde(default = "least_retention")]
    pub retention_years: u32,
    /// Days after which the log is to be reviewed again.
    #[serde(default = "usual_review_days")]
    pub review_days: u32,
    /// A log server that gets every entry.
    pub syslog: Option<SyslogConfig>,
    /// Witnesses that confirm it; nobody is asked where absent.
    pub witness: Option<WitnessConfig>,
    /// A time-stamping authority that dates its heads; nobody is asked where absent.
    pub timestamp: Option<TimestampConfig>,
}

/// `[audit.timestamp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampConfig {
    /// Where the authority is asked (RFC 3161 over HTTP); without it, requests are taken there by hand.
    pub url: Option<Spanned<url::Url>>,
    /// The certificates that its signature must lead to (PEM).
    pub ca_file: Option<PathBuf>,
    /// How often it is asked.
    #[serde(default = "a_day")]
    pub every: Spanned<String>,
}

fn a_day() -> Spanned<String> {
    Spanned::new(0..0, "24h".to_owned())
}

/// `[audit.witness]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// File that names witnesses and quorum (C2SP tlog-policy).
    pub policy: Spanned<PathBuf>,
    /// How long an entry may wait for the quorum before health data and CUI are refused.
    #[serde(default = "a_minute")]
    pub max_exposure: Spanned<String>,
    /// How many entries may wait.
    #[serde(default = "ten_thousand")]
    pub max_entries: u64,
    /// From when on the operational log warns.
    #[serde(default = "five_seconds")]
    pub warn_after: Spanned<String>,
}

fn a_minute() -> Spanned<String> {
    Spanned::new(0..0, "60s".to_owned())
}

const fn ten_thousand() -> u64 {
    10_000
}

fn five_seconds() -> Spanned<String> {
    Spanned::new(0..0, "5s".to_owned())
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            retention_years: least_retention(),
            review_days: usual_review_days(),
            syslog: None,
            witness: None,
            timestamp: None,
        }
    }
}

const fn usual_review_days() -> u32 {
    USUAL_REVIEW_DAYS
}

const fn least_retention() -> u32 {
    LEAST_RETENTION_YEARS
}

/// `[audit.syslog]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogConfig {
    /// `host:port` of the log server (RFC 5425; TLS 1.3).
    pub address: Spanned<String>,
    /// PEM file with the authority that certifies the log server; the system's authorities where absent.
    pub ca_file: Option<PathBuf>,
    /// PEM file with the certificate by which the log server knows this site, where it asks for one.
    pub certificate: Option<PathBuf>,
    /// PEM file with that certificate's private key.
    pub key: Option<PathBuf>,
    /// The institution's private enterprise number; the one kept for examples (RFC 5612) where absent.
    #[serde(default = "example_enterprise")]
    pub enterprise_number: u32,
    /// Send personal values too. What a log server has received, no erasure here reaches.
    #[serde(default)]
    pub personal_values: bool,
}

const fn example_enterprise() -> u32 {
    sealane_audit::export::syslog::EXAMPLE_ENTERPRISE
}

/// `[transfer]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    /// Lanes of a task that does not ask for a number.
    pub lanes: u16,
}

impl Default for TransferConfig {
    fn default() -> Self {
        Self { lanes: 4 }
    }
}

/// `[[identity_provider]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityProviderConfig {
    /// Name on the sign-in page.
    pub title: String,
    /// Issuer URL (OpenID Connect Discovery).
    pub issuer: url::Url,
    /// The id that the provider gave this site.
    pub client_id: String,
    /// File with the secret that the provider gave this site, where it gave one.
    pub client_secret_file: Option<PathBuf>,
}

/// `[[storage_gateway]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageGatewayConfig {
    /// Unique name.
    pub name: ShortName,
    /// The directory that nothing of it ever leaves.
    pub root: PathBuf,
    /// Classes of data that it may hold.
    pub classes: Vec<Class>,
}

/// `[[collection]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionConfig {
    /// Unique short name.
    pub name: ShortName,
    /// Name for people.
    pub title: String,
    /// What is in it.
    #[serde(default)]
    pub description: String,
    /// Name of the storage gateway that holds it.
    pub storage_gateway: Spanned<String>,
    /// Class of its data.
    pub class: Spanned<Class>,
    /// Nobody changes it through Sealane, whatever the rules say.
    #[serde(default)]
    pub read_only: bool,
}

/// `[[access_rule]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRuleConfig {
    /// Name of the collection.
    pub collection: Spanned<String>,
    /// Path beneath which it holds.
    #[serde(default = "whole_collection")]
    pub path: String,
    /// `email:ADDRESS`, `person:ISSUER#SUBJECT`, `group:NAME`, `signed-in` or `anonymous`.
    pub principal: Spanned<String>,
    /// Any of list, read, write, delete, share.
    pub permissions: Vec<Permission>,
    /// When it ends (RFC 3339).
    pub expires: Option<Timestamp>,
    /// What the data may be used for.
    pub purpose: Option<String>,
}

fn whole_collection() -> String {
    "/".to_owned()
}
