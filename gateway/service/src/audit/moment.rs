//! Times as people give them: a day, an instant, or how long ago.
//!
//! `2026-01-31` is a day in UTC, `2026-01-31T09:30:00Z` an instant (RFC 3339), `90m`, `12h`, `7d` or `2w` so long before now.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sealane_model::{Problem, Timestamp};

use crate::problem;

/// Which end of a period a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Its beginning: the first instant of a day.
    From,
    /// Its end: a day counts to its last instant.
    To,
}

/// Reads a time.
pub(crate) fn parse(text: &str, edge: Edge, now: Timestamp) -> Result<Timestamp, Problem> {
    ago(text, now).or_else(|| day(text, edge)).or_else(|| text.parse().ok()).ok_or_else(|| {
        problem::bad_request(
            "time",
            "A time is a day (2026-01-31), an instant (2026-01-31T09:30:00Z), or how long ago (90m, 12h, 7d, 2w).",
        )
    })
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = match text.chars().last()? {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    let micros = i64::try_from(Duration::from_secs(count.checked_mul(unit)?).as_micros()).ok()?;
    Some(Timestamp::from_micros(now.as_micros().saturating_sub(micros)))
}

fn day(text: &str, edge: Edge) -> Option<Timestamp> {
    // A date alone: an instant has a time after it.
    let date: Date = Some(text).filter(|text| text.len() == 10)?.parse().ok()?;
    let first = if edge == Edge::To { date.tomorrow().ok()? } else { date };
    let at = TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn at(text: &str, edge: Edge) -> String {
        parse(text, edge, NOW).unwrap().to_string()
    }

    #[test]
    fn a_day_reaches_from_its_first_instant_to_its_last() {
        assert_eq!(at("2026-01-31", Edge::From), "2026-01-31T00:00:00Z");
        assert_eq!(at("2026-01-31", Edge::To), "2026-02-01T00:00:00Z");
        assert_eq!(at("2026-01-31T09:30:00+01:00", Edge::From), "2026-01-31T08:30:00Z");
    }

    #[test]
    fn how_long_ago_counts_from_now() {
        for (text, seconds) in [("90m", 5_400), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600), ("0d", 0)] {
            assert_eq!(parse(text, Edge::From, NOW).unwrap().as_seconds(), NOW.as_seconds() - seconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_without_panic() {
        for text in ["", "d", "-1d", "1y", "yesterday", "2026-13-01", "2026-02-30", "99999999999999999999w", "é", "1é"]
        {
            assert!(parse(text, Edge::From, NOW).is_err(), "{text}");
        }
    }
}
