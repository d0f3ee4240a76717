//! Use cases: what a caller can ask of a site, each decided, recorded, done.
//!
//! Every function here goes the same way: `Guard::permit` decides and makes the intent durable, the act takes the permit,
//! `Grant::done` records the outcome. No record, no act. What is not a person's to know of is "not found" for them.

pub mod view;
