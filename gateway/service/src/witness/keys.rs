//! Keys of logs: told by the site whose logs they are, signed by it, pinned where they are first heard
//! ([`sealane_transfer::peer_log`]).

use sealane_audit::VerifierKey;
use sealane_crypto::Signed;
use sealane_database::log_key::{self, LogKey, LogKeyRotation};
use sealane_model::problem::ProblemKind;
use sealane_model::{Peer, Problem};
use sealane_transfer::lane::Witness;
use sealane_transfer::message::{LogKeys, MAX_LOGS, MAX_ROTATIONS, WitnessAnswer};

use super::serve;
use crate::app::App;
use crate::problem;

#[async_trait::async_trait]
impl Witness for App {
    async fn add_checkpoint(&self, body: &[u8]) -> WitnessAnswer {
        serve::add_checkpoint(self, body).await
    }

    async fn exchange_log_keys(&self, peer: &Peer, theirs: &Signed<LogKeys>) -> Result<Signed<LogKeys>, Problem> {
        learn(self, peer, theirs).await?;
        ours(self).await
    }
}

/// This site's logs, signed. This node's own is among them from now on.
pub(super) async fn ours(app: &App) -> Result<Signed<LogKeys>, Problem> {
    let (identity, log, now) = (app.identity(), app.guard().log(), app.now());
    let first = VerifierKey::new(log.origin(), log.first_key());
    let own = LogKey { origin: log.origin().to_owned(), site: identity.site, vkey: first.to_string() };
    let mut db = app.database().begin().await.map_err(problem::database)?;
    log_key::pin(&mut db, &own, now).await.map_err(problem::database)?;
    for proof in log.rotations() {
        let rotation = LogKeyRotation {
            origin: own.origin.clone(),
            begins: proof.begins(),
            old_vkey: proof.from().to_string(),
            new_vkey: proof.to().to_string(),
            proof: proof.to_string(),
        };
        // One that is known already changes nothing: another key stands there.
        log_key::rotate(&mut db, &rotation, now).await.map_err(problem::database)?;
    }
    let keys = log_key::of_site(&mut db, identity.site).await.map_err(problem::database)?;
    let rotated = log_key::rotations_of_site(&mut db, identity.site).await.map_err(problem::database)?;
    db.commit().await.map_err(problem::database)?;
    let logs = keys.into_iter().map(|key| key.vkey).take(MAX_LOGS).collect();
    let rotations = rotated.into_iter().map(|rotation| rotation.proof).take(MAX_ROTATIONS).collect();
    Signed::seal(&identity.signing, LogKeys::CONTEXT, &LogKeys { site: identity.site, at: now, logs, rotations })
        .map_err(|error| problem::internal("log-keys-sealing", &error))
}

/// Pins what a peer says of its logs.
pub(super) async fn learn(app: &App, peer: &Peer, theirs: &Signed<LogKeys>) -> Result<(), Problem> {
    let said = theirs.open(&peer.descriptor.signing_key, LogKeys::CONTEXT).map_err(|_| unsigned())?;
    if said.site != peer.descriptor.site || said.logs.len() > MAX_LOGS || said.rotations.len() > MAX_ROTATIONS {
        return Err(unsigned());
    }
    // One log that is refused does not keep the others from being known.
    let mut refused = None;
    for text in &said.logs {
        let key: VerifierKey = text.parse().map_err(|_| unsigned())?;
        refused = refused.or(app.peer_logs().pin(peer, &key, &said.rotations).await.err());
    }
    refused.map_or(Ok(()), Err)
}

fn unsigned() -> Problem {
    let title = "What a site says of its logs is not accepted";
    Problem::new(
        ProblemKind::Denied,
        "log-keys-malformed",
        title,
        "It is not signed by the peer, or it cannot be read.",
    )
    .next("The administrators of both sites compare `sealane audit witness show`.")
}
