//! Heads that others have confirmed, kept beside the log: `checkpoints/<size>`, each a signed note with all
//! cosignatures known for it, written in one step and durably.
//!
//! The newest that meets the policy says what is beyond the reach of an insider with the key. Older ones date
//! the entries before them from outside: one a day is kept of them, and every one that a timestamp
//! (`tsr/<size>.tsr`) belongs to. Of those that wait for more witnesses the newest few are kept.

use std::fs;
use std::io;

use super::error::KeepError;
use super::layout::Layout;
use super::prover::Prover;
use super::segment;
use super::state::LogState;
use crate::note::{Checkpoint, VerifierKey};
use crate::rotation::Keys;
use crate::timestamp::Timestamp;
use crate::witness::{Policy, Quorum, Standing};

/// Heads that wait for more witnesses.
const WAITING: usize = 16;

const DAY_S: u64 = 24 * 60 * 60;

pub(super) struct Kept<'a> {
    state: &'a LogState,
    policy: Policy,
}

impl<'a> Kept<'a> {
    /// The log itself is known; what the policy says of other logs does not matter here.
    pub(super) fn new(state: &'a LogState, policy: &Policy) -> Self {
        Self { state, policy: policy.clone() }
    }

    /// A head counts under the key that signed heads of its size.
    fn standing(&self, head: &Checkpoint) -> Standing {
        self.policy.clone().with_log(self.key_of(head)).evaluate(head)
    }

    fn key_of(&self, head: &Checkpoint) -> VerifierKey {
        VerifierKey::new(&self.state.origin, self.state.keys.at(head.size()))
    }

    /// Keeps a head of this log with the cosignatures that the policy knows; those kept before stay.
    pub(super) fn keep(&self, checkpoint: &Checkpoint) -> Result<Standing, KeepError> {
        let signers = self.signers(checkpoint);
        let mut checkpoint = checkpoint.with_lines_of(&signers);
        checkpoint.verify_log(&self.key_of(&checkpoint))?;
        Prover::new(self.state).own(&checkpoint)?;
        let _one_at_a_time = self.state.keeping();
        if let Some(there) = self.read(checkpoint.size())? {
            for line in there.with_lines_of(&signers).lines() {
                if !checkpoint.lines().iter().any(|new| new.name() == line.name() && new.id() == line.id()) {
                    checkpoint = checkpoint.with_line(line.clone())?;
                }
            }
        }
        let standing = self.standing(&checkpoint);
        if let Some(witness) = standing.forged.first() {
            return Err(KeepError::Forged(witness.clone()));
        }
        self.write(&checkpoint)?;
        if let Err(error) = self.tidy() {
            // The head is kept; what could not be removed goes another time.
            tracing::warn!(%error, "old cosigned checkpoints of the audit log cannot be removed");
        }
        Ok(standing)
    }

    /// The newest kept head that meets the policy, with its standing.
    pub(super) fn newest(&self) -> io::Result<Option<(Checkpoint, Standing)>> {
        for size in self.state.layout.kept_sizes()?.into_iter().rev() {
            if let Some((checkpoint, standing)) = self.holding(size)? {
                return Ok(Some((checkpoint, standing)));
            }
        }
        Ok(None)
    }

    /// Keeps a timestamp, and the head that it is about.
    pub(super) fn stamp(&self, checkpoint: &Checkpoint, timestamp: &Timestamp) -> Result<(), KeepError> {
        // Whoever hands in the two may have mixed them up.
        Timestamp::read(timestamp.response(), checkpoint)?;
        Prover::new(self.state).own(checkpoint)?;
        checkpoint.verify_log(&self.key_of(checkpoint))?;
        let layout = &self.state.layout;
        let _one_at_a_time = self.state.keeping();
        if self.read(checkpoint.size())?.is_none() {
            self.write(&checkpoint.with_lines_of(&self.signers(checkpoint)))?;
        }
        segment::make_directory(&layout.timestamps())?;
        Ok(segment::replace(&layout.timestamp(checkpoint.size()), timestamp.response(), true)?)
    }

