//! What this site remembers of its peers' audit logs: the key of each, and evidence against one that showed two histories.
//!
//! A log's key is pinned where it is first told, signed by its site, whether that is for witnessing or for a receipt.
//!
//! INVARIANT: the key of a known log never changes by being told. Another key for a known origin is an attack or a mix-up:
//! it is refused and recorded.

use sealane_audit::event::Assurance;
use sealane_audit::witness::Equivocation;
use sealane_audit::{Checkpoint, KeyKind, Outcome, OutcomeRecord, Phase, VerifierKey};
use sealane_crypto::digest::sha256;
use sealane_database::log_fork::{self, LogFork};
use sealane_database::log_key::{self, LogKey};
use sealane_database::{Database, witnessed_log};
use sealane_model::problem::ProblemKind;
use sealane_model::{Peer, Problem, Timestamp};

use crate::guard::{Guard, unrecorded};

/// The logs of peers, as this site knows them at one moment.
#[derive(Clone, Copy)]
pub struct PeerLogs<'a> {
    /// Where they are remembered.
    pub database: &'a Database,
    /// Where what is learned of them is recorded.
    pub guard: &'a Guard,
    /// The moment.
    pub now: Timestamp,
}

impl PeerLogs<'_> {
    /// Pins the key of a peer's log, which the peer has signed for; nothing if it is known.
    ///
    /// # Errors
    /// `log-foreign` if the log is not that peer's, `log-key-changed` if it is known under another key.
    pub async fn pin(&self, peer: &Peer, key: &VerifierKey) -> Result<(), Problem> {
        if key.kind() != KeyKind::Log || !belongs_to(key.name(), peer) {
            return Err(refused("log-foreign", "It names a log that is not one of that site's."));
        }
        let row = LogKey { origin: key.name().to_owned(), site: peer.descriptor.site, vkey: key.to_string() };
        let mut db = self.database.acquire().await.map_err(|error| error.problem())?;
        let new = log_key::pin(&mut db, &row, self.now).await.map_err(|error| error.problem())?;
        let known = log_key::find(&mut db, &row.origin).await.map_err(|error| error.problem())?;
        drop(db);
        if known.as_ref() == Some(&row) {
            return if new { self.record_key(&row, OutcomeRecord::done()).await } else { Ok(()) };
        }
        tracing::error!(log.origin = %row.origin, "a peer names another key for a log that is known; it is refused");
        let outcome = OutcomeRecord::new(Outcome::Denied, "log-key-changed", "the log is known here under another key");
        self.record_key(&row, outcome).await?;
        Err(refused("log-key-changed", "It names another key for a log that this site knows."))
    }

    /// Holds a head that its log's pinned key signed against the one that was witnessed last.
    ///
    /// # Errors
    /// `log-forked` if both cannot be true; the evidence is kept and recorded.
    pub async fn compare(&self, key: &VerifierKey, head: &Checkpoint) -> Result<(), Problem> {
        let mut db = self.database.acquire().await.map_err(|error| error.problem())?;
        let seen = witnessed_log::find(&mut db, head.origin()).await.map_err(|error| error.problem())?;
        drop(db);
        let known = seen.and_then(|seen| Checkpoint::parse(&seen.note).ok());
        // Of other sizes nothing can be said without a proof that leads from one to the other: witnessing asks for it.
        let fork =
            known.and_then(|known| Equivocation::find(&known, head, &[])).filter(|fork| fork.verify(key).is_ok());
        let Some(fork) = fork else { return Ok(()) };
        self.keep_fork(head.origin(), &fork).await?;
        Err(refused("log-forked", "Its log has shown this site another history before."))
    }

    /// Keeps evidence against a log with two histories, once, and records it.
    ///
    /// # Errors
    /// Those of the database and the log.
    pub async fn keep_fork(&self, origin: &str, fork: &Equivocation) -> Result<(), Problem> {
        let evidence = fork.to_string();
        let id = sha256(evidence.as_bytes()).to_string();
        let row = LogFork { id: id.clone(), origin: origin.to_owned(), evidence, found_at: self.now };
        let mut tx = self.database.begin().await.map_err(|error| error.problem())?;
        if !log_fork::keep(&mut tx, &row).await.map_err(|error| error.problem())? {
            return Ok(());
        }
        tx.commit().await.map_err(|error| error.problem())?;
        let (first, second) = fork.heads();
        tracing::error!(log.origin = origin, evidence = %id, "a log has two histories; `sealane audit witness evidence` has the proof");
        let outcome =
            OutcomeRecord::new(Outcome::Denied, "log-forked", "the log signed two heads that cannot both be true");
        let guard = self.guard;
        let event = guard
            .event(Assurance::WitnessFork, Phase::Info, guard.fresh_op())
            .outcome(outcome)
            .detail("origin", origin)
            .detail("evidence", id)
            .detail("sizes", vec![first.size(), second.size()]);
        guard.record(event).await.map(drop).map_err(|_| unrecorded())
    }

    async fn record_key(&self, key: &LogKey, outcome: OutcomeRecord) -> Result<(), Problem> {
        let guard = self.guard;
        let event = guard
            .event(Assurance::LogKeyPin, Phase::Info, guard.fresh_op())
            .outcome(outcome)
            .peer(key.site.to_string())
            .detail("origin", key.origin.as_str())
            .detail("key", key.vkey.as_str());
        guard.record(event).await.map(drop).map_err(|_| unrecorded())
    }
}

/// A log's origin begins with its site's name, so that no site can take another's.
fn belongs_to(origin: &str, peer: &Peer) -> bool {
    let mut parts = origin.splitn(3, '/');
    parts.next() == Some("sealane") && parts.next() == Some(peer.descriptor.name.as_str()) && parts.next().is_some()
}

fn refused(code: &str, detail: &str) -> Problem {
    Problem::new(ProblemKind::Integrity, code, "What a site says of its logs is not accepted", detail)
        .next("The administrators of both sites compare `sealane audit witness show`.")
}
