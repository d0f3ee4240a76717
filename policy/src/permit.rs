//! Permission as a value: whatever reads, writes or shares data takes a [`Permit`] as an argument.
//!
//! **Promises.** Only [`crate::Decision::release`] makes a permit, from a recorded decision that said yes. A permit names one
//! subject, one action and one place; it [covers](Permit::covers) that place and what lies beneath it, component by
//! component, except where an access rule refuses. It cannot be copied, only [narrowed](Permit::narrow).
//!
//! The fields are private, so a permit cannot be written down by anybody else:
//!
//! ```compile_fail,E0451
//! use sealane_policy::{permit::Read, Permit};
//! fn forge(from: Permit<Read>) -> Permit<Read> {
//!     Permit { facts: from.facts, path: None, kind: std::marker::PhantomData }
//! }
//! ```
//!
//! Nor can a permit of one kind stand for another:
//!
//! ```compile_fail,E0308
//! use sealane_policy::{permit::{Read, Write}, Permit};
//! fn write(_: &Permit<Write>) {}
//! fn read_then_write(permit: &Permit<Read>) {
//!     write(permit);
//! }
//! ```
//!
//! And it is not `Clone`:
//!
//! ```compile_fail,E0277
//! use sealane_policy::{permit::Read, Permit};
//! fn copy<T: Clone>() {}
//! copy::<Permit<Read>>();
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use sealane_audit::DecisionId;

use crate::action::{Action, ActionType, sealed::Sealed};
use crate::class::Class;
use crate::id::CollectionId;
use crate::path::RemotePath;
use crate::request::Request;
use crate::resource::ResourceKind;
use crate::subject::Subject;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $($action:ident)|+;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl Sealed for $name {}

            impl ActionType for $name {
                const NAME: &'static str = stringify!($name);

                fn allows(action: Action) -> bool {
                    matches!(action, $(Action::$action)|+)
                }
            }
        )+

        /// Every kind of permit with the actions that it stands for.
        #[cfg(test)]
        const KINDS: &[(&str, fn(Action) -> bool)] = &[$((stringify!($name), <$name as ActionType>::allows)),+];
    };
}

kinds! {
    /// Sees names, sizes and times.
    List: ShowCollection | ListDirectory | StatEntry;
    /// Reads contents, here or to send them away.
    Read: ReadContent | TransferOut;
    /// Makes and changes files and directories.
    Write: WriteContent | CreateDirectory | RenameEntry | TransferIn;
    /// Removes files and directories.
    Delete: DeleteEntry;
    /// Makes and revokes access rules.
    ManageRules: ManageRules;
    /// Sees access rules.
    SeeRules: ReadRules | ManageRules;
    /// Sees a task, or lists tasks.
    SeeTask: ShowTask | ListTasks;
    /// Lists everybody's tasks.
    SeeAllTasks: ListAllTasks;
    /// Cancels a task.
    CancelTask: CancelTask;
    /// Reads audit entries.
    SeeAudit: ReadAudit;
    /// Reads the audit entries of what one did oneself.
    SeeOwnAudit: ReadOwnAudit;
    /// Builds the search index of the audit log again.
    RebuildIndex: RebuildIndex;
    /// Asks for and agrees to erasures from the audit log.
    GovernErasure: RequestErasure | ApproveErasure;
    /// Places and releases legal holds.
    ManageHolds: ManageHolds;
    /// Asks what the rules say, and said, of anybody.
    AskPolicy: AskPolicy;
    /// Asks what the rules say, and said, of oneself.
    AskOwnPolicy: AskOwnPolicy;
    /// Manages the rules that watch the audit log.
    ManageAlertRules: ManageAlertRules;
    /// Looks into alerts and closes them.
    HandleAlerts: HandleAlerts;
    /// Signs off reviews of the audit log.
    SignOffReviews: SignOffReviews;
    /// Sees what the site has: collections and peers.
    SeeSite: ListCollections | ListPeers;
    /// Configures collections.
    ManageCollections: ManageCollections;
    /// Invites, accepts and removes peers.
    ManagePeers: ManagePeers;
    /// Sees what the site knows about oneself.
    SeeSelf: ShowSelf;
    /// Begins or ends a session.
    Session: SignIn | SignOut;
    /// Opens a lane.
    OpenLane: OpenLane;
}

/// What a permit was given for; shared by a permit and the narrower ones made from it.
#[derive(Debug)]
pub(crate) struct PermitFacts {
    subject: Subject,
    action: Action,
    decision: DecisionId,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Place { collection: CollectionId, class: Class, refused: Vec<RemotePath> },
    Task(String),
    Site,
}

