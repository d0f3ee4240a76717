//! The life of tasks, seen from outside: two sites, real lanes, real storage, real logs.

mod answering;
mod ends;
mod files;
mod gate;
mod moves;
mod receipts;
mod records;
mod refusals;
mod resumes;
mod world;
