//! Openings: what stands behind the commitments, sealed and kept beside the log, never in it.
//!
//! One record per personal value: `[1][key id][field][commitment 32][AES-256-GCM of salt || value]`, in
//! the same frames as entries and under the entry's index. Each record names the key that sealed it, so
//! keys per person or collection can be added and destroyed (erasure) without touching the format.
//! The additional data binds a record to its log, field and commitment.

use sealane_crypto::aead::AeadKey;
use sealane_crypto::digest::Digest;
use sealane_crypto::random::{Random, random_bytes};

use crate::redact::{Private, SALT_BYTES, commitment};

const VERSION: u8 = 1;
/// The key that seals every opening of the site.
const SITE_KEY: &str = "site";
const PURPOSE: &[u8] = b"sealane-opening/1";

/// Commits to personal values and seals their openings.
pub(crate) struct Sealer<'a> {
    pub(crate) origin: &'a str,
    pub(crate) key: &'a AeadKey,
    pub(crate) random: &'a dyn Random,
}

impl Sealer<'_> {
    /// The commitment for the entry, and the record for the openings. `None` if the field name is too long.
    pub(crate) fn seal(&self, field: &str, value: &Private) -> Option<(Digest, Vec<u8>)> {
        let salt: [u8; SALT_BYTES] = random_bytes(self.random);
        let committed = commitment(&salt, field, value.expose());
        let mut plain = salt.to_vec();
        plain.extend_from_slice(value.expose().as_bytes());
        let sealed = self.key.seal(self.random, &additional_data(self.origin, field, &committed), &plain);
        let mut record = vec![VERSION];
        short_text(&mut record, SITE_KEY)?;
        short_text(&mut record, field)?;
        record.extend_from_slice(committed.as_bytes());
        record.extend_from_slice(&sealed);
        Some((committed, record))
    }
}

/// One record of the openings, read but not opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SealedOpening<'a> {
    key_id: &'a str,
    pub(crate) field: &'a str,
    pub(crate) commitment: Digest,
    sealed: &'a [u8],
}

impl<'a> SealedOpening<'a> {
    pub(crate) fn parse(record: &'a [u8]) -> Option<Self> {
        let (&VERSION, rest) = record.split_first()? else { return None };
        let (key_id, rest) = take_short_text(rest)?;
        let (field, rest) = take_short_text(rest)?;
        let (commitment, sealed) = rest.split_first_chunk::<32>()?;
        Some(Self { key_id, field, commitment: Digest::from_bytes(*commitment), sealed })
    }

    /// The value, if this key sealed it here and it is what the entry committed to.
    pub(crate) fn open(&self, origin: &str, key: &AeadKey) -> Option<Private> {
        if self.key_id != SITE_KEY {
            return None;
        }
        let plain = key.open(&additional_data(origin, self.field, &self.commitment), self.sealed).ok()?;
        let (salt, value) = plain.split_first_chunk::<SALT_BYTES>()?;
        let value = std::str::from_utf8(value).ok()?;
        (commitment(salt, self.field, value) == self.commitment).then(|| Private::new(value))
    }
}

fn additional_data(origin: &str, field: &str, commitment: &Digest) -> Vec<u8> {
    [PURPOSE, &[0], origin.as_bytes(), &[0], field.as_bytes(), &[0], commitment.as_bytes()].concat()
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
        let random = SystemRandom::new().expect("randomness");
        let (key, other) = (AeadKey::generate(&random), AeadKey::generate(&random));
        let sealer = Sealer { origin: "a", key: &key, random: &random };
        let (committed, record) = sealer.seal("client", &Private::new("10.0.0.1")).expect("seal");
        assert!(!record.windows(8).any(|bytes| bytes == b"10.0.0.1"));

        let read = SealedOpening::parse(&record).expect("parse");
        assert_eq!((read.field, read.commitment), ("client", committed));
        assert_eq!(read.open("a", &key).as_ref().map(Private::expose), Some("10.0.0.1"));
        assert!(read.open("b", &key).is_none());
        assert!(read.open("a", &other).is_none());
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert!(SealedOpening::parse(&changed).is_none_or(|read| read.open("a", &key).is_none()), "byte {at}");
        }
    }

    #[test]
    fn a_field_name_beyond_255_bytes_is_refused() {
        let random = SystemRandom::new().expect("randomness");
        let key = AeadKey::generate(&random);
        let sealer = Sealer { origin: "a", key: &key, random: &random };
        assert!(sealer.seal(&"x".repeat(256), &Private::new("")).is_none());
    }
}
