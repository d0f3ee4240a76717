//! The control database seen from outside: one suite, run on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

#[macro_use]
mod backend;

mod access_rules;
mod audit_index;
mod catalogue;
mod claims;
mod damage;
mod data_map;
mod erasures;
mod leases;
mod migrations;
mod orders;
mod policy_history;
mod sealed;
mod sign_in;
mod support;
mod tasks;
mod transactions;
mod transfer_receipts;
mod units;
mod upgrade;
mod uploads;
mod witnessing;
