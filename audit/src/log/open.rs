//! Opening a log: lock the directory, check the key, recover, start the threads.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use sealane_crypto::random::Random;
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
use super::state::{LogState, Places};
use crate::event::{Assurance, Event, Phase};
use crate::note::{Checkpoint, VerifierKey, is_origin};
use crate::opening::ring::KeyRing;
use crate::opening::sheet::SHEET_BYTES;

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
    mut options: Options,
) -> Result<Opened, OpenError> {
    if !is_origin(origin) {
        return Err(OpenError::Origin(origin.to_owned()));
    }
    options.segment_bytes = options.segment_bytes.max(LEAST_SEGMENT_BYTES);
    let opening = Opening { layout: Layout::new(directory), origin, keys };
    let lock = Arc::new(opening.lock()?);
    opening.check_key()?;
    let at = &opening;
    let io = |doing| move |source| at.io(doing, source);
    let segments = Allocator::new(opening.layout.segments(), options.segment_bytes).map_err(io("making seg/"))?;
    let openings = Allocator::new(opening.layout.openings(), options.segment_bytes).map_err(io("making openings/"))?;

    let recoverer = Recoverer { layout: &opening.layout, origin, key: keys.signing.verifying_key() };
    let (mut found, cut_bytes) = recoverer.entries()?;
    let found_openings = recover::openings(&opening.layout.openings(), found.chain.size(), found.commitments)
        .map_err(io("reading the openings"))?;
    let ring = opening.ring(&found_openings).map_err(io("reading the opening keys"))?;
    let erased = ring.finish(random.as_ref(), &found.ordered_erasures()).map_err(io("finishing an erasure"))?;
    let found_keys = FoundKeys { erased, missing: ring.without_key(&found_openings.values) };

    let entries_writer = Writer::open(Arc::clone(&segments), found.end).map_err(io("allocating a segment"))?;
    let openings_writer = Writer::open(Arc::clone(&openings), found_openings.end).map_err(io("allocating openings"))?;

    let state = opening.state(options, &mut found, &found_openings);
    opening.not_rewritten(&state)?;
    state.guard.watch("segment", entries_writer.path(), entries_writer.file())?;
    state.guard.watch("openings", openings_writer.path(), openings_writer.file())?;
    ring.watch(&state.guard)?;
    let recovery = Recovery { cut_bytes, open_intents: found.open_intents() };
    let mut sequencer = Sequencer {
        state: Arc::clone(&state),
        signing: keys.signing.clone(),
        ring: Arc::clone(&ring),
        random: Arc::clone(random),
        chain: found.chain,
        entries: entries_writer,
        openings: openings_writer,
        failing: None,
        lock: Arc::clone(&lock),
    };
    let at_ns = options.opened_at_ns.unwrap_or(found.last_at_ns);
    say_what_was_cut(&mut sequencer, &recovery, &found_openings, &found_keys, at_ns)?;
    state.wake_housekeeper();
    let housekeeper = Housekeeper::new(Arc::clone(&state), segments, openings, Arc::clone(&ring), lock);
    let (inbox, threads) = opening.start(sequencer, housekeeper, options.queue)?;
    Ok(Opened { state, ring, inbox, threads, recovery })
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

    /// The key beside the log is the one that writes it; written once, when the log begins.
    fn check_key(&self) -> Result<(), OpenError> {
        let ours = VerifierKey::new(self.origin, self.keys.signing.verifying_key()).to_string();
        let read = self.layout.read_key().map_err(|source| self.io("reading origin.pub", source))?;
        match read {
            Some(found) if found.trim_end() == ours => Ok(()),
            Some(found) => {
                let found = found.trim_end().to_owned();
                Err(OpenError::OtherKey { directory: self.layout.directory().to_owned(), found, ours })
            }
            None => segment::replace(&self.layout.key(), format!("{ours}\n").as_bytes(), true)
                .and_then(|()| fs::metadata(self.layout.key()).map(drop))
                .map_err(|source| self.io("writing origin.pub", source)),
        }
    }

    fn ring(&self, openings: &FoundOpenings) -> io::Result<Arc<KeyRing>> {
        let sheets = Allocator::new(self.layout.opening_keys(), SHEET_BYTES)?;
        KeyRing::open(sheets, self.origin, &self.keys.openings, &openings.values).map(Arc::new)
    }

    /// A cosigned head that is kept says what the first entries were.
    fn not_rewritten(&self, state: &LogState) -> Result<(), OpenError> {
        let kept = cosigned::largest(&self.layout, &state.key);
        let Some(kept) = kept.map_err(|source| self.io("reading the cosigned checkpoints", source))? else {
            return Ok(());
        };
        match Prover::new(state).own(&kept) {
            Ok(()) => Ok(()),
            Err(ProveError::Read(ReadError::Io(source))) => Err(self.io("reading the entries", source)),
            Err(_) => Err(OpenError::Rewritten { size: kept.size() }),
        }
    }

    fn state(&self, options: Options, found: &mut Found, openings: &FoundOpenings) -> Arc<LogState> {
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
        let key = VerifierKey::new(self.origin, self.keys.signing.verifying_key());
        Arc::new(LogState::new(self.layout.clone(), key, options, guard, head, places, hashes))
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
