//! One signature line of a note: who signed, and the signature, whatever its algorithm.
//!
//! `— name base64(key id || signature)`. Name and id together say which key it is by; only verifying with
//! that key says that it is true.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;

use super::{NoteError, is_origin};

/// Every signature line begins so: an em dash and a space.
pub(super) const DASH: &str = "\u{2014} ";

/// Longest signature kept, in bytes: room for the post-quantum ones that others use.
const MAX_SIGNATURE_BYTES: usize = 8 << 10;

/// A signature line, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl SignatureLine {
    pub(super) fn new(name: &str, id: [u8; 4], signature: Vec<u8>) -> Self {
        Self { name: name.to_owned(), id, signature }
    }

    /// Reads lines that each end in a newline, as a witness answers them or a note carries them.
    ///
    /// # Errors
    /// [`NoteError::Form`] when one is damaged, none is there, or there are more than a note may carry.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NoteError> {
        let whole = text.strip_suffix('\n').ok_or(NoteError::Form("the last signature line does not end"))?;
        let lines = whole.split('\n');
        if text.len() > super::MAX_NOTE_BYTES || lines.clone().count() > super::MAX_SIGNATURES {
            return Err(NoteError::Form("more signature lines than a note may carry"));
        }
        lines.map(str::parse).collect()
    }

    /// The name of the key that it claims to be by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of that key.
    #[must_use]
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The bytes after the id, whose meaning the key's algorithm gives.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Claims to be by the same key.
    pub(super) fn same_signer(&self, other: &Self) -> bool {
        self.name == other.name && self.id == other.id
    }
}

/// Without the newline.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = self.id.to_vec();
        blob.extend_from_slice(&self.signature);
        write!(f, "{DASH}{} {}", self.name, BASE64.encode(&blob))
    }
}

/// Without the newline.
impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        const DAMAGED: NoteError = NoteError::Form("a signature line is damaged");
        let (name, blob) = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(DAMAGED)?;
        let blob = BASE64.decode(blob.as_bytes()).map_err(|_| DAMAGED)?;
        let (id, signature) = blob.split_first_chunk::<4>().ok_or(DAMAGED)?;
        if !is_origin(name) || signature.is_empty() || signature.len() > MAX_SIGNATURE_BYTES {
            return Err(DAMAGED);
        }
        Ok(Self::new(name, *id, signature.to_vec()))
    }
}
