//! Openings: what stands behind the commitments, sealed and kept beside the log, never in it.
//!
//! One record per personal value: `[1][key id 16][field][commitment 32][AES-256-GCM of salt || value]`, in
//! the same frames as entries and under the entry's index. The key is that of the person or collection
//! that the value belongs to, so that destroying it (erasure) leaves every record, and every hash, as it
//! was. The additional data binds a record to its log, key, field and commitment.

mod cache;
pub(crate) mod ring;
pub(crate) mod sheet;
pub(crate) mod slot;

use std::sync::Arc;

use sealane_crypto::aead::AeadKey;
use sealane_crypto::digest::Digest;
use sealane_crypto::random::{Random, random_bytes};

use self::ring::{KeyRing, ScopeKey, SealingKey};
use self::slot::KeyId;
use crate::redact::{Private, SALT_BYTES, commitment};
use crate::scope::Scope;

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"sealane-opening/1";

/// A record of the openings, ready to be written, and the key to be counted when it is.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) record: Vec<u8>,
    pub(crate) key: Option<Arc<ScopeKey>>,
}

/// Commits to personal values and seals their openings.
pub(crate) struct Sealer<'a> {
    pub(crate) origin: &'a str,
    pub(crate) ring: &'a KeyRing,
    pub(crate) random: &'a dyn Random,
}

impl Sealer<'_> {
    /// The key for what belongs to `scope`, or to nobody named.
    pub(crate) fn key(&self, scope: Option<&Scope>) -> SealingKey {
        self.ring.sealing(self.random, scope)
    }

    /// The commitment for the entry, and the record for the openings. `None` if the field name is too long.
    pub(crate) fn seal(&self, field: &str, value: &Private, key: &SealingKey) -> Option<(Digest, Opening)> {
        let salt: [u8; SALT_BYTES] = random_bytes(self.random);
        let committed = commitment(&salt, field, value.expose());
        let mut plain = salt.to_vec();
        plain.extend_from_slice(value.expose().as_bytes());
        let sealed = key.aead.seal(self.random, &additional_data(self.origin, key.id, field, &committed), &plain);
        let mut record = Vec::with_capacity(1 + 16 + 1 + field.len() + 32 + sealed.len());
        record.push(VERSION);
        record.extend_from_slice(key.id.as_bytes());
        short_text(&mut record, field)?;
        record.extend_from_slice(committed.as_bytes());
        record.extend_from_slice(&sealed);
        Some((committed, Opening { record, key: key.scope.clone() }))
    }
}

/// One record of the openings, read but not opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SealedOpening<'a> {
    pub(crate) key: KeyId,
    pub(crate) field: &'a str,
    pub(crate) commitment: Digest,
    sealed: &'a [u8],
}

impl<'a> SealedOpening<'a> {
    pub(crate) fn parse(record: &'a [u8]) -> Option<Self> {
        let (&VERSION, rest) = record.split_first()? else { return None };
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let (field, rest) = take_short_text(rest)?;
        let (commitment, sealed) = rest.split_first_chunk::<32>()?;
        let (key, commitment) = (KeyId::from_bytes(*key), Digest::from_bytes(*commitment));
        Some(Self { key, field, commitment, sealed })
    }

    /// The value, if this key sealed it here and it is what the entry committed to.
    pub(crate) fn open(&self, origin: &str, key: &AeadKey) -> Option<Private> {
        self.open_salted(origin, key).map(|(_, value)| value)
    }

    /// The same, with the salt: what others need to check the value against the commitment.
    pub(crate) fn open_salted(&self, origin: &str, key: &AeadKey) -> Option<([u8; SALT_BYTES], Private)> {
        let plain = key.open(&additional_data(origin, self.key, self.field, &self.commitment), self.sealed).ok()?;
        let (salt, value) = plain.split_first_chunk::<SALT_BYTES>()?;
        let value = std::str::from_utf8(value).ok()?;
        (commitment(salt, self.field, value) == self.commitment).then(|| (*salt, Private::new(value)))
    }
}

fn additional_data(origin: &str, key: KeyId, field: &str, commitment: &Digest) -> Vec<u8> {
    [PURPOSE, &[0], origin.as_bytes(), &[0], key.as_bytes(), field.as_bytes(), &[0], commitment.as_bytes()].concat()
}

fn short_text(out: &mut Vec<u8>, text: &str) -> Option<()> {
    out.push(u8::try_from(text.len()).ok()?);
    out.extend_from_slice(text.as_bytes());
    Some(())
}

fn take_short_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (&len, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(len))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use sealane_crypto::random::SystemRandom;

    use super::*;

    #[test]
    fn an_opening_opens_for_its_own_log_key_and_commitment_only() {
        let home = tempfile::tempdir().expect("directory");
        let (random, ring) = (SystemRandom::new().expect("randomness"), KeyRing::for_tests(home.path()));
        let sealer = Sealer { origin: "a", ring: &ring, random: &random };
        let key = sealer.key(Some(&Scope::person("idp", "ana")));
        let (committed, opening) = sealer.seal("client", &Private::new("10.0.0.1"), &key).expect("seal");
        let record = opening.record;
        assert!(!record.windows(8).any(|bytes| bytes == b"10.0.0.1"));

        let read = SealedOpening::parse(&record).expect("parse");
        assert_eq!((read.field, read.commitment, read.key), ("client", committed, key.id));
        assert_eq!(read.open("a", &key.aead).as_ref().map(Private::expose), Some("10.0.0.1"));
        assert!(read.open("b", &key.aead).is_none());
        assert!(read.open("a", &sealer.key(Some(&Scope::person("idp", "bo"))).aead).is_none());
        assert!(read.open("a", &sealer.key(None).aead).is_none());
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert!(SealedOpening::parse(&changed).is_none_or(|read| read.open("a", &key.aead).is_none()), "byte {at}");
        }
    }

    #[test]
    fn a_field_name_beyond_255_bytes_is_refused() {
        let home = tempfile::tempdir().expect("directory");
        let (random, ring) = (SystemRandom::new().expect("randomness"), KeyRing::for_tests(home.path()));
        let sealer = Sealer { origin: "a", ring: &ring, random: &random };
        assert!(sealer.seal(&"x".repeat(256), &Private::new(""), &sealer.key(None)).is_none());
    }
}
