//! The audit log for those who read it: found in seconds, over all nodes of the site, by any field.
//!
//! **Shape.** Each node's [`indexer`] feeds its log into the site's search index. Questions go to the index and come back
//! as places in logs; what stands there is read from this node's own log, with the personal values that it can reveal. Of
//! another node's entry the facts are shown; its personal values lie with that node.
//!
//! **Promises.** A question waits until the index has what this node's log had when it was asked, and every answer ends by
//! saying how far the index is behind, so nothing is silently missing. Reading is recorded like any other act: who asked,
//! for what (in words that name nobody), and how many entries were shown.

pub mod checkpoint;
pub(crate) mod decided;
pub mod disclosure;
pub mod export;
pub mod indexer;
mod key;
pub(crate) mod lag;
pub(crate) mod moment;
mod question;
mod receipt;
mod reveal;
mod row;
mod search;
mod walk;

pub use indexer::{catch_up, rebuild, run};
pub use key::IndexKey;
pub use question::AuditQuestion;
pub(crate) use question::Understood;
pub(crate) use receipt::of_task;
pub(crate) use reveal::entries as entries_here;
pub use search::{AuditStream, accesses, own, person, search};
