//! One question to the guard, and the audit event that it becomes.
//!
//! The path of the resource is personal data (names of files name people), so it reaches the log as a private value only.

use std::collections::BTreeMap;

use sealane_audit::{Actor, Change, Event, Kind, Object, OpId, Phase, Private, When};
use sealane_crypto::digest::Digest;
use sealane_policy::{Action, Resource, ResourceKind, Subject};
use serde_json::Value;

/// Who wants to do what to what, and from where.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who.
    pub subject: Subject,
    /// What policy decides about.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// Under which name the log keeps it.
    pub kind: Kind,
    /// The operation, where one has begun; a fresh one else.
    pub op: Option<OpId>,
    /// The network address of the person.
    pub client: Option<String>,
    /// Digest of the session.
    pub session: Option<Digest>,
    /// The declared purpose.
    pub purpose: Option<String>,
    /// What the log says of the object; collection, class, path and task are filled in from the resource.
    pub object: Object,
    /// The peer site concerned.
    pub peer: Option<String>,
    /// The cipher suite that is actually used.
    pub transport: Option<String>,
    /// More facts for the log, free of personal data.
    pub detail: BTreeMap<String, Value>,
    /// Values that the act changes, free of personal data.
    pub change: BTreeMap<String, Change>,
    /// More personal values for the log.
    pub private: BTreeMap<String, Private>,
}

impl Ask {
    /// A question without particulars.
    #[must_use]
    pub fn new(subject: Subject, action: Action, resource: Resource, kind: impl Into<Kind>) -> Self {
        Self {
            subject,
            action,
            resource,
            kind: kind.into(),
            op: None,
            client: None,
            session: None,
            purpose: None,
            object: Object::default(),
            peer: None,
            transport: None,
            detail: BTreeMap::new(),
            change: BTreeMap::new(),
            private: BTreeMap::new(),
        }
    }

    /// With a fact for the log that is free of personal data.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// With a personal value under a name of its own.
    #[must_use]
    pub fn private(mut self, name: &str, value: Private) -> Self {
        self.private.insert(name.to_owned(), value);
        self
    }

    /// Saying what a value that is free of personal data was and is to be.
    #[must_use]
    pub fn changed(mut self, name: &str, old: Option<Value>, new: Option<Value>) -> Self {
        if old != new {
            self.change.insert(name.to_owned(), Change { new, old });
        }
        self
    }

    /// As [`Ask::changed`], for a value that may name a person.
    #[must_use]
    pub fn changed_private(mut self, name: &str, old: Option<Private>, new: Option<Private>) -> Self {
        if old != new {
            self.private.extend(old.map(|old| (format!("{name}.old"), old)));
            self.private.extend(new.map(|new| (format!("{name}.new"), new)));
        }
        self
    }

    /// The intent to do it, without the decision.
    pub(super) fn event(self, op: OpId, when: When) -> Event {
        let actor = actor_of(&self.subject, self.session.as_ref());
        let mut event = Event::new(self.kind, Phase::Intent, op, 0)
            .when(when)
            .actor(actor)
            .client(self.client.map(Private::new))
            .object(object_of(self.object, &self.resource))
            .detail("action", self.action.name());
        event.peer = self.peer.or(self.subject.via_site);
        event.transport = self.transport;
        event.detail.extend(self.detail);
        event.change = self.change;
        event.private = self.private;
        if let Some(purpose) = self.purpose {
            event = event.private("purpose", Private::new(purpose));
        }
        event
    }
}

fn actor_of(subject: &Subject, session: Option<&Digest>) -> Option<Actor> {
    let person = subject.person.as_ref()?;
    Some(Actor {
        issuer: person.issuer.clone(),
        subject: Private::new(person.subject.clone()),
        acr: subject.assurance.acr.clone(),
        amr: subject.assurance.amr.clone(),
        auth_time_s: subject.assurance.auth_time_s,
        session: session.map(ToString::to_string),
        via_site: subject.via_site.clone(),
    })
}

fn object_of(mut object: Object, resource: &Resource) -> Object {
    match &resource.kind {
        ResourceKind::Collection { id, class, path, .. } => {
            object.collection = Some(id.to_string());
            object.class = Some(class.as_str().to_owned());
            object.path = Some(Private::new(path.to_text()));
        }
        ResourceKind::Task { id, .. } => object.task = Some(id.clone()),
        ResourceKind::Site => {}
    }
    object
}
