//! What this site remembers of its peers' audit logs: the key of each, and evidence against one that showed two histories.
//!
//! A log's key is pinned where it is first told, signed by its site, whether that is for witnessing or for a receipt.
//!
//! INVARIANT: the key of a known log never changes by being told. It changes where the entry that hands over is shown with the
//! head that both keys signed ([`RotationProof`]); from that head on the old key counts for nothing. Any other key for a known
//! origin is an attack or a mix-up: it is refused and recorded.

use sealane_audit::event::Assurance;
use sealane_audit::witness::Equivocation;
use sealane_audit::{Checkpoint, KeyKind, Outcome, OutcomeRecord, Phase, RotationProof, VerifierKey};
use sealane_crypto::digest::sha256;
use sealane_database::log_fork::{self, LogFork};
use sealane_database::log_key::{self, LogKey, LogKeyRotation};
use sealane_database::witnessed_log::{self, WitnessedHead};
use sealane_database::{Database, Db};
use sealane_model::problem::ProblemKind;
use sealane_model::{Peer, Problem, Timestamp};

use crate::guard::{Guard, unrecorded};

/// How a key stands that a peer names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinned {
    /// It signs the log's heads.
    Current,
    /// It handed over, and speaks for heads of at most that size.
    Retired {
        /// The last size.
        until: u64,
    },
}

impl Pinned {
    /// Whether it may have signed a head.
    ///
    /// # Errors
    /// `log-key-retired` if the key had handed over before.
    pub fn allows(self, head: &Checkpoint) -> Result<(), Problem> {
        match self {
            Self::Retired { until } if head.size() > until => {
                Err(refused("log-key-retired", "It is signed by a key that the log has given up before."))
            }
            Self::Retired { .. } | Self::Current => Ok(()),
        }
    }
}

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
    /// Pins the key of a peer's log, which the peer has signed for; nothing if it is known. `rotations` are the proofs that it
    /// shows where its key is another than before.
    ///
    /// # Errors
    /// `log-foreign` if the log is not that peer's, `log-key-changed` if it is known under another key.
    pub async fn pin(&self, peer: &Peer, key: &VerifierKey, rotations: &[String]) -> Result<Pinned, Problem> {
        if key.kind() != KeyKind::Log || !belongs_to(key.name(), peer) {
            return Err(refused("log-foreign", "It names a log that is not one of that site's."));
        }
        let row = LogKey { origin: key.name().to_owned(), site: peer.descriptor.site, vkey: key.to_string() };
        let mut db = self.database.acquire().await.map_err(|error| error.problem())?;
        if log_key::find(&mut db, &row.origin).await.map_err(|error| error.problem())?.as_ref() == Some(&row) {
            return Ok(Pinned::Current);
        }
        drop(db);
        let mut tx = self.database.begin().await.map_err(|error| error.problem())?;
        let new = log_key::pin(&mut tx, &row, self.now).await.map_err(|error| error.problem())?;
        let known = log_key::find(&mut tx, &row.origin).await.map_err(|error| error.problem())?;
        if known.as_ref() == Some(&row) {
            tx.commit().await.map_err(|error| error.problem())?;
            if new {
                self.record_key(&row, OutcomeRecord::done()).await?;
            }
            return Ok(Pinned::Current);
        }
        let before = log_key::rotations(&mut tx, &row.origin).await.map_err(|error| error.problem())?;
        if let Some(retired) = before.iter().find(|one| one.old_vkey == row.vkey) {
            return Ok(Pinned::Retired { until: retired.begins });
        }
        let known = known.filter(|known| known.site == row.site);
        if let Some(known) = known
            && self.follow(&mut tx, &known, key, rotations).await?
        {
            tx.commit().await.map_err(|error| error.problem())?;
            tracing::warn!(log.origin = %row.origin, "the key of a peer's log was replaced; the old one signed for the new one");
            let outcome = OutcomeRecord::new(Outcome::Done, "log-key-rotated", "the key before signed for this one");
            self.record_key(&row, outcome).await?;
            return Ok(Pinned::Current);
        }
        drop(tx);
        tracing::error!(log.origin = %row.origin, "a peer names another key for a log that is known; it is refused");
        let outcome = OutcomeRecord::new(Outcome::Denied, "log-key-changed", "the log is known here under another key");
        self.record_key(&row, outcome).await?;
        Err(refused("log-key-changed", "It names another key for a log that this site knows."))
    }

    /// Goes from the key that is pinned to the new one, proof by proof; says whether it arrived.
    async fn follow(&self, db: &mut Db, known: &LogKey, to: &VerifierKey, proofs: &[String]) -> Result<bool, Problem> {
        let proofs: Vec<RotationProof> = proofs.iter().filter_map(|text| text.parse().ok()).collect();
        let seen = witnessed_log::find(db, &known.origin).await.map_err(|error| error.problem())?;
        let (mut at, mut since) = (known.vkey.clone(), 0);
        while at != to.to_string() {
            let next = proofs.iter().filter(|proof| proof.from().to_string() == at && proof.begins() > since);
            let Some(next) = next.min_by_key(|proof| proof.begins()) else { return Ok(false) };
            // What the old key has signed and this site has cosigned beyond that head contradicts it.
            if since == 0 && seen.as_ref().is_some_and(|seen| !continues(seen, next.checkpoint())) {
                return Ok(false);
            }
            let rotation = LogKeyRotation {
                origin: known.origin.clone(),
                begins: next.begins(),
                old_vkey: at,
                new_vkey: next.to().to_string(),
                proof: next.to_string(),
            };
            if !log_key::rotate(db, &rotation, self.now).await.map_err(|error| error.problem())? {
                return Ok(false);
            }
            (at, since) = (rotation.new_vkey, rotation.begins);
        }
        Ok(since > 0)
    }

    /// A head that a key signed after it had handed over: whoever has that key is not the log. Recorded; nothing if it is not so.
    ///
    /// # Errors
    /// Those of the database and the log.
    pub async fn note_retired(&self, head: &Checkpoint) -> Result<bool, Problem> {
        let mut db = self.database.acquire().await.map_err(|error| error.problem())?;
        let before = log_key::rotations(&mut db, head.origin()).await.map_err(|error| error.problem())?;
        let known = log_key::find(&mut db, head.origin()).await.map_err(|error| error.problem())?;
        drop(db);
        let by = before.iter().find(|one| {
            let key = one.old_vkey.parse::<VerifierKey>().ok();
            head.size() > one.begins && key.is_some_and(|key| head.verify_log(&key).is_ok())
        });
        let (Some(by), Some(known)) = (by, known) else { return Ok(false) };
        tracing::error!(log.origin = %head.origin(), log.size = head.size(), "a head is signed by a key that its log has given up: somebody else has that key");
        let outcome = OutcomeRecord::new(
            Outcome::Denied,
            "log-key-retired",
            "a head beyond the size at which its key handed over",
        );
        self.record_key(&LogKey { vkey: by.old_vkey.clone(), ..known }, outcome).await?;
        Ok(true)
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

/// Whether the head at which a key hands over can follow the one that was cosigned.
fn continues(seen: &WitnessedHead, head: &Checkpoint) -> bool {
    seen.size < head.size() || (seen.size == head.size() && seen.root == head.root())
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
