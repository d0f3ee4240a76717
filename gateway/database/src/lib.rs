//! The control database: one SQL text for SQLite and PostgreSQL.
//!
//! **What for.** What a site must remember between requests and across restarts: its people and their sessions, storage
//! gateways, collections and access rules, peers, tasks with their work units, leases, orders, uploads. Data never pass
//! through here, and the audit log is elsewhere: the database is the present, the log is the past.
//!
//! **Shape.** One file per table, each a handful of functions on a connection ([`Db`]); the SQL stands where it is used.
//! A function that needs several statements makes them one transaction by itself, or joins the one that the caller has
//! open ([`Database::begin`]). Lists return at most `limit` rows after a key: ask for one more than the page shows and hand
//! them to `sealane_model::page::Page::from_surplus`.
//!
//! **Promises.** What can tell of a person is in sealed cells (`seal`): docs/reference/data-map.md has every column, and a
//! test compares it with the tables. Only BIGINT, TEXT and BYTEA columns, flags as 0 and 1, times as microseconds since 1970 UTC. A row that
//! does not parse is [`DbError::Corrupt`] naming table and column, never a panic and never a guess. Errors hold no values
//! of rows. What a lease holder writes is refused once another node holds the lease ([`DbError::Fenced`]). A commit that
//! returned is durable: WAL with `synchronous=FULL` on SQLite, the server's `synchronous_commit` on PostgreSQL.
//!
//! **Leaves to others.** Whether somebody may: `sealane-policy`. What happened: `sealane-audit`. When it is: times come in
//! as arguments.

mod cells;
mod clear_rows;
mod connection;
mod dialect;
mod error;
mod migration;
mod pool;
mod seal;
mod sealing;
mod statement;

pub mod access_rule;
pub mod alert;
pub mod alert_hit;
pub mod alert_rule;
pub mod audit_hold;
pub mod audit_index;
pub mod audit_review;
pub mod collection;
pub mod device_login;
pub mod erasure;
pub mod erasure_part;
pub mod idempotency;
pub mod invitation;
pub mod lane_ticket;
pub mod lease;
pub mod log_fork;
pub mod log_key;
pub mod login;
pub mod node;
pub mod order;
pub mod peer;
pub mod peer_contact;
pub mod person;
pub mod policy_history;
pub mod session;
pub mod setting;
pub mod site;
pub mod storage_gateway;
pub mod task;
pub mod task_event;
pub mod transfer_receipt;
pub mod unit;
pub mod upload;
pub mod witnessed_log;

pub use connection::Db;
pub use dialect::Kind;
pub use error::{DbError, Fault};
pub use lease::Lease;
pub use migration::{Applied, MigrationState, MigrationStatus};
pub use pool::{Database, Pooled, Tx};
pub use unit::{Unit, UnitKind, UnitState};
