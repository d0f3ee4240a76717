//! Transfers between two sites, seen from outside: real TLS on loopback, real files, real policy, real audit logs.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

#[macro_use]
#[path = "../../../database/tests/it/backend.rs"]
mod backend;

mod engine;
mod guard;
mod handshake;
mod lane;
mod orders;
mod two_sites;
