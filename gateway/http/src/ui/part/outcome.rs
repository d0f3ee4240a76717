//! What became of each of several entries, where some can succeed and others fail.

use maud::html;
use sealane_model::Problem;

use crate::error::Failure;
use crate::ui::layout::{Frame, Page, page};

/// What became of one entry.
pub(crate) struct Outcome {
    /// What it is, or was, called.
    pub(crate) name: String,
    /// What happened to it.
    pub(crate) result: Result<String, Problem>,
}

/// The page that tells it all. Where nothing at all was done, the first reason is the failure of the whole.
pub(crate) fn outcomes(frame: &Frame, done: &str, back: &str, outcomes: Vec<Outcome>) -> Result<Page, Failure> {
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    if failed > 0 && failed == outcomes.len() {
        let first = outcomes.into_iter().find_map(|outcome| outcome.result.err());
        return first.map_or_else(|| Err(crate::ui::draft::nothing_chosen()), |problem| Err(problem.into()));
    }
    let main = html! {
        h1 { (done) }
        @if failed > 0 {
            p.note.bad role="alert" { strong { (failed) " of " (outcomes.len()) " could not be done. " } "The rest is done." }
        }
        ul.card.plain {
            @for outcome in &outcomes {
                li {
                    code { (outcome.name) } " "
                    @match &outcome.result {
                        Ok(words) => (words),
                        Err(problem) => {
                            p.wrong { (problem.title) ": " (problem.detail) }
                            @if let Some(next) = &problem.next_step { p { "What to do next: " (next) } }
                        },
                    }
                }
            }
        }
        p.row { a.button href=(back) { "Back to the directory" } }
    };
    Ok(page(frame, done, &main))
}
