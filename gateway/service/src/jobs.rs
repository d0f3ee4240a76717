//! Jobs: what a node does by itself, all the time, for others than the people who use it.

pub mod syslog;
