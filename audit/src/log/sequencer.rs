//! The one thread that gives entries their place: group commit.
//!
//! It takes whatever waits (no timer: a lone writer waits for nobody), makes new opening keys durable,
//! writes openings and syncs them, writes entries and the signed checkpoint in one write and syncs that, makes sure that the files are
//! still the log's own, and only then acknowledges. What fails leaves no trace: the bytes are wiped before
//! the next batch, and until that works every append is refused.

use std::sync::Arc;

use sealane_crypto::digest::Digest;
use sealane_crypto::random::{Random, random_bytes};
use sealane_crypto::sign::SigningKey;
use tokio::sync::{mpsc, oneshot};

use super::chain::Chain;
use super::error::AppendError;
use super::frame::{self, Record};
use super::guard::Room;
use super::job::Job;
use super::lock::DirectoryLock;
use super::segment::{self, Writer};
use super::state::LogState;
use crate::entry::Prepared;
use crate::event::{Assurance, Event, Phase};
use crate::id::OpId;
use crate::note::{Checkpoint, VerifierKey};
use crate::opening::Sealer;
use crate::opening::ring::KeyRing;
use crate::receipt::Receipt;
use crate::rotation::{self, RotationFault, RotationProof};

/// Most events in one batch.
pub(super) const BATCH_EVENTS: usize = 4096;
/// Bytes at which a batch is closed; one more event may still be in it.
const BATCH_BYTES: usize = 2 << 20;

/// What callers send.
#[derive(Debug)]
pub(super) enum Message {
    Append(Job),
    /// Look whether a failing log has become healthy.
    Probe,
    Close(oneshot::Sender<()>),
}

pub(super) struct Sequencer {
    pub(super) state: Arc<LogState>,
    pub(super) signing: SigningKey,
    /// Takes over with the next head.
    pub(super) successor: Option<SigningKey>,
    pub(super) ring: Arc<KeyRing>,
    pub(super) random: Arc<dyn Random>,
    pub(super) chain: Chain,
    pub(super) entries: Writer,
    pub(super) openings: Writer,
    pub(super) failing: Option<Failing>,
    /// Held for as long as this thread writes.
    pub(super) lock: Arc<DirectoryLock>,
}

/// Since the last write that failed.
#[derive(Debug)]
pub(super) struct Failing {
    error: AppendError,
    refused: u64,
}

/// A batch on its way to disk.
struct Batch {
    entries: Vec<u8>,
    openings: Vec<u8>,
    chain: Chain,
    placed: Vec<(u64, Digest, u64, Option<u64>)>,
}

