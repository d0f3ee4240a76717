//! The service used as its faces use it: a real database of either kind, audit log, policy engine and POSIX directory for
//! each test, a clock that stands still until told, and an identity provider that can be made to lie.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails in a test's helper fails the test, with its place"
)]

#[macro_use]
#[path = "../../../database/tests/it/backend.rs"]
mod backend;

mod access;
mod alarms;
mod alert_rules;
mod alerts;
mod audit_first;
mod audit_index;
mod audit_search;
mod between_sites;
mod configuration;
mod content;
mod device;
mod erasures;
mod harness;
mod policy_ask;
mod provider;
mod repeating;
mod reviews;
mod session;
mod sign_in;
mod sign_in_attacks;
mod syslog;
mod timestamps;
mod trust;
mod uploads;
mod witnessing;
