//! A log's key, replaced: the entry that names the new one, and the proof of it that stands by itself.
//!
//! The entry `log-key.rotate` is alone in its batch, and the head over it is signed by both keys: the old one hands over, the
//! new one takes over, and neither can be put in the other's place. Every later head is the new key's alone, so the old key,
//! whoever has it, signs nothing beyond. A [`RotationProof`] is a C2SP `tlog-proof` of that entry under that head, with the
//! entry in its extra line: whoever trusts the old key follows it to the new one, without the log. The log's name stays.

use std::fmt;
use std::str::FromStr;

use memchr::memmem;
use sealane_crypto::digest::{Digest, leaf_hash};
use sealane_crypto::sign::VerifyingKey;

use crate::entry::Entry;
use crate::event::{Assurance, Event, OutcomeRecord, Phase};
use crate::id::OpId;
use crate::note::{Checkpoint, NoteError, VerifierKey};
use crate::proof::{LogProof, ProofFault};

/// Members of the entry's detail.
const FROM: &str = "from";
const TO: &str = "to";
const BEGINS: &str = "begins";

/// What is no proof that a log's key was replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationFault {
    /// Not a proof, or of nothing that is here.
    #[error("not the proof of a log's new key: {0}")]
    Form(String),
    /// The head is not signed by both keys, or the entry is not under it.
    #[error("the log's new key is not proven: {0}")]
    Proof(#[from] ProofFault),
}

impl From<NoteError> for RotationFault {
    fn from(error: NoteError) -> Self {
        Self::Proof(error.into())
    }
}

/// That a log's key was replaced. One that exists was checked: both keys signed the head over the entry that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationProof {
    from: VerifierKey,
    to: VerifierKey,
    begins: u64,
    proof: LogProof,
}

impl RotationProof {
    /// The key that signed until then.
    #[must_use]
    pub const fn from(&self) -> &VerifierKey {
        &self.from
    }

    /// The key that signs from then on.
    #[must_use]
    pub const fn to(&self) -> &VerifierKey {
        &self.to
    }

    /// The size of the head that both signed; every larger one is the new key's.
    #[must_use]
    pub const fn begins(&self) -> u64 {
        self.begins
    }

    /// The head that both signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.proof.checkpoint
    }

    /// From the last entry of a tree, the hashes beside its path, and the head that both keys signed.
    pub(crate) fn new(entry: &[u8], hashes: Vec<Digest>, head: &Checkpoint) -> Result<Self, RotationFault> {
        let index = head.size().saturating_sub(1);
        let proof = LogProof { index, hashes, checkpoint: head.clone(), extra: Some(entry.to_vec()) };
        Self::check(proof)
    }

    fn check(proof: LogProof) -> Result<Self, RotationFault> {
        let form = |why: &str| RotationFault::Form(why.to_owned());
        let entry = proof.extra.as_deref().ok_or_else(|| form("it does not hold the entry"))?;
        let leaf = leaf_hash(entry);
        let entry = Entry::parse(entry).map_err(|error| RotationFault::Form(error.to_string()))?;
        let said = Said::of(&entry).ok_or_else(|| form("the entry names no new key of a log"))?;
        let parse = |text: &str| text.parse::<VerifierKey>().map_err(RotationFault::from);
        let (from, to) = (parse(&said.from)?, parse(&said.to)?);
        if said.begins != proof.checkpoint.size() || proof.index.checked_add(1) != Some(said.begins) {
            return Err(form("the entry is not the last one under the head"));
        }
        if entry.index != proof.index || from == to {
            return Err(form("the entry contradicts itself"));
        }
        proof.verify(&leaf, &from)?;
        proof.checkpoint.verify_log(&to)?;
        Ok(Self { from, to, begins: said.begins, proof })
    }
}

impl fmt::Display for RotationProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.proof.fmt(f)
    }
}

impl FromStr for RotationProof {
    type Err = RotationFault;

