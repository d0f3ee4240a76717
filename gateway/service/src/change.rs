//! What an act changes, as the audit log says it: every value that decides about access, before and after.
//!
//! **Promises.** Both sides stand in the intent, so they are known also of an act that never ended. What names a person is
//! personal on both sides.

use sealane_audit::{Event, Private, Scope};
use sealane_model::{AccessRule, Collection, Peer, Principal, StorageGateway};
use sealane_transfer::guard::Ask;
use serde_json::Value;

/// A question or an event that can say what changes.
pub(crate) trait Changing: Sized {
    /// A value that is free of personal data.
    fn value(self, name: &str, old: Option<Value>, new: Option<Value>) -> Self;
    /// A value that may name a person.
    fn personal(self, name: &str, old: Option<Private>, new: Option<Private>) -> Self;
}

impl Changing for Ask {
    fn value(self, name: &str, old: Option<Value>, new: Option<Value>) -> Self {
        self.changed(name, old, new)
    }

    fn personal(self, name: &str, old: Option<Private>, new: Option<Private>) -> Self {
        self.changed_private(name, old, new)
    }
}

impl Changing for Event {
    fn value(self, name: &str, old: Option<Value>, new: Option<Value>) -> Self {
        self.changed(name, old, new)
    }

    fn personal(self, name: &str, old: Option<Private>, new: Option<Private>) -> Self {
        self.changed_private(name, old, new)
    }
}

/// An access rule: whom it is for and where it holds are personal, what it gives is not.
pub(crate) fn rule<T: Changing>(of: T, old: Option<&AccessRule>, new: Option<&AccessRule>) -> T {
    let permissions = |rule: &AccessRule| {
        let words: Vec<&str> = rule.grant.permissions.iter().map(|permission| permission.as_str()).collect();
        Value::from(words.join(" "))
    };
    let principal = |rule: &AccessRule| principal(&rule.grant.principal);
    let purpose = |rule: &AccessRule| rule.grant.purpose.clone().map(Private::new);
    let path = |rule: &AccessRule| {
        Private::new(rule.grant.path.to_text()).of(Scope::collection(rule.grant.collection.to_string()))
    };
    of.value(
        "collection",
        old.map(|it| it.grant.collection.to_string().into()),
        new.map(|it| it.grant.collection.to_string().into()),
    )
    .value("deny", old.map(|it| it.grant.deny.into()), new.map(|it| it.grant.deny.into()))
    .value(
        "expires-s",
        old.and_then(|it| it.grant.expires_s).map(Into::into),
        new.and_then(|it| it.grant.expires_s).map(Into::into),
    )
    .value("permissions", old.map(permissions), new.map(permissions))
    .personal("path", old.map(path), new.map(path))
    .personal("principal", old.and_then(principal), new.and_then(principal))
    .personal("rule-purpose", old.and_then(purpose), new.and_then(purpose))
}

/// For whom a rule is, or who has a role. A person's own erasure reaches it, not only that of whoever acts.
pub(crate) fn principal(principal: &Principal) -> Option<Private> {
    let value = serde_json::to_string(principal).ok().map(Private::new)?;
    Some(match principal {
        Principal::Person(person) => value.of(Scope::person(&person.issuer, &person.subject)),
        _ => value,
    })
}

/// A collection: what class its data are of, and how they are kept.
pub(crate) fn collection<T: Changing>(of: T, old: Option<&Collection>, new: Option<&Collection>) -> T {
    let both = |of: T, name: &str, value: fn(&Collection) -> Value| of.value(name, old.map(value), new.map(value));
    let of = both(of, "class", |it| it.class.as_str().into());
    let of = both(of, "description", |it| it.description.as_str().into());
    let of = both(of, "mode", |it| serde_json::to_value(it.mode).unwrap_or_default());
    let of = both(of, "name", |it| it.name.to_string().into());
    let of = both(of, "read-only", |it| it.read_only.into());
    let of = both(of, "storage-gateway", |it| it.storage_gateway.to_string().into());
    both(of, "title", |it| it.title.as_str().into())
}

/// A storage gateway: where data lie, and of which classes they may be.
pub(crate) fn storage<T: Changing>(of: T, old: Option<&StorageGateway>, new: Option<&StorageGateway>) -> T {
    let classes = |it: &StorageGateway| {
        let words: Vec<&str> = it.classes.iter().map(|class| class.as_str()).collect();
        Value::from(words.join(" "))
    };
    let place = |it: &StorageGateway| serde_json::to_value(&it.storage).unwrap_or_default();
    of.value("classes", old.map(classes), new.map(classes))
        .value("name", old.map(|it| it.name.as_str().into()), new.map(|it| it.name.as_str().into()))
        .value("storage", old.map(place), new.map(place))
}

/// A peer: its pinned key, for whose people it may speak, and up to which class.
pub(crate) fn peer<T: Changing>(of: T, old: Option<&Peer>, new: Option<&Peer>) -> T {
    let both = |of: T, name: &str, value: fn(&Peer) -> Value| of.value(name, old.map(value), new.map(value));
    let of = both(of, "ceiling", |it| it.ceiling.as_str().into());
    let of = both(of, "fingerprint", |it| it.descriptor.fingerprint().to_string().into());
    let of = both(of, "issuers", |it| it.issuers.join(" ").into());
    let of = both(of, "name", |it| it.descriptor.name.to_string().into());
    let of = both(of, "site", |it| it.descriptor.site.to_string().into());
    both(of, "url", |it| it.descriptor.url.as_str().into())
}
