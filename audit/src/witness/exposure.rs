//! The exposure window: what a log holds that no quorum of witnesses has confirmed yet.
//!
//! An insider with the log's key can rewrite exactly these entries without being found out. The site keeps
//! them few and young, and stops restricted work when they are not. Sizes and times come as arguments.

use std::time::Duration;

/// How much is exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Entries after the newest head that a quorum confirmed.
    pub entries: u64,
    /// Since the first of them was written.
    pub age: Duration,
}

/// How much may be exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Most entries.
    pub entries: u64,
    /// Longest time.
    pub age: Duration,
}

/// 10,000 entries or a minute.
impl Default for Window {
    fn default() -> Self {
        Self { entries: 10_000, age: Duration::from_secs(60) }
    }
}

impl Exposure {
    /// Of a log with `size` entries whose newest confirmed head covers `confirmed` (0 if there is none).
    ///
    /// `first_at_ns` is the time of the first entry after it (UTC, ns since 1970). Without it, or where the
    /// confirmed head is longer than the log, the exposure is without bounds: what cannot be told is not safe.
    #[must_use]
    pub fn of(size: u64, confirmed: u64, first_at_ns: Option<i64>, now_ns: i64) -> Self {
        let Some(entries) = size.checked_sub(confirmed) else {
            return Self { entries: u64::MAX, age: Duration::MAX };
        };
        if entries == 0 {
            return Self { entries, age: Duration::ZERO };
        }
        let age = first_at_ns.map(|first| u64::try_from(now_ns.saturating_sub(first)).unwrap_or(0));
        Self { entries, age: age.map_or(Duration::MAX, Duration::from_nanos) }
    }

    /// Is more exposed than may be?
    #[must_use]
    pub fn exceeds(&self, window: &Window) -> bool {
        self.entries > window.entries || self.age > window.age
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000_000_000;

    #[test]
    fn what_is_confirmed_is_not_exposed_however_long_ago() {
        let exposure = Exposure::of(500, 500, None, NOW);
        assert_eq!(exposure, Exposure { entries: 0, age: Duration::ZERO });
        assert!(!exposure.exceeds(&Window { entries: 0, age: Duration::ZERO }));
    }

    #[test]
    fn the_window_is_exceeded_by_one_entry_or_one_nanosecond_too_many() {
        let window = Window::default();
        let age = Duration::from_secs(60);
        let first = NOW - i64::try_from(age.as_nanos()).expect("fits");
        let full = Exposure::of(10_700, 700, Some(first), NOW);
        assert_eq!(full, Exposure { entries: 10_000, age });
        assert!(!full.exceeds(&window));
        assert!(Exposure::of(10_701, 700, Some(NOW), NOW).exceeds(&window));
        assert!(Exposure::of(701, 700, Some(first - 1), NOW).exceeds(&window));
    }

    #[test]
    fn what_cannot_be_told_is_exposed_without_bounds() {
        assert!(Exposure::of(5, 0, None, NOW).exceeds(&Window { entries: 10, age: Duration::from_secs(u64::MAX) }));
        assert!(Exposure::of(4, 5, Some(NOW), NOW).exceeds(&Window::default()), "the log was rolled back");
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_negative_age() {
        assert_eq!(Exposure::of(5, 4, Some(NOW + 1), NOW).age, Duration::ZERO);
        assert_eq!(Exposure::of(5, 4, Some(i64::MIN), i64::MAX).age, Duration::from_nanos(i64::MAX.unsigned_abs()));
    }
}
