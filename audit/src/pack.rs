//! Evidence packs: entries taken from a log with the proofs that they are in it, one JSON document a line.
//!
//! - first line, [`Header`]: format, origin, the log's verifier key, the (cosigned) checkpoint that all
//!   proofs lead to, what was asked for in words, when the pack was made, and for a contiguous range its proof;
//! - one line an entry, [`PackedEntry`], in the order of the log: its index, its exact bytes, its inclusion
//!   proof unless the range is proven as a whole, and perhaps openings of its commitments;
//! - last line, [`End`]: how many entries, and the SHA-256 over all bytes before it, so a cut copy is noticed.
//!
//! A contiguous pack proves that it holds *every* entry of its range; a filtered one proves that each entry
//! is in the log, and cannot prove that no other would have matched. Hashes are base64, as in C2SP notes.
//! An open log makes packs ([`crate::Log::pack`]); [`crate::verify::verify_pack`] checks them offline.

mod packer;
mod range;
mod writer;

use std::fmt;

use sealane_crypto::digest::Digest;
use serde::{Deserialize, Serialize};

pub use self::packer::{PackRequest, Packer};
pub use self::range::RangeProof;
pub use self::writer::{PackError, Writer};
use crate::document;
use crate::note::{Checkpoint, VerifierKey};
use crate::redact::{Private, SALT_BYTES, commitment};

/// First member of the first line.
const FORMAT: &str = "sealane-pack/1";

/// Longest line that is written or read: an entry, its openings, and escapes in both.
pub const MAX_LINE_BYTES: usize = 2 << 20;

/// First line of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: String,
    /// The log's name; also in key and checkpoint, where it counts.
    pub origin: String,
    /// The log's key, for those who know it.
    #[serde(serialize_with = "document::as_text", deserialize_with = "document::from_text")]
    pub key: VerifierKey,
    /// The head that all proofs lead to.
    #[serde(with = "document::note")]
    pub checkpoint: Checkpoint,
    /// What was asked for, in words free of personal data.
    pub asked: String,
    /// When the pack was made: UTC, RFC 3339.
    pub made_at: String,
    /// Proof of a contiguous range, if the pack is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeProof>,
}

impl Header {
    /// The header of a pack under this head.
    #[must_use]
    pub fn new(key: VerifierKey, checkpoint: Checkpoint, asked: String, made_at: String) -> Self {
        Self {
            format: FORMAT.to_owned(),
            origin: checkpoint.origin().to_owned(),
            key,
            checkpoint,
            asked,
            made_at,
            range: None,
        }
    }
}

impl Header {
    /// Reads a first line.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, String> {
        let header: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if header.format != FORMAT {
            return Err(format!("its format is {:?}, not {FORMAT}", header.format));
        }
        if header.origin != header.checkpoint.origin() || header.origin != header.key.name() {
            return Err("its origin, key and checkpoint are not of one log".to_owned());
        }
        Ok(header)
    }
}

/// A line for one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedEntry {
    /// Its place in the log.
    pub index: u64,
    /// Its bytes, exactly.
    pub entry: String,
    /// Its inclusion proof; absent in a contiguous pack.
    #[serde(default, with = "document::some_hashes", skip_serializing_if = "Option::is_none")]
    pub proof: Option<Vec<Digest>>,
    /// What stands behind some of its commitments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub openings: Vec<Opening>,
}

/// Salt and value behind a commitment. It holds personal data: a pack with openings is to be kept as such.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Which value: `client`, `object.path`, ...
    pub field: String,
    /// Base64 of the 16 bytes that were hashed before it.
    #[serde(with = "document::salt")]
    pub salt: [u8; SALT_BYTES],
    /// The value.
    pub value: String,
}

impl Opening {
    /// The commitment that it opens.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        commitment(&self.salt, &self.field, &self.value)
    }

    pub(crate) fn new(field: &str, salt: [u8; SALT_BYTES], value: &Private) -> Self {
        Self { field: field.to_owned(), salt, value: value.expose().to_owned() }
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} [private])", self.field)
    }
}

/// Last line of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Entries in the pack.
    pub entries: u64,
    /// Over all bytes before this line.
    pub sha256: Digest,
}
