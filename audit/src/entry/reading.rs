//! From an entry's bytes to its typed form.

use std::collections::BTreeMap;

use sealane_crypto::digest::Digest;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::glance::glance;
use crate::event::{Change, ClockState, DecisionRecord, Kind, OutcomeRecord, Phase};
use crate::id::OpId;

fn parse_utc<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let at: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    i64::try_from(at.as_nanosecond()).map_err(serde::de::Error::custom)
}

/// What the chain needs of an entry, and no more, so that any future entry can be checked.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    pub(crate) index: u64,
    pub(crate) prev: Digest,
}

impl Link {
    /// Reads it: quickly in the form that logs write, in full otherwise.
    pub(crate) fn read(entry: &[u8]) -> Result<Self, serde_json::Error> {
        match glance(entry) {
            Some(glance) => Ok(Self { index: glance.index, prev: glance.prev }),
            None => serde_json::from_slice(entry),
        }
    }
}

/// An entry as read from the log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// Format of the entry.
    pub v: u32,
    /// Version of the catalogue that its kind is of.
    #[serde(rename = "cat", default)]
    pub catalogue: u32,
    /// Its place.
    pub index: u64,
    /// Leaf hash of the entry before.
    pub prev: Digest,
    /// When, in nanoseconds since 1970 UTC.
    #[serde(rename = "at", deserialize_with = "parse_utc")]
    pub at_ns: i64,
    /// The same moment on a counter that only goes forward while the machine runs, in microseconds.
    #[serde(rename = "mono")]
    pub mono_us: Option<u64>,
    /// What the node knew of its clock.
    pub clock: Option<ClockState>,
    /// What.
    pub kind: Kind,
    /// Before, after, or simply so.
    pub phase: Phase,
    /// The operation.
    pub op: OpId,
    /// Who.
    pub actor: Option<EntryActor>,
    /// Commitment to the person's network address.
    pub client: Option<Digest>,
    /// To what.
    #[serde(default)]
    pub object: EntryObject,
    /// By which decision.
    pub decision: Option<DecisionRecord>,
    /// With what result.
    pub outcome: Option<OutcomeRecord>,
    /// The peer site concerned.
    pub peer: Option<String>,
    /// The cipher suite actually used.
    pub transport: Option<String>,
    /// Values that the act changes.
    #[serde(default)]
    pub change: BTreeMap<String, Change>,
    /// More facts.
    #[serde(default)]
    pub detail: BTreeMap<String, Value>,
    /// Commitments to more personal values.
    #[serde(default)]
    pub private: BTreeMap<String, Digest>,
}

/// Who acted, as an entry shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EntryActor {
    /// The identity provider.
    pub issuer: String,
    /// Commitment to the provider's name for them.
    pub subject: Digest,
    /// Authentication context class reference.
    pub acr: Option<String>,
    /// Authentication methods.
    #[serde(default)]
    pub amr: Vec<String>,
    /// When they last proved themselves, seconds since 1970.
    #[serde(rename = "auth_time")]
    pub auth_time_s: Option<i64>,
    /// Digest of the session.
    pub session: Option<String>,
    /// The peer site that spoke for them.
    pub via_site: Option<String>,
}

/// What was acted upon, as an entry shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct EntryObject {
    /// The collection's id.
    pub collection: Option<String>,
    /// Commitment to the path inside it.
    pub path: Option<Digest>,
    /// The task's id.
    pub task: Option<String>,
    /// Bytes concerned.
    pub bytes: Option<u64>,
    /// Files concerned.
    pub files: Option<u64>,
    /// Digest of the content or the manifest.
    pub digest: Option<Digest>,
    /// Class of the data at that moment.
    pub class: Option<String>,
}

impl Entry {
    /// Reads an entry's bytes.
    ///
    /// # Errors
    /// When they are not an entry of a known kind and format.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Every commitment in the entry, with the field that it stands for.
    pub fn commitments(&self) -> impl Iterator<Item = (String, Digest)> + '_ {
        let subject = self.actor.as_ref().map(|actor| ("actor.subject".to_owned(), actor.subject));
        let client = self.client.map(|digest| ("client".to_owned(), digest));
        let path = self.object.path.map(|digest| ("object.path".to_owned(), digest));
        let private = self.private.iter().map(|(name, digest)| (format!("private.{name}"), *digest));
        subject.into_iter().chain(client).chain(path).chain(private)
    }
}
