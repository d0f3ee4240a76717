//! The configuration file of a site: one TOML file, read once, checked whole.
//!
//! What is wrong is said with file, line, key and the allowed values. Unknown keys are refused: a misspelt key that is
//! silently ignored is a protection that is silently off. Paths in the file are relative to the file.

pub mod check;
pub mod file;
pub mod template;
mod witness;

use std::path::{Path, PathBuf};

use sealane_crypto::digest::{Digest, sha256};
use sealane_service::witness::WitnessSettings;

pub use file::{
    AccessRuleConfig, CollectionConfig, ConfigFile, IdentityProviderConfig, StorageGatewayConfig, SyslogConfig,
    TimestampConfig,
};

/// What is wrong with a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the configuration file {}: {source}\n  next: name an existing file with --config, or make one with `sealane init`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML, or a key or value is not one that is known.
    #[error("{}:{line}: {message}\n{excerpt}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Which key or value, and what is allowed.
        message: String,
        /// The line itself.
        excerpt: String,
    },
    /// It is well formed, but says things that do not fit together.
    #[error("{} has {} mistake(s):\n{}", path.display(), problems.len(), problems.join("\n"))]
    Inconsistent {
        /// Which file.
        path: PathBuf,
        /// Each mistake with its line.
        problems: Vec<String>,
    },
}

/// A configuration that was read and checked, with its paths made absolute.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the file says.
    pub file: ConfigFile,
    /// The folder of the file: what relative paths start from.
    pub base: PathBuf,
    /// Whose word is asked for the audit log.
    pub witness: Option<WitnessSettings>,
    /// Digest of the file and of the policy file that it names: tells one configuration from another.
    pub digest: Digest,
}

impl Config {
    /// Read and check a file.
    ///
    /// # Errors
    /// When it cannot be read, is not valid, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let base = std::path::absolute(path)
            .ok()
            .and_then(|absolute| absolute.parent().map(Path::to_owned))
            .unwrap_or_else(|| PathBuf::from("."));
        Self::parse(&text, path, base)
    }

    /// Check a text as if it stood in the file `path`.
    ///
    /// # Errors
    /// When it is not valid or contradicts itself.
    pub fn parse(text: &str, path: &Path, base: PathBuf) -> Result<Self, ConfigError> {
        let file: ConfigFile = toml::from_str(text).map_err(|error| invalid(path, text, &error))?;
        let mut problems = check::problems(&file, text);
        let read = file.audit.witness.as_ref().map(|it| witness::read(it, text, &base)).transpose();
        let witness = read.unwrap_or_else(|mistakes| {
            problems.extend(mistakes);
            None
        });
        if problems.is_empty() {
            let policy = file.audit.witness.as_ref().map(|it| std::fs::read(base.join(it.policy.get_ref())));
            let policy = policy.and_then(Result::ok).unwrap_or_default();
            let digest = sha256(&[text.as_bytes(), &policy].concat());
            Ok(Self { file, base, witness, digest })
        } else {
            Err(ConfigError::Inconsistent { path: path.to_owned(), problems })
        }
    }

    /// A path of the file as an absolute one.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Where keys, log and database are, unless the file says otherwise.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.resolve(&self.file.site.state)
    }

    /// Where the site's keys are: shared by the nodes of a site.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.file.site.keys.as_ref().map_or_else(|| self.state().join("keys"), |keys| self.resolve(keys))
    }

    /// Where this node's audit log is.
    #[must_use]
    pub fn audit(&self) -> PathBuf {
        self.state().join("audit").join(self.file.node.name.as_str())
    }

    /// The URL of the control database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.file
            .database
            .url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}?mode=rwc", self.state().join("site.db").display()))
    }
}

