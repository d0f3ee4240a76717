//! `sealane audit reindex`: the search index, built again from the logs.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use crate::command::peer::ask_site;
use crate::config::Config;
use crate::output::{Format, print};
use crate::serve::admin::{AdminAnswer, AdminRequest};

#[derive(Debug, Args)]
pub(in crate::command) struct ReindexArguments {
    /// The configuration file.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
}

pub(super) async fn run(arguments: ReindexArguments, format: Format) -> anyhow::Result<()> {
    match ask_site(&Config::read(&arguments.config)?, AdminRequest::Reindex).await? {
        AdminAnswer::Problem(problem) => Err(problem.into()),
        AdminAnswer::Reindexing(entries) => print(format, &json!({ "entries": entries }), |_| {
            format!("The search index is built again from {entries} entries. Searches say what is not in it yet.")
        }),
        _ => bail!("the node answered something else than was asked"),
    }
}
