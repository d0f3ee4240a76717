//! Decides, never stores: classes, grants, casbin, decisions, permits.
//!
//! **What for.** One place answers "may this subject do this action to this resource, now, for this purpose?", for every
//! API call and every lane. The answer is a [`Decision`] with its reason, its rule and what was missing; recorded in the
//! audit log it becomes a [`Permit`], and nothing touches data without one.
//!
//! **Promises.** Deny by default; unknown is never yes; a deny beats every allow; no access rule overrides the mandatory
//! rules of a class; a panic in deciding is a deny. No I/O and no clock: rows and the time come in as arguments.
//!
//! **Leaves to others.** Keeping the rows (`database`), verifying who asks (`service`, `transfer`), recording (`audit`).
//!
//! Follows NIST SP 800-162 (attribute-based access control) and the reference-monitor idea of SP 800-53 AC-25. The rules
//! themselves are readable tables: `rules/*.csv`, decided by the casbin models in `models/*.conf`.

pub mod action;
mod archetype;
mod book;
pub mod class;
mod decider;
pub mod decision;
mod descent;
pub mod difference;
mod engine;
mod explain;
pub mod explanation;
mod facts;
pub mod grant;
mod grant_index;
pub mod id;
mod lint;
mod mandatory;
pub mod path;
pub mod permission;
pub mod permit;
pub mod replay;
pub mod request;
pub mod resource;
pub mod role;
mod snapshot;
pub mod subject;
mod table;
pub mod what_can;
pub mod who_can;

pub use action::{Action, ActionType};
pub use class::Class;
pub use decision::{Decision, Denied, Effect, Reason, Unmet};
pub use difference::{Difference, Side};
pub use engine::Engine;
pub use explanation::{Explanation, Showing};
pub use grant::{GrantRow, Principal, PrincipalError};
pub use id::{CollectionId, IdError, PersonId, RuleId};
pub use lint::{LintError, MAX_TEXT_BYTES};
pub use path::{Component, PathError, RemotePath};
pub use permission::Permission;
pub use permit::Permit;
pub use request::Request;
pub use resource::{Resource, ResourceKind};
pub use role::Role;
pub use snapshot::Snapshot;
pub use subject::{Assurance, Subject};
pub use what_can::{Holding, PlacePowers};
pub use who_can::{PlaceReach, WhoCan};