/// A recorded yes: one subject may do one thing in one place.
#[must_use = "a permit that nobody uses was recorded for nothing"]
pub struct Permit<A> {
    facts: Arc<PermitFacts>,
    path: Option<RemotePath>,
    kind: PhantomData<fn() -> A>,
}

impl<A: ActionType> Permit<A> {
    pub(crate) fn new(request: Request, decision: DecisionId, refused: Vec<RemotePath>) -> Self {
        let (target, path) = match request.resource.kind {
            ResourceKind::Collection { id, class, path, .. } => {
                (Target::Place { collection: id, class, refused }, Some(path))
            }
            ResourceKind::Task { id, .. } => (Target::Task(id), None),
            ResourceKind::Site => (Target::Site, None),
        };
        let facts = PermitFacts { subject: request.subject, action: request.action, decision, target };
        Self { facts: Arc::new(facts), path, kind: PhantomData }
    }

    /// A permit for less: a path beneath this one. None where this permit does not cover it.
    #[must_use]
    pub fn narrow(&self, path: &RemotePath) -> Option<Self> {
        let collection = self.collection()?;
        self.covers(collection, path).then(|| Self {
            facts: Arc::clone(&self.facts),
            path: Some(path.clone()),
            kind: PhantomData,
        })
    }
}

impl<A> Permit<A> {
    /// Who may.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.facts.subject
    }

    /// What they may do.
    #[must_use]
    pub fn action(&self) -> Action {
        self.facts.action
    }

    /// The decision that said so.
    #[must_use]
    pub fn decision_id(&self) -> DecisionId {
        self.facts.decision
    }

    /// In which collection, where it is about one.
    #[must_use]
    pub fn collection(&self) -> Option<CollectionId> {
        match &self.facts.target {
            Target::Place { collection, .. } => Some(*collection),
            Target::Task(_) | Target::Site => None,
        }
    }

    /// The class of that collection's data.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match &self.facts.target {
            Target::Place { class, .. } => Some(*class),
            Target::Task(_) | Target::Site => None,
        }
    }

    /// At which path, where it is about a collection.
    #[must_use]
    pub const fn path(&self) -> Option<&RemotePath> {
        self.path.as_ref()
    }

    /// Which task, where it is about one.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        match &self.facts.target {
            Target::Task(id) => Some(id),
            Target::Place { .. } | Target::Site => None,
        }
    }

    /// The paths beneath [`Permit::path`] that an access rule refuses: not covered, with all that lies beneath them.
    #[must_use]
    pub fn refused_beneath(&self) -> &[RemotePath] {
        match &self.facts.target {
            Target::Place { refused, .. } => refused,
            Target::Task(_) | Target::Site => &[],
        }
    }

    /// Whether a path is a refused place or lies beneath one. INVARIANT: the places are sorted, and none lies beneath another,
    /// so the last one that does not come after the path is the only one that can be above it: a long listing stays cheap.
    fn is_refused(&self, path: &RemotePath) -> bool {
        let refused = self.refused_beneath();
        let after = refused.partition_point(|place| place <= path);
        after.checked_sub(1).and_then(|last| refused.get(last)).is_some_and(|place| path.starts_with(place))
    }

    /// Whether a path of a collection is the permit's, or lies beneath it and is not refused.
    #[must_use]
    pub fn covers(&self, collection: CollectionId, path: &RemotePath) -> bool {
        let Some(top) = &self.path else {
            return false;
        };
        self.collection() == Some(collection) && path.starts_with(top) && !self.is_refused(path)
    }
}

impl<A: ActionType> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("kind", &A::NAME)
            .field("action", &self.facts.action)
            .field("decision", &self.facts.decision)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_kind_of_permit() {
        for action in Action::ALL {
            assert!(KINDS.iter().any(|(_, allows)| allows(*action)), "{action} can never be released");
        }
    }

    #[test]
    fn no_kind_of_permit_mixes_seeing_with_changing() {
        let changing = [
            Action::WriteContent,
            Action::DeleteEntry,
            Action::ManageCollections,
            Action::ManagePeers,
            Action::CancelTask,
        ];
        let seeing =
            [Action::ListDirectory, Action::ReadContent, Action::ShowTask, Action::ReadAudit, Action::ListPeers];
        for (name, allows) in KINDS {
            assert!(
                !(changing.iter().any(|action| allows(*action)) && seeing.iter().any(|action| allows(*action))),
                "{name} sees and changes"
            );
        }
    }
}
