//! What every format needs of an entry, in words: times, phases, outcomes, and what the view reveals.

use serde_json::Value;

use crate::event::{Outcome, Phase};
use crate::query::EntryView;

/// A moment as RFC 3339 with nanoseconds.
pub(super) fn utc_ns(at_ns: i64) -> String {
    // Every i64 of nanoseconds lies within the calendar (years 1677 to 2262).
    jiff::Timestamp::from_nanosecond(i128::from(at_ns)).map(|at| format!("{at:.9}")).unwrap_or_default()
}

/// A moment in whole seconds as RFC 3339; empty where an identity provider asserted one outside the calendar.
pub(super) fn utc_s(at_s: i64) -> String {
    jiff::Timestamp::from_second(at_s).map(|at| at.to_string()).unwrap_or_default()
}

pub(super) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Intent => "intent",
        Phase::Outcome => "outcome",
        Phase::Info => "info",
    }
}

pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Denied => "denied",
        Outcome::StepUp => "step-up",
        Outcome::Failed => "failed",
        Outcome::Interrupted => "interrupted",
    }
}

/// The personal value behind a field, where the view reveals it.
pub(super) fn revealed(view: &EntryView, field: &str) -> Option<String> {
    view.revealed.get(field).map(|value| value.expose().to_owned())
}

/// The revealed values that the entry keeps under names of their own, but for the purpose, which every format has a place for.
pub(super) fn private_values(view: &EntryView) -> impl Iterator<Item = (String, Value)> + '_ {
    view.revealed.iter().filter_map(|(field, value)| {
        let name = field.strip_prefix("private.").filter(|name| *name != "purpose")?;
        Some((name.to_owned(), value.expose().into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_log() {
        let word = |value: Value| value.as_str().map(str::to_owned);
        for value in [Phase::Intent, Phase::Outcome, Phase::Info] {
            assert_eq!(word(serde_json::to_value(value).expect("JSON")).as_deref(), Some(phase(value)));
        }
        for value in [Outcome::Done, Outcome::Denied, Outcome::StepUp, Outcome::Failed, Outcome::Interrupted] {
            assert_eq!(word(serde_json::to_value(value).expect("JSON")).as_deref(), Some(outcome(value)));
        }
    }

    #[test]
    fn every_moment_can_be_written() {
        assert_eq!(utc_ns(0), "1970-01-01T00:00:00.000000000Z");
        assert!(!utc_ns(i64::MIN).is_empty() && !utc_ns(i64::MAX).is_empty());
        assert_eq!(utc_s(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(utc_s(i64::MAX), "");
    }
}
