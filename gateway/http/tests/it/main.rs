//! The faces of a site, seen from outside: a real site with its database of either kind, audit log, policy engine and POSIX
//! directories for each test, asked over HTTP.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[macro_use]
#[path = "../../../database/tests/it/backend.rs"]
mod backend;

mod alerts;
mod audit;
mod browser;
mod changes;
mod conformity;
mod document;
mod erasures;
mod forgery;
mod harness;
mod inventory;
mod pages;
mod problems;
mod recorded;
mod rules;
mod story;
mod transport;
