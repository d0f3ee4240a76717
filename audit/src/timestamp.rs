//! Timestamps by a third party: RFC 3161 over a checkpoint.
//!
//! A time-stamping authority that knows nothing of logs confirms that a head existed at a time: it is sent the
//! SHA-256 of the checkpoint's body and answers with a signed token. The network is the caller's. Here the
//! request is made, and an answer is checked to be one to it: granted, about this digest, with this nonce.
//!
//! **Left to others:** whether the token's signature is good and its signer trusted; what they need for that is
//! [`Timestamp::signed`]. The answer is kept as it came, so the tools of every platform can tell:
//!
//! ```text
//! head -n 3 checkpoints/617 > body
//! openssl ts -verify -data body -in tsr/617.tsr -CAfile authority.pem
//! ```

mod token;

use sealane_crypto::digest::{Digest, sha256};
use sealane_crypto::random::{Random, random_bytes};

use crate::note::Checkpoint;

/// Longest answer taken.
const MAX_RESPONSE_BYTES: usize = 64 << 10;

/// An answer that is no timestamp for this checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Not in the form of RFC 3161.
    #[error("not an RFC 3161 time-stamp response: {0}")]
    Form(String),
    /// The authority refused.
    #[error("the time-stamping authority refused the request (status {status}); ask it for the reason, or ask another")]
    Refused {
        /// `PKIStatus` of RFC 3161 section 2.4.2.
        status: u8,
    },
    /// About something else.
    #[error("the timestamp is for other data than this checkpoint: the answer was mixed up or replaced")]
    OtherData,
    /// To another request.
    #[error("the timestamp answers another request (its nonce differs): it may be an old one, sent again")]
    OtherRequest,
}

/// A request to a time-stamping authority, as `application/timestamp-query`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampRequest {
    imprint: Digest,
    nonce: [u8; 8],
}

impl TimestampRequest {
    /// Asks about a checkpoint. The authority learns a digest.
    #[must_use]
    pub fn new(checkpoint: &Checkpoint, random: &dyn Random) -> Self {
        let [first, rest @ ..] = random_bytes::<8>(random);
        let [b, c, d, e, f, g, h] = rest;
        // A positive number of eight bytes, whatever was drawn.
        let nonce = [first & 0x7f | 0x40, b, c, d, e, f, g, h];
        Self { imprint: imprint(checkpoint), nonce }
    }

    /// The body of the request (DER).
    ///
    /// # Errors
    /// [`TimestampError::Form`] if the encoder refuses.
    pub fn to_der(&self) -> Result<Vec<u8>, TimestampError> {
        token::request(&self.imprint, &self.nonce)
    }

    /// Checks that an answer (`application/timestamp-reply`) is one to this request.
    ///
    /// # Errors
    /// [`TimestampError`] saying why it is not.
    pub fn check(&self, response: &[u8]) -> Result<Timestamp, TimestampError> {
        let (timestamp, nonce) = read(response, &self.imprint)?;
        if nonce.as_deref() != Some(self.nonce.as_slice()) {
            return Err(TimestampError::OtherRequest);
        }
        Ok(timestamp)
    }
}

/// The signature on a token, with all that is needed to check it. Nothing of it is checked here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedToken {
    /// What the token says (`TSTInfo`).
    pub content: Vec<u8>,
    /// Object identifier of the digest over it.
    pub digest_algorithm: String,
    /// That digest, as the signed attributes have it.
    pub message_digest: Vec<u8>,
    /// The signed attributes: what the signature is over (DER).
    pub attributes: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The certificates that came with it (DER); one of them is the authority's.
    pub certificates: Vec<Vec<u8>>,
}

/// An authority's answer about a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    response: Vec<u8>,
    at_ns: i64,
    policy: String,
}

impl Timestamp {
    /// Reads an answer that was kept, where the request is no longer known.
    ///
    /// # Errors
    /// [`TimestampError`] when it is no timestamp for this checkpoint.
    pub fn read(response: &[u8], checkpoint: &Checkpoint) -> Result<Self, TimestampError> {
        read(response, &imprint(checkpoint)).map(|(timestamp, _)| timestamp)
    }

    /// The answer as it came: what is kept as `.tsr`.
    #[must_use]
    pub fn response(&self) -> &[u8] {
        &self.response
    }

    /// What the authority signed.
    ///
    /// # Errors
    /// [`TimestampError::Form`] when the token carries no signature in the form of RFC 5652.
    pub fn signed(&self) -> Result<SignedToken, TimestampError> {
        token::signature(&self.response)
    }

    /// The authority's time, in nanoseconds since 1970 (UTC). True if the token's signature is.
    #[must_use]
    pub const fn at_ns(&self) -> i64 {
        self.at_ns
    }

    /// Object identifier of the policy under which the authority answers.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }
}

fn imprint(checkpoint: &Checkpoint) -> Digest {
    sha256(checkpoint.body().as_bytes())
}

fn read(response: &[u8], imprint: &Digest) -> Result<(Timestamp, Option<Vec<u8>>), TimestampError> {
    if response.len() > MAX_RESPONSE_BYTES {
        return Err(TimestampError::Form("it is too long".to_owned()));
    }
    let token = token::read(response)?;
    if token.imprint.as_deref() != Some(imprint.as_bytes().as_slice()) {
        return Err(TimestampError::OtherData);
    }
    let timestamp = Timestamp { response: response.to_vec(), at_ns: token.at_ns, policy: token.policy };
    Ok((timestamp, token.nonce))
}
