//! `sealane serve`: run a node until it is told to stop.

use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

use crate::config::Config;
use crate::serve::node::Node;
use crate::serve::settings::NodeSettings;
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The configuration file.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
}

pub(super) async fn run(arguments: ServeArguments) -> anyhow::Result<()> {
    let config = Config::read(&arguments.config)?;
    let _telemetry = telemetry::for_node(&config.state().join("logs"))?;
    let node = Node::start(NodeSettings::from_config(&config)?).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => info!("told to stop (SIGTERM)"),
        _ = interrupt.recv() => info!("told to stop (SIGINT)"),
    }
    node.stop().await;
    Ok(())
}
