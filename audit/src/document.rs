//! How keys, notes and hashes are written inside the JSON documents that leave a site: packs and receipts.
//!
//! Everything stands in the text form that its C2SP specification gives it, so that a reader can cut it out
//! and hand it to another tool.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use sealane_crypto::digest::Digest;
use serde::{Deserialize, Deserializer, Serializer};

use crate::note::Checkpoint;
use crate::redact::SALT_BYTES;

/// Most hashes in one proof: a tree of 2^64 leaves needs no more.
const MAX_HASHES: usize = 64;

pub(crate) fn as_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(crate) fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// A signed note.
pub(crate) mod note {
    use super::{Checkpoint, Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(note: &Checkpoint, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(note.text())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Checkpoint, D::Error> {
        Checkpoint::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The hashes of a proof, in base64.
pub(crate) mod hashes {
    use super::{BASE64, Deserialize as _, Deserializer, Digest, MAX_HASHES, Serializer};

    pub(crate) fn serialize<S: Serializer>(hashes: &[Digest], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(hashes.iter().map(|hash| BASE64.encode(hash.as_bytes())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let hash = |text: &String| Some(Digest::from_bytes(BASE64.decode(text.as_bytes()).ok()?.try_into().ok()?));
        let hashes: Option<Vec<Digest>> = texts.iter().map(hash).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= MAX_HASHES);
        hashes.ok_or_else(|| serde::de::Error::custom("a hash of the proof is damaged, or there are too many"))
    }
}

/// The hashes of a proof that may be absent.
pub(crate) mod some_hashes {
    use super::{Deserializer, Digest, Serializer, hashes};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(proof: &Option<Vec<Digest>>, serializer: S) -> Result<S::Ok, S::Error> {
        match proof {
            Some(proof) => hashes::serialize(proof, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Digest>>, D::Error> {
        hashes::deserialize(deserializer).map(Some)
    }
}

/// The salt of a commitment, in base64.
pub(crate) mod salt {
    use super::{BASE64, Deserialize as _, Deserializer, SALT_BYTES, Serializer};

    pub(crate) fn serialize<S: Serializer>(salt: &[u8; SALT_BYTES], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(salt))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; SALT_BYTES], D::Error> {
        let text = String::deserialize(deserializer)?;
        let salt = BASE64.decode(text.as_bytes()).ok().and_then(|salt| salt.try_into().ok());
        salt.ok_or_else(|| serde::de::Error::custom("a salt is 16 bytes of base64"))
    }
}
