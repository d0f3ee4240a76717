//! A past decision made again from its record.
//!
//! **How.** The audit entry of a decision says who asked for what, when, and names the rules by their hash. What it does not
//! say (groups, roles, address, the state of the site) stands beside it as one private value, the [`Premises`], with the
//! digest of the whole answer. With the rules of that hash the same question is judged again, and the two answers are
//! compared byte by byte.
//!
//! **Promises.** [`Decision::canonical`] covers everything that a decision answers; every value goes in with its length
//! before it. The premises repeat nothing that the entry keeps as a private value of its own (person, path, purpose), so an
//! erasure of those leaves no copy here.

use sealane_audit::DecisionId;
use sealane_crypto::Sha256;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::class::Class;
use crate::decision::{Decision, Unmet};
use crate::engine::{Engine, Setting};
use crate::explanation::{Explanation, Showing};
use crate::id::{CollectionId, PersonId};
use crate::path::RemotePath;
use crate::request::Request;
use crate::resource::{Resource, ResourceKind};
use crate::role::Role;
use crate::snapshot::Snapshot;
use crate::subject::{Assurance, Subject};

/// The form of the premises and of the canonical bytes.
pub const FORM: u32 = 1;

/// What a decision rested on beyond what its entry says of it, and the digest of what it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Premises {
    /// The form.
    pub v: u32,
    /// What the question was about.
    pub about: About,
    /// The verified e-mail address of whoever asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Their roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// The peer that spoke for them, or acted for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via_site: Option<String>,
    /// Up to which class it may speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_ceiling: Option<Class>,
    /// The owner of the collection or the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PersonId>,
    /// Whether more of the audit log waited for its witnesses than may.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exposed: bool,
    /// The time of asking, in seconds since 1970 UTC.
    pub now_s: i64,
    /// The SHA-256 of the decision's canonical bytes.
    pub answer: String,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// A place in a collection.
    Place,
    /// A task.
    Task,
    /// The site.
    Site,
}

/// What the entry itself says of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Who asked. None for nobody, and for a peer that acted for itself.
    pub person: Option<PersonId>,
    /// How they had signed in.
    pub assurance: Assurance,
    /// What they wanted to do.
    pub action: Action,
    /// To what.
    pub thing: RecordedThing,
    /// The declared purpose.
    pub purpose: Option<String>,
}

/// To what, as the entry says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedThing {
    /// A place in a collection.
    Place(CollectionId, Class, RemotePath),
    /// A task, by its id.
    Task(String),
    /// The site.
    Site,
}

/// A decision that was made again.
#[derive(Debug)]
pub struct Replay {
    /// The decision as it is made now, under the rules of then.
    pub decision: Decision,
    /// The question, for its explanation.
    pub request: Request,
    /// Whether it agrees with the record in every byte.
    pub agrees: bool,
}

impl Decision {
    /// What must be kept beside the entry for the decision to be made again.
    #[must_use]
    pub fn premises(&self) -> Premises {
        let subject = &self.request.subject;
        Premises {
            v: FORM,
            about: match &self.request.resource.kind {
                ResourceKind::Collection { .. } => About::Place,
                ResourceKind::Task { .. } => About::Task,
                ResourceKind::Site => About::Site,
            },
            email: subject.email.clone(),
            groups: subject.groups.clone(),
            roles: subject.roles.clone(),
            via_site: subject.via_site.clone(),
            peer_ceiling: subject.peer_ceiling,
            owner: match &self.request.resource.kind {
                ResourceKind::Collection { owner, .. } => owner.clone(),
                ResourceKind::Task { owner, .. } => Some(owner.clone()),
                ResourceKind::Site => None,
            },
            exposed: self.exposed,
            now_s: self.request.now_s,
            answer: self.digest(),
        }
    }

    /// Everything that the decision answers, as bytes: its id, effect, reason, what was missing, the rules that decided, the
    /// hash of all rules, and how many places beneath are refused. Those places themselves are names of files, and are not
    /// told here.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Bytes(Vec::with_capacity(512));
        bytes.text("sealane-decision/1");
        bytes.put(self.id.uuid().as_bytes());
        bytes.text(self.effect.as_str());
        bytes.text(self.reason.code);
        bytes.text(&self.reason.text);
        bytes.count(self.unmet.len());
        for Unmet { have, need, remedy } in &self.unmet {
            bytes.text(have);
            bytes.text(need);
            bytes.text(remedy);
        }
        bytes.count(usize::from(self.rule.is_some()));
        bytes.text(self.rule.as_deref().unwrap_or_default());
        bytes.text(&self.snapshot.to_string());
        bytes.count(self.refused_beneath.len());
        bytes.0
    }

    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.canonical());
        hash.finish().to_string()
    }
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.put(text.as_bytes());
    }
}

impl Engine {
    /// Makes a recorded decision again under these rules. None where the record's parts do not fit each other: a task
    /// without the person who submitted it.
    #[must_use]
    pub fn replay(
        &self,
        id: DecisionId,
        recorded: Recorded,
        premises: &Premises,
        snapshot: &Snapshot,
    ) -> Option<Replay> {
        let resource = match recorded.thing {
            RecordedThing::Place(id, class, path) => Resource::collection(id, class, path, premises.owner.clone()),
            RecordedThing::Task(id) => Resource::task(id, premises.owner.clone()?),
            RecordedThing::Site => Resource::site(),
        };
        let subject = Subject {
            person: recorded.person,
            email: premises.email.clone(),
            groups: premises.groups.clone(),
            roles: premises.roles.clone(),
            assurance: recorded.assurance,
            via_site: premises.via_site.clone(),
            peer_ceiling: premises.peer_ceiling,
        };
        let request =
            Request { subject, action: recorded.action, resource, purpose: recorded.purpose, now_s: premises.now_s };
        let decision = self.decide_as(id, &request, &Setting { snapshot, exposed: premises.exposed }, true);
        let agrees = decision.digest() == premises.answer;
        Some(Replay { decision, request, agrees })
    }

    /// The derivation of a decision that was made again, under the same rules.
    #[must_use]
    pub fn explain_replay(&self, replay: &Replay, snapshot: &Snapshot, showing: Showing) -> Explanation {
        let setting = Setting { snapshot, exposed: replay.decision.exposed };
        self.explain_in(&replay.request, &setting, showing)
    }
}
