//! Use cases: what a caller can ask of a site, each decided, recorded, done.
//!
//! Every function here goes the same way: `Guard::permit` decides and makes the intent durable, the act takes the permit,
//! `Grant::done` records the outcome. No record, no act. What is not a person's to know of is "not found" for them, in the
//! same words as what does not exist. What callers are told is a `sealane_model::Problem`; what they are shown stands in
//! [`view`], one set of shapes for API, pages and command line.

pub mod access_rules;
mod act;
pub mod alert_rules;
pub mod alerts;
mod app;
pub mod audit;
pub mod browse;
mod caller;
mod change;
pub mod collections;
pub mod configure;
pub mod content;
pub mod erasures;
pub mod health;
pub mod holds;
pub mod housekeeping;
pub mod idempotency;
pub mod identity;
pub mod jobs;
pub mod life;
mod limiter;
pub mod me;
mod outbound;
mod page;
pub mod peers;
mod place;
pub mod policy_ask;
pub mod policy_sync;
mod problem;
pub mod receipts;
pub mod recorded;
mod remote_names;
pub mod reviews;
mod roles;
pub mod site;
pub mod timestamps;
pub mod transfers;
pub mod uploads;
pub mod view;
pub mod witness;

pub use app::{Administrator, App, AppParts, LEAST_RETENTION_YEARS, Settings, SetupError, USUAL_REVIEW_DAYS};
pub use caller::{Actor, Caller, Client};
pub use page::PageQuery;
pub use place::{CollectionRef, RefError};
pub use sealane_audit::DecisionId;
