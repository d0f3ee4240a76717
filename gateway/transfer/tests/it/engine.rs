//! The life of tasks, seen from outside: two sites, real lanes, real storage, real logs.

mod database;
mod ends;
mod moves;
mod refusals;
mod resumes;
mod world;
