//! Audit entries, as those who may read them see them.

use std::collections::BTreeMap;

use sealane_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of this site's audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntryView {
    /// Its index in the log.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of event, such as `content.read`.
    pub kind: String,
    /// `intent`, `outcome` or `info`.
    pub phase: String,
    /// The operation that binds intent and outcome.
    pub op: String,
    /// How it ended, for an outcome: `done`, `denied`, ...
    pub outcome: Option<String>,
    /// A stable word for the outcome.
    pub code: Option<String>,
    /// The decision that allowed or refused it.
    pub decision: Option<String>,
    /// The peer that took part.
    pub peer: Option<String>,
    /// The cipher suite that was actually used.
    pub transport: Option<String>,
    /// Bytes that moved.
    pub bytes: Option<u64>,
    /// Files that moved.
    pub files: Option<u64>,
    /// The leaf's hash in the log's tree: what a proof of inclusion starts from.
    pub leaf: String,
}

/// The signed head of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointView {
    /// Entries that it covers.
    pub size: u64,
    /// The tree's root, hexadecimal.
    pub root: String,
    /// The signed note, as verifiers read it.
    pub note: String,
}

/// One entry of the site's audit log, for those who may read the log. What is absent was not recorded.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The log's name in its checkpoints.
    pub log: String,
    /// Its index in that log.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of event, such as `content.read`.
    pub kind: String,
    /// `intent`, `outcome` or `info`.
    pub phase: String,
    /// The operation that binds intent and outcome.
    pub op: String,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// A stable word for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A sentence for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The identity provider of who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who acted, as that provider names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Authentication context class of their sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Authentication methods of their sign-in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// When they signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// Their session's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The peer that spoke for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via_site: Option<String>,
    /// Their network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The collection's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// What the collection is called today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_name: Option<String>,
    /// The path in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The task's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Class of the data at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Bytes concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Files concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Digest of content or manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The decision's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// What it said: `permit`, `deny` or `step-up`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// The rule that matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Code of the decision's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Hash of the policy snapshot that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The peer concerned, by its site's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// What the peer is called today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_name: Option<String>,
    /// The cipher suite that was actually used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// What changed, from what to what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub change: BTreeMap<String, Value>,
    /// More facts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, Value>,
    /// More personal values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub private: BTreeMap<String, String>,
    /// Personal values that were erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<String>,
    /// Personal values that are damaged or lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
    /// Personal values that the node keeps whose log it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<String>,
    /// The leaf's hash in the log's tree, where it is the log of the node that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<String>,
}

impl std::fmt::Debug for AuditRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest may name people and files.
        f.debug_struct("AuditRow").field("log", &self.log).field("index", &self.index).finish_non_exhaustive()
    }
}

/// The last line of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEnd {
    /// Entries before it.
    pub count: u64,
    /// Entries of the logs that could not be found yet: 0 when nothing is missing.
    pub not_indexed: u64,
    /// Where each log stands.
    pub logs: Vec<LogLag>,
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditLine {
    /// An entry.
    Entry(Box<AuditRow>),
    /// The end: without it, the answer broke off.
    End(AuditEnd),
}

/// How far the index is behind one node's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLag {
    /// The log's name in its checkpoints.
    pub log: String,
    /// Entries of it that can be found.
    pub indexed: u64,
    /// Entries that it has.
    pub size: u64,
    /// Whether it is the log of the node that answers.
    pub here: bool,
    /// When that was so.
    pub told_at: Timestamp,
}

/// Who received what was disclosed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The peer's id.
    pub site: String,
    /// Name of the organisation.
    pub name: String,
    /// Its postal address, where the administrator has given it: `sealane peer contact`.
    pub address: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
}

/// One disclosure of protected health information, or several to one recipient for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// When it took place; of several, the first.
    pub first_at: Timestamp,
    /// The last of several.
    pub last_at: Timestamp,
    /// How many there were.
    pub times: u64,
    /// Who received it.
    pub recipient: Recipient,
    /// What it was, briefly.
    pub description: String,
    /// The collection that it came from.
    pub collection: String,
    /// Class of the data.
    pub class: String,
    /// Files that were sent.
    pub files: u64,
    /// Bytes that were sent.
    pub bytes: u64,
    /// What for, as declared.
    pub purpose: Option<String>,
    /// Research: name of the protocol.
    pub protocol: Option<String>,
    /// Research: the protocol in plain words.
    pub protocol_description: Option<String>,
    /// Research: the sponsor.
    pub sponsor: Option<String>,
    /// Research: what the individual is to be told.
    pub statement: Option<String>,
    /// The tasks: their receipts are the evidence.
    pub tasks: Vec<String>,
}

/// A line of an accounting of disclosures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisclosureLine {
    /// A disclosure.
    Disclosure(Box<Disclosure>),
    /// The end: without it, the report broke off.
    End {
        /// Disclosures that were accounted for.
        disclosures: u64,
        /// Entries of the logs that could not be found yet: 0 when nothing is missing.
        not_indexed: u64,
    },
}