impl Sequencer {
    /// Works until the log is closed or dropped by everybody.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut waiting = Vec::with_capacity(BATCH_EVENTS);
        let mut closer = None;
        while closer.is_none() && inbox.blocking_recv_many(&mut waiting, BATCH_EVENTS) > 0 {
            let mut jobs = Vec::with_capacity(waiting.len());
            for message in waiting.drain(..) {
                match message {
                    Message::Append(job) => jobs.push(job),
                    Message::Probe => self.probe(),
                    Message::Close(done) => closer = Some(done),
                }
            }
            self.commit_all(jobs);
        }
        inbox.close();
        self.state.close();
        self.state.stop_housekeeper();
        drop(self.lock);
        if let Some(done) = closer {
            // Whoever asked may have stopped waiting; the log is closed all the same.
            let _ = done.send(());
        }
    }

    fn commit_all(&mut self, jobs: Vec<Job>) {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for job in jobs {
            bytes += job.bytes();
            batch.push(job);
            if bytes >= self.batch_bytes() {
                self.commit_jobs(std::mem::take(&mut batch));
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            self.commit_jobs(batch);
        }
    }

    /// A batch must fit a segment, also a small one.
    fn batch_bytes(&self) -> usize {
        let quarter = usize::try_from(self.state.options.segment_bytes / 4).unwrap_or(BATCH_BYTES);
        quarter.min(BATCH_BYTES)
    }

    fn commit_jobs(&mut self, jobs: Vec<Job>) {
        let jobs = match self.admit() {
            Ok(Room::Ample) => jobs,
            Ok(Room::Short) => outcomes_only(jobs),
            Err(error) => return self.refuse(jobs, &error),
        };
        let Some(first) = jobs.first() else { return };
        let resumed = self.failing.as_ref().and_then(|failing| self.resumed(failing, first.at_ns()));
        let own: Vec<Prepared> = resumed.into_iter().collect();
        let events: Vec<&Prepared> = own.iter().chain(jobs.iter().flat_map(Job::events)).collect();
        match self.commit(&events) {
            Ok(receipts) => {
                self.failing = None;
                let mut receipts = receipts.into_iter().skip(own.len());
                for job in jobs {
                    job.acknowledge(&mut receipts);
                }
            }
            Err(error) => {
                self.fail(error.clone());
                self.refuse(jobs, &error);
            }
        }
    }

    /// Before a batch: is the last failure over, and is there room?
    fn admit(&mut self) -> Result<Room, AppendError> {
        let room = self.state.guard.check();
        if self.failing.is_some() {
            let room = room?;
            self.wipe()?;
            self.state.set_trouble(None);
            return Ok(self.reserve(room));
        }
        // A healthy log is checked after the write, when it counts; here only for room.
        Ok(self.reserve(room.unwrap_or(Room::Ample)))
    }

    /// Without a next segment, the end of this one is kept for outcomes.
    fn reserve(&self, room: Room) -> Room {
        let last_stretch = self.state.options.segment_bytes / 4;
        let short = self.state.no_reserve() && self.entries.room().min(self.openings.room()) < last_stretch;
        if short {
            // Only a next segment ends this; perhaps there is space for one again.
            self.state.wake_housekeeper();
            return Room::Short;
        }
        room
    }

    fn refuse(&mut self, jobs: Vec<Job>, error: &AppendError) {
        if let Some(failing) = &mut self.failing {
            failing.refused += u64::try_from(jobs.iter().flat_map(Job::events).count()).unwrap_or(0);
        }
        for job in jobs {
            job.refuse(error.clone());
        }
    }

    fn fail(&mut self, error: AppendError) {
        tracing::error!(error = %error, "the audit log cannot be written: requests are refused");
        self.state.set_trouble(Some(error.clone()));
        let refused = self.failing.as_ref().map_or(0, |failing| failing.refused);
        self.failing = Some(Failing { error, refused });
    }

    fn probe(&mut self) {
        if self.failing.is_some() && self.state.guard.check().is_ok() && self.wipe().is_ok() {
            self.state.set_trouble(None);
        }
    }

    fn wipe(&mut self) -> Result<(), AppendError> {
        self.entries.wipe().and_then(|()| self.openings.wipe()).map_err(|error| AppendError::from_io(&error))
    }

    /// The entry that says that there was a gap in writing.
    fn resumed(&self, failing: &Failing, at_ns: i64) -> Option<Prepared> {
        tracing::info!(refused = failing.refused, "the audit log can be written again");
        let event = Event::new(Assurance::LogResume, Phase::Info, self.own_op(), at_ns)
            .detail("cause", failing.error.to_string())
            .detail("refused", failing.refused);
        self.prepare(&event).ok()
    }

    pub(super) fn own_op(&self) -> OpId {
        OpId::new(uuid::Builder::from_random_bytes(random_bytes(self.random.as_ref())).into_uuid())
    }

    pub(super) fn prepare(&self, event: &Event) -> Result<Prepared, AppendError> {
        let sealer = Sealer { origin: &self.state.origin, ring: &self.ring, random: self.random.as_ref() };
        Ok(Prepared::new(event, &sealer)?)
    }

    /// One batch: durable and covered by a signed checkpoint when this returns receipts.
    pub(super) fn commit(&mut self, events: &[&Prepared]) -> Result<Vec<Receipt>, AppendError> {
        let mut batch = self.place(events);
        let mut head = Checkpoint::sign(&self.state.origin, batch.chain.size(), batch.chain.root(), &self.signing);
        if let Some(successor) = &self.successor {
            head = head.also_signed(successor).map_err(|error| AppendError::Unwritable { why: error.to_string() })?;
            self.keep_rotation(events, &head)?;
        }
        frame::write(&mut batch.entries, Record::Trailer { size: head.size(), note: head.text().as_bytes() });
        self.make_room(&batch)?;
        let io = |error| AppendError::from_io(&error);
        if self.ring.save(self.random.as_ref()).map_err(io)? {
            self.ring.watch(&self.state.guard)?;
        }
        if !batch.openings.is_empty() {
            self.openings.write(&batch.openings).map_err(io)?;
        }
        self.entries.write(&batch.entries).map_err(io)?;
        self.state.guard.check()?;
        let size = head.size();
        self.state.advance(head, &batch.placed, self.entries.place(), self.openings.place());
        self.entries.acknowledge();
        self.openings.acknowledge();
        self.chain = batch.chain;
        let openings = events.iter().flat_map(|event| &event.openings);
        openings.filter_map(|opening| opening.key.as_ref()).for_each(|key| key.count());
        Ok(events
            .iter()
            .zip(batch.placed)
            .map(|(event, (index, leaf, ..))| Receipt::new(index, leaf, event.op, event.decision, size))
            .collect())
    }

    /// One entry, alone under a head that the key and its successor sign. From then on the log is the successor's.
    pub(super) fn rotate(&mut self, successor: &SigningKey, at_ns: i64) -> Result<(), AppendError> {
        let origin = &self.state.origin;
        let [from, to] = [&self.signing, successor].map(|key| VerifierKey::new(origin, key.verifying_key()));
        let event = rotation::event(&from, &to, self.chain.size() + 1, self.own_op(), at_ns);
        let prepared = self.prepare(&event)?;
        self.successor = Some(successor.clone());
        self.commit(&[&prepared]).map(drop)
    }

    /// The proof is beside the log before the entry is in it: whoever opens the log needs it to know which key signed what.
    /// One whose entry never came is removed at the next start.
    fn keep_rotation(&self, events: &[&Prepared], head: &Checkpoint) -> Result<(), AppendError> {
        let unwritable = |error: RotationFault| AppendError::Unwritable { why: error.to_string() };
        let [event] = events else {
            return Err(unwritable(RotationFault::Form("its entry is not alone in its batch".to_owned())));
        };
        let entry = event.place(self.chain.size(), &self.chain.prev());
        // The last leaf's path goes up by the complete subtrees before it, the smallest first.
        let hashes = self.chain.edge().iter().rev().copied().collect();
        let proof = RotationProof::new(&entry, hashes, head).map_err(unwritable)?;
        let layout = &self.state.layout;
        segment::make_directory(&layout.rotations())
            .and_then(|()| segment::replace(&layout.rotation(proof.begins()), proof.to_string().as_bytes(), true))
            .map_err(|error| AppendError::from_io(&error))
    }

    fn place(&self, events: &[&Prepared]) -> Batch {
        let mut batch = Batch {
            entries: Vec::with_capacity(events.len() * 1024),
            openings: Vec::new(),
            chain: self.chain.clone(),
            placed: Vec::with_capacity(events.len()),
        };
        let offset = |bytes: &Vec<u8>| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        for event in events {
            let index = batch.chain.size();
            let bytes = event.place(index, &batch.chain.prev());
            let opening_at = (!event.openings.is_empty()).then(|| offset(&batch.openings));
            let leaf = batch.chain.push(&bytes);
            batch.placed.push((index, leaf, offset(&batch.entries), opening_at));
            frame::write(&mut batch.entries, Record::Body { index, bytes: &bytes });
            for opening in &event.openings {
                frame::write(&mut batch.openings, Record::Body { index, bytes: &opening.record });
            }
        }
        batch
    }

    fn make_room(&mut self, batch: &Batch) -> Result<(), AppendError> {
        let state = Arc::clone(&self.state);
        let io = |error| {
            state.set_no_reserve(true);
            AppendError::from_io(&error)
        };
        if self.entries.make_room(batch.entries.len()).map_err(io)? {
            self.state.guard.watch("segment", self.entries.path(), self.entries.file())?;
            self.state.wake_housekeeper();
        }
        if self.openings.make_room(batch.openings.len()).map_err(io)? {
            self.state.guard.watch("openings", self.openings.path(), self.openings.file())?;
            self.state.wake_housekeeper();
        }
        Ok(())
    }
}

/// On a full disk nothing is begun, and what was begun may still be closed.
fn outcomes_only(jobs: Vec<Job>) -> Vec<Job> {
    let (outcomes, others): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|job| job.events().all(|event| event.phase == Phase::Outcome));
    for job in others {
        job.refuse(AppendError::Full);
    }
    outcomes
}
