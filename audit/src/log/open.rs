//! Opening a log: lock the directory, check the key, recover, start the threads.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use sealane_crypto::random::Random;
use sealane_crypto::sign::{SigningKey, VerifyingKey};
use tokio::sync::mpsc;

use super::LogKeys;
use super::cosigned;
use super::error::{AppendError, OpenError, ProveError, ReadError};
use super::guard::Guard;
use super::housekeeper::Housekeeper;
use super::layout::Layout;
use super::lock::DirectoryLock;
use super::options::{LEAST_SEGMENT_BYTES, Options};
use super::prover::Prover;
use super::recover::{self, Found, FoundOpenings, Recoverer, Recovery};
use super::segment::{self, Allocator, Writer};
use super::sequencer::{Message, Sequencer};
use super::state::{LogState, Places, Signers};
use crate::event::{Assurance, Event, Phase};
use crate::note::{Checkpoint, VerifierKey, is_origin};
use crate::opening::ring::KeyRing;
use crate::opening::sheet::SHEET_BYTES;
use crate::rotation::{Keys, RotationProof};

pub(super) struct Opened {
    pub(super) state: Arc<LogState>,
    pub(super) ring: Arc<KeyRing>,
    pub(super) inbox: mpsc::Sender<Message>,
    pub(super) threads: Vec<JoinHandle<()>>,
    pub(super) recovery: Recovery,
}

pub(super) fn open(
    directory: &Path,
    origin: &str,
    keys: &LogKeys,
    random: &Arc<dyn Random>,
    options: Options,
) -> Result<Opened, OpenError> {
    let Assembled { opening, sequencer, segments, openings, recovery, queue } =
        Assembled::new(directory, origin, keys, random, options)?;
    let (state, ring) = (Arc::clone(&sequencer.state), Arc::clone(&sequencer.ring));
    state.wake_housekeeper();
    let lock = Arc::clone(&sequencer.lock);
    let housekeeper = Housekeeper::new(Arc::clone(&state), segments, openings, Arc::clone(&ring), lock);
    let (inbox, threads) = opening.start(sequencer, housekeeper, queue)?;
    Ok(Opened { state, ring, inbox, threads, recovery })
}

/// Opens the log, replaces its key, and closes it.
pub(super) fn rotate(
    directory: &Path,
    origin: &str,
    keys: &LogKeys,
    successor: &SigningKey,
    random: &Arc<dyn Random>,
    options: Options,
) -> Result<RotationProof, OpenError> {
    let Assembled { opening, mut sequencer, .. } = Assembled::new(directory, origin, keys, random, options)?;
    let at_ns = options.opened_at_ns.unwrap_or_default();
    sequencer.rotate(successor, at_ns)?;
    let begins = sequencer.state.size();
    opening.publish_key(&VerifierKey::new(origin, successor.verifying_key()))?;
    let kept = opening.layout.read_rotations().map_err(|source| opening.io("reading rotations/", source))?;
    let found = kept.into_iter().find(|proof| proof.begins() == begins);
    found.ok_or_else(|| opening.io("reading rotations/", io::ErrorKind::NotFound.into()))
}

/// A log that is recovered and ready to be written.
struct Assembled<'a> {
    opening: Opening<'a>,
    sequencer: Sequencer,
    segments: Arc<Allocator>,
    openings: Arc<Allocator>,
    recovery: Recovery,
    queue: usize,
}

