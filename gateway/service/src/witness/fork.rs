//! A log that shows two histories: whoever brings both gives the evidence ([`sealane_transfer::peer_log`] keeps it).

use sealane_audit::witness::{AddCheckpoint, Equivocation};
use sealane_audit::{Checkpoint, VerifierKey};
use sealane_database::witnessed_log::WitnessedHead;

use crate::app::App;

/// Looks whether a refused head contradicts the remembered one. What cannot be kept now is found again when the log asks
/// again.
pub(super) async fn look(app: &App, head: &WitnessedHead, request: &AddCheckpoint, keys: &[VerifierKey]) {
    let Ok(known) = Checkpoint::parse(&head.note) else {
        tracing::error!(log.origin = %head.origin, "a head that was remembered cannot be read; the database was changed by somebody else");
        return;
    };
    let found = Equivocation::find(&known, &request.checkpoint, &request.proof);
    let Some(fork) = found.filter(|fork| keys.iter().any(|key| fork.verify(key).is_ok())) else { return };
    if let Err(problem) = app.peer_logs().keep_fork(&head.origin, &fork).await {
        tracing::error!(log.origin = %head.origin, code = %problem.code, "evidence of a log with two histories could not be kept");
    }
}
