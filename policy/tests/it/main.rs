//! Policy from outside: rows and requests in, decisions out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod differences;
mod explained;
mod grants;
mod hazards;
mod mandatory;
mod matrix;
mod paths;
mod properties;
mod reach;
mod release;
mod replays;
mod site;
mod snapshots;
mod tasks;
mod world;
