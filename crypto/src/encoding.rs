//! How fixed-size values are written: text for people and JSON, bytes for binary formats.
//!
//! **Promises.** Text is strict (one accepted base64 form: RFC 4648 section 4 with padding) and a value that was
//! written is read back equal. Errors say what was expected and never repeat the input, which may be a secret.

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};
use thiserror::Error;

/// A text that is not the value it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this is not {expected}; copy the whole value again")]
pub struct ParseError {
    /// What was expected, in words.
    pub expected: &'static str,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

pub(crate) fn parse_hex<const N: usize>(text: &str, expected: &'static str) -> Result<[u8; N], ParseError> {
    exactly(HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(), expected)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

pub(crate) fn parse_base64<const N: usize>(text: &str, expected: &'static str) -> Result<[u8; N], ParseError> {
    exactly(BASE64.decode(text.as_bytes()).ok(), expected)
}

fn exactly<const N: usize>(bytes: Option<Vec<u8>>, expected: &'static str) -> Result<[u8; N], ParseError> {
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(ParseError { expected })
}

/// Reads exactly `N` bytes from a binary format.
pub(crate) fn deserialize_array<'de, const N: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    let bytes = deserializer.deserialize_bytes(ByteVisitor)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| D::Error::invalid_length(length, &"exactly the bytes of the value"))
}

/// Any number of bytes: base64 in text formats, bytes in binary ones. For `#[serde(with = "...")]`.
pub(crate) mod blob {
    use super::{BASE64, ByteVisitor, Deserialize, Deserializer, Serializer};
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&BASE64.encode(bytes))
        } else {
            serializer.serialize_bytes(bytes)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("this is not base64"))
        } else {
            deserializer.deserialize_bytes(ByteVisitor)
        }
    }
}

pub(crate) struct ByteVisitor;

impl<'de> Visitor<'de> for ByteVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

/// Serde for a type with `Display`, `FromStr`, `as_bytes` and `from_bytes`: text for people, bytes for machines.
macro_rules! text_or_bytes {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(self.as_bytes())
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    $crate::encoding::deserialize_array(deserializer).map(Self::from_bytes)
                }
            }
        }
    };
}
pub(crate) use text_or_bytes;
