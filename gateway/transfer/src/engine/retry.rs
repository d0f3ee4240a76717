//! When to try again, and when not.
//!
//! A lane that is lost is opened again after 0.2 s, then after twice as long each time, up to 30 s. What another attempt
//! cannot cure ends the task with the cause's own word. The delays are fixed, not random: the lanes of a task are few, and
//! a test can follow them.

use std::time::Duration;

use sealane_connectors::StorageError;
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;

use super::stop::{Stop, Trouble};
use crate::lane::LaneError;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// Faults that should not come twice, such as a peer that breaks the protocol, may come this often in a row.
const FAULTS: u32 = 5;
/// From this attempt on the task says that it waits.
const SAY_FROM: u32 = 4;

/// The delays between attempts that fail in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after one more failure.
    pub(super) fn failed(&mut self) -> Duration {
        let delay = FIRST.saturating_mul(2_u32.saturating_pow(self.failures.min(16)));
        self.failures = self.failures.saturating_add(1);
        delay.min(LONGEST)
    }

    /// It worked: the next failure is the first again.
    pub(super) fn worked(&mut self) {
        self.failures = 0;
    }

    /// Whether it has lasted so long that the owner should be told.
    pub(super) const fn lasts(&self) -> bool {
        self.failures >= SAY_FROM
    }

    const fn is_exhausted(&self) -> bool {
        self.failures >= FAULTS
    }
}

/// What follows from a trouble.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Wait and try again; the cause in words.
    Again(String),
    /// The order is used up or over: try again with a fresh one.
    Renew(String),
    /// No attempt will help.
    Stop(Stop),
}

/// Judges what a lane met.
pub(super) fn judge(trouble: Trouble, backoff: &Backoff) -> Verdict {
    match trouble {
        Trouble::Stop(stop) => Verdict::Stop(stop),
        Trouble::Storage(error) => judge_storage(&error, backoff),
        Trouble::Lane(error) => judge_lane(&error, backoff),
    }
}

fn judge_storage(error: &StorageError, backoff: &Backoff) -> Verdict {
    let passing = matches!(error, StorageError::Unreachable | StorageError::Spoilt | StorageError::Io { .. });
    if passing && !backoff.is_exhausted() {
        return Verdict::Again(error.to_string());
    }
    Verdict::Stop(Stop::of_storage(error))
}

fn judge_lane(error: &LaneError, backoff: &Backoff) -> Verdict {
    match error {
        LaneError::Refused(problem) => judge_refusal(problem),
        error if error.is_passing() => Verdict::Again(error.to_string()),
        LaneError::Protocol(_) | LaneError::Frame(_) if !backoff.is_exhausted() => Verdict::Again(error.to_string()),
        error => Verdict::Stop(Stop::of_failure(&error.problem())),
    }
}

fn judge_refusal(problem: &Problem) -> Verdict {
    match (problem.code.as_str(), problem.kind) {
        ("order-expired" | "order-replayed", _) => Verdict::Renew(problem.detail.clone()),
        (_, ProblemKind::Unavailable | ProblemKind::TooMany) => Verdict::Again(problem.title.clone()),
        (_, ProblemKind::StepUp) => Verdict::Stop(Stop::StepUp(problem.clone())),
        _ => Verdict::Stop(Stop::of_failure(problem)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_a_fifth_of_a_second_to_half_a_minute() {
        let mut backoff = Backoff::default();
        let delays: Vec<u128> = (0..10).map(|_| backoff.failed().as_millis()).collect();
        assert_eq!(delays, [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
        backoff.worked();
        assert_eq!(backoff.failed().as_millis(), 200);
    }

    #[test]
    fn a_full_disk_is_not_tried_again() {
        let verdict = judge(Trouble::Storage(StorageError::Full), &Backoff::default());
        assert!(matches!(verdict, Verdict::Stop(Stop::Failed { code, .. }) if code == "storage-full"));
    }

    #[test]
    fn a_used_order_is_renewed_and_a_refusal_of_policy_is_final() {
        let used = Problem::new(ProblemKind::Denied, "order-replayed", "", "");
        assert!(matches!(judge(LaneError::Refused(used).into(), &Backoff::default()), Verdict::Renew(_)));
        let denied = Problem::new(ProblemKind::Denied, "data.granted", "", "");
        let verdict = judge(LaneError::Refused(denied).into(), &Backoff::default());
        assert!(matches!(verdict, Verdict::Stop(Stop::Failed { .. })));
    }
}
