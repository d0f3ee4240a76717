//! An event: what a caller hands to the log, before it has a place in it.
//!
//! It answers who, what, when, from where, with what outcome and by which decision (NIST SP 800-53
//! AU-3). Personal values are [`Private`]; everything else must be free of personal data.
//! Making the entry (commitments, canonical JSON, index) is left to `entry`.

mod access;
mod admin;
mod assurance;
mod catalogue;
mod identity;
mod sharing;
mod transfer;

use std::collections::BTreeMap;

use sealane_crypto::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::access::Access;
pub use self::admin::Admin;
pub use self::assurance::Assurance;
pub use self::catalogue::{Kind, UnknownKind};
pub use self::identity::Identity;
pub use self::sharing::Sharing;
pub use self::transfer::Transfer;
use crate::id::{DecisionId, OpId};
use crate::redact::Private;

/// Where an entry stands in its operation.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Written and durable before the act.
    Intent,
    /// Written after the act; the same operation and kind as its intent.
    Outcome,
    /// A fact with no act to wait for.
    Info,
}

/// How an act ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// Policy refused it.
    Denied,
    /// Policy wants a stronger or fresher sign-in first.
    StepUp,
    /// It was tried and failed.
    Failed,
    /// The site stopped in between; closed at the next start.
    Interrupted,
}

/// Who acted, and how surely that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The identity provider that vouched for them.
    pub issuer: String,
    /// The provider's name for them: personal.
    pub subject: Private,
    /// Authentication context class reference, as asserted.
    pub acr: Option<String>,
    /// Authentication methods, as asserted (RFC 8176).
    pub amr: Vec<String>,
    /// When they last proved themselves, seconds since 1970.
    pub auth_time_s: Option<i64>,
    /// Digest of the session, never the session's secret.
    pub session: Option<String>,
    /// The peer site that spoke for them, when it was not this one.
    pub via_site: Option<String>,
}

/// What was acted upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// The collection's id.
    pub collection: Option<String>,
    /// The path inside it: personal, since names of files name people.
    pub path: Option<Private>,
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

/// The policy's answer, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The decision's id.
    pub id: DecisionId,
    /// `permit`, `deny` or `step-up`.
    pub effect: String,
    /// The rule that matched, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Code of the reason.
    pub reason: String,
    /// Hash of the policy snapshot that decided.
    pub snapshot: Digest,
}

/// How it ended, with a stable code and words for people. No personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// How it ended.
    #[serde(rename = "result")]
    pub outcome: Outcome,
    /// Stable code, such as `ok` or `storage.full`.
    pub code: String,
    /// One sentence for people, free of personal data.
    pub message: String,
}

impl OutcomeRecord {
    /// An outcome with its code and sentence.
    pub fn new(outcome: Outcome, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { outcome, code: code.into(), message: message.into() }
    }

    /// It was done, and there is nothing more to say.
    #[must_use]
    pub fn done() -> Self {
        Self::new(Outcome::Done, "ok", "")
    }
}

/// One thing that happened or is about to happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// Before, after, or simply so.
    pub phase: Phase,
    /// The operation that joins intent and outcome.
    pub op: OpId,
    /// When: nanoseconds since 1970 UTC, from the caller's clock.
    pub at_ns: i64,
    /// Who.
    pub actor: Option<Actor>,
    /// From where: the person's own network address, personal.
    pub client: Option<Private>,
    /// To what.
    pub object: Object,
    /// By which decision.
    pub decision: Option<DecisionRecord>,
    /// With what result.
    pub outcome: Option<OutcomeRecord>,
    /// The peer site concerned.
    pub peer: Option<String>,
    /// The cipher suite actually used.
    pub transport: Option<String>,
    /// More facts, free of personal data.
    pub detail: BTreeMap<String, Value>,
    /// More personal values, each under its own name.
    pub private: BTreeMap<String, Private>,
}

impl Event {
    /// A bare event; the setters below add what is known.
    pub fn new(kind: impl Into<Kind>, phase: Phase, op: OpId, at_ns: i64) -> Self {
        Self {
            kind: kind.into(),
            phase,
            op,
            at_ns,
            actor: None,
            client: None,
            object: Object::default(),
            decision: None,
            outcome: None,
            peer: None,
            transport: None,
            detail: BTreeMap::new(),
            private: BTreeMap::new(),
        }
    }

    /// Says who acted.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<Option<Actor>>) -> Self {
        self.actor = actor.into();
        self
    }

    /// Says which network address the person had.
    #[must_use]
    pub fn client(mut self, client: impl Into<Option<Private>>) -> Self {
        self.client = client.into();
        self
    }

    /// Says what was acted upon.
    #[must_use]
    pub fn object(mut self, object: Object) -> Self {
        self.object = object;
        self
    }

    /// Attaches the policy's decision; the receipt will carry its id.
    #[must_use]
    pub fn decision(mut self, decision: impl Into<Option<DecisionRecord>>) -> Self {
        self.decision = decision.into();
        self
    }

    /// Says how it ended.
    #[must_use]
    pub fn outcome(mut self, outcome: impl Into<Option<OutcomeRecord>>) -> Self {
        self.outcome = outcome.into();
        self
    }

    /// Names the peer site concerned.
    #[must_use]
    pub fn peer(mut self, peer: impl Into<String>) -> Self {
        self.peer = Some(peer.into());
        self
    }

    /// Names the cipher suite actually used.
    #[must_use]
    pub fn transport(mut self, transport: impl Into<String>) -> Self {
        self.transport = Some(transport.into());
        self
    }

    /// Adds a fact that is free of personal data.
    #[must_use]
    pub fn detail(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.detail.insert(name.into(), value.into());
        self
    }

    /// Adds a personal value under a name of its own.
    #[must_use]
    pub fn private(mut self, name: impl Into<String>, value: Private) -> Self {
        self.private.insert(name.into(), value);
        self
    }
}
