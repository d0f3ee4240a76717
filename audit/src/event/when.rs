//! When something happened, and how far the clock that says so can be trusted (NIST SP 800-53 AU-8).
//!
//! Beside the wall clock stands a counter that only goes forward: where the two disagree over a span of
//! entries, somebody set the clock. The kernel's word on the clock stands with every entry, because an
//! unsynchronised minute is seen only if it was written down in that minute. Reading clocks is left to
//! the caller.

use serde::{Deserialize, Serialize};

/// What the kernel knows of its wall clock.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Estimated error in microseconds, where the kernel has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_us: Option<u64>,
    /// Whether something keeps it in step with true time.
    pub synchronised: bool,
}

/// A moment as a node saw it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Nanoseconds since 1970 UTC.
    pub at_ns: i64,
    /// Microseconds of a counter that only goes forward while the machine runs.
    pub mono_us: Option<u64>,
    /// The state of the wall clock.
    pub clock: Option<ClockState>,
}

impl From<i64> for When {
    /// A moment of which only the wall clock is known.
    fn from(at_ns: i64) -> Self {
        Self { at_ns, mono_us: None, clock: None }
    }
}
