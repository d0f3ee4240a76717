//! A signed message that carries exactly the bytes that were signed.
//!
//! **What for.** Site descriptors, transfer orders and assertions about people travel between sites as [`Signed`].
//!
//! **Promises.** The payload is the exact JSON that the signer wrote: nothing is re-encoded before verification, so no
//! two parsers can disagree about what was signed. The content cannot be read without verifying it: there is no peek.
//!
//! **Leaves to others.** Expiry, replay and audience, which belong to the message; size limits, which belong to the door.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::encoding;
use crate::fingerprint::Fingerprint;
use crate::sign::{BadSignature, Signature, SigningKey, VerifyingKey};

/// A `T`, signed.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Signed<T> {
    #[serde(with = "encoding::blob")]
    payload: Vec<u8>,
    key: Fingerprint,
    signature: Signature,
    #[serde(skip)]
    content: PhantomData<fn() -> T>,
}

/// An envelope that could not be made or may not be believed.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    /// The content has no JSON form.
    #[error("the message cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// It names another key than the one that must have signed.
    #[error(
        "the message is signed by {found}, not by the expected {expected}; compare fingerprints with the sender before accepting it"
    )]
    OtherKey {
        /// The key that should have signed.
        expected: Fingerprint,
        /// The key that the envelope names.
        found: Fingerprint,
    },
    /// The signature does not match.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
    /// The signature is right, the content is not what this version expects.
    #[error("the message is signed correctly but is not of the expected form: the sender may run another version")]
    Malformed,
}

impl<T: Serialize> Signed<T> {
    /// Writes the content as JSON and signs those bytes for one purpose.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwritable`] if the content has no JSON form.
    pub fn seal(key: &SigningKey, context: &'static str, content: &T) -> Result<Self, EnvelopeError> {
        let payload = serde_json::to_vec(content).map_err(EnvelopeError::Unwritable)?;
        let signature = key.sign(context, &payload);
        let key = key.verifying_key().fingerprint();
        Ok(Self { payload, key, signature, content: PhantomData })
    }
}

impl<T: DeserializeOwned> Signed<T> {
    /// Verifies, then reads.
    ///
    /// # Errors
    /// [`EnvelopeError`] if another key signed, the signature does not match, or the content is malformed.
    pub fn open(&self, key: &VerifyingKey, context: &'static str) -> Result<T, EnvelopeError> {
        let expected = key.fingerprint();
        if self.key != expected {
            return Err(EnvelopeError::OtherKey { expected, found: self.key });
        }
        key.verify(context, &self.payload, &self.signature)?;
        // The parser's message may repeat personal data of the content, so it is not kept.
        serde_json::from_slice(&self.payload).map_err(|_| EnvelopeError::Malformed)
    }
}

impl<T> Signed<T> {
    /// The key that claims to have signed: for choosing the pinned key to verify with, nothing else.
    #[must_use]
    pub const fn key(&self) -> &Fingerprint {
        &self.key
    }
}

impl<T> Clone for Signed<T> {
    fn clone(&self) -> Self {
        Self { payload: self.payload.clone(), key: self.key, signature: self.signature, content: PhantomData }
    }
}

impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.payload == other.payload && self.key == other.key && self.signature == other.signature
    }
}

impl<T> Eq for Signed<T> {}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The payload may hold names and paths: only its length is shown.
        f.debug_struct("Signed")
            .field("payload_bytes", &self.payload.len())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