    /// The timestamps that are kept, each with its head, the oldest head first; what is damaged is passed over.
    pub(super) fn stamps(&self) -> io::Result<Vec<(Checkpoint, Timestamp)>> {
        let mut stamps = Vec::new();
        for size in self.state.layout.kept_sizes()? {
            let response = match fs::read(self.state.layout.timestamp(size)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                response => response?,
            };
            let Some(head) = self.read(size)? else { continue };
            if let Ok(timestamp) = Timestamp::read(&response, &head) {
                stamps.push((head, timestamp));
            }
        }
        Ok(stamps)
    }

    fn signers(&self, head: &Checkpoint) -> Vec<VerifierKey> {
        let witnesses = self.policy.witnesses().map(|witness| witness.key.clone());
        witnesses.chain([self.key_of(head)]).collect()
    }

    fn write(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let layout = &self.state.layout;
        segment::make_directory(&layout.kept())?;
        segment::replace(&layout.kept_checkpoint(checkpoint.size()), checkpoint.text().as_bytes(), true)
    }

    /// `None` where there is none, or what stands there is no head of this log and size.
    fn read(&self, size: u64) -> io::Result<Option<Checkpoint>> {
        let text = self.state.layout.read_kept(size)?;
        let read = text.and_then(|text| Checkpoint::parse(&text).ok());
        Ok(read.filter(|read| read.size() == size && read.origin() == self.state.origin))
    }

    fn holding(&self, size: u64) -> io::Result<Option<(Checkpoint, Standing)>> {
        let Some(checkpoint) = self.read(size)? else { return Ok(None) };
        let standing = self.standing(&checkpoint);
        let holds = standing.holds() && Prover::new(self.state).own(&checkpoint).is_ok();
        Ok(holds.then_some((checkpoint, standing)))
    }

    /// Removes what is of no use, from the newest back to where it was tidied before.
    fn tidy(&self) -> io::Result<()> {
        let mut waiting = 0;
        let mut newest_seen = false;
        // The last one that held, older than the newest, and its day.
        let mut older: Option<(u64, Option<u64>)> = None;
        for size in self.state.layout.kept_sizes()?.into_iter().rev() {
            let day = self.holding(size)?.map(|(_, standing)| day(standing.quorum));
            match day {
                None if !newest_seen => {
                    waiting += 1;
                    if waiting > WAITING {
                        self.remove(size)?;
                    }
                }
                None => self.remove(size)?,
                Some(_) if !newest_seen => newest_seen = true,
                Some(day) => match older.replace((size, day)) {
                    None => {}
                    Some((before, its_day)) => {
                        if its_day == day {
                            self.remove(before)?;
                        }
                        break;
                    }
                },
            }
        }
        Ok(())
    }

    /// Unless a timestamp belongs to it, or it contradicts the log: then it is evidence.
    fn remove(&self, size: u64) -> io::Result<()> {
        let layout = &self.state.layout;
        let signed = self.read(size)?.filter(|head| head.verify_log(&self.key_of(head)).is_ok());
        let contradicts = signed.is_some_and(|head| Prover::new(self.state).own(&head).is_err());
        if contradicts || layout.timestamp(size).try_exists()? {
            return Ok(());
        }
        fs::remove_file(layout.kept_checkpoint(size))
    }
}

const fn day(quorum: Quorum) -> Option<u64> {
    match quorum {
        Quorum::Met { since_s } => Some(since_s / DAY_S),
        Quorum::NotAsked | Quorum::Missing => None,
    }
}

/// The largest kept head that the log signed: it was once at least so long.
pub(super) fn largest(layout: &Layout, origin: &str, keys: &Keys) -> io::Result<Option<Checkpoint>> {
    for size in layout.kept_sizes()?.into_iter().rev() {
        let read = layout.read_kept(size)?.and_then(|text| Checkpoint::parse(&text).ok());
        let signed = |head: &Checkpoint| head.verify_log(&VerifierKey::new(origin, keys.at(head.size()))).is_ok();
        if let Some(head) = read.filter(signed) {
            return Ok(Some(head));
        }
    }
    Ok(None)
}
