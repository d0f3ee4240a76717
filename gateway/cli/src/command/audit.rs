//! `sealane audit ..`: the audit log for those who answer for it. One file a command.

mod about;
mod erase;
mod hold;
mod reconcile;
mod reindex;
mod witness;

use clap::Subcommand;

use super::Session;
use crate::output::Format;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Erase the personal values of a person or collection: one officer asks, another approves.
    Erase(erase::EraseArguments),
    /// Legal holds: nothing of that person or collection is erased while one stands.
    #[command(subcommand)]
    Hold(hold::HoldCommand),
    /// Hold two sites' exported logs against each other: what is one-sided or differs.
    Reconcile(reconcile::ReconcileArguments),
    /// Empty the search index and build it again from the log. Run on the site's own machine.
    Reindex(reindex::ReindexArguments),
    /// Sites confirm that each other's logs only grow. Run on the site's own machine.
    #[command(subcommand)]
    Witness(witness::WitnessCommand),
}

pub(super) async fn run(
    command: AuditCommand,
    format: Format,
    session: impl FnOnce() -> anyhow::Result<Session>,
) -> anyhow::Result<()> {
    match command {
        AuditCommand::Erase(arguments) => erase::run(arguments, &session()?).await,
        AuditCommand::Hold(command) => hold::run(command, &session()?).await,
        AuditCommand::Reconcile(arguments) => reconcile::run(arguments, format).await,
        AuditCommand::Reindex(arguments) => reindex::run(arguments, format).await,
        AuditCommand::Witness(command) => witness::run(command, format).await,
    }
}
