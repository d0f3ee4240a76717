//! The product used from outside: the harness of the end-to-end tests, and of the benchmark.
//!
//! Sites are real processes of the `sealane` binary, made with `sealane init`, joined with `sealane peer`, talked to over
//! their one port with TLS. People sign in at an identity provider of the test's own. What a test waits for it asks for
//! until a deadline; nothing sleeps for a fixed time and hopes. Errors carry what the processes wrote.
//!
//! The stories themselves are in `it/`, one module a story; the benchmark is in `load/`.

pub mod authority;
pub mod browser;
pub mod canary;
pub mod cli;
pub mod control_database;
pub mod environment;
pub mod figures;
pub mod identity_provider;
pub mod journal;
pub mod noise;
pub mod pair;
pub mod person;
pub mod port;
pub mod process;
pub mod runtime;
pub mod site;
pub mod tree;
pub mod wait;
