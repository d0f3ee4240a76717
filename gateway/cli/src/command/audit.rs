//! `sealane audit ..`: the audit log for those who answer for it. One file a command.

mod about;
mod alert;
mod disclosures;
mod erase;
mod export;
mod hold;
mod key;
mod lines;
mod question;
mod reconcile;
mod reindex;
mod review;
mod rule;
mod search;
mod timestamp;
mod witness;

use clap::Subcommand;

use super::Session;
use crate::output::Format;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Find entries by any field, over all nodes of the site.
    Search(Box<question::QuestionArguments>),
    /// Reports for compliance.
    #[command(subcommand)]
    Report(ReportCommand),
    /// What you did yourself, as the site recorded it. Needs no role.
    Me(Box<question::QuestionArguments>),
    /// Write entries to a file: evidence that proves itself, or a format of other people's programs.
    Export(Box<export::ExportArguments>),
    /// Erase the personal values of a person or collection: one officer asks, another approves.
    Erase(erase::EraseArguments),
    /// Legal holds: nothing of that person or collection is erased while one stands.
    #[command(subcommand)]
    Hold(hold::HoldCommand),
    /// Rules that watch the log and raise alerts.
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    /// Alerts: what rules and the site itself noticed.
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// Reviews of the log: what has happened since the last one, and your signature under it.
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// How the log stands: index, alarms, open alerts, the next review.
    Status,
    /// Hold two sites' exported logs against each other: what is one-sided or differs.
    Reconcile(reconcile::ReconcileArguments),
    /// Empty the search index and build it again from the log. Run on the site's own machine.
    Reindex(reindex::ReindexArguments),
    /// The key that signs the log of this node. Run on the site's own machine.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// RFC 3161 timestamps on heads of the log: a third party says when it was there. Run on the site's own machine.
    #[command(subcommand)]
    Timestamp(timestamp::TimestampCommand),
    /// Sites confirm that each other's logs only grow. Run on the site's own machine.
    #[command(subcommand)]
    Witness(witness::WitnessCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// Who accessed a collection, or a path in it.
    Access(Box<question::QuestionArguments>),
    /// What a person did.
    Person(Box<question::QuestionArguments>),
    /// Disclosures of protected health information to other sites (45 CFR 164.528).
    Disclosures(Box<disclosures::DisclosureArguments>),
}

pub(super) async fn run(
    command: AuditCommand,
    format: Format,
    session: impl FnOnce() -> anyhow::Result<Session>,
) -> anyhow::Result<()> {
    match command {
        AuditCommand::Search(asked) => search::run(&session()?, &["audit", "entries"], *asked).await,
        AuditCommand::Me(asked) => search::run(&session()?, &["audit", "me"], *asked).await,
        AuditCommand::Report(ReportCommand::Access(asked)) => {
            search::run(&session()?, &["audit", "reports", "access"], *asked).await
        }
        AuditCommand::Report(ReportCommand::Person(asked)) => {
            search::run(&session()?, &["audit", "reports", "person"], *asked).await
        }
        AuditCommand::Report(ReportCommand::Disclosures(asked)) => disclosures::run(&session()?, *asked).await,
        AuditCommand::Export(asked) => export::run(&session()?, *asked).await,
        AuditCommand::Erase(arguments) => erase::run(arguments, &session()?).await,
        AuditCommand::Hold(command) => hold::run(command, &session()?).await,
        AuditCommand::Rule(command) => rule::run(command, &session()?).await,
        AuditCommand::Alert(command) => alert::run(command, &session()?).await,
        AuditCommand::Review(command) => review::run(command, &session()?).await,
        AuditCommand::Status => review::status(&session()?).await,
        AuditCommand::Reconcile(arguments) => reconcile::run(arguments, format).await,
        AuditCommand::Reindex(arguments) => reindex::run(arguments, format).await,
        AuditCommand::Key(command) => key::run(command, format),
        AuditCommand::Timestamp(command) => timestamp::run(command, format).await,
        AuditCommand::Witness(command) => witness::run(command, format).await,
    }
}

#[cfg(test)]
mod tests {
    use crate::command::tree;

    fn parses(line: &str) -> Result<(), String> {
        let words = ["sealane", "audit"].into_iter().chain(line.split(' '));
        tree().try_get_matches_from(words).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn an_erasure_names_one_person_or_one_collection_and_a_basis() {
        parses("erase --subject https://idp.example ana --basis because").unwrap();
        parses("erase --collection imaging --basis because").unwrap();
        for wrong in [
            "erase",
            "erase --basis because",
            "erase --collection imaging",
            "erase --subject https://idp.example --basis because",
            "erase --collection imaging --subject https://idp.example ana --basis because",
        ] {
            assert!(parses(wrong).unwrap_err().contains("Usage"), "{wrong}");
        }
    }

    #[test]
    fn a_rule_counts_entries_or_bytes_and_an_alert_is_closed_with_finding_and_note() {
        parses("rule save refusals --outcome denied --count 10 --within 10m --by person --severity urgent").unwrap();
        parses("rule try --kind content.read --bytes 1000 --within 1h --days 7").unwrap();
        assert!(parses("rule save x --bytes 1000").is_err(), "bytes need a time");
        assert!(parses("rule save x --count 1 --bytes 1 --within 1m").is_err());
        assert!(parses("rule save Upper").unwrap_err().contains("not a name"));
        let id = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";
        parses(&format!("alert close {id} --finding false-alarm --note because")).unwrap();
        assert!(parses(&format!("alert close {id} --finding false-alarm")).is_err());
        assert!(parses(&format!("alert close {id} --note because")).is_err());
        parses("review sign-off --note seen --up-to sealane/a/node-1=17").unwrap();
        assert!(parses("review sign-off --note seen --up-to node-1").is_err());
    }

    #[test]
    fn what_follows_an_erasure_needs_its_id_alone() {
        let id = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";
        parses("erase list").unwrap();
        parses(&format!("erase approve {id}")).unwrap();
        parses(&format!("erase withdraw {id}")).unwrap();
        assert!(parses("erase approve first").unwrap_err().contains("expected a UUID"));
        assert!(parses(&format!("erase --basis because approve {id}")).is_err());
    }

    #[test]
    fn a_hold_names_whom_it_is_about_and_why() {
        parses("hold place --collection imaging --reason litigation").unwrap();
        parses("hold list").unwrap();
        assert!(parses("hold place --reason litigation").is_err());
        assert!(parses("hold place --collection imaging").is_err());
        assert!(parses("hold release").is_err());
    }
}
