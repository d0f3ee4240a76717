//! The faces of a site, seen from outside: a real site with its SQLite database, audit log, policy engine and POSIX
//! directories for each test, asked over HTTP.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod browser;
mod changes;
mod conformity;
mod document;
mod forgery;
mod harness;
mod inventory;
mod pages;
mod problems;
mod rules;
mod story;
mod transport;
