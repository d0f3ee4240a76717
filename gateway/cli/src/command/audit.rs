//! `sealane audit ..`: the audit log for those who answer for it. One file a command.

mod reindex;

use clap::Subcommand;

use crate::output::Format;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Empty the search index and build it again from the log. Run on the site's own machine.
    Reindex(reindex::ReindexArguments),
}

pub(super) async fn run(command: AuditCommand, format: Format) -> anyhow::Result<()> {
    match command {
        AuditCommand::Reindex(arguments) => reindex::run(arguments, format).await,
    }
}
