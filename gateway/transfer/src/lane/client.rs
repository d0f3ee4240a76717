//! The destination's side of a lane: ask ahead, take the answers in order.
//!
//! **Promises.** Requests may be sent before earlier ones are answered, up to [`MAX_AHEAD`], so that a long way between
//! the sites costs no waiting. Answers come in the order of the requests, and each kind of answer only to its request.
//! Nothing that comes is trusted: file contents are bounded by what was asked, digests are for the caller to compare.

use std::collections::VecDeque;

use sealane_crypto::digest::Digest;
use sealane_model::{Entry, RemotePath};
use serde::Serialize;
use tokio::io::AsyncWriteExt;

use super::error::LaneError;
use super::frame::{FrameKind, decode, encode};
use super::handshake::{Connection, Incoming, Outgoing, PATIENCE, SILENCE, within};
use crate::message::{
    BatchRequest, Bounded, FileEnd, FileFailed, PlanPage, PlanRequest, RangeEnd, RangeRequest, SourceFailed,
};

/// Requests that may be open at once on a lane.
pub const MAX_AHEAD: usize = 8;

/// A request that is not fully answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Plan,
    /// A range, and how many bytes of it are still to come.
    Range {
        left: u64,
    },
    /// A batch, its next file, and how many files it has.
    Batch {
        next: u32,
        files: u32,
    },
}

/// A piece of the answer to a range or a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// The next bytes of the file: one tree record, or the file's last. They are in the buffer.
    Data,
    /// The range is complete; the head of the tree over its records.
    RangeEnd {
        /// What the source computed.
        root: Digest,
    },
    /// A file of the batch is complete.
    FileEnd {
        /// Which.
        index: u32,
        /// What the source computed.
        root: Digest,
    },
    /// A file cannot be sent: throw away what came of it. For a range this ends the answer.
    FileFailed {
        /// Which of the batch; 0 for a range.
        index: u32,
        /// A stable word, such as `source-changed`.
        code: String,
        /// What happened, free of names.
        message: String,
    },
    /// The batch is complete.
    BatchEnd,
}

/// An open lane.
pub struct LaneClient {
    incoming: Incoming,
    outgoing: Outgoing,
    cipher: String,
    body: Vec<u8>,
    awaited: VecDeque<Awaited>,
}

impl std::fmt::Debug for LaneClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneClient")
            .field("cipher", &self.cipher)
            .field("awaited", &self.awaited)
            .finish_non_exhaustive()
    }
}

impl LaneClient {
    pub(crate) fn over(connection: Connection, cipher: String) -> Self {
        let (incoming, outgoing) = connection.into_halves();
        Self { incoming, outgoing, cipher, body: Vec::new(), awaited: VecDeque::new() }
    }

    /// The cipher suite that protects this lane.
    #[must_use]
    pub fn cipher(&self) -> &str {
        &self.cipher
    }

    /// Requests that are not fully answered.
    #[must_use]
    pub fn awaited(&self) -> usize {
        self.awaited.len()
    }

    /// Ask for the names beneath an item, from the beginning or after a path.
    ///
    /// # Errors
    /// [`LaneError`] when the lane is lost, or too many requests are open.
    pub async fn plan(&mut self, item: u32, after: Option<&RemotePath>) -> Result<(), LaneError> {
        let request = PlanRequest { item, after: after.cloned() };
        self.ask(FrameKind::Plan, &request, Awaited::Plan).await
    }

    /// The next names, in order of the walk, relative to the item's root; none at the end.
    ///
    /// # Errors
    /// [`LaneError::Source`] when the source cannot list further; others when the lane is lost.
    pub async fn next_plan_page(&mut self) -> Result<Option<Vec<Entry>>, LaneError> {
        if self.awaited.front() != Some(&Awaited::Plan) {
            return Err(LaneError::Protocol("no plan is due"));
        }
        let mut body = std::mem::take(&mut self.body);
        let kind = self.hear(&mut body).await;
        let answer = kind.and_then(|kind| self.plan_answer(kind, &body));
        self.body = body;
        answer
    }

    fn plan_answer(&mut self, kind: FrameKind, body: &[u8]) -> Result<Option<Vec<Entry>>, LaneError> {
        match kind {
            FrameKind::PlanPage => Ok(Some(decode::<PlanPage>(body)?.entries)),
            FrameKind::PlanEnd => {
                self.awaited.pop_front();
                Ok(None)
            }
            FrameKind::SourceFailed => Err(self.source_failed(body)),
            _ => Err(LaneError::Protocol("the source answers something else than was asked")),
        }
    }

