//! Signed notes: the heads of logs and what others say about them, in the forms that other people's
//! verifiers read.
//!
//! C2SP `signed-note`, `tlog-checkpoint` and `tlog-cosignature`: a text, an empty line, one signature line a
//! key. A log signs its [`Checkpoint`] with Ed25519 (algorithm 0x01) under its origin; a [`Cosigner`]
//! confirms with a timestamped signature of its own (0x04) that it saw the log only grow. Everything here
//! reads hostile text: sizes are bounded, forms are strict, so what was read is written back byte for byte.
//! Lines by unknown keys or of other algorithms are carried along and mean nothing. Whether a key is to be
//! trusted is left to the caller.

mod checkpoint;
mod cosignature;
mod key;
mod line;

pub use checkpoint::Checkpoint;
pub use cosignature::Cosigner;
pub use key::{KeyKind, VerifierKey};
pub use line::SignatureLine;

use data_encoding::BASE64;
use sealane_crypto::digest::Digest;

/// Most signature lines on one note. The specification asks for 16 at least.
pub const MAX_SIGNATURES: usize = 64;

/// Longest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 64 << 10;

/// A note, line or key that is not in the C2SP form, or not by the key that it should be by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a checkpoint in a signed note.
    #[error("not a signed checkpoint: {0}")]
    Form(&'static str),
    /// No signature by this key under this name.
    #[error("the checkpoint carries no signature by the key {0}")]
    NotSigned(String),
    /// A signature line names the key but does not verify.
    #[error("the checkpoint's signature does not verify: it was altered, or another key signed it")]
    BadSignature,
    /// Not a verifier key line.
    #[error("not a verifier key of the form name+id+base64: {0}")]
    Key(&'static str),
}

/// A name that signed notes allow: not empty, no space, no `+`, no control character.
pub(crate) fn is_origin(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A decimal number as the specifications write it: ASCII digits without leading zeroes.
pub(crate) fn plain_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash on a line of its own, in base64.
pub(crate) fn hash_line(line: &str) -> Option<Digest> {
    let bytes = BASE64.decode(line.as_bytes()).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

/// The same, written.
pub(crate) fn hash_text(hash: &Digest) -> String {
    BASE64.encode(hash.as_bytes())
}
