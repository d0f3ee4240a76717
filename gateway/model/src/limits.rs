//! Bounds that both ends of a conversation must agree on.

use std::time::Duration;

/// How long a signed transfer order is good for.
pub const ORDER_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How far two sites' clocks may be apart.
pub const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// How long an invitation to a peer is good for.
pub const INVITATION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// The part of a large file that is fetched, made durable and, after a crash, fetched again as one: 16 tree records.
pub const RANGE_BYTES: u64 = 16 << 20;
/// Ranges in one work unit of a large file: 256 x 16 MiB = 4 GiB, a complete subtree of the digest tree.
pub const RANGES_PER_UNIT: u32 = 256;
/// Files up to this size travel in batches.
pub const SMALL_FILE_BYTES: u64 = 4 << 20;
/// Files in one batch, at most.
pub const BATCH_FILES: usize = 1_000;
/// Bytes in one batch, at most (a single file may not exceed `SMALL_FILE_BYTES`).
pub const BATCH_BYTES: u64 = 16 << 20;
/// Lanes of one task, at most.
pub const MAX_LANES: u16 = 32;
/// Entries on one page of a listing, at most.
pub const MAX_PAGE: usize = 1_000;
