//! The append-only log: the handle that the rest of the site holds.
//!
//! An event handed to [`Log::append`] comes back as a [`Receipt`] when it is written, synced, in the
//! RFC 6962 tree and covered by a signed checkpoint; never before. When that cannot be done, the error
//! says so and stays until it can: no record, no act. The log reads and writes its own directory only,
//! and has no clock: times come with the events.

pub(crate) mod chain;
mod cosigned;
pub(crate) mod cursor;
pub(crate) mod erase;
mod error;
pub(crate) mod frame;
pub(crate) mod guard;
mod hashes;
mod housekeeper;
mod job;
pub(crate) mod layout;
mod lock;
mod marks;
mod open;
mod options;
mod prover;
mod reader;
mod receipts;
mod recover;
pub(crate) mod segment;
mod sequencer;
mod state;
pub(crate) mod tail;
pub(crate) mod tile;

use std::fmt;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};

use sealane_crypto::aead::AeadKey;
use sealane_crypto::digest::Digest;
use sealane_crypto::random::Random;
use sealane_crypto::secret::Secret;
use sealane_crypto::sign::{SigningKey, VerifyingKey};
use tokio::sync::{mpsc, oneshot, watch};

use self::cosigned::Kept;
pub use self::erase::{EraseError, Erased};
pub use self::error::{AppendError, KeepError, OpenError, ProveError, ReadError};
use self::guard::Room;
use self::job::Job;
use self::layout::Layout;
pub use self::options::Options;
use self::prover::Prover;
use self::reader::Reader;
pub use self::recover::{OpenIntent, Recovery};
use self::sequencer::Message;
use self::state::LogState;
use crate::entry::{EncodeError, Prepared};
use crate::event::Event;
use crate::note::{Checkpoint, VerifierKey};
use crate::opening::Sealer;
use crate::opening::ring::KeyRing;
use crate::pack::Opening;
use crate::proof::LogProof;
use crate::query::{EntryView, Filter};
use crate::receipt::Receipt;
use crate::rotation::RotationProof;
use crate::timestamp::Timestamp;
use crate::witness::{AddCheckpoint, Exposure, Policy, Standing};

/// The keys of a log.
#[derive(Debug, Clone)]
pub struct LogKeys {
    /// Signs checkpoints.
    pub signing: SigningKey,
    /// Wraps the keys that seal the personal values beside the log.
    pub openings: AeadKey,
}

