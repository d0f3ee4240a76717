//! `sealane audit key show|rotate`: the key that signs this node's audit log.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use sealane_audit::{Log, Options, RotationProof};
use sealane_crypto::{Random, SystemRandom};
use sealane_model::{Clock, SystemClock};
use serde::Serialize;

use crate::config::Config;
use crate::output::{Format, print};
use crate::serve::settings::NodeSettings;
use crate::site_keys::{LogPlace, rotate_log_key};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum KeyCommand {
    /// The key in force and those before it, from the public files beside the log.
    Show(KeyArguments),
    /// Replace the key. The node must be stopped; the log says so in an entry, and the head over it is signed by both keys.
    ///
    /// Peers and other witnesses follow by themselves. Whoever verifies the log with the old key is led to the new one; other
    /// people's verifiers need the new key, which is printed. The old private key is removed from the key folder.
    Rotate(KeyArguments),
}

#[derive(Debug, Args)]
pub(in crate::command) struct KeyArguments {
    /// The configuration file.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
}

/// What is told of a log's key.
#[derive(Debug, Serialize)]
struct KeyView {
    log: String,
    key: Option<String>,
    replaced: Vec<ReplacedView>,
}

/// A key that handed over.
#[derive(Debug, Serialize)]
struct ReplacedView {
    from: String,
    to: String,
    begins: u64,
}

impl From<&RotationProof> for ReplacedView {
    fn from(proof: &RotationProof) -> Self {
        Self { from: proof.from().to_string(), to: proof.to().to_string(), begins: proof.begins() }
    }
}

pub(super) fn run(command: KeyCommand, format: Format) -> anyhow::Result<()> {
    let (KeyCommand::Show(arguments) | KeyCommand::Rotate(arguments)) = &command;
    let settings = NodeSettings::from_config(&Config::read(&arguments.config)?)?;
    let origin = format!("sealane/{}/{}", settings.name, settings.node);
    if let KeyCommand::Rotate(_) = &command {
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
        let place = LogPlace { directory: &settings.audit, origin: &origin };
        let options = Options { opened_at_ns: Some(SystemClock.now().as_nanos()), ..Options::default() };
        let proof = rotate_log_key(&settings.keys, &settings.node, &place, &random, options)?;
        return print(format, &ReplacedView::from(&proof), |view| {
            format!(
                "The key of {origin} is replaced.\n  until {} entries  {}\n  from then on  {}\n  next: start the node, and give the new key to those who verify the log",
                view.begins, view.from, view.to
            )
        });
    }
    let (key, proofs) = Log::public_keys(&settings.audit)?;
    let replaced = proofs.iter().map(ReplacedView::from).collect();
    print(format, &KeyView { log: origin, key, replaced }, |view| {
        let mut text = format!("{}\n", view.key.as_deref().unwrap_or("The log has not begun yet."));
        for one in &view.replaced {
            text.push_str(&format!("  until {} entries  {}\n", one.begins, one.from));
        }
        text
    })
}
