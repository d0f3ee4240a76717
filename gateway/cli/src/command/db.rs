//! `sealane db status`.

use std::path::PathBuf;

use clap::Subcommand;
use sealane_database::Database;

use crate::config::Config;
use crate::output::{Format, print, table};

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Migrations that this version knows, and which of them the database has.
    Status {
        /// The configuration file.
        #[arg(long, default_value = "sealane.toml")]
        config: PathBuf,
    },
}

pub(super) async fn run(command: DbCommand, format: Format) -> anyhow::Result<()> {
    let DbCommand::Status { config } = command;
    let config = Config::read(&config)?;
    let database = Database::connect(&config.database_url(), 1).await?;
    let found = database.status().await?;
    database.close().await;
    print(format, &found, |found| {
        let rows: Vec<[String; 3]> = found
            .iter()
            .map(|migration| {
                let applied = migration.applied_at.map_or_else(|| "pending".to_owned(), |at| at.to_string());
                [migration.version.to_string(), migration.name.clone(), applied]
            })
            .collect();
        table(["migration", "name", "applied"], &rows)
    })
}
