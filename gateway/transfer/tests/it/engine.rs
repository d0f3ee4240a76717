//! The life of tasks, seen from outside: two sites, real lanes, real storage, real logs.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod answering;
mod database;
mod ends;
mod files;
mod gate;
mod moves;
mod refusals;
mod resumes;
mod world;
