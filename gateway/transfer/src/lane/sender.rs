//! The source's side of an open lane: requests come in, frames go out, reading runs ahead of the network.
//!
//! Three stages work at once, with bounded channels between them: requests are read off the connection, a blocking thread
//! reads and hashes ([`super::reading`]), and the connection encrypts and sends. Whichever ends first ends the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealane_model::limits::ORDER_LIFETIME;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::buffer::{BufferPool, FrameBuffer};
use super::error::LaneError;
use super::frame::{FrameKind, decode};
use super::handshake::{Connection, Incoming, Outgoing, SILENCE, within};
use super::reading::{Answering, Gone, Moved, Readable, Wanted};

/// Requests that may wait while one is answered; as many as [`super::client::MAX_AHEAD`] allows a destination.
const WAITING: usize = super::client::MAX_AHEAD;
/// Full buffers between reading and sending: with the one being filled and the one being sent, 5 MiB.
const READ_AHEAD: usize = 3;

/// A lane on which nothing is asked for this long has nobody at its other end.
const IDLE: Duration = ORDER_LIFETIME;

/// What a lane carried, counted while it runs so that it is known however the lane ends.
#[derive(Debug, Default)]
pub(super) struct Carried {
    bytes: AtomicU64,
    files: AtomicU64,
}

impl Carried {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    fn add(&self, moved: Moved) {
        self.bytes.fetch_add(moved.bytes, Ordering::Relaxed);
        self.files.fetch_add(moved.files, Ordering::Relaxed);
    }
}

/// Answers requests until the destination closes the lane.
pub(super) async fn send(connection: Connection, source: Readable, carried: &Carried) -> Result<(), LaneError> {
    let (incoming, outgoing) = connection.into_halves();
    let (wanted, requests) = mpsc::channel(WAITING);
    let (full, buffers) = mpsc::channel(READ_AHEAD);
    let pool = Arc::new(BufferPool::default());
    tokio::try_join!(
        take_requests(incoming, wanted),
        answer(Arc::new(source), Arc::clone(&pool), requests, full, carried),
        write(outgoing, pool, buffers),
    )?;
    Ok(())
}

async fn take_requests(mut incoming: Incoming, wanted: mpsc::Sender<Wanted>) -> Result<(), LaneError> {
    let mut body = Vec::new();
    while let Some(kind) = within(IDLE, incoming.next(&mut body)).await? {
        let request = match kind {
            FrameKind::Plan => Wanted::Plan(decode(&body)?),
            FrameKind::Range => Wanted::Range(decode(&body)?),
            FrameKind::Batch => Wanted::Batch(decode(&body)?),
            _ => return Err(LaneError::Protocol("a frame came that is no request of a lane")),
        };
        wanted.send(request).await.map_err(|_| LaneError::Closed)?;
    }
    Ok(())
}

async fn answer(
    source: Arc<Readable>,
    pool: Arc<BufferPool>,
    mut requests: mpsc::Receiver<Wanted>,
    full: mpsc::Sender<FrameBuffer>,
    carried: &Carried,
) -> Result<(), LaneError> {
    while let Some(wanted) = requests.recv().await {
        let answering = Answering::new(Arc::clone(&source), Arc::clone(&pool), full.clone());
        let answered = tokio::task::spawn_blocking(move || answering.answer(&wanted)).await;
        match answered {
            Ok(Ok(moved)) => carried.add(moved),
            Ok(Err(Gone)) => return Err(LaneError::Closed),
            Err(_) => return Err(LaneError::Protocol("reading stopped unexpectedly")),
        }
    }
    Ok(())
}

async fn write(
    mut outgoing: Outgoing,
    pool: Arc<BufferPool>,
    mut buffers: mpsc::Receiver<FrameBuffer>,
) -> Result<(), LaneError> {
    while let Some(buffer) = buffers.recv().await {
        within(SILENCE, outgoing.write_all(buffer.filled())).await?;
        pool.give(buffer);
        if buffers.is_empty() {
            within(SILENCE, outgoing.flush()).await?;
        }
    }
    within(SILENCE, outgoing.shutdown()).await
}
