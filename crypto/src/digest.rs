//! SHA-256 (FIPS 180-4): the one digest of the product.
//!
//! **Promises.** A [`Digest`] is exactly 32 bytes, printed and parsed as lower-case hexadecimal. [`sha256`] is for
//! small messages; file contents use the tree of [`tree`], which can be computed in parallel and verified by range.

pub mod proof;
pub mod tree;

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};

use crate::encoding::{self, ParseError};

pub use proof::{ProofError, consistency_proof, inclusion_proof, prefix_root, verify_consistency, verify_inclusion};
pub use tree::{RECORD_BYTES, TreeFrontier, TreeHasher, leaf_hash, node_hash, root_of};

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Takes 32 bytes that are known to be a digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        encoding::parse_hex(text, "a SHA-256 digest (64 hexadecimal digits)").map(Self)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

encoding::text_or_bytes!(Digest);

/// The SHA-256 of a message.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    digest_of(&ring::digest::digest(&SHA256, bytes))
}

/// SHA-256 over a message that comes in pieces.
#[derive(Clone)]
pub struct Sha256(Context);

impl Sha256 {
    /// Starts a message.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Ends the message.
    #[must_use]
    pub fn finish(self) -> Digest {
        digest_of(&self.0.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state is a function of the message, so it is not shown.
        f.write_str("Sha256")
    }
}

fn digest_of(digest: &ring::digest::Digest) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref()); // SHA-256 gives 32 bytes, always
    Digest(bytes)
}
