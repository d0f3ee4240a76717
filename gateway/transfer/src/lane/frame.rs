//! Frames: how messages follow each other on a connection.
//!
//! ```text
//! u32 length of the body, big-endian | u8 kind | body
//! ```
//!
//! **Promises.** The length is judged before a byte of the body is kept: at most 1 MiB + 64 KiB, for file contents at most
//! one tree record. Unknown kinds and bodies with anything left over are refused. No bytes make decoding panic.

use std::io;

use sealane_crypto::digest::tree::RECORD_BYTES;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};

use crate::message::{Bounded, OutOfBounds};

/// Bytes in front of every body.
pub const HEADER_BYTES: usize = 5;
/// The largest body.
pub const MAX_BODY_BYTES: usize = RECORD_BYTES + (64 << 10);
/// Small frames are read from the connection in pieces of this size.
const READ_AHEAD: usize = 64 << 10;

macro_rules! frame_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// What a frame's body is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum FrameKind { $($(#[$doc])* $name = $code,)+ }

        impl FrameKind {
            /// The kind that a byte stands for.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($code => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

frame_kinds! {
    /// [`crate::message::Hello`].
    Hello = 1,
    /// [`crate::message::HelloReply`].
    HelloReply = 2,
    /// [`crate::message::Refused`]: the conversation is over.
    Refused = 3,
    /// [`crate::message::ControlRequest`].
    Request = 16,
    /// [`crate::message::ControlReply`].
    Reply = 17,
    /// [`crate::message::LaneOpen`].
    LaneOpen = 32,
    /// [`crate::message::Opened`].
    Opened = 33,
    /// [`crate::message::PlanRequest`].
    Plan = 34,
    /// [`crate::message::RangeRequest`].
    Range = 35,
    /// [`crate::message::BatchRequest`].
    Batch = 36,
    /// [`crate::message::PlanPage`].
    PlanPage = 48,
    /// No more pages; empty.
    PlanEnd = 49,
    /// Bytes of a file, raw.
    Data = 50,
    /// [`crate::message::RangeEnd`].
    RangeEnd = 51,
    /// [`crate::message::FileEnd`].
    FileEnd = 52,
    /// [`crate::message::FileFailed`].
    FileFailed = 53,
    /// No more files of the batch; empty.
    BatchEnd = 54,
    /// [`crate::message::SourceFailed`].
    SourceFailed = 55,
}

/// A frame that is not one.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A kind that this version does not know.
    #[error("the other site sent a frame of the unknown kind {0}: it may run another version")]
    UnknownKind(u8),
    /// A body beyond the bound.
    #[error("the other site announced a frame of {0} bytes, which is beyond the bound")]
    TooLong(usize),
    /// A body that does not decode.
    #[error("the other site sent a frame that cannot be read: it may run another version")]
    Malformed,
    /// A body that decodes to too much.
    #[error(transparent)]
    OutOfBounds(#[from] OutOfBounds),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
}

/// What stands in front of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the body is.
    pub kind: FrameKind,
    /// How long it is.
    pub length: usize,
}

impl Header {
    /// The header's bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = u32::try_from(self.length).unwrap_or(u32::MAX).to_be_bytes();
        [a, b, c, d, self.kind as u8]
    }

    /// Reads and judges a header.
    ///
    /// # Errors
    /// [`FrameError`] for an unknown kind or a length beyond its bound.
    pub fn from_bytes(bytes: [u8; HEADER_BYTES]) -> Result<Self, FrameError> {
        let [a, b, c, d, kind] = bytes;
        let kind = FrameKind::from_byte(kind).ok_or(FrameError::UnknownKind(kind))?;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let most = if kind == FrameKind::Data { RECORD_BYTES } else { MAX_BODY_BYTES };
        if length > most { Err(FrameError::TooLong(length)) } else { Ok(Self { kind, length }) }
    }
}

/// A whole frame, header and body.
///
/// # Errors
/// [`FrameError`] if the message is beyond its bounds.
pub fn encode<T: Serialize + Bounded>(kind: FrameKind, message: &T) -> Result<Vec<u8>, FrameError> {
    message.check()?;
    let body = postcard::to_allocvec(message).map_err(|_| FrameError::Malformed)?;
    if body.len() > MAX_BODY_BYTES {
        return Err(FrameError::TooLong(body.len()));
    }
    let mut frame = Vec::with_capacity(HEADER_BYTES + body.len());
    frame.extend_from_slice(&Header { kind, length: body.len() }.to_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// The message in a body.
///
/// # Errors
/// [`FrameError`] if it does not decode, has anything left over, or is beyond its bounds.
pub fn decode<T: DeserializeOwned + Bounded>(body: &[u8]) -> Result<T, FrameError> {
    let (message, rest): (T, _) = postcard::take_from_bytes(body).map_err(|_| FrameError::Malformed)?;
    if !rest.is_empty() {
        return Err(FrameError::Malformed);
    }
    message.check()?;
    Ok(message)
}

/// Reads frames off a connection.
#[derive(Debug)]
pub struct FrameReader<R>(BufReader<R>);

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// A reader at the beginning of a frame.
    pub fn new(connection: R) -> Self {
        Self(BufReader::with_capacity(READ_AHEAD, connection))
    }

    /// The next frame's kind; its body replaces the content of `body`. None where the other end closed in good order.
    ///
    /// # Errors
    /// [`FrameError`] for anything that is not a frame, and where the connection ends within one.
    pub async fn next(&mut self, body: &mut Vec<u8>) -> Result<Option<FrameKind>, FrameError> {
        body.clear();
        let mut header = [0; HEADER_BYTES];
        let (first, rest) = header.split_at_mut(1);
        if self.0.read(first).await? == 0 {
            return Ok(None);
        }
        self.0.read_exact(rest).await?;
        let header = Header::from_bytes(header)?;
        body.reserve_exact(header.length);
        let mut limited = (&mut self.0).take(u64::try_from(header.length).unwrap_or(0));
        while body.len() < header.length {
            if limited.read_buf(body).await? == 0 {
                return Err(FrameError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(Some(header.kind))
    }
}

#[cfg(test)]
mod tests;