fn invalid(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let line = error.span().map_or(1, |span| check::line_of(text, span.start));
    let excerpt = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    ConfigError::Invalid {
        path: path.to_owned(),
        line,
        message: error.message().to_owned(),
        excerpt: format!("  {line} | {excerpt}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("sealane.toml"), PathBuf::from("/etc/sealane"))
    }

    fn template() -> String {
        template::render(&template::Answers::for_tests())
    }

    #[test]
    fn what_init_writes_is_valid() {
        let config = parse(&template()).unwrap();
        assert_eq!(config.state(), PathBuf::from("/etc/sealane/state"));
        assert!(config.database_url().starts_with("sqlite:///etc/sealane/state/site.db"));
    }

    #[test]
    fn a_misspelt_key_is_named_with_line_and_allowed_keys() {
        let text = template().replace("listen =", "listne =");
        let line = 1 + text.lines().position(|line| line.starts_with("listne")).unwrap();
        let message = parse(&text).unwrap_err().to_string();
        assert!(message.starts_with(&format!("sealane.toml:{line}: unknown field `listne`")), "{message}");
        assert!(message.contains("`listen`"), "{message}");
    }

    #[test]
    fn an_unknown_class_is_named_with_the_allowed_ones() {
        let text =
            format!("{}\n[[storage_gateway]]\nname = \"g\"\nroot = \"/data\"\nclasses = [\"secret\"]\n", template());
        let message = parse(&text).unwrap_err().to_string();
        assert!(message.contains("secret") && message.contains("phi-limited"), "{message}");
    }

    #[test]
    fn a_collection_on_an_unknown_storage_gateway_is_named_with_its_line() {
        let text = format!(
            "{}\n[[collection]]\nname = \"c\"\ntitle = \"C\"\nstorage_gateway = \"nowhere\"\nclass = \"phi\"\n",
            template()
        );
        let message = parse(&text).unwrap_err().to_string();
        assert!(message.contains("storage_gateway 'nowhere'"), "{message}");
        assert!(message.contains("line "), "{message}");
    }

    #[test]
    fn a_log_server_needs_an_address_and_both_halves_of_its_certificate() {
        let text = format!("{}\n[audit.syslog]\naddress = \"logs.example.edu\"\nkey = \"a.key\"\n", template());
        let message = parse(&text).unwrap_err().to_string();
        assert!(message.contains("'logs.example.edu' is not host:port") && message.contains("line "), "{message}");
        assert!(message.contains("certificate and key go together"), "{message}");
        let text = format!("{}\n[audit.syslog]\naddress = \"logs.example.edu:6514\"\n", template());
        assert_eq!(parse(&text).unwrap().file.audit.syslog.unwrap().enterprise_number, 32_473);
    }

    fn with_policy(policy: &str, more: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("witnesses"), policy).unwrap();
        let text = format!("{}\n[audit.witness]\npolicy = \"witnesses\"\n{more}\n", template());
        Config::parse(&text, Path::new("sealane.toml"), folder.path().to_owned())
    }

    /// The public key of the example in C2SP signed-note.
    const WITNESS_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn a_policy_of_witnesses_is_read_with_its_window() {
        let key =
            sealane_audit::VerifierKey::cosigner("w", WITNESS_KEY.parse::<sealane_audit::VerifierKey>().unwrap().key());
        let policy = format!("witness university-b {key}\nquorum university-b\n");
        let witness = with_policy(&policy, "max_exposure = \"90s\"").unwrap().witness.unwrap();
        assert_eq!(
            (witness.window.entries, witness.window.age.as_secs(), witness.warn_after.as_secs()),
            (10_000, 90, 5)
        );
        let message = with_policy(&policy, "max_exposure = \"soon\"").unwrap_err().to_string();
        assert!(message.contains("line ") && message.contains("'soon' is no time"), "{message}");
        let plain = policy.replace('\n', " http://w.example/w\n");
        assert!(
            with_policy(&plain.replace("quorum university-b http://w.example/w", "quorum university-b"), "")
                .unwrap_err()
                .to_string()
                .contains("https")
        );
        let message = with_policy("group g 1 nobody\nquorum g\n", "").unwrap_err().to_string();
        assert!(message.contains("witnesses:1: \"nobody\" is not defined"), "{message}");
        assert!(
            parse(&format!("{}\n[audit.witness]\npolicy = \"absent\"\n", template()))
                .unwrap_err()
                .to_string()
                .contains("cannot read")
        );
    }

    #[test]
    fn a_retention_below_six_years_is_refused_with_the_reason() {
        assert_eq!(parse(&template()).unwrap().file.audit.retention_years, 6);
        let with = |years: u32| format!("{}\n[audit]\nretention_years = {years}\n", template());
        assert_eq!(parse(&with(10)).unwrap().file.audit.retention_years, 10);
        for years in [0, 1, 5] {
            let message = parse(&with(years)).unwrap_err().to_string();
            assert!(message.contains("retention_years") && message.contains("164.316(b)(2)"), "{message}");
        }
    }

    #[test]
    fn the_log_is_reviewed_every_week_unless_said_otherwise() {
        assert_eq!(parse(&template()).unwrap().file.audit.review_days, 7);
        let with = |days: u32| format!("{}\n[audit]\nreview_days = {days}\n", template());
        assert_eq!(parse(&with(1)).unwrap().file.audit.review_days, 1);
        for days in [0, 367] {
            let message = parse(&with(days)).unwrap_err().to_string();
            assert!(message.contains("review_days") && message.contains("AU-6"), "{message}");
        }
    }

    #[test]
    fn nothing_of_the_demo_can_be_switched_on() {
        for line in ["allow_loopback_http = true", "demo = true", "plain_http = 8080"] {
            let text = template().replace("[site]", &format!("[site]\n{line}"));
            assert!(parse(&text).unwrap_err().to_string().contains("unknown field"), "{line}");
        }
    }
}
