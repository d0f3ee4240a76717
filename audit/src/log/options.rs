//! How a log uses its disk. The defaults serve a site; tests use small segments.

/// Sizes and limits of a log.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a segment. One more is always allocated ahead: the reserve.
    pub segment_bytes: u64,
    /// With less than this free on the file system nothing new is begun; outcomes are still recorded.
    pub least_free_bytes: u64,
    /// Events that may wait for the sequencer; beyond that callers wait.
    pub queue: usize,
    /// The caller's time at opening, for the entry about a recovery; the last entry's time if absent.
    pub opened_at_ns: Option<i64>,
}

/// Smallest segment: a batch is closed at a quarter of it, and one more event with its openings still fits.
pub(crate) const LEAST_SEGMENT_BYTES: u64 = 256 << 10;

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, least_free_bytes: 1 << 20, queue: 8192, opened_at_ns: None }
    }
}
