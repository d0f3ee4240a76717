//! Where a run's data come from: a lane to another site, or this site's own storage. One shape for both.

use std::sync::Arc;

use sealane_model::{Entry, Permit, RemotePath, permit};

use super::local::LocalSource;
use super::meter::Meter;
use super::stop::Trouble;
use crate::guard::{Details, Grant};
use crate::lane::{Chunk, LaneClient, LaneError};
use crate::message::{BatchRequest, RangeRequest};
use sealane_audit::{Outcome, OutcomeRecord};

/// An open source of data.
pub(super) struct Supply {
    from: From,
    meter: Arc<Meter>,
    moved: u64,
}

enum From {
    Lane(Box<(LaneClient, Grant<permit::OpenLane>)>),
    Local(LocalSource),
}

impl Supply {
    /// A lane that was opened under this grant.
    pub(super) fn lane(lane: LaneClient, grant: Grant<permit::OpenLane>, meter: Arc<Meter>) -> Self {
        meter.lane(true);
        Self { from: From::Lane(Box::new((lane, grant))), meter, moved: 0 }
    }

    /// The storage of this site.
    pub(super) fn local(source: LocalSource, meter: Arc<Meter>) -> Self {
        meter.lane(true);
        Self { from: From::Local(source), meter, moved: 0 }
    }

    pub(super) async fn plan(&mut self, item: u32, after: Option<RemotePath>) -> Result<(), LaneError> {
        match &mut self.from {
            From::Lane(lane) => lane.0.plan(item, after.as_ref()).await,
            From::Local(source) => {
                source.plan(item, after);
                Ok(())
            }
        }
    }

    pub(super) async fn next_plan_page(&mut self) -> Result<Option<Vec<Entry>>, LaneError> {
        match &mut self.from {
            From::Lane(lane) => lane.0.next_plan_page().await,
            From::Local(source) => source.next_plan_page().await,
        }
    }

    pub(super) async fn request_range(&mut self, request: RangeRequest) -> Result<(), LaneError> {
        match &mut self.from {
            From::Lane(lane) => lane.0.request_range(request).await,
            From::Local(source) => {
                source.request_range(request);
                Ok(())
            }
        }
    }

    pub(super) async fn request_batch(&mut self, request: BatchRequest) -> Result<(), LaneError> {
        match &mut self.from {
            From::Lane(lane) => lane.0.request_batch(request).await,
            From::Local(source) => {
                source.request_batch(request);
                Ok(())
            }
        }
    }

    /// The next piece of what was requested; data are counted as moved.
    pub(super) async fn next_chunk(&mut self, buffer: &mut Vec<u8>) -> Result<Chunk, LaneError> {
        let chunk = match &mut self.from {
            From::Lane(lane) => lane.0.next_chunk(buffer).await?,
            From::Local(source) => source.next_chunk(buffer).await?,
        };
        if matches!(chunk, Chunk::Data) {
            let bytes = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
            self.moved = self.moved.saturating_add(bytes);
            self.meter.moved(bytes);
        }
        Ok(chunk)
    }

    /// Ends it, and records what went over it.
    pub(super) async fn close(self, trouble: Option<&Trouble>) {
        self.meter.lane(false);
        let From::Lane(lane) = self.from else { return };
        let (lane, grant) = *lane;
        let mut details = Details::none().bytes(self.moved);
        details.transport = Some(lane.cipher().to_owned());
        if trouble.is_none() {
            lane.close().await;
        }
        let outcome = match trouble {
            None => OutcomeRecord::done(),
            Some(Trouble::Lane(error)) => OutcomeRecord::new(Outcome::Failed, error.code(), "the lane was lost"),
            Some(Trouble::Storage(error)) => OutcomeRecord::new(Outcome::Failed, error.code(), "the storage failed"),
            Some(Trouble::Stop(_)) => OutcomeRecord::new(Outcome::Interrupted, "stopped", "the task stopped"),
        };
        if let Err(error) = grant.done(outcome, details).await {
            tracing::error!(error = %error, "the end of a lane could not be recorded");
        }
    }
}

/// Permits of a run, shared by its lanes.
pub(super) type Writers = Arc<Vec<Arc<Permit<permit::Write>>>>;