    fn from_str(text: &str) -> Result<Self, RotationFault> {
        Self::check(text.parse()?)
    }
}

/// What an entry says of a new key; nothing of it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) begins: u64,
}

impl Said {
    /// `None` if the entry is of another kind, or says less.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        if entry.kind != Assurance::LogKeyRotate.into() {
            return None;
        }
        let text = |name: &str| entry.detail.get(name)?.as_str().map(str::to_owned);
        Some(Self { from: text(FROM)?, to: text(TO)?, begins: entry.detail.get(BEGINS)?.as_u64()? })
    }
}

/// The new key that an entry, in the form that logs write, names. Most name none after one look at their bytes.
pub(crate) fn named(entry: &[u8]) -> Option<String> {
    memmem::find(entry, br#""kind":"log-key.rotate""#)?;
    let entry = Entry::parse(entry).ok().filter(|entry| entry.kind == Assurance::LogKeyRotate.into())?;
    // One that says less names a key that is nobody's.
    Some(Said::of(&entry).map(|said| said.to).unwrap_or_default())
}

/// The entry to be.
pub(crate) fn event(from: &VerifierKey, to: &VerifierKey, begins: u64, op: OpId, at_ns: i64) -> Event {
    Event::new(Assurance::LogKeyRotate, Phase::Info, op, at_ns)
        .outcome(OutcomeRecord::done())
        .detail(FROM, from.to_string())
        .detail(TO, to.to_string())
        .detail(BEGINS, begins)
}

/// The keys of one log in their order, and which one signs a head of which size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    first: VerifyingKey,
    later: Vec<(u64, VerifyingKey)>,
}

impl Keys {
    /// The keys before and after this one, as far as the proofs lead from it.
    pub(crate) fn through(key: VerifyingKey, proofs: &[RotationProof]) -> Self {
        let mut keys = Self::leading_to(key, proofs);
        loop {
            let (last, since) = (keys.last(), keys.later.last().map_or(0, |(begins, _)| *begins));
            // INVARIANT: a key hands over once. Of several, the first counts: after it the key signs nothing.
            let next = proofs.iter().filter(|proof| proof.from.key() == last && proof.begins > since);
            let Some(next) = next.min_by_key(|proof| proof.begins) else { return keys };
            keys.later.push((next.begins, next.to.key()));
        }
    }

    /// This key and those before it.
    pub(crate) fn leading_to(key: VerifyingKey, proofs: &[RotationProof]) -> Self {
        let mut keys = Self { first: key, later: Vec::new() };
        loop {
            let until = keys.later.first().map_or(u64::MAX, |(begins, _)| *begins);
            let before = proofs.iter().filter(|proof| proof.to.key() == keys.first && proof.begins < until);
            let Some(before) = before.max_by_key(|proof| proof.begins) else { return keys };
            keys.later.insert(0, (before.begins, keys.first));
            keys.first = before.from.key();
        }
    }

    /// The one that signs a head of that size. One at which the key was replaced is signed by the new one too.
    pub(crate) fn at(&self, size: u64) -> VerifyingKey {
        self.later.iter().rfind(|(begins, _)| *begins <= size).map_or(self.first, |(_, key)| *key)
    }

    pub(crate) const fn first(&self) -> VerifyingKey {
        self.first
    }

    pub(crate) fn last(&self) -> VerifyingKey {
        self.later.last().map_or(self.first, |(_, key)| *key)
    }

    /// From which size on which key signs, after the first.
    pub(crate) fn changes(&self) -> &[(u64, VerifyingKey)] {
        &self.later
    }

    /// Each key, the first one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = VerifyingKey> {
        std::iter::once(self.first).chain(self.later.iter().map(|(_, key)| *key))
    }

    /// The size from which on a key signs, if it is one of them.
    pub(crate) fn since(&self, key: &VerifyingKey) -> Option<u64> {
        if self.first == *key {
            return Some(0);
        }
        self.later.iter().find(|(_, later)| later == key).map(|(begins, _)| *begins)
    }
}