impl<'a> Assembled<'a> {
    fn new(
        directory: &Path,
        origin: &'a str,
        keys: &'a LogKeys,
        random: &Arc<dyn Random>,
        mut options: Options,
    ) -> Result<Self, OpenError> {
        if !is_origin(origin) {
            return Err(OpenError::Origin(origin.to_owned()));
        }
        options.segment_bytes = options.segment_bytes.max(LEAST_SEGMENT_BYTES);
        let opening = Opening { layout: Layout::new(directory), origin, keys };
        let lock = Arc::new(opening.lock()?);
        let known = opening.known_keys()?;
        opening.check_key(&known.0)?;
        let at = &opening;
        let io = |doing| move |source| at.io(doing, source);
        let segments = Allocator::new(opening.layout.segments(), options.segment_bytes).map_err(io("making seg/"))?;
        let openings =
            Allocator::new(opening.layout.openings(), options.segment_bytes).map_err(io("making openings/"))?;

        let recoverer = Recoverer { layout: &opening.layout, origin, keys: &known.0 };
        let (mut found, cut_bytes) = recoverer.entries()?;
        let known = opening.agree(known, &found)?;
        let found_openings = recover::openings(&opening.layout.openings(), found.chain.size(), found.commitments)
            .map_err(io("reading the openings"))?;
        let ring = opening.ring(&found_openings).map_err(io("reading the opening keys"))?;
        let erased = ring.finish(random.as_ref(), &found.ordered_erasures()).map_err(io("finishing an erasure"))?;
        let found_keys = FoundKeys { erased, missing: ring.without_key(&found_openings.values) };

        let entries_writer = Writer::open(Arc::clone(&segments), found.end).map_err(io("allocating a segment"))?;
        let openings_writer =
            Writer::open(Arc::clone(&openings), found_openings.end).map_err(io("allocating openings"))?;

        let state = opening.state(options, known, &mut found, &found_openings);
        opening.not_rewritten(&state)?;
        state.guard.watch("segment", entries_writer.path(), entries_writer.file())?;
        state.guard.watch("openings", openings_writer.path(), openings_writer.file())?;
        ring.watch(&state.guard)?;
        let recovery = Recovery { cut_bytes, open_intents: found.open_intents() };
        let mut sequencer = Sequencer {
            state,
            signing: keys.signing.clone(),
            successor: None,
            ring,
            random: Arc::clone(random),
            chain: found.chain,
            entries: entries_writer,
            openings: openings_writer,
            failing: None,
            lock,
        };
        let at_ns = options.opened_at_ns.unwrap_or(found.last_at_ns);
        say_what_was_cut(&mut sequencer, &recovery, &found_openings, &found_keys, at_ns)?;
        Ok(Self { opening, sequencer, segments, openings, recovery, queue: options.queue })
    }
}

/// What opening found about the opening keys.
struct FoundKeys {
    /// Destroyed now, since the log says so.
    erased: u64,
    /// Values whose key is gone without an erasure.
    missing: u64,
}

/// A recovery is never silent: what was cut is an entry of its own.
fn say_what_was_cut(
    sequencer: &mut Sequencer,
    recovery: &Recovery,
    openings: &FoundOpenings,
    keys: &FoundKeys,
    at_ns: i64,
) -> Result<(), AppendError> {
    let lost = openings.missing + keys.missing;
    if recovery.cut_bytes == 0 && openings.cut_bytes == 0 && lost == 0 && keys.erased == 0 {
        return Ok(());
    }
    tracing::warn!(
        cut_bytes = recovery.cut_bytes,
        cut_opening_bytes = openings.cut_bytes,
        missing_openings = openings.missing,
        missing_keys = keys.missing,
        keys_erased = keys.erased,
        "the audit log was recovered after a crash"
    );
    let event = Event::new(Assurance::LogRecover, Phase::Info, sequencer.own_op(), at_ns)
        .detail("cut_bytes", recovery.cut_bytes)
        .detail("cut_opening_bytes", openings.cut_bytes)
        .detail("keys_erased", keys.erased)
        .detail("missing_keys", keys.missing)
        .detail("missing_openings", openings.missing);
    let prepared = sequencer.prepare(&event)?;
    sequencer.commit(&[&prepared]).map(drop)
}

struct Opening<'a> {
    layout: Layout,
    origin: &'a str,
    keys: &'a LogKeys,
}

