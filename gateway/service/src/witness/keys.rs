//! Keys of logs: told by the site whose logs they are, signed by it, pinned where they are first heard.
//!
//! INVARIANT: the key of a known log never changes. An honest node never asks for that either: a log is not opened with
//! another key than it was begun with. So another key for a known origin is an attack or a mix-up, and is recorded.

use sealane_audit::event::Assurance;
use sealane_audit::{KeyKind, Outcome, OutcomeRecord, Phase, VerifierKey};
use sealane_crypto::Signed;
use sealane_database::log_key::{self, LogKey};
use sealane_model::problem::ProblemKind;
use sealane_model::{Peer, Problem};
use sealane_transfer::lane::Witness;
use sealane_transfer::message::{LogKeys, MAX_LOGS, WitnessAnswer};

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
    let own = LogKey { origin: log.origin().to_owned(), site: identity.site, vkey: log.verifier_key().to_string() };
    let mut db = app.db().await?;
    log_key::pin(&mut db, &own, now).await.map_err(problem::database)?;
    let keys = log_key::of_site(&mut db, identity.site).await.map_err(problem::database)?;
    let logs = keys.into_iter().map(|key| key.vkey).take(MAX_LOGS).collect();
    Signed::seal(&identity.signing, LogKeys::CONTEXT, &LogKeys { site: identity.site, at: now, logs })
        .map_err(|error| problem::internal("log-keys-sealing", &error))
}

/// Pins what a peer says of its logs.
pub(super) async fn learn(app: &App, peer: &Peer, theirs: &Signed<LogKeys>) -> Result<(), Problem> {
    let said = theirs.open(&peer.descriptor.signing_key, LogKeys::CONTEXT).map_err(|_| unsigned())?;
    if said.site != peer.descriptor.site || said.logs.len() > MAX_LOGS {
        return Err(unsigned());
    }
    for text in &said.logs {
        let key: VerifierKey = text.parse().map_err(|_| unsigned())?;
        if key.kind() != KeyKind::Log || !belongs_to(key.name(), peer) {
            return Err(refused("log-foreign", "It names a log that is not one of that site's."));
        }
        pin(app, peer, &key).await?;
    }
    Ok(())
}

/// A log's origin begins with its site's name, so that no site can take another's.
fn belongs_to(origin: &str, peer: &Peer) -> bool {
    let mut parts = origin.splitn(3, '/');
    parts.next() == Some("sealane") && parts.next() == Some(peer.descriptor.name.as_str()) && parts.next().is_some()
}

async fn pin(app: &App, peer: &Peer, key: &VerifierKey) -> Result<(), Problem> {
    let row = LogKey { origin: key.name().to_owned(), site: peer.descriptor.site, vkey: key.to_string() };
    let mut db = app.db().await?;
    let new = log_key::pin(&mut db, &row, app.now()).await.map_err(problem::database)?;
    let known = log_key::find(&mut db, &row.origin).await.map_err(problem::database)?;
    drop(db);
    if known.as_ref() != Some(&row) {
        tracing::error!(log.origin = %row.origin, "a peer names another key for a log that is known; it is refused");
        let outcome = OutcomeRecord::new(Outcome::Denied, "log-key-changed", "the log is known here under another key");
        record(app, &row, outcome).await?;
        return Err(refused("log-key-changed", "It names another key for a log that this site knows."));
    }
    if new { record(app, &row, OutcomeRecord::done()).await } else { Ok(()) }
}

async fn record(app: &App, key: &LogKey, outcome: OutcomeRecord) -> Result<(), Problem> {
    let guard = app.guard();
    let event = guard
        .event(Assurance::LogKeyPin, Phase::Info, guard.fresh_op())
        .outcome(outcome)
        .peer(key.site.to_string())
        .detail("origin", key.origin.as_str())
        .detail("key", key.vkey.as_str());
    guard.record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
}

fn unsigned() -> Problem {
    refused("log-keys-malformed", "It is not signed by the peer, or it cannot be read.")
}

fn refused(code: &str, detail: &str) -> Problem {
    Problem::new(ProblemKind::Denied, code, "What a site says of its logs is not accepted", detail)
        .next("The administrators of both sites compare `sealane audit witness show`.")
}
