//! Everything that can be asked for: a closed list, so that no operation can exist without a rule about it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::permission::{Permission, Permissions};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $group:ident;)+) => {
        /// What somebody wants to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Action {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Action {
            /// All actions, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The action's stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Which row group of `rules/classes.csv` speaks about it.
            pub(crate) const fn group(self) -> ActionGroup {
                match self { $(Self::$variant => ActionGroup::$group,)+ }
            }
        }
    };
}

actions! {
    /// See which collections there are: those that one may see.
    ListCollections = "list-collections", Site;
    /// See a collection's description.
    ShowCollection = "show-collection", See;
    /// Configure collections: make, change, remove.
    ManageCollections = "manage-collections", Site;
    /// List a directory.
    ListDirectory = "list-directory", See;
    /// See one entry's size and times.
    StatEntry = "stat-entry", See;
    /// Read a file's content.
    ReadContent = "read-content", Read;
    /// Make or change a file.
    WriteContent = "write-content", Write;
    /// Make a directory.
    CreateDirectory = "create-directory", Write;
    /// Rename a file or directory.
    RenameEntry = "rename-entry", Write;
    /// Remove a file or directory.
    DeleteEntry = "delete-entry", Delete;
    /// Send data to another collection.
    TransferOut = "transfer-out", Read;
    /// Take data in from another collection.
    TransferIn = "transfer-in", Write;
    /// List one's own tasks.
    ListTasks = "list-tasks", Site;
    /// List everybody's tasks.
    ListAllTasks = "list-all-tasks", Site;
    /// See a task.
    ShowTask = "show-task", Task;
    /// Cancel a task.
    CancelTask = "cancel-task", Task;
    /// Make and revoke access rules.
    ManageRules = "manage-rules", Govern;
    /// See access rules.
    ReadRules = "read-rules", Govern;
    /// Read the audit log: the site's, or the entries of one task.
    ReadAudit = "read-audit", Site;
    /// Read the audit entries of what one did oneself.
    ReadOwnAudit = "read-own-audit", Site;
    /// Build the audit log's search index again.
    RebuildIndex = "rebuild-index", Site;
    /// Ask for an erasure from the audit log, see erasures, withdraw or refuse one.
    RequestErasure = "request-erasure", Site;
    /// Agree to an erasure that somebody else asked for.
    ApproveErasure = "approve-erasure", Site;
    /// Place legal holds on the audit log, see and release them.
    ManageHolds = "manage-holds", Site;
    /// Ask what the rules say of anybody, now or at a past time, and why a past decision was made.
    AskPolicy = "ask-policy", Site;
    /// Ask what the rules say of oneself, and why a decision about oneself was made.
    AskOwnPolicy = "ask-own-policy", Site;
    /// Save, change, pause and remove rules that watch the audit log.
    ManageAlertRules = "manage-alert-rules", Site;
    /// Look into alerts and close them.
    HandleAlerts = "handle-alerts", Site;
    /// Sign that one has reviewed the audit log.
    SignOffReviews = "sign-off-reviews", Site;
    /// See the peers of the site.
    ListPeers = "list-peers", Site;
    /// Invite, accept and remove peers.
    ManagePeers = "manage-peers", Site;
    /// See what the site knows about oneself.
    ShowSelf = "show-self", Site;
    /// Sign in, or sign in again.
    SignIn = "sign-in", Site;
    /// Sign out.
    SignOut = "sign-out", Site;
    /// Open a lane to this site.
    OpenLane = "open-lane", Site;
}

/// The columns in which a compliance officer thinks about a class: see, read, write, delete, govern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ActionGroup {
    See,
    Read,
    Write,
    Delete,
    Govern,
    Task,
    Site,
}

impl ActionGroup {
    /// The groups that act on a collection, and so have a class.
    pub(crate) const ON_COLLECTIONS: [Self; 5] = [Self::See, Self::Read, Self::Write, Self::Delete, Self::Govern];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Govern => "govern",
            Self::Task => "task",
            Self::Site => "site",
        }
    }
}

impl Action {
    /// The permissions that access rules must give for it, all of them.
    pub(crate) const fn required(self) -> Permissions {
        match self {
            Self::ShowCollection | Self::ListDirectory | Self::StatEntry => Permissions::of(&[Permission::List]),
            Self::ReadContent | Self::TransferOut => Permissions::of(&[Permission::Read]),
            Self::WriteContent | Self::CreateDirectory | Self::TransferIn => Permissions::of(&[Permission::Write]),
            // The old name goes away: whoever may only add must not be able to make things vanish.
            Self::RenameEntry => Permissions::of(&[Permission::Write, Permission::Delete]),
            Self::DeleteEntry => Permissions::of(&[Permission::Delete]),
            Self::ManageRules | Self::ReadRules => Permissions::of(&[Permission::Share]),
            _ => Permissions::NONE,
        }
    }

    /// For people, after "to" or "lets you": `write in this collection`.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ListCollections => "list the collections of this site",
            Self::ShowCollection => "see this collection",
            Self::ManageCollections => "configure the collections of this site",
            Self::ListDirectory => "list this directory",
            Self::StatEntry => "see this entry",
            Self::ReadContent => "read this file",
            Self::WriteContent => "write in this place",
            Self::CreateDirectory => "make a directory in this place",
            Self::RenameEntry => "rename in this place",
            Self::DeleteEntry => "delete in this place",
            Self::TransferOut => "send data from this place",
            Self::TransferIn => "send data to this place",
            Self::ListTasks => "list your tasks",
            Self::ListAllTasks => "list everybody's tasks",
            Self::ShowTask => "see this task",
            Self::CancelTask => "cancel this task",
            Self::ManageRules => "manage the access rules of this place",
            Self::ReadRules => "see the access rules of this place",
            Self::ReadAudit => "read these audit entries",
            Self::ReadOwnAudit => "read the audit entries of what you did",
            Self::RebuildIndex => "build the search index of the audit log again",
            Self::RequestErasure => "ask for personal values to be erased from the audit log",
            Self::ApproveErasure => "agree to an erasure from the audit log",
            Self::ManageHolds => "place and release legal holds on the audit log",
            Self::AskPolicy => "ask what the rules say of anybody",
            Self::AskOwnPolicy => "ask what the rules say of you",
            Self::ManageAlertRules => "manage the rules that watch the audit log",
            Self::HandleAlerts => "acknowledge and close alerts",
            Self::SignOffReviews => "sign off a review of the audit log",
            Self::ListPeers => "see the peers of this site",
            Self::ManagePeers => "manage the peers of this site",
            Self::ShowSelf => "see what this site knows about you",
            Self::SignIn => "sign in",
            Self::SignOut => "sign out",
            Self::OpenLane => "open a lane to this site",
        }
    }
}

/// A text that names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown action: see the list of actions in docs/reference/permission-matrix.md")]
pub struct UnknownAction;

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.iter().copied().find(|action| action.name() == text).ok_or(UnknownAction)
    }
}

/// A kind of permit: which actions it stands for. The kinds are in [`crate::permit`]; there are no others.
pub trait ActionType: sealed::Sealed + Send + Sync + 'static {
    /// The kind's name, for messages.
    const NAME: &'static str;

    /// Whether a decision about `action` may become a permit of this kind.
    fn allows(action: Action) -> bool;
}

pub(crate) mod sealed {
    /// Keeps kinds of permits a closed list.
    pub trait Sealed {}
}
