//! Paths in messages and files: the escaped text where people read it (JSON, TOML), lists of bytes elsewhere.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Component, RemotePath};

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_text())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Component {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::parse_text(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            Self::new(Vec::<u8>::deserialize(deserializer)?).map_err(D::Error::custom)
        }
    }
}

impl Serialize for RemotePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_text())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for RemotePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::parse_text(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            Self::within_limits(Vec::<Component>::deserialize(deserializer)?).map_err(D::Error::custom)
        }
    }
}
