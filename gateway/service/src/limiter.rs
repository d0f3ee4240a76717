//! Slow down: how often somebody may try something in a span of time.
//!
//! Kept in memory of one node: it is a brake on guessing, not a ledger. Bounded: when too many keys are known, those that
//! have nothing left in their window go first, then the oldest.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use sealane_model::Timestamp;

const MAX_KEYS: usize = 10_000;

/// At most `most` events per key within `span`.
#[derive(Debug)]
pub(crate) struct Limiter {
    most: usize,
    span: Duration,
    seen: Mutex<HashMap<String, VecDeque<Timestamp>>>,
}

impl Limiter {
    pub(crate) fn new(most: usize, span: Duration) -> Self {
        Self { most, span, seen: Mutex::new(HashMap::new()) }
    }

    /// Whether the key has used up what it may do; counts nothing.
    pub(crate) fn is_spent(&self, key: &str, now: Timestamp) -> bool {
        let mut seen = self.lock();
        let Some(times) = seen.get_mut(key) else { return false };
        forget(times, now, self.span);
        times.len() >= self.most
    }

    /// Count one event.
    pub(crate) fn count(&self, key: &str, now: Timestamp) {
        let mut seen = self.lock();
        if seen.len() >= MAX_KEYS && !seen.contains_key(key) {
            make_room(&mut seen, now, self.span);
        }
        let times = seen.entry(key.to_owned()).or_default();
        forget(times, now, self.span);
        if times.len() < self.most {
            times.push_back(now);
        }
    }

    /// Count one event, unless the key has used up what it may do.
    pub(crate) fn try_count(&self, key: &str, now: Timestamp) -> bool {
        let free = !self.is_spent(key, now);
        if free {
            self.count(key, now);
        }
        free
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, VecDeque<Timestamp>>> {
        // A panic elsewhere cannot leave a window half written in a way that matters: counting goes on.
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn forget(times: &mut VecDeque<Timestamp>, now: Timestamp, span: Duration) {
    while times.front().is_some_and(|first| first.after(span) <= now) {
        times.pop_front();
    }
}

fn make_room(seen: &mut HashMap<String, VecDeque<Timestamp>>, now: Timestamp, span: Duration) {
    seen.retain(|_, times| {
        forget(times, now, span);
        !times.is_empty()
    });
    while seen.len() >= MAX_KEYS {
        let oldest = seen.iter().min_by_key(|(_, times)| times.back().copied()).map(|(key, _)| key.clone());
        let Some(oldest) = oldest else { break };
        seen.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn tries_are_free_again_when_the_window_has_passed() {
        let limiter = Limiter::new(2, Duration::from_secs(60));
        assert!(limiter.try_count("a", START));
        assert!(limiter.try_count("a", START));
        assert!(!limiter.try_count("a", START));
        assert!(limiter.try_count("b", START), "one key does not spend another's tries");
        assert!(limiter.try_count("a", START.after(Duration::from_secs(60))));
    }

    #[test]
    fn memory_stays_bounded_under_many_keys() {
        let limiter = Limiter::new(2, Duration::from_secs(60));
        for i in 0..(MAX_KEYS + 10) {
            limiter.count(&i.to_string(), START);
        }
        assert!(limiter.lock().len() <= MAX_KEYS);
    }
}
