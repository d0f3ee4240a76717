//! Work that no caller waits for: the next segments, the published checkpoint, the tiles.
//!
//! All of it is derived and can be made again from the segments. The checkpoint file follows the log by
//! at most a few milliseconds and never leads it; recovery relies on that.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::fd::OwnedFd;

use super::segment::{self, Allocator};
use super::shared::Shared;
use super::tile::Tiles;

/// Between two rounds, so that a busy log does not spend its disk on derived files.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Housekeeper {
    pub(super) shared: Arc<Shared>,
    pub(super) segments: Arc<Allocator>,
    pub(super) openings: Arc<Allocator>,
    pub(super) published: u64,
    pub(super) tiles: Tiles,
    /// Held until the last checkpoint is published.
    pub(super) lock: Arc<OwnedFd>,
}

impl Housekeeper {
    pub(super) fn run(mut self) {
        while self.shared.wait_for_chores() {
            self.round();
            self.shared.pause(PAUSE);
        }
        self.round();
        if let Err(error) = self.tiles.finish(&self.shared) {
            tracing::error!(%error, "the audit log's last tiles cannot be written; the next start tries again");
        }
        drop(self.lock);
    }

    fn round(&mut self) {
        self.keep_reserve();
        if let Err(error) = self.publish() {
            tracing::error!(%error, "the audit log's checkpoint file cannot be written");
        }
        match self.tiles.catch_up(&self.shared) {
            Ok(true) => {}
            Ok(false) => self.shared.wake_housekeeper(),
            Err(error) => {
                tracing::error!(%error, "the audit log's tiles cannot be written; the next start makes them again")
            }
        }
    }

    fn keep_reserve(&self) {
        let (entries, openings) = self.shared.segments_in_use();
        let made = self
            .segments
            .ensure(entries.saturating_add(1))
            .and_then(|()| self.openings.ensure(openings.saturating_add(1)));
        let changed = self.shared.set_no_reserve(made.is_err());
        if let (true, Err(error)) = (changed, &made) {
            tracing::error!(%error, "the audit log cannot reserve its next segment: free space on its disk");
        }
    }

    fn publish(&mut self) -> io::Result<()> {
        let head = self.shared.head();
        if head.size() > self.published || self.published == 0 {
            segment::replace(&self.shared.layout.checkpoint(), head.text().as_bytes(), false)?;
            self.published = head.size();
        }
        Ok(())
    }
}