/// A node's audit log, open for appending. Clones share it.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    state: Arc<LogState>,
    ring: Arc<KeyRing>,
    random: Arc<dyn Random>,
    /// `None` only while the last handle is being dropped.
    inbox: Option<mpsc::Sender<Message>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Log {
    /// Opens or creates the log in `dir`, recovering from a crash if there was one.
    ///
    /// # Errors
    /// [`OpenError`]: in use, damaged, shorter than a checkpoint beside it says, or not writable.
    pub fn open(
        dir: &Path,
        origin: &str,
        keys: LogKeys,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Recovery), OpenError> {
        Self::open_with(dir, origin, keys, random, Options::default())
    }

    /// As [`Log::open`], with sizes and limits of the caller's.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_with(
        dir: &Path,
        origin: &str,
        keys: LogKeys,
        random: Arc<dyn Random>,
        options: Options,
    ) -> Result<(Self, Recovery), OpenError> {
        let opened = open::open(dir, origin, &keys, &random, options)?;
        let inner = Inner {
            state: opened.state,
            ring: opened.ring,
            random,
            inbox: Some(opened.inbox),
            threads: Mutex::new(opened.threads),
        };
        Ok((Self(Arc::new(inner)), opened.recovery))
    }

    /// Replaces the key of a log that nobody has open. Its entry says so; the head over it is signed by both keys.
    ///
    /// When this returns, the log opens with the new key alone. If it was cut off, the log opens with the new key if the entry
    /// is there, and with the old one if it is not.
    ///
    /// # Errors
    /// As [`Log::open`]; nothing is replaced then.
    pub fn rotate_key(
        dir: &Path,
        origin: &str,
        keys: &LogKeys,
        successor: &SigningKey,
        random: &Arc<dyn Random>,
        options: Options,
    ) -> Result<RotationProof, OpenError> {
        open::rotate(dir, origin, keys, successor, random, options)
    }

    /// The key beside a log and the proofs of those before it: what is public, read without opening the log.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn public_keys(dir: &Path) -> std::io::Result<(Option<String>, Vec<RotationProof>)> {
        let layout = Layout::new(dir);
        Ok((layout.read_key()?.map(|text| text.trim_end().to_owned()), layout.read_rotations()?))
    }

    /// Appends an event. The receipt means: durable, in the tree, covered by a signed checkpoint.
    ///
    /// Waits when many wait. If the caller stops waiting, the entry may still be written.
    ///
    /// # Errors
    /// [`AppendError`]: nothing was recorded, so nothing may be done.
    pub async fn append(&self, event: Event) -> Result<Receipt, AppendError> {
        let (job, receipt) = Job::one(Prepared::new(&event, &self.sealer())?);
        self.send(Message::Append(job)).await?;
        receipt.await.map_err(|_| AppendError::Closed)?
    }

    /// Appends several events in one step: all of them are recorded or none, side by side in one group commit.
    ///
    /// Equal personal values are committed to once, so that many entries of one person's act cost little. Preparing
    /// thousands takes milliseconds of processor time: call [`Log::append_all_blocking`] where that matters.
    ///
    /// # Errors
    /// [`AppendError`]: nothing was recorded, so nothing may be done. Groups must fit half a segment.
    pub async fn append_all(&self, events: Vec<Event>) -> Result<Vec<Receipt>, AppendError> {
        let prepared = Prepared::group(&events, &self.sealer())?;
        self.fits(&prepared)?;
        let Some((job, receipts)) = Job::all(prepared) else { return Ok(Vec::new()) };
        self.send(Message::Append(job)).await?;
        receipts.await.map_err(|_| AppendError::Closed)?
    }

    /// As [`Log::append_all`], blocking the thread.
    ///
    /// # Errors
    /// As [`Log::append_all`].
    pub fn append_all_blocking(&self, events: Vec<Event>) -> Result<Vec<Receipt>, AppendError> {
        block_on(self.append_all(events))
    }

    /// As [`Log::append`], blocking the thread: for code outside an asynchronous runtime.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn append_blocking(&self, event: Event) -> Result<Receipt, AppendError> {
        block_on(self.append(event))
    }

    fn sealer(&self) -> Sealer<'_> {
        let inner = &self.0;
        Sealer { origin: &inner.state.origin, ring: &inner.ring, random: inner.random.as_ref() }
    }

    /// A batch must fit a segment, also with others' events beside a group's.
    fn fits(&self, group: &[Prepared]) -> Result<(), EncodeError> {
        let most = usize::try_from(self.0.state.options.segment_bytes / 2).unwrap_or(usize::MAX);
        let entries: usize = group.iter().map(Prepared::len).sum();
        let openings: usize = group.iter().map(Prepared::opening_bytes).sum();
        let bytes = entries.max(openings);
        if bytes > most { Err(EncodeError::GroupTooLong { bytes, most }) } else { Ok(()) }
    }

    async fn send(&self, message: Message) -> Result<(), AppendError> {
        let inbox = self.0.inbox.as_ref().ok_or(AppendError::Closed)?;
        inbox.send(message).await.map_err(|_| AppendError::Closed)
    }

    /// The newest signed head.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.0.state.head()
    }

    /// Size and root of the newest head.
    #[must_use]
    pub fn head(&self) -> (u64, Digest) {
        let head = self.0.state.head();
        (head.size(), head.root())
    }

    /// Its size as it grows: for whoever follows the log, such as a search index.
    #[must_use]
    pub fn growth(&self) -> watch::Receiver<u64> {
        self.0.state.growth.subscribe()
    }

    /// Can the log take an intent now? Asks the file system, and looks whether a failure is over.
    ///
    /// # Errors
    /// What an append would be refused with.
    pub fn health(&self) -> Result<(), AppendError> {
        let state = &self.0.state;
        if state.is_closed() {
            return Err(AppendError::Closed);
        }
        if state.no_reserve() {
            state.wake_housekeeper();
        }
        if state.guard.check()? == Room::Short {
            return Err(AppendError::Full);
        }
        match state.trouble() {
            None => Ok(()),
            Some(error) => {
                // The sequencer finds out whether it can write again; the next question gets the answer.
                if let Some(inbox) = &self.0.inbox {
                    let _ = inbox.try_send(Message::Probe);
                }
                Err(error)
            }
        }
    }

    /// Whether the next segment is allocated: without it the log will be full when this one is.
    #[must_use]
    pub fn has_reserve(&self) -> bool {
        !self.0.state.no_reserve()
    }

    /// A key for keeping personal values elsewhere, derived from the openings key that the nodes of a site
    /// share. Each purpose has a name of its own, such as `sealane-erasure-seal/1`.
    #[must_use]
    pub fn derive_key(&self, purpose: &str) -> Secret<[u8; 32]> {
        self.0.ring.derive_key(purpose)
    }

    /// Where the log lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.0.state.layout.directory()
    }

    /// The key with which the log began: it stays when keys are replaced.
    #[must_use]
    pub fn first_key(&self) -> VerifyingKey {
        self.0.state.keys.first()
    }

    /// Proofs that one key of the log took over from another, in order.
    #[must_use]
    pub fn rotations(&self) -> &[RotationProof] {
        &self.0.state.rotations
    }

    /// The key that signs heads of that size.
    pub(crate) fn key_at(&self, size: u64) -> VerifierKey {
        VerifierKey::new(self.origin(), self.0.state.keys.at(size))
    }

    /// The log's key, as it is published.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0.state.key
    }

    /// The log's name in its checkpoints.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.0.state.origin
    }

    /// Up to `limit` acknowledged entries from index `from` on that match, in order, with their personal
    /// values. Reads files: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`ReadError`] when the files cannot be read or are not what was written.
    pub fn entries(&self, from: u64, limit: usize, filter: &Filter) -> Result<Vec<EntryView>, ReadError> {
        let reader = Reader { state: &self.0.state, ring: &self.0.ring };
        reader.entries(from, limit, filter)
    }

    /// Salts and values behind the commitments of the entries `from..to`.
    pub(crate) fn openings(&self, from: u64, to: u64) -> Result<Vec<(u64, Opening)>, ReadError> {
        Reader { state: &self.0.state, ring: &self.0.ring }.openings(from, to)
    }

    /// That the entry at `index` is in the log's first `size` entries: RFC 6962 section 2.1.1. May read one or
    /// two small files.
    ///
    /// # Errors
    /// [`ProveError`] when the log is shorter, or damaged where the proof looks.
    pub fn prove(&self, index: u64, size: u64) -> Result<Vec<Digest>, ProveError> {
        Prover::new(&self.0.state).inclusion(index, size)
    }

    /// That the first `new` entries begin with the first `old`: RFC 6962 section 2.1.2.
    ///
    /// # Errors
    /// As [`Log::prove`].
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, ProveError> {
        Prover::new(&self.0.state).consistency(old, new)
    }

    /// The root over the first `size` entries.
    ///
    /// # Errors
    /// As [`Log::prove`].
    pub fn root_at(&self, size: u64) -> Result<Digest, ProveError> {
        Prover::new(&self.0.state).root(size)
    }

    /// The heads of the complete subtrees of the first `size` entries, largest first.
    ///
    /// # Errors
    /// As [`Log::prove`].
    pub fn subtrees(&self, size: u64) -> Result<Vec<Digest>, ProveError> {
        Prover::new(&self.0.state).edge(size)
    }

    /// The leaf hash of an entry.
    ///
    /// # Errors
    /// As [`Log::prove`].
    pub fn leaf(&self, index: u64) -> Result<Digest, ProveError> {
        Prover::new(&self.0.state).leaf(index)
    }

    /// A proof for others: the entry's place under a head of this log, cosigned or not.
    ///
    /// # Errors
    /// As [`Log::prove`], and [`ProveError::Foreign`] when the head is not of this log.
    pub fn proof(&self, index: u64, checkpoint: &Checkpoint) -> Result<LogProof, ProveError> {
        Prover::new(&self.0.state).proof(index, checkpoint)
    }

    /// What a witness is asked for: to cosign a head of this log, continuing the one of size `old` that it
    /// cosigned last (0 if none, or if that is not known).
    ///
    /// # Errors
    /// As [`Log::proof`]. [`ProveError::OutOfRange`] for an `old` that a witness named means that this log was
    /// rolled back.
    pub fn witness_request(&self, checkpoint: &Checkpoint, old: u64) -> Result<AddCheckpoint, ProveError> {
        Prover::new(&self.0.state).witness_request(checkpoint, old)
    }

    /// Keeps a head of this log with the cosignatures that the policy knows, beside the log and durably; those
    /// kept before stay with it. Says what the head is worth now.
    ///
    /// # Errors
    /// [`KeepError`] when it is no head of this log, a cosignature is forged, or it cannot be written.
    pub fn keep_cosigned(&self, checkpoint: &Checkpoint, policy: &Policy) -> Result<Standing, KeepError> {
        Kept::new(&self.0.state, policy).keep(checkpoint)
    }

    /// The newest kept head that meets the policy.
    ///
    /// # Errors
    /// [`KeepError::Io`] when the files cannot be read; damaged ones are passed over.
    pub fn newest_cosigned(&self, policy: &Policy) -> Result<Option<(Checkpoint, Standing)>, KeepError> {
        Ok(Kept::new(&self.0.state, policy).newest()?)
    }

    /// What no quorum of witnesses has confirmed, at this time.
    ///
    /// # Errors
    /// [`KeepError`] when the kept heads or the first entry after them cannot be read.
    pub fn exposure(&self, policy: &Policy, now_ns: i64) -> Result<Exposure, KeepError> {
        // In this order: a head that is confirmed in between is not longer than the log.
        let confirmed = self.newest_cosigned(policy)?.map_or(0, |(checkpoint, _)| checkpoint.size());
        let size = self.head().0;
        let first = self.entries(confirmed, 1, &Filter::all()).map_err(ProveError::from)?;
        Ok(Exposure::of(size, confirmed, first.first().map(|view| view.entry.at_ns), now_ns))
    }

    /// Keeps a third party's timestamp, and the head that it is about, beside the log and durably.
    ///
    /// # Errors
    /// [`KeepError`] when the two do not belong together or to this log, or cannot be written.
    pub fn keep_timestamp(
        &self,
        checkpoint: &Checkpoint,
        timestamp: &Timestamp,
        policy: &Policy,
    ) -> Result<(), KeepError> {
        Kept::new(&self.0.state, policy).stamp(checkpoint, timestamp)
    }

    /// Third parties' timestamps that are kept, each with its head.
    ///
    /// # Errors
    /// [`KeepError::Io`] when the files cannot be read; damaged ones are passed over.
    pub fn timestamps(&self, policy: &Policy) -> Result<Vec<(Checkpoint, Timestamp)>, KeepError> {
        Ok(Kept::new(&self.0.state, policy).stamps()?)
    }

    /// Writes what waits, publishes the last checkpoint, and lets go of the directory. Appends through
    /// other clones are refused from then on.
    pub async fn close(self) {
        let (done, closed) = oneshot::channel();
        if self.send(Message::Close(done)).await.is_ok() {
            // An error means that the sequencer ended by itself: closed just the same.
            let _ = closed.await;
        }
        let threads = self.0.take_threads();
        // The threads are past their last write; joining them takes no time worth a thread of its own.
        threads.into_iter().for_each(join);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({:?})", self.0.state.head())
    }
}

impl Inner {
    fn take_threads(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without senders the sequencer writes what waits and ends; then the directory is free again.
        self.inbox = None;
        self.take_threads().into_iter().for_each(join);
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the audit log ended with a panic");
    }
}

/// Waits for a future on this thread, with nothing else to do.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
