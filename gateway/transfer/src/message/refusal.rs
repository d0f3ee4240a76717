//! A problem on the wire.
//!
//! [`Problem`]'s own serde form leaves absent fields out, which postcard cannot read back; this is the same with every
//! field in place.

use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use serde::{Deserialize, Serialize};

use super::bounds::{Bounded, OutOfBounds, SENTENCE, WORD, at_most, optional};

/// A request that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    kind: ProblemKind,
    code: String,
    title: String,
    detail: String,
    next_step: Option<String>,
    decision: Option<String>,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let Problem { kind, code, title, detail, next_step, decision } = problem;
        Self {
            kind,
            code: cut(code, WORD),
            title: cut(title, SENTENCE),
            detail: cut(detail, SENTENCE),
            next_step: next_step.map(|text| cut(text, SENTENCE)),
            decision: decision.map(|text| cut(text, WORD)),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let Refused { kind, code, title, detail, next_step, decision } = refused;
        Self { kind, code, title, detail, next_step, decision }
    }
}

impl Bounded for Refused {
    fn check(&self) -> Result<(), OutOfBounds> {
        at_most("a code", self.code.len(), WORD)?;
        at_most("a title", self.title.len(), SENTENCE)?;
        at_most("a detail", self.detail.len(), SENTENCE)?;
        optional("a next step", self.next_step.as_ref(), SENTENCE)?;
        optional("a decision", self.decision.as_ref(), WORD)
    }
}

/// The text, cut at a character boundary to at most `most` bytes.
pub(super) fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_comes_back_as_it_was_sent() {
        let problem = Problem::new(ProblemKind::StepUp, "session.age", "sign in again", "47 min old").next("log in");
        let bytes = postcard::to_allocvec(&Refused::from(problem.clone())).unwrap();
        let refused: Refused = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(Problem::from(refused), problem);
    }

    #[test]
    fn an_overlong_text_is_cut_between_characters() {
        let refused = Refused::from(Problem::new(ProblemKind::Internal, "x", "t", "ü".repeat(SENTENCE)));
        refused.check().unwrap();
    }
}
