//! Lanes: mutually authenticated TLS 1.3 connections between two sites, for data and for the words about them.
//!
//! **What for.** The destination dials the source and pulls: names, ranges of large files, batches of small ones. The
//! same kind of connection, opened by either end, carries offers, listings and reports ([`control`]).
//!
//! **Promises.** A connection serves only a peer whose key is pinned here and whose clock agrees; a lane serves only a
//! checked order, once, after this site has decided again and recorded it ([`server`]). Memory is at most about 8 MiB a
//! lane, whatever is asked. A lane ends when its task is cancelled or the site stops.
//!
//! **Leaves to others.** Work units, retries and what becomes of the data: the engine, through [`Orders`].

mod buffer;
pub mod client;
pub mod control;
mod error;
pub mod frame;
pub mod handshake;
pub mod orders;
mod reading;
mod sender;
pub mod server;
pub mod witness;

pub use client::{Chunk, LaneClient};
pub use control::Control;
pub use error::LaneError;
pub use orders::{Orders, SourceCollection};
pub use server::{LaneParts, LaneService};
pub use witness::Witness;
