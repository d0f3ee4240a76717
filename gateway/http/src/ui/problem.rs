//! What a person sees when something cannot be done: what happened, why, what to do next, and a reference.

use maud::{Markup, html};
use sealane_model::problem::ProblemKind;

use super::address;
use super::layout::{Area, Frame, Page, Viewer, page};
use super::sign_in;
use crate::middleware::present::ProblemDetails;
use crate::web::Web;

/// The page. Where signing in helps, it is offered, and the person comes back to `return_to` afterwards.
pub(crate) fn problem(
    web: &Web,
    viewer: Option<Viewer>,
    details: &ProblemDetails,
    kind: ProblemKind,
    return_to: &str,
) -> Page {
    let frame = Frame { viewer, ..Frame::narrow(web, Area::Elsewhere) };
    let back = address::safe_return(Some(return_to));
    let way_on = match kind {
        ProblemKind::NotSignedIn => sign_in::links(&web.site().providers, |name| address::sign_in(name, back)),
        ProblemKind::StepUp => sign_in::links(&web.site().providers, |name| address::step_up(name, back)),
        _ => html! { p.row { a.button href="/" { "Go to the first page" } } },
    };
    explain(&frame, details, &way_on)
}

/// What happened, why, what to do next, and the way on.
pub(crate) fn explain(frame: &Frame, details: &ProblemDetails, way_on: &Markup) -> Page {
    let main = html! {
        h1 { (details.title) }
        div.note.bad {
            p { (details.detail) }
            @if let Some(next) = &details.next_step { p { strong { "What to do next: " } (next) } }
        }
        (way_on)
        dl.facts {
            dt { "Reference" } dd { code { (details.reference) } }
            dt { "Code" } dd { code { (details.code) } }
            @if let Some(decision) = &details.decision { dt { "Decision" } dd { code { (decision) } } }
        }
        p.soft { "If you ask for help, quote the reference: it leads to what happened, and tells nothing about you." }
    };
    page(frame, &details.title, &main)
}