impl Opening<'_> {
    fn io(&self, doing: &'static str, source: io::Error) -> OpenError {
        OpenError::io(self.layout.directory(), doing, source)
    }

    fn lock(&self) -> Result<DirectoryLock, OpenError> {
        segment::make_directory(self.layout.directory()).map_err(|source| self.io("making it", source))?;
        let lock = DirectoryLock::take(&self.layout.lock()).map_err(|source| self.io("locking it", source))?;
        lock.ok_or_else(|| OpenError::InUse(self.layout.directory().to_owned()))
    }

    /// The keys that lead to the one handed in, as the proofs beside the log tell.
    fn known_keys(&self) -> Result<(Keys, Vec<RotationProof>), OpenError> {
        let proofs = self.layout.read_rotations().map_err(|source| self.io("reading rotations/", source))?;
        let ours = |proof: &RotationProof| proof.to().name() == self.origin;
        let proofs: Vec<RotationProof> = proofs.into_iter().filter(ours).collect();
        Ok((Keys::leading_to(self.keys.signing.verifying_key(), &proofs), proofs))
    }

    fn own_key(&self) -> VerifierKey {
        VerifierKey::new(self.origin, self.keys.signing.verifying_key())
    }

    /// The key beside the log is the one that writes it, or one that has handed over to it; written when the log begins.
    fn check_key(&self, keys: &Keys) -> Result<(), OpenError> {
        let read = self.layout.read_key().map_err(|source| self.io("reading origin.pub", source))?;
        let Some(found) = read else { return self.publish_key(&self.own_key()) };
        let known = found.trim_end().parse::<VerifierKey>().ok();
        let known = known.filter(|key| key.name() == self.origin).and_then(|key| keys.since(&key.key()));
        if known.is_some() { Ok(()) } else { Err(self.other_key(found.trim_end().to_owned())) }
    }

    fn other_key(&self, found: String) -> OpenError {
        let directory = self.layout.directory().to_owned();
        OpenError::OtherKey { directory, found, ours: self.own_key().to_string() }
    }

    fn publish_key(&self, key: &VerifierKey) -> Result<(), OpenError> {
        segment::replace(&self.layout.key(), format!("{key}\n").as_bytes(), true)
            .and_then(|()| fs::metadata(self.layout.key()).map(drop))
            .map_err(|source| self.io("writing origin.pub", source))
    }

    /// The entries say which keys took over; the proofs must say the same. A proof whose entry never came is removed.
    fn agree(
        &self,
        (keys, proofs): (Keys, Vec<RotationProof>),
        found: &Found,
    ) -> Result<(Keys, Vec<RotationProof>), OpenError> {
        let line = |key: VerifyingKey| VerifierKey::new(self.origin, key).to_string();
        let proven: Vec<_> = keys.changes().iter().map(|(begins, key)| (*begins, line(*key))).collect();
        if proven != found.rotated {
            let writes = found.rotated.last().map_or_else(|| line(keys.first()), |(_, key)| key.clone());
            return Err(self.other_key(writes));
        }
        let (kept, stale): (Vec<_>, Vec<_>) =
            proofs.into_iter().partition(|proof| proven.contains(&(proof.begins(), proof.to().to_string())));
        for proof in stale {
            let removed = fs::remove_file(self.layout.rotation(proof.begins()));
            removed.map_err(|source| self.io("removing the proof of a key that never took over", source))?;
        }
        let own = self.own_key();
        let read = self.layout.read_key().map_err(|source| self.io("reading origin.pub", source))?;
        if read.is_none_or(|text| text.trim_end() != own.to_string()) {
            self.publish_key(&own)?;
        }
        Ok((keys, kept))
    }

    fn ring(&self, openings: &FoundOpenings) -> io::Result<Arc<KeyRing>> {
        let sheets = Allocator::new(self.layout.opening_keys(), SHEET_BYTES)?;
        KeyRing::open(sheets, self.origin, &self.keys.openings, &openings.values).map(Arc::new)
    }

    /// A cosigned head that is kept says what the first entries were.
    fn not_rewritten(&self, state: &LogState) -> Result<(), OpenError> {
        let kept = cosigned::largest(&self.layout, self.origin, &state.keys);
        let Some(kept) = kept.map_err(|source| self.io("reading the cosigned checkpoints", source))? else {
            return Ok(());
        };
        match Prover::new(state).own(&kept) {
            Ok(()) => Ok(()),
            Err(ProveError::Read(ReadError::Io(source))) => Err(self.io("reading the entries", source)),
            Err(_) => Err(OpenError::Rewritten { size: kept.size() }),
        }
    }

    fn state(
        &self,
        options: Options,
        known: (Keys, Vec<RotationProof>),
        found: &mut Found,
        openings: &FoundOpenings,
    ) -> Arc<LogState> {
        let head = found.checkpoint.clone().unwrap_or_else(|| {
            Checkpoint::sign(self.origin, found.chain.size(), found.chain.root(), &self.keys.signing)
        });
        let places = Places {
            entries: std::mem::take(&mut found.marks),
            openings: openings.marks.clone(),
            segments: (found.end.segment, openings.end.segment),
        };
        let hashes = std::mem::take(&mut found.hashes);
        let guard = Guard::new(self.layout.directory(), options.least_free_bytes);
        let (keys, rotations) = known;
        let signers = Signers { origin: self.origin.to_owned(), keys, rotations };
        Arc::new(LogState::new(self.layout.clone(), signers, options, guard, head, places, hashes))
    }

    fn start(
        &self,
        sequencer: Sequencer,
        housekeeper: Housekeeper,
        queue: usize,
    ) -> Result<(mpsc::Sender<Message>, Vec<JoinHandle<()>>), OpenError> {
        let io = |source| self.io("starting its threads", source);
        let (sender, inbox) = mpsc::channel(queue.max(1));
        let state = Arc::clone(&sequencer.state);
        let tidy =
            thread::Builder::new().name("audit-housekeeper".to_owned()).spawn(move || housekeeper.run()).map_err(io)?;
        let write = thread::Builder::new().name("audit-sequencer".to_owned()).spawn(move || {
            sequencer.run(inbox);
        });
        match write {
            Ok(write) => Ok((sender, vec![write, tidy])),
            Err(error) => {
                state.stop_housekeeper();
                Err(io(error))
            }
        }
    }
}
