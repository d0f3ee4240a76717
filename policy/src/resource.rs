//! What is asked for.

use crate::class::Class;
use crate::id::{CollectionId, PersonId};
use crate::path::RemotePath;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Which kind of thing, and which one.
    pub kind: ResourceKind,
}

/// The kinds of things that are decided about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceKind {
    /// A place in a collection.
    Collection {
        /// Which collection.
        id: CollectionId,
        /// The class of its data.
        class: Class,
        /// Which place in it.
        path: RemotePath,
        /// Who owns the collection. Owning means managing its access rules, not reading its data.
        owner: Option<PersonId>,
    },
    /// A task.
    Task {
        /// Its id.
        id: String,
        /// Who submitted it.
        owner: PersonId,
    },
    /// The site itself.
    Site,
}

impl Resource {
    /// A place in a collection.
    #[must_use]
    pub const fn collection(id: CollectionId, class: Class, path: RemotePath, owner: Option<PersonId>) -> Self {
        Self { kind: ResourceKind::Collection { id, class, path, owner } }
    }

    /// A task.
    #[must_use]
    pub fn task(id: impl Into<String>, owner: PersonId) -> Self {
        Self { kind: ResourceKind::Task { id: id.into(), owner } }
    }

    /// The site itself.
    #[must_use]
    pub const fn site() -> Self {
        Self { kind: ResourceKind::Site }
    }
}
