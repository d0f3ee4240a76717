//! Ed25519 signatures (RFC 8032), each bound to what it is for.
//!
//! **Promises.** [`SigningKey::sign`] signs `context || 0x00 || message`, so a signature made for one purpose never
//! passes for another. Verification is strict as in ring: canonical values only, constant time where it matters.
//!
//! **Leaves to others.** Keeping the key ([`crate::keystore`]) and trusting it (pinned fingerprints of peers).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use thiserror::Error;

use crate::encoding::{self, ParseError};
use crate::fingerprint::Fingerprint;
use crate::random::{Random, random_bytes};
use crate::secret::Secret;

/// The DER that stands before the 32-byte seed in a PKCS #8 version 1 file (RFC 8410 section 7).
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Key bytes that are not a usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the stored key is not a valid {algorithm} key: the file is damaged or of another kind; restore it from a backup"
)]
pub struct KeyError {
    /// The algorithm that the key should be for.
    pub algorithm: &'static str,
}

/// The signature is not by this key over this message for this purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not match: the content was changed, or another key signed it")]
pub struct BadSignature;

/// A private Ed25519 key. Clones share one key in memory.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Ed25519KeyPair>,
    pkcs8: Arc<Secret<Vec<u8>>>,
}

impl SigningKey {
    /// Makes a new key.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        loop {
            let seed = Secret::new(random_bytes::<32>(random));
            // Every 32 bytes are a seed; should the library ever refuse one, another is drawn.
            if let Ok(key) = Self::from_seed(&seed) {
                return key;
            }
        }
    }

    /// Makes the key that belongs to an RFC 8032 seed.
    ///
    /// # Errors
    /// [`KeyError`] if the library refuses the seed.
    pub fn from_seed(seed: &Secret<[u8; 32]>) -> Result<Self, KeyError> {
        let mut pkcs8 = Vec::with_capacity(PKCS8_HEAD.len() + seed.expose().len());
        pkcs8.extend_from_slice(&PKCS8_HEAD);
        pkcs8.extend_from_slice(seed.expose());
        Self::from_secret(Secret::new(pkcs8))
    }

    /// Reads a PKCS #8 file, version 1 or 2 (RFC 8410).
    ///
    /// # Errors
    /// [`KeyError`] if it is not an Ed25519 key.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        Self::from_secret(Secret::new(pkcs8.to_vec()))
    }

    fn from_secret(pkcs8: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8.expose())
            .map_err(|_| KeyError { algorithm: "Ed25519" })?;
        Ok(Self { pair: Arc::new(pair), pkcs8: Arc::new(pkcs8) })
    }

    /// The key as PKCS #8, for a key store.
    #[must_use]
    pub fn to_pkcs8(&self) -> Secret<Vec<u8>> {
        Secret::clone(&self.pkcs8)
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref()); // an Ed25519 public key has 32 bytes
        VerifyingKey(bytes)
    }

    /// Signs a message for one purpose. The context is a fixed text without NUL, such as `sealane/order/1`.
    #[must_use]
    pub fn sign(&self, context: &'static str, message: &[u8]) -> Signature {
        self.sign_raw(&with_context(context, message))
    }

    /// Signs exactly these bytes: only for formats that carry their own purpose, such as signed-note checkpoints.
    #[must_use]
    pub fn sign_raw(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref()); // an Ed25519 signature has 64 bytes
        Signature(bytes)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key().fingerprint())
    }
}

fn with_context(context: &str, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(context.len() + 1 + message.len());
    bytes.extend_from_slice(context.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(message);
    bytes
}

/// A public Ed25519 key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// Takes the 32 bytes of a public key. Bytes that are no point on the curve verify nothing.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key's fingerprint: SHA-256 of its 32 bytes.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    /// Checks a signature that was made for one purpose.
    ///
    /// # Errors
    /// [`BadSignature`] for any difference in key, purpose or message.
    pub fn verify(&self, context: &'static str, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        // INVARIANT: a context has no NUL, else two pairs of context and message could be the same bytes.
        if context.contains('\0') {
            return Err(BadSignature);
        }
        self.verify_raw(&with_context(context, message), signature)
    }

    /// Checks a signature over exactly these bytes.
    ///
    /// # Errors
    /// [`BadSignature`] for any difference.
    pub fn verify_raw(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, &signature.0).map_err(|_| BadSignature)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::base64(&self.0))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl FromStr for VerifyingKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        encoding::parse_base64(text, "an Ed25519 public key (44 characters of base64)").map(Self)
    }
}

encoding::text_or_bytes!(VerifyingKey);

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes the 64 bytes of a signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::base64(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        encoding::parse_base64(text, "an Ed25519 signature (88 characters of base64)").map(Self)
    }
}

encoding::text_or_bytes!(Signature);
