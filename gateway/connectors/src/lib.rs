//! Reads and writes one kind of storage behind one trait.
//!
//! **What for.** Transfers, browsing and downloads work on [`Connector`]; what lies behind it (a POSIX file system today)
//! is chosen by configuration. [`Registry`] opens the connector of a collection.
//!
//! **Promises.** Every call takes a permit and checks that it covers this collection and this path. Every path is a
//! [`RemotePath`](sealane_model::RemotePath): the components that policy judged are the components that are opened,
//! byte for byte; no link is followed. What has its final name is whole and durable. Errors never hold a path.
//!
//! **Leaves to others.** Deciding and recording (policy, audit), digests and resume (transfer). All calls block: async
//! code makes them from `spawn_blocking`, so that reading, hashing and writing form one pipeline without hops.

pub mod capability;
pub mod connector;
pub mod entry;
pub mod error;
mod posix;
pub mod registry;
pub mod staging;

pub use capability::Capabilities;
pub use connector::{Connector, Going, PartFile, Reader, Walk};
pub use entry::{Commit, Listing};
pub use error::{Change, StorageError};
pub use registry::Registry;
pub use staging::Staging;
