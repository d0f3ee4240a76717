//! Work that no caller waits for: the next segments, the published checkpoint, the tiles.
//!
//! All of it is derived and can be made again from the segments. The checkpoint file follows the log by
//! at most a few milliseconds and never leads it; recovery relies on that.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::lock::DirectoryLock;
use super::segment::{self, Allocator};
use super::state::LogState;
use super::tile::Tiles;
use crate::opening::ring::KeyRing;

/// Tiles wait for a quiet moment, unless they are this many entries behind.
const TILES_BEHIND: u64 = 1 << 20;

/// Between two rounds, so that a busy log does not spend its disk on derived files.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Housekeeper {
    state: Arc<LogState>,
    segments: Arc<Allocator>,
    openings: Arc<Allocator>,
    ring: Arc<KeyRing>,
    /// Size of the checkpoint in the file; `None` before the first.
    published: Option<u64>,
    publishing_fails: bool,
    /// `None` after a failure: the next start makes them again.
    tiles: Option<Tiles>,
    /// Size of the log at the last round.
    seen: u64,
    /// Held until the last checkpoint is published.
    lock: Arc<DirectoryLock>,
}

impl Housekeeper {
    pub(super) fn new(
        state: Arc<LogState>,
        segments: Arc<Allocator>,
        openings: Arc<Allocator>,
        ring: Arc<KeyRing>,
        lock: Arc<DirectoryLock>,
    ) -> Self {
        let tiles = Some(Tiles::new(state.layout.tiles()));
        Self { state, segments, openings, ring, published: None, publishing_fails: false, tiles, seen: 0, lock }
    }

    pub(super) fn run(mut self) {
        while self.state.wait_for_chores() {
            self.keep_reserve();
            self.state.settle_hashes();
            self.publish();
            self.extend_tiles();
            self.state.pause(PAUSE);
        }
        self.publish();
        self.finish_tiles();
        drop(self.lock);
    }

    fn keep_reserve(&self) {
        let (entries, openings) = self.state.segments_in_use();
        let made = self
            .segments
            .ensure(entries.saturating_add(1))
            .and_then(|()| self.openings.ensure(openings.saturating_add(1)))
            .and_then(|()| self.ring.reserve());
        let changed = self.state.set_no_reserve(made.is_err());
        if let (true, Err(error)) = (changed, &made) {
            tracing::error!(%error, "the audit log cannot reserve its next segment: free space on its disk");
        }
    }

    fn publish(&mut self) {
        let head = self.state.head();
        if self.published == Some(head.size()) {
            return;
        }
        let replaced = segment::replace(&self.state.layout.checkpoint(), head.text().as_bytes(), false);
        match &replaced {
            Ok(()) => self.published = Some(head.size()),
            Err(error) if !self.publishing_fails => {
                tracing::error!(%error, "the audit log's checkpoint file cannot be written");
            }
            Err(_) => {}
        }
        self.publishing_fails = replaced.is_err();
    }

    /// Tiles cost as much disk as the entries themselves, so writers go first.
    fn extend_tiles(&mut self) {
        let Some(tiles) = &mut self.tiles else { return };
        let size = self.state.size();
        let busy = std::mem::replace(&mut self.seen, size) != size;
        if busy && tiles.behind(size) < TILES_BEHIND {
            return self.state.wake_housekeeper();
        }
        match tiles.catch_up(&self.state) {
            Ok(true) => {}
            Ok(false) => self.state.wake_housekeeper(),
            Err(error) => self.give_up_tiles(&error),
        }
    }

    fn finish_tiles(&mut self) {
        let Some(tiles) = &mut self.tiles else { return };
        if let Err(error) = tiles.catch_up(&self.state).and_then(|_| tiles.finish(&self.state)) {
            self.give_up_tiles(&error);
        }
    }

    fn give_up_tiles(&mut self, error: &io::Error) {
        tracing::error!(%error, "the audit log's tiles cannot be written; the next start makes them again");
        self.tiles = None;
    }
}
