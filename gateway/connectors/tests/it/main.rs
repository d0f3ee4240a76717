//! The behaviour of connectors, seen through their trait.
//!
//! `behaviour` is the suite that every connector runs; the other modules are about POSIX file systems alone.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod any_tree;
#[macro_use]
mod behaviour;
mod bench;
mod confinement;
mod door;
mod full_disk;
mod posix;
mod registry;
mod source_changes;
mod special_files;

behaviour_suite!(posix_file_system, crate::posix::PosixStorage);