    /// Ask for a part of a file.
    ///
    /// # Errors
    /// [`LaneError`] when the lane is lost, too many requests are open, or the range is beyond its bounds.
    pub async fn request_range(&mut self, request: RangeRequest) -> Result<(), LaneError> {
        let awaited = Awaited::Range { left: request.length };
        self.ask(FrameKind::Range, &request, awaited).await
    }

    /// Ask for many small files.
    ///
    /// # Errors
    /// [`LaneError`] when the lane is lost, too many requests are open, or the batch is beyond its bounds.
    pub async fn request_batch(&mut self, request: BatchRequest) -> Result<(), LaneError> {
        let files = u32::try_from(request.files.len()).unwrap_or(u32::MAX);
        self.ask(FrameKind::Batch, &request, Awaited::Batch { next: 0, files }).await
    }

    /// The next piece of the oldest range or batch. File contents replace what is in `buffer`; hand the same one in
    /// again, so that nothing is allocated.
    ///
    /// # Errors
    /// [`LaneError::Source`] when the whole request cannot be answered; others when the lane is lost.
    pub async fn next_chunk(&mut self, buffer: &mut Vec<u8>) -> Result<Chunk, LaneError> {
        let kind = self.hear(buffer).await?;
        match (kind, self.awaited.front_mut()) {
            (FrameKind::Data, Some(Awaited::Range { left })) => {
                let came = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
                *left = left.checked_sub(came).ok_or(LaneError::Protocol("more bytes came than were asked for"))?;
                Ok(Chunk::Data)
            }
            (FrameKind::Data, Some(Awaited::Batch { next, files })) if *next < *files => Ok(Chunk::Data),
            (FrameKind::RangeEnd, Some(Awaited::Range { left: 0 })) => {
                self.awaited.pop_front();
                Ok(Chunk::RangeEnd { root: decode::<RangeEnd>(buffer)?.root })
            }
            (FrameKind::FileFailed, Some(Awaited::Range { .. })) => {
                self.awaited.pop_front();
                file_failed(buffer)
            }
            (FrameKind::FileEnd, Some(Awaited::Batch { next, files })) => {
                let FileEnd { index, root } = decode(buffer)?;
                in_turn(next, *files, index)?;
                Ok(Chunk::FileEnd { index, root })
            }
            (FrameKind::FileFailed, Some(Awaited::Batch { next, files })) => {
                let failed = file_failed(buffer)?;
                if let Chunk::FileFailed { index, .. } = failed {
                    in_turn(next, *files, index)?;
                }
                Ok(failed)
            }
            (FrameKind::BatchEnd, Some(Awaited::Batch { next, files })) if *next == *files => {
                self.awaited.pop_front();
                Ok(Chunk::BatchEnd)
            }
            (FrameKind::SourceFailed, Some(Awaited::Range { .. } | Awaited::Batch { .. })) => {
                Err(self.source_failed(buffer))
            }
            _ => Err(LaneError::Protocol("the source answers something else than was asked")),
        }
    }

    /// Close the lane in good order, so that the source records it as complete.
    pub async fn close(mut self) {
        // The source may be gone already; there is nobody left to tell.
        let _ = within(PATIENCE, async { Ok::<_, LaneError>(self.outgoing.shutdown().await?) }).await;
    }

    async fn ask<T: Serialize + Bounded>(
        &mut self,
        kind: FrameKind,
        request: &T,
        awaited: Awaited,
    ) -> Result<(), LaneError> {
        if self.awaited.len() >= MAX_AHEAD {
            return Err(LaneError::Protocol("too many requests are open: take an answer first"));
        }
        let frame = encode(kind, request)?;
        within(SILENCE, self.outgoing.write_all(&frame)).await?;
        within(SILENCE, self.outgoing.flush()).await?;
        self.awaited.push_back(awaited);
        Ok(())
    }

    async fn hear(&mut self, body: &mut Vec<u8>) -> Result<FrameKind, LaneError> {
        within(SILENCE, self.incoming.next(body)).await?.ok_or(LaneError::Closed)
    }

    fn source_failed(&mut self, body: &[u8]) -> LaneError {
        self.awaited.pop_front();
        match decode(body) {
            Ok(SourceFailed { code, message }) => LaneError::Source { code, message },
            Err(error) => error.into(),
        }
    }
}

fn file_failed(body: &[u8]) -> Result<Chunk, LaneError> {
    let FileFailed { index, code, message } = decode(body)?;
    Ok(Chunk::FileFailed { index, code, message })
}

/// Files of a batch come one by one, in order.
fn in_turn(next: &mut u32, files: u32, index: u32) -> Result<(), LaneError> {
    if index != *next || index >= files {
        return Err(LaneError::Protocol("a file of the batch came out of turn"));
    }
    *next += 1;
    Ok(())
}
