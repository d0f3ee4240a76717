//! `sealane init`: one TOML file, keys of mode 0600, a database. Asks what no flag says.

use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use sealane_crypto::SystemRandom;
use sealane_model::{SiteId, SystemClock};
use serde_json::json;

use crate::config::Config;
use crate::config::template::{self, Answers};
use crate::control_database;
use crate::output::{Format, print};
use crate::site_keys::SiteKeys;

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The file to write; keys, database and logs go beside it.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
    /// Short name that peers know the site by, such as hospital-a.
    #[arg(long)]
    name: Option<String>,
    /// Name for people, such as "Hospital A".
    #[arg(long)]
    title: Option<String>,
    /// Where its pages will be, such as https://sealane.hospital-a.example.
    #[arg(long)]
    url: Option<String>,
    /// Address to listen on.
    #[arg(long)]
    listen: Option<String>,
    /// Database URL (postgres://...); SQLite beside the file where absent.
    #[arg(long)]
    database: Option<String>,
    /// Issuer of the identity provider.
    #[arg(long, requires = "client_id")]
    issuer: Option<String>,
    /// The id that the identity provider gave this site.
    #[arg(long, requires = "issuer")]
    client_id: Option<String>,
    /// E-mail address of the first administrator, as the identity provider verifies it.
    #[arg(long)]
    administrator: Option<String>,
}

pub(super) async fn run(arguments: InitArguments, format: Format) -> anyhow::Result<()> {
    let path = arguments.config.clone();
    if path.exists() {
        bail!("{} exists; a site is initialised once. Name another file with --config", path.display());
    }
    let answers = Answers {
        name: asked(arguments.name, "--name", "Short name of the site", "my-site")?,
        title: asked(arguments.title, "--title", "Name for people", "My institution")?,
        url: asked(arguments.url, "--url", "Address of its pages", "https://sealane.example.edu")?,
        listen: asked(arguments.listen, "--listen", "Listen on", "0.0.0.0:443")?,
        database: arguments.database,
        identity_provider: arguments.issuer.zip(arguments.client_id),
        administrator: arguments.administrator,
    };
    let text = template::render(&answers);
    let base = std::path::absolute(&path)?.parent().context("the configuration file has no folder")?.to_owned();
    // Checked before anything is written: a wrong answer leaves nothing behind.
    let config = Config::parse(&text, &path, base)?;

    let random = SystemRandom::new()?;
    let site = SiteId::generate(&SystemClock, &random);
    let host = config.file.site.url.host_str().unwrap_or("localhost").to_owned();
    let keys = SiteKeys::create(&config.keys(), site, &[host], &random)?;
    let database = control_database::open(&config.database_url(), 1, &config.keys(), Arc::new(random)).await?;
    database.close().await;
    write_new(&path, &text)?;

    let key = keys.signing.verifying_key().fingerprint();
    let made = json!({ "config": path, "site": site, "signing_key": key, "keys": config.keys() });
    print(format, &made, |_| {
        format!(
            "Site {} is made.\n  configuration  {}\n  keys           {} (keep a copy offline: without them the database cannot be read, and the site is a stranger to its peers)\n  \
             signing key    {key}\n  next: add a storage gateway and a collection to the file, then\n        sealane config check --config {}\n        sealane serve --config {}",
            config.file.site.title,
            path.display(),
            config.keys().display(),
            path.display(),
            path.display(),
        )
    })
}

fn asked(given: Option<String>, flag: &str, question: &str, default: &str) -> anyhow::Result<String> {
    if let Some(given) = given {
        return Ok(given);
    }
    if !std::io::stdin().is_terminal() {
        bail!("{flag} is needed where nobody can be asked");
    }
    eprint!("{question} [{default}]: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let answer = line.trim();
    Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() })
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}
