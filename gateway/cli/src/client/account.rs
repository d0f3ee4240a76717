//! Where the command line is signed in: one small file of mode 0600 in the user's configuration folder.
//!
//! `$SEALANE_HOME`, else `$XDG_CONFIG_HOME/sealane`, else `~/.config/sealane`. The newest sign-in is the default site;
//! `--site` (or `SEALANE_SITE`) chooses another by its short name or address.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use anyhow::Context;
use sealane_crypto::{Fingerprint, Secret};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use serde::{Deserialize, Serialize};
use url::Url;

/// One site, and the sign-in there.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    /// The site's short name.
    pub site: String,
    /// Where it is.
    pub url: Url,
    /// Pins the site's certificate, where it is self-signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fingerprint: Option<Fingerprint>,
    /// The session's token, while signed in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    token: Option<String>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("site", &self.site).field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Account {
    /// A site where nobody is signed in yet.
    #[must_use]
    pub const fn anonymous(url: Url, fingerprint: Option<Fingerprint>) -> Self {
        Self { site: String::new(), url, fingerprint, token: None }
    }

    /// The same site with a sign-in.
    #[must_use]
    pub fn signed_in(mut self, site: &str, token: &str) -> Self {
        self.site = site.to_owned();
        self.token = Some(token.to_owned());
        self
    }

    /// The session's token.
    #[must_use]
    pub fn token(&self) -> Option<Secret<String>> {
        self.token.clone().map(Secret::new)
    }
}

/// The file: the newest sign-in first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Accounts {
    accounts: Vec<Account>,
}

impl Accounts {
    /// Read the file; empty where there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read() -> anyhow::Result<Self> {
        let path = file()?;
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged; remove it and sign in again", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The account that `wanted` names, or the newest.
    ///
    /// # Errors
    /// When there is none: the caller is not signed in.
    pub fn choose(&self, wanted: Option<&str>) -> Result<Account, Problem> {
        let fits = |account: &&Account| match wanted {
            None => true,
            Some(wanted) => account.site == wanted || same_site(&account.url, wanted),
        };
        self.accounts.iter().find(fits).cloned().ok_or_else(|| {
            let whom = wanted.unwrap_or("any site");
            Problem::new(
                ProblemKind::NotSignedIn,
                "not-signed-in",
                "You are not signed in",
                format!("there is no sign-in at {whom}"),
            )
            .next("sealane login https://your-site")
        })
    }

    /// Put a sign-in first and write the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember(mut self, account: Account) -> anyhow::Result<()> {
        self.accounts.retain(|known| known.url != account.url);
        self.accounts.insert(0, account);
        self.write()
    }

    /// Forget a sign-in and write the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(mut self, account: &Account) -> anyhow::Result<()> {
        self.accounts.retain(|known| known.url != account.url);
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let path = file()?;
        let folder = path.parent().context("the account file has no folder")?;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let temporary = folder.join(format!(".accounts.{}", std::process::id()));
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn same_site(url: &Url, wanted: &str) -> bool {
    Url::parse(wanted).is_ok_and(|wanted| wanted.origin() == url.origin())
}

fn file() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("SEALANE_HOME")
        .or_else(|| set("XDG_CONFIG_HOME").map(|home| home.join("sealane")))
        .or_else(|| set("HOME").map(|home| home.join(".config/sealane")))
        .context("there is no home folder to keep the sign-in in; set SEALANE_HOME")?;
    Ok(folder.join("accounts.json"))
}
