//! Time as an argument.
//!
//! Nothing below the command line reads the machine's clock by itself: it is handed a [`Clock`], so that a test can
//! advance it. A clock also says how far it can be trusted (NIST SP 800-53 AU-8): the kernel's own word on whether it is
//! kept in step with true time, asked for at most once a second.

use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use rtime_clock::adjtime::{Timex, adjtimex};
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::time::Timestamp;

/// What is known of a wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synchronisation {
    /// Whether something keeps it in step with true time.
    pub synchronised: bool,
    /// How far it may be off, as whatever keeps it estimates.
    pub error: Option<Duration>,
}

/// An instant as a record of events needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds since 1970 UTC.
    pub utc_nanos: i64,
    /// A counter that only goes forward, whatever is done to the wall clock.
    pub monotonic: Duration,
    /// What is known of the wall clock; none where that cannot be asked.
    pub synchronisation: Option<Synchronisation>,
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The time now, UTC.
    fn now(&self) -> Timestamp;

    /// The time now, with all that is known of the clock. By default that is the time alone, which is then the counter too.
    fn moment(&self) -> Moment {
        let now = self.now();
        let monotonic = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
        Moment { utc_nanos: now.as_nanos(), monotonic, synchronisation: None }
    }
}

/// The machine's clock. Its counter is the time since the machine started, also while it slept.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(utc_nanos().div_euclid(1_000))
    }

    fn moment(&self) -> Moment {
        let monotonic = duration(clock_gettime(ClockId::Boottime));
        Moment { utc_nanos: utc_nanos(), monotonic, synchronisation: KERNEL.synchronisation(monotonic) }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
fn utc_nanos() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn duration(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// One machine has one clock: its state is kept once for the process.
static KERNEL: KernelWord = KernelWord { next_at: AtomicU64::new(0), word: AtomicU64::new(UNKNOWN) };

/// How long the kernel's word is good for.
const GOOD_FOR: Duration = Duration::from_secs(1);
const UNKNOWN: u64 = u64::MAX;
const SYNCHRONISED: u64 = 1 << 63;
/// `STA_UNSYNC` of adjtimex(2).
const STA_UNSYNC: i32 = 0x0040;

/// The kernel's last word on its clock: error in microseconds, and the top bit if it is synchronised.
struct KernelWord {
    /// Microseconds of the counter at which it is asked again.
    next_at: AtomicU64,
    word: AtomicU64,
}

impl KernelWord {
    fn synchronisation(&self, now: Duration) -> Option<Synchronisation> {
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let due = self.next_at.load(Ordering::Relaxed);
        let next = now.saturating_add(u64::try_from(GOOD_FOR.as_micros()).unwrap_or(u64::MAX));
        // Whoever moves the time on asks; the others take the last word, which is no older than a second and a moment.
        if now >= due && self.next_at.compare_exchange(due, next, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.word.store(ask_kernel(), Ordering::Release);
        }
        match self.word.load(Ordering::Acquire) {
            UNKNOWN => None,
            word => Some(Synchronisation {
                synchronised: word & SYNCHRONISED != 0,
                error: Some(Duration::from_micros(word & !SYNCHRONISED)),
            }),
        }
    }
}

fn ask_kernel() -> u64 {
    let mut state = Timex::new(); // no modes are set: a question, not an adjustment
    if adjtimex(&mut state).is_err() {
        return UNKNOWN;
    }
    let error = u64::try_from(state.0.esterror).unwrap_or(0) & !SYNCHRONISED;
    if state.0.status & STA_UNSYNC == 0 { error | SYNCHRONISED } else { error }
}

/// A clock that stands still until it is told to go on: for tests of expiry, leases and skew.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
    /// 0: not known, 1: kept in step, 2: not kept in step.
    word: AtomicU8,
}

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub const fn at(start: Timestamp) -> Self {
        Self { micros: AtomicI64::new(start.as_micros()), word: AtomicU8::new(0) }
    }

    /// Let `duration` pass.
    pub fn advance(&self, duration: Duration) {
        self.micros.fetch_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl ManualClock {
    /// From now on it is known whether something keeps it in step with true time.
    pub fn set_synchronised(&self, synchronised: bool) {
        self.word.store(if synchronised { 1 } else { 2 }, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn moment(&self) -> Moment {
        let now = self.now();
        let synchronised = match self.word.load(Ordering::SeqCst) {
            0 => None,
            word => Some(word == 1),
        };
        Moment {
            utc_nanos: now.as_nanos(),
            monotonic: Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0)),
            synchronisation: synchronised.map(|synchronised| Synchronisation { synchronised, error: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(Timestamp::from_seconds(100));
        assert_eq!(clock.now(), Timestamp::from_seconds(100));
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now().since(Timestamp::from_seconds(100)), Duration::from_secs(5));
    }

    #[test]
    fn the_counter_goes_forward_and_the_kernel_has_a_word_on_its_clock() {
        let (first, second) = (SystemClock.moment(), SystemClock.moment());
        assert!(second.monotonic >= first.monotonic && first.monotonic > Duration::ZERO);
        assert!(first.synchronisation.is_some_and(|word| word.error.is_some()));
        assert!((SystemClock.now().as_nanos() - second.utc_nanos).abs() < 60_000_000_000);
    }

    #[test]
    fn the_kernel_is_asked_once_a_second() {
        let word = KernelWord { next_at: AtomicU64::new(0), word: AtomicU64::new(UNKNOWN) };
        assert!(word.synchronisation(Duration::from_secs(10)).is_some());
        word.word.store(SYNCHRONISED | 7, Ordering::Relaxed);
        let kept = Synchronisation { synchronised: true, error: Some(Duration::from_micros(7)) };
        assert_eq!(word.synchronisation(Duration::from_millis(10_999)), Some(kept));
        word.word.store(UNKNOWN, Ordering::Relaxed);
        assert!(word.synchronisation(Duration::from_secs(11)).is_some(), "asked again");
    }
}
