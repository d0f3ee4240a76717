//! A log that shows two histories: the evidence is kept, recorded and told.

use sealane_audit::event::Assurance;
use sealane_audit::witness::{AddCheckpoint, Equivocation};
use sealane_audit::{Checkpoint, Outcome, OutcomeRecord, Phase, VerifierKey};
use sealane_crypto::digest::sha256;
use sealane_database::log_fork::{self, LogFork};
use sealane_database::witnessed_log::WitnessedHead;
use sealane_model::Problem;

use crate::app::App;
use crate::problem;

/// Looks whether a refused head contradicts the remembered one. What cannot be kept now is found again when the log asks
/// again.
pub(super) async fn look(app: &App, head: &WitnessedHead, request: &AddCheckpoint, keys: &[VerifierKey]) {
    let Ok(known) = Checkpoint::parse(&head.note) else {
        tracing::error!(log.origin = %head.origin, "a head that was remembered cannot be read; the database was changed by somebody else");
        return;
    };
    let found = Equivocation::find(&known, &request.checkpoint, &request.proof);
    let Some(fork) = found.filter(|fork| keys.iter().any(|key| fork.verify(key).is_ok())) else { return };
    if let Err(problem) = keep(app, &head.origin, &fork).await {
        tracing::error!(log.origin = %head.origin, code = %problem.code, "evidence of a log with two histories could not be kept");
    }
}

async fn keep(app: &App, origin: &str, fork: &Equivocation) -> Result<(), Problem> {
    let evidence = fork.to_string();
    let id = sha256(evidence.as_bytes()).to_string();
    let row = LogFork { id: id.clone(), origin: origin.to_owned(), evidence, found_at: app.now() };
    let mut tx = app.database().begin().await.map_err(problem::database)?;
    if !log_fork::keep(&mut tx, &row).await.map_err(problem::database)? {
        return Ok(());
    }
    tx.commit().await.map_err(problem::database)?;
    let (first, second) = fork.heads();
    tracing::error!(log.origin = origin, evidence = %id, "a log has two histories; `sealane audit witness evidence` has the proof");
    let outcome =
        OutcomeRecord::new(Outcome::Denied, "log-forked", "the log signed two heads that cannot both be true");
    let guard = app.guard();
    let event = guard
        .event(Assurance::WitnessFork, Phase::Info, guard.fresh_op())
        .outcome(outcome)
        .detail("origin", origin)
        .detail("evidence", id)
        .detail("sizes", vec![first.size(), second.size()]);
    guard.record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
}
