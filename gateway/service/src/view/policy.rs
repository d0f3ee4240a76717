//! What policy answers when it is asked about rules.

use std::collections::BTreeMap;

use sealane_model::{Class, CollectionId, RemotePath, ShortName, Timestamp};
use sealane_policy::{Explanation, GrantRow, LintError, PlacePowers, PlaceReach, Side, Snapshot};
use serde::{Deserialize, Serialize};

/// Why somebody may do something, or may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainView {
    /// Whom it is about; `you` for whoever asks.
    pub who: String,
    /// The action.
    pub action: String,
    /// The collection; none where it is about the site itself.
    pub collection: Option<ShortName>,
    /// The path in it.
    pub path: Option<RemotePath>,
    /// The time of asking.
    pub at: Timestamp,
    /// What was assumed.
    pub notes: Vec<String>,
    /// The answer and its derivation.
    pub explanation: Explanation,
}

/// Who can do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoCanView {
    /// The action.
    pub action: String,
    /// The collection.
    pub collection: ShortName,
    /// The time of asking.
    pub at: Timestamp,
    /// The hash of the rules that were asked.
    pub snapshot: String,
    /// What was assumed.
    pub notes: Vec<String>,
    /// Each place at which the answer differs.
    pub places: Vec<PlaceReach>,
    /// Whether there are more places than an answer shows.
    pub more: bool,
}

/// What somebody can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatCanView {
    /// Whom it is about; `you` for whoever asks.
    pub who: String,
    /// The time of asking.
    pub at: Timestamp,
    /// What was assumed.
    pub notes: Vec<String>,
    /// Each collection in which they can do something.
    pub collections: Vec<CollectionPowers>,
}

/// What somebody can do in one collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionPowers {
    /// The collection.
    pub collection: ShortName,
    /// The class of its data at the time of asking.
    pub class: Class,
    /// Each place at which the answer differs.
    pub places: Vec<PlacePowers>,
}

/// Why a past decision was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyView {
    /// Its id.
    pub decision: String,
    /// The log that has its entry.
    pub log: String,
    /// The place of the entry.
    pub index: u64,
    /// When it was made.
    pub at: Timestamp,
    /// What was asked for, as the log names it.
    pub kind: String,
    /// What the record says: `permit`, `deny` or `step-up`.
    pub effect: String,
    /// The code of the reason.
    pub reason: String,
    /// The rows and access rules that decided.
    pub rule: Option<String>,
    /// The hash of the rules that were in force.
    pub snapshot: String,
    /// Whether it is the same when it is made again.
    pub replay: ReplayResult,
    /// The same in words; where it is impossible, exactly why.
    pub replay_says: String,
    /// Its derivation under the rules of then, where they could be built again.
    pub explanation: Option<Explanation>,
}

/// What making a decision again showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayResult {
    /// It is the same in every byte.
    Agrees,
    /// It is not.
    Differs,
    /// It cannot be made again.
    Impossible,
}

/// All access rules of one moment, as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Which kind of file, in which version.
    pub format: String,
    /// The site's short name.
    pub site: String,
    /// The moment.
    pub at: Timestamp,
    /// Which state of the rules it is.
    pub epoch: i64,
    /// The hash of all rules, as decisions name it.
    pub hash: String,
    /// The collections with their classes.
    pub collections: Vec<PolicyCollection>,
    /// The access rules, in their canonical order.
    pub rules: Vec<GrantRow>,
}

/// A collection of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCollection {
    /// Its id.
    pub id: CollectionId,
    /// Its name.
    pub name: ShortName,
    /// The class of its data.
    pub class: Class,
}

/// Why a file of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// It is of another kind or version.
    #[error("it is no snapshot of rules of this version: its format is '{0}', and '{fmt}' is expected", fmt = PolicyFile::FORMAT)]
    Format(String),
    /// A rule in it is wrong.
    #[error(transparent)]
    Rules(#[from] LintError),
    /// It was changed, or comes from a version of the program with other tables.
    #[error(
        "its rules have the hash {actual}, and it says {said}: it was changed, or comes from a version with other tables"
    )]
    Hash {
        /// What the file says.
        said: String,
        /// What its rules have.
        actual: String,
    },
}

impl PolicyFile {
    /// The kind and version of such files.
    pub const FORMAT: &'static str = "sealane-policy-snapshot/1";

    /// The snapshot, checked against the hash that the file names.
    pub fn snapshot(&self) -> Result<Snapshot, PolicyFileError> {
        if self.format != Self::FORMAT {
            return Err(PolicyFileError::Format(self.format.clone()));
        }
        let snapshot = Snapshot::of(&self.rules)?;
        let actual = snapshot.hash().to_string();
        if actual == self.hash { Ok(snapshot) } else { Err(PolicyFileError::Hash { said: self.hash.clone(), actual }) }
    }

    /// One side of a comparison.
    #[must_use]
    pub fn side(&self) -> Side {
        let classes: BTreeMap<CollectionId, Class> =
            self.collections.iter().map(|known| (known.id, known.class)).collect();
        Side { rows: self.rules.clone(), classes, now_s: self.at.as_seconds() }
    }

    /// A collection by its name or id.
    #[must_use]
    pub fn collection(&self, text: &str) -> Option<&PolicyCollection> {
        self.collections.iter().find(|known| known.name.as_str() == text || known.id.to_string() == text)
    }
}
