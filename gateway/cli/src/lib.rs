//! The one binary: commands, configuration, wiring, the demo.
//!
//! What it promises: every dependency of a node is made here and handed in (clock, randomness, keys, folders), so the
//! packages below stay testable; every command says what went wrong and what to do next, with an exit code.

pub mod client;
mod command;
pub mod config;
pub mod control_database;
pub mod demo;
pub mod keystore;
pub mod output;
pub mod principal;
pub mod serve;
pub mod site_keys;
pub mod telemetry;

pub use command::{COMMANDS as COMMAND_RECORDS, run, tree as command_tree};

/// Make ring the process's cryptography for TLS. Doing it twice is harmless.
pub fn install_crypto() {
    // An error means that it was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
