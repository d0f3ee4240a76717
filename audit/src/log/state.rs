//! What the log's handle, its sequencer and its housekeeper see together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use sealane_crypto::digest::{Digest, root_of};
use tokio::sync::watch;

use super::cursor::Place;
use super::error::AppendError;
use super::guard::Guard;
use super::hashes::Hashes;
use super::layout::Layout;
use super::marks::Marks;
use super::options::Options;
use crate::note::{Checkpoint, VerifierKey};
use crate::rotation::{Keys, RotationProof};

pub(super) struct LogState {
    pub(super) layout: Layout,
    pub(super) origin: String,
    /// The key that signs now.
    pub(super) key: VerifierKey,
    /// Each key that has signed, in order.
    pub(super) keys: Keys,
    /// Proofs that one took over from another.
    pub(super) rotations: Vec<RotationProof>,
    pub(super) options: Options,
    pub(super) guard: Guard,
    head: RwLock<Checkpoint>,
    /// The size of the head, for whoever waits for more.
    pub(super) growth: watch::Sender<u64>,
    places: Mutex<Places>,
    hashes: Mutex<Hashes>,
    keeping: Mutex<()>,
    trouble: Mutex<Option<AppendError>>,
    closed: AtomicBool,
    /// The next segments could not be made.
    no_reserve: AtomicBool,
    chores: Mutex<Chores>,
    bell: Condvar,
}

/// The log's name, each key that has signed under it, and the proofs that one took over from another.
pub(super) struct Signers {
    pub(super) origin: String,
    pub(super) keys: Keys,
    pub(super) rotations: Vec<RotationProof>,
}

/// Where reading may begin.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub(super) entries: Marks,
    pub(super) openings: Marks,
    /// Segments in use, for the housekeeper to stay ahead of.
    pub(super) segments: (u32, u32),
}

/// What the housekeeper is asked for.
#[derive(Debug, Default)]
pub(super) struct Chores {
    pub(super) due: bool,
    pub(super) stop: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked left whole values behind: each is replaced in one assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogState {
    pub(super) fn new(
        layout: Layout,
        Signers { origin, keys, rotations }: Signers,
        options: Options,
        guard: Guard,
        head: Checkpoint,
        places: Places,
        hashes: Hashes,
    ) -> Self {
        Self {
            layout,
            key: VerifierKey::new(&origin, keys.last()),
            origin,
            keys,
            rotations,
            options,
            guard,
            growth: watch::Sender::new(head.size()),
            head: RwLock::new(head),
            places: Mutex::new(places),
            hashes: Mutex::new(hashes),
            keeping: Mutex::new(()),
            trouble: Mutex::new(None),
            closed: AtomicBool::new(false),
            no_reserve: AtomicBool::new(false),
            chores: Mutex::new(Chores::default()),
            bell: Condvar::new(),
        }
    }

    pub(super) fn head(&self) -> Checkpoint {
        self.head.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn size(&self) -> u64 {
        self.head.read().unwrap_or_else(PoisonError::into_inner).size()
    }

    /// A batch is durable: everybody may see it.
    pub(super) fn advance(
        &self,
        head: Checkpoint,
        placed: &[(u64, Digest, u64, Option<u64>)],
        entries: Place,
        openings: Place,
    ) {
        let mut places = locked(&self.places);
        for (index, _, entry_at, opening_at) in placed {
            places.entries.note(*index, Place { offset: entries.offset + entry_at, ..entries });
            if let Some(opening_at) = opening_at {
                places.openings.note(*index, Place { offset: openings.offset + opening_at, ..openings });
            }
        }
        places.segments = (entries.segment, openings.segment);
        drop(places);
        // INVARIANT: whoever sees a head finds the hashes of all its entries.
        let mut hashes = locked(&self.hashes);
        for (_, leaf, ..) in placed {
            hashes.push(*leaf);
        }
        drop(hashes);
        let size = head.size();
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = head;
        self.growth.send_replace(size);
        self.wake_housekeeper();
    }

    /// Where reading on from `index` may begin: entries, openings.
    pub(super) fn places_before(&self, index: u64) -> (Place, Place) {
        let places = locked(&self.places);
        (places.entries.before(index), places.openings.before(index))
    }

    pub(super) fn segments_in_use(&self) -> (u32, u32) {
        locked(&self.places).segments
    }

    /// Hashes the blocks that have become full; the lock is held for copying only, as the sequencer wants it.
    pub(super) fn settle_hashes(&self) {
        loop {
            let Some((number, block)) = locked(&self.hashes).unfolded() else { return };
            let hash = root_of(&block);
            locked(&self.hashes).fold(number, hash);
        }
    }

    /// The hash of a complete subtree of a block or more.
    pub(super) fn subtree_hash(&self, level: u32, index: u64) -> Option<Digest> {
        locked(&self.hashes).subtree(level, index)
    }

    /// Leaf hashes of a block, if memory has them.
    pub(super) fn block_of_hashes(&self, number: u64) -> Option<Vec<Digest>> {
        locked(&self.hashes).block(number)
    }

    /// Held while the files of cosigned heads are changed.
    pub(super) fn keeping(&self) -> MutexGuard<'_, ()> {
        locked(&self.keeping)
    }

    pub(super) fn trouble(&self) -> Option<AppendError> {
        locked(&self.trouble).clone()
    }

    pub(super) fn set_trouble(&self, trouble: Option<AppendError>) {
        *locked(&self.trouble) = trouble;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn no_reserve(&self) -> bool {
        self.no_reserve.load(Ordering::Relaxed)
    }

    pub(super) fn set_no_reserve(&self, none: bool) -> bool {
        self.no_reserve.swap(none, Ordering::Relaxed) != none
    }

    pub(super) fn wake_housekeeper(&self) {
        let mut chores = locked(&self.chores);
        if !chores.due {
            chores.due = true;
            self.bell.notify_one();
        }
    }

    pub(super) fn stop_housekeeper(&self) {
        locked(&self.chores).stop = true;
        self.bell.notify_one();
    }

    /// Waits for chores; `false` when it is time to stop.
    pub(super) fn wait_for_chores(&self) -> bool {
        let mut chores = locked(&self.chores);
        while !chores.due && !chores.stop {
            chores = self.bell.wait(chores).unwrap_or_else(PoisonError::into_inner);
        }
        chores.due = false;
        !chores.stop
    }

    /// A pause between two rounds, cut short when it is time to stop.
    pub(super) fn pause(&self, pause: std::time::Duration) {
        let chores = locked(&self.chores);
        let waited = self.bell.wait_timeout_while(chores, pause, |chores| !chores.stop);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}
