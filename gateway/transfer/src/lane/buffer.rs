//! Pooled buffers of finished frames, on their way from the reading thread to the connection.
//!
//! A buffer holds one tree record with its header, or many small frames: either way the connection gets few large
//! writes. Buffers are used again, so a lane in full flow allocates nothing.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::frame::{FrameError, FrameKind, HEADER_BYTES, Header, MAX_BODY_BYTES, encode};
use crate::message::Bounded;

/// Bytes that one buffer can hold: the largest frame.
const CAPACITY: usize = HEADER_BYTES + MAX_BODY_BYTES;

/// Frames, one after the other.
#[derive(Debug)]
pub(super) struct FrameBuffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl FrameBuffer {
    fn new() -> Self {
        Self { bytes: vec![0; CAPACITY], filled: 0 }
    }

    /// What is to be sent.
    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Whether a frame with a body of this length still fits.
    pub(super) fn has_room(&self, body: usize) -> bool {
        CAPACITY.saturating_sub(self.filled) >= HEADER_BYTES + body
    }

    /// Adds a frame of file contents. `fill` writes the body; where it fails, nothing is added.
    pub(super) fn data<T, E>(
        &mut self,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        let body = self.filled + HEADER_BYTES;
        let Some(space) = self.bytes.get_mut(body..body + length) else { return Ok(None) };
        let filled = fill(space)?;
        let header = Header { kind: FrameKind::Data, length }.to_bytes();
        if let Some(space) = self.bytes.get_mut(self.filled..body) {
            space.copy_from_slice(&header);
        }
        self.filled = body + length;
        Ok(Some(filled))
    }

    /// Adds a whole frame; says whether it fitted.
    fn push(&mut self, frame: &[u8]) -> bool {
        let end = self.filled + frame.len();
        let Some(space) = self.bytes.get_mut(self.filled..end) else { return false };
        space.copy_from_slice(frame);
        self.filled = end;
        true
    }

    /// Adds a message; says whether it fitted.
    pub(super) fn message<T: Serialize + Bounded>(&mut self, kind: FrameKind, message: &T) -> Result<bool, FrameError> {
        Ok(self.push(&encode(kind, message)?))
    }

    /// Adds a frame without a body; says whether it fitted.
    pub(super) fn mark(&mut self, kind: FrameKind) -> bool {
        self.push(&Header { kind, length: 0 }.to_bytes())
    }
}

/// Buffers that were sent and can be filled again. The channel between filler and sender bounds how many there are.
#[derive(Debug, Default)]
pub(super) struct BufferPool(Mutex<Vec<FrameBuffer>>);

impl BufferPool {
    /// An empty buffer.
    pub(super) fn take(&self) -> FrameBuffer {
        let pooled = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.unwrap_or_else(FrameBuffer::new)
    }

    /// Gives a buffer back.
    pub(super) fn give(&self, mut buffer: FrameBuffer) {
        buffer.filled = 0;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_and_its_header_lie_side_by_side() {
        let pool = BufferPool::default();
        let mut buffer = pool.take();
        let done = buffer.data(3, |space| {
            space.copy_from_slice(b"abc");
            Ok::<_, ()>(())
        });
        assert_eq!(done, Ok(Some(())));
        assert_eq!(buffer.filled(), [0, 0, 0, 3, FrameKind::Data as u8, b'a', b'b', b'c']);
        pool.give(buffer);
        assert!(pool.take().filled().is_empty());
    }

    #[test]
    fn what_cannot_be_read_leaves_no_frame() {
        let mut buffer = FrameBuffer::new();
        assert_eq!(buffer.data(3, |_| Err::<(), _>("shrunk")), Err("shrunk"));
        assert!(buffer.filled().is_empty());
        assert!(buffer.has_room(MAX_BODY_BYTES));
        assert!(!buffer.has_room(MAX_BODY_BYTES + 1));
    }
}
