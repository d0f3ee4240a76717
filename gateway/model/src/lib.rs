//! The words of the product as types.
//!
//! Everything that more than one package must mean in the same way stands here: ids, paths, times, collections, people,
//! peers, orders, tasks, problems. No I/O, no clock of its own: [`clock::Clock`] is an argument.
//! Paths, classes and permits come from `sealane-policy`, because what policy judges is what storage opens; they are
//! re-exported here so that the packages above have one place to take them from.

pub mod access_rule;
pub mod alert;
pub mod bytes;
pub mod clock;
pub mod collection;
pub mod entry;
pub mod id;
pub mod limits;
pub mod order;
pub mod page;
pub mod peer;
pub mod person;
pub mod problem;
pub mod session;
pub mod short_name;
pub mod storage_gateway;
pub mod task;
pub mod time;

pub use sealane_policy::path;
pub use sealane_policy::permit;

pub use access_rule::AccessRule;
pub use clock::{Clock, ManualClock, Moment, Synchronisation, SystemClock};
pub use collection::{AssuranceMode, Collection};
pub use entry::{Entry, EntryKind, FileTime};
pub use id::{
    AlertId, AlertRuleId, CollectionId, ErasureId, HoldId, InvitationId, NodeId, OrderId, RequestId, ReviewId, RuleId,
    SiteId, StorageGatewayId, TaskId, UploadId,
};
pub use order::{Item, Order, PersonAssertion, Place, Protection};
pub use peer::{Invitation, Peer, SiteDescriptor};
pub use person::{Person, PersonId};
pub use problem::Problem;
pub use sealane_policy::path::{Component, PathError, RemotePath};
pub use sealane_policy::{Class, Permission, Permit, Principal};
pub use session::{Session, SessionKind};
pub use short_name::ShortName;
pub use storage_gateway::{StorageGateway, StorageKind};
pub use task::{Progress, Task, TaskEvent, TaskRole, TaskState};
pub use time::Timestamp;
