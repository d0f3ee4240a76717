//! Reading entries back, with the personal values revealed for the site itself.
//!
//! The log is searched from front to back, one filter for the questions that the site asks itself
//! (an operation, a task, a kind). Search on every field is an index's work, derived from the log.

use std::collections::BTreeMap;

use sealane_crypto::digest::Digest;

use crate::entry::Entry;
use crate::event::{Actor, Event, Kind, Object, Phase};
use crate::id::OpId;
use crate::redact::Private;

/// Which entries are wanted; all that is given must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this operation.
    pub op: Option<OpId>,
    /// About this task.
    pub task: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this phase.
    pub phase: Option<Phase>,
}

impl Filter {
    /// Every entry.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Entries of one operation.
    #[must_use]
    pub fn op(op: OpId) -> Self {
        Self { op: Some(op), ..Self::default() }
    }

    /// Entries about one task.
    pub fn task(task: impl Into<String>) -> Self {
        Self { task: Some(task.into()), ..Self::default() }
    }

    /// Entries of one kind.
    pub fn kind(kind: impl Into<Kind>) -> Self {
        Self { kind: Some(kind.into()), ..Self::default() }
    }

    pub(crate) fn accepts(&self, entry: &Entry) -> bool {
        self.op.is_none_or(|op| op == entry.op)
            && self.kind.is_none_or(|kind| kind == entry.kind)
            && self.phase.is_none_or(|phase| phase == entry.phase)
            && self.task.as_ref().is_none_or(|task| entry.object.task.as_ref() == Some(task))
    }
}

/// Why a personal value cannot be shown.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Its key was destroyed by an erasure.
    Erased,
    /// Its sealed record or its key is damaged or lost.
    Damaged,
}

/// An entry as the site itself may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryView {
    /// The entry.
    pub entry: Entry,
    /// Its RFC 6962 leaf hash.
    pub leaf: Digest,
    /// Its bytes in the log: canonical JSON.
    pub json: String,
    /// The personal values behind its commitments, by field (`actor.subject`, `client`, `object.path`,
    /// `private.<name>`).
    pub revealed: BTreeMap<String, Private>,
    /// The fields whose values cannot be shown, and why.
    pub absent: BTreeMap<String, Absence>,
}

impl EntryView {
    /// Completes `event` in the name of whoever acted in this entry: the same person, address and object, as far as they
    /// can still be shown. For outcomes that a crash left unwritten.
    #[must_use]
    pub fn follow_up(&self, event: Event) -> Event {
        let shown = |field: &str| self.revealed.get(field).cloned();
        let actor = self.entry.actor.as_ref().zip(shown("actor.subject")).map(|(actor, subject)| Actor {
            issuer: actor.issuer.clone(),
            subject,
            acr: actor.acr.clone(),
            amr: actor.amr.clone(),
            auth_time_s: actor.auth_time_s,
            session: actor.session.clone(),
            via_site: actor.via_site.clone(),
        });
        let object = &self.entry.object;
        let mut event = event.actor(actor).client(shown("client")).object(Object {
            collection: object.collection.clone(),
            path: shown("object.path"),
            task: object.task.clone(),
            class: object.class.clone(),
            ..Object::default()
        });
        event.peer.clone_from(&self.entry.peer);
        event.transport.clone_from(&self.entry.transport);
        event
    }
}
