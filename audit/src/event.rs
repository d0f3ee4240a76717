//! An event: what a caller hands to the log, before it has a place in it.
//!
//! It answers who, what, when, from where, with what outcome and by which decision (NIST SP 800-53
//! AU-3). Personal values are [`Private`]; everything else must be free of personal data.
//! Making the entry (commitments, canonical JSON, index) is left to `entry`.

mod access;
mod admin;
mod assurance;
mod catalogue;
pub mod facts;
mod identity;
mod sharing;
mod transfer;
mod when;

use std::collections::BTreeMap;

use sealane_crypto::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::access::Access;
pub use self::admin::Admin;
pub use self::assurance::Assurance;
pub use self::catalogue::{CATALOGUE_VERSION, Kind, UnknownKind};
pub use self::identity::Identity;
pub use self::sharing::Sharing;
pub use self::transfer::Transfer;
pub use self::when::{ClockState, When};
use crate::id::{DecisionId, OpId};
use crate::redact::Private;

/// The private value with which an entry keeps what its decision rested on, so that it can be made again. It is for the
/// site's own use: formats for other programs leave it out.
pub const PREMISES: &str = "premises";

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

impl Phase {
    /// Each phase.
    pub const ALL: [Self; 3] = [Self::Intent, Self::Outcome, Self::Info];

    /// The word that entries carry.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Info => "info",
        }
    }
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

impl Outcome {
    /// The word that entries carry.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::StepUp => "step-up",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
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

/// A value that was changed: what it was, what it is. Absent on the side where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
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
    /// The same moment on a counter that only goes forward, in microseconds.
    pub mono_us: Option<u64>,
    /// What is known of the clock.
    pub clock: Option<ClockState>,
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
    /// Values that the act changes, free of personal data. Personal ones stand in `private`.
    pub change: BTreeMap<String, Change>,
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
            mono_us: None,
            clock: None,
            actor: None,
            client: None,
            object: Object::default(),
            decision: None,
            outcome: None,
            peer: None,
            transport: None,
            change: BTreeMap::new(),
            detail: BTreeMap::new(),
            private: BTreeMap::new(),
        }
    }

    /// Says when, with all that is known of the clock.
    #[must_use]
    pub const fn when(mut self, when: When) -> Self {
        self.at_ns = when.at_ns;
        self.mono_us = when.mono_us;
        self.clock = when.clock;
        self
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

    /// Says what a value was and is; where nothing differs, nothing is added.
    #[must_use]
    pub fn changed(mut self, name: impl Into<String>, old: Option<Value>, new: Option<Value>) -> Self {
        if old != new {
            self.change.insert(name.into(), Change { new, old });
        }
        self
    }

    /// As [`Event::changed`], for a value that names a person: `private.<name>.old` and `private.<name>.new`.
    #[must_use]
    pub fn changed_private(mut self, name: &str, old: Option<Private>, new: Option<Private>) -> Self {
        if old != new {
            self.private.extend(old.map(|old| (format!("{name}.old"), old)));
            self.private.extend(new.map(|new| (format!("{name}.new"), new)));
        }
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
