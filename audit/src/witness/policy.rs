//! Which cosignatures are enough: a C2SP `tlog-policy`, and what a checkpoint is worth under it.
//!
//! A policy names logs, witnesses, groups of them with a threshold, and one quorum. A checkpoint holds when
//! one of the logs signed it and the quorum is met; the time since which it is met is that of the
//! cosignature that completed it. A line that claims to be by a known key and does not verify spoils the
//! checkpoint. Ed25519 keys only; another kind in a policy is an error, never overlooked.

mod parse;

pub use parse::PolicyError;

use crate::note::{Checkpoint, NoteError, VerifierKey};

/// A log that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key, under its origin.
    pub key: VerifierKey,
    /// Where it is served, if the policy says so.
    pub url: Option<String>,
}

/// A witness that may count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in this policy.
    pub name: String,
    /// Its key, under its own name.
    pub key: VerifierKey,
    /// Where it takes requests, if the policy says so: `add-checkpoint` is beneath it.
    pub url: Option<String>,
}

/// What a name in a policy stands for. Members are earlier definitions, so there are no circles.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Definition {
    Witness(PolicyWitness),
    Group { threshold: usize, members: Vec<usize> },
}

/// A policy, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    definitions: Vec<Definition>,
    /// `None` where no cosignature is asked for.
    quorum: Option<usize>,
}

/// Whether enough witnesses have cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// The policy asks for none.
    NotAsked,
    /// Too few.
    Missing,
    /// Enough.
    Met {
        /// Since then, in seconds since 1970, by the witnesses' clocks.
        since_s: u64,
    },
}

/// A witness that cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Its name in the policy.
    pub name: String,
    /// When, in seconds since 1970, by its clock.
    pub at_s: u64,
}

/// What a checkpoint is worth under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether one of the policy's logs signed it.
    pub log: Result<(), NoteError>,
    /// Who cosigned it, in the policy's order.
    pub witnessed: Vec<Witnessed>,
    /// Witnesses of the policy in whose name a line stands that does not verify: the whole checkpoint is refused.
    pub forged: Vec<String>,
    /// Whether that is enough.
    pub quorum: Quorum,
}

impl Standing {
    /// Everything that the policy asks for is there.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.log.is_ok() && self.forged.is_empty() && !matches!(self.quorum, Quorum::Missing)
    }
}

impl Policy {
    /// Adds a log whose key is known from elsewhere, as of a policy that lists none.
    #[must_use]
    pub fn with_log(mut self, key: VerifierKey) -> Self {
        if !self.logs.iter().any(|log| log.key == key) {
            self.logs.push(PolicyLog { key, url: None });
        }
        self
    }

    /// The logs that are accepted.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses that may count, in the policy's order.
    pub fn witnesses(&self) -> impl Iterator<Item = &PolicyWitness> {
        self.definitions.iter().filter_map(|definition| match definition {
            Definition::Witness(witness) => Some(witness),
            Definition::Group { .. } => None,
        })
    }

    /// Whether it asks for cosignatures at all.
    #[must_use]
    pub const fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Judges a checkpoint.
    #[must_use]
    pub fn evaluate(&self, checkpoint: &Checkpoint) -> Standing {
        let mut witnessed = Vec::new();
        let mut forged = Vec::new();
        // By definition: since when it is witnessed.
        let mut since: Vec<Option<u64>> = Vec::with_capacity(self.definitions.len());
        for definition in &self.definitions {
            since.push(match definition {
                Definition::Witness(witness) => match checkpoint.cosigned_at(&witness.key) {
                    Ok(at_s) => {
                        witnessed.push(Witnessed { name: witness.name.clone(), at_s });
                        Some(at_s)
                    }
                    Err(NoteError::NotSigned(_)) => None,
                    Err(_) => {
                        forged.push(witness.name.clone());
                        None
                    }
                },
                Definition::Group { threshold, members } => completed(*threshold, members, &since),
            });
        }
        let quorum = match self.quorum {
            None => Quorum::NotAsked,
            Some(of) => match since.get(of).copied().flatten() {
                Some(since_s) => Quorum::Met { since_s },
                None => Quorum::Missing,
            },
        };
        Standing { log: self.signed(checkpoint), witnessed, forged, quorum }
    }

    fn signed(&self, checkpoint: &Checkpoint) -> Result<(), NoteError> {
        let mut signed = Err(NoteError::NotSigned(format!("of a log of the policy named {:?}", checkpoint.origin())));
        for log in &self.logs {
            match checkpoint.verify_log(&log.key) {
                Ok(()) => signed = Ok(()),
                Err(NoteError::NotSigned(_)) => {}
                Err(error) => return Err(error),
            }
        }
        signed
    }
}

/// When the member that completed the threshold was witnessed.
fn completed(threshold: usize, members: &[usize], since: &[Option<u64>]) -> Option<u64> {
    let mut times: Vec<u64> = members.iter().filter_map(|member| since.get(*member).copied().flatten()).collect();
    times.sort_unstable();
    times.get(threshold.checked_sub(1)?).copied()
}
