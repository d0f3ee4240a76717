//! `sealane config check`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use crate::config::Config;
use crate::output::{Format, print};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether a configuration file is valid, and what is wrong with it.
    Check {
        /// The file.
        #[arg(long, default_value = "sealane.toml")]
        config: PathBuf,
    },
}

pub(super) fn run(command: ConfigCommand, format: Format) -> anyhow::Result<()> {
    let ConfigCommand::Check { config } = command;
    let read = Config::read(&config)?;
    let file = &read.file;
    let summary = json!({
        "ok": true,
        "site": file.site.name,
        "identity_providers": file.identity_provider.len(),
        "storage_gateways": file.storage_gateway.len(),
        "collections": file.collection.len(),
        "access_rules": file.access_rule.len(),
    });
    print(format, &summary, |_| {
        format!(
            "{} is valid: site {}, {} identity provider(s), {} storage gateway(s), {} collection(s), {} access rule(s).",
            config.display(),
            file.site.name,
            file.identity_provider.len(),
            file.storage_gateway.len(),
            file.collection.len(),
            file.access_rule.len(),
        )
    })
}
