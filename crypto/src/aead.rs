//! AES-256-GCM (NIST SP 800-38D) for small values: columns, cookies, openings, wrapped keys.
//!
//! **Promises.** Each sealing draws a fresh 96-bit nonce, so one key serves 2^32 sealings (SP 800-38D section 8.3).
//! The result is `nonce || ciphertext || tag`. What does not authenticate is never returned, not even in part.
//!
//! **Leaves to others.** File contents, which have a format of their own; rotating keys.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;

use crate::random::{Random, random_bytes};
use crate::secret::Secret;
use crate::sign::KeyError;

/// Bytes that do not open under this key and this additional data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed value does not open: it was changed, belongs elsewhere, or another key sealed it")]
pub struct OpenError;

/// An AES-256-GCM key.
#[derive(Clone)]
pub struct AeadKey {
    cipher: LessSafeKey,
    bytes: Secret<[u8; 32]>,
}

impl AeadKey {
    /// Takes a key of exactly 32 bytes.
    ///
    /// # Errors
    /// [`KeyError`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        const WRONG: KeyError = KeyError { algorithm: "AES-256-GCM" };
        let bytes = Secret::new(<[u8; 32]>::try_from(bytes).map_err(|_| WRONG)?);
        let unbound = UnboundKey::new(&AES_256_GCM, bytes.expose()).map_err(|_| WRONG)?;
        Ok(Self { cipher: LessSafeKey::new(unbound), bytes })
    }

    /// Makes a new key.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        loop {
            let bytes = Secret::new(random_bytes::<32>(random));
            // Every 32 bytes are a key; should the library ever refuse one, another is drawn.
            if let Ok(key) = Self::from_bytes(bytes.expose()) {
                return key;
            }
        }
    }

    /// The key's bytes, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        Secret::new(self.bytes.expose().to_vec())
    }

    /// Seals a value. `aad` is authenticated, not stored: it says where the value belongs.
    #[must_use]
    #[expect(clippy::expect_used, reason = "AES-GCM refuses only values over 64 GiB, which no caller has in memory")]
    pub fn seal(&self, random: &dyn Random, aad: &[u8], value: &[u8]) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_LEN>(random);
        let mut sealed = Vec::with_capacity(NONCE_LEN + value.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let (_, body) = sealed.split_at_mut(NONCE_LEN);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), body)
            .expect("a value in memory is within the limit of AES-GCM");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    /// [`OpenError`] if it was changed, cut, sealed under another key or for another place.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(OpenError)?;
        let mut value = body.to_vec();
        let length = self
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut value)
            .map_err(|_| OpenError)?
            .len();
        value.truncate(length);
        Ok(value)
    }
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey([redacted])")
    }
}
