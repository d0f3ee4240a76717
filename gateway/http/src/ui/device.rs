//! Signing a command line in: compare its code, then say yes or no (RFC 8628 section 3.3).

use axum::extract::State;
use maud::{Markup, html};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use sealane_service::identity::device::{approve, deny, look_up};
use sealane_service::view::DeviceView;
use serde::Deserialize;

use super::layout::{Area, Frame, Page, page};
use super::part::moment::moment;
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiQuery;
use crate::form::Form;
use crate::web::Web;

/// The code, where the address brings it along.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceQuery {
    user_code: Option<String>,
}

/// Where the person stands.
pub(crate) enum Step {
    /// They type the code; a note says what was wrong with the last one.
    Ask {
        /// What was wrong.
        note: Option<String>,
    },
    /// They compare and decide.
    Confirm(DeviceView),
    /// They said yes.
    Approved,
    /// They said no.
    Refused,
}

/// The page.
pub(crate) fn device(frame: &Frame, step: &Step) -> Page {
    let main = html! {
        h1 { "Sign in a command line" }
        @match step {
            Step::Ask { note } => (ask(note.as_deref())),
            Step::Confirm(view) => (confirm(frame, view)),
            Step::Approved => {
                div.note role="status" { p { "Done. The command line is signed in as you; you can close this page." } }
            },
            Step::Refused => {
                div.note role="status" { p { "Refused. The command line stays signed out." } }
            },
        }
    };
    page(frame, "Sign in a command line", &main)
}

fn ask(note: Option<&str>) -> Markup {
    html! {
        @if let Some(note) = note { div.note.bad role="alert" { p #code-note { (note) } } }
        form.card method="get" action="/device" {
            div.field {
                label for="user-code" { "Code" }
                input #user-code type="text" name="user_code" required maxlength="16" autocomplete="off"
                    autocapitalize="characters" spellcheck="false" aria-describedby="code-hint";
                small #code-hint { "The eight letters that your terminal shows, such as BCDF-GHJK." }
            }
            button type="submit" { "Continue" }
        }
    }
}

fn confirm(frame: &Frame, view: &DeviceView) -> Markup {
    html! {
        p { "A command line asks to act as you at " (frame.site_title) ". Does your terminal show this very code?" }
        div.card {
            p.code-big { (view.user_code) }
            dl.facts {
                @if let Some(label) = &view.client_label { dt { "It calls itself" } dd { (label) } }
                dt { "Asked" } dd { (moment(&view.created_at.to_string())) }
                dt { "Good until" } dd { (moment(&view.expires_at.to_string())) }
            }
            form.row method="post" action="/device" {
                (frame.form_token())
                input type="hidden" name="user_code" value=(view.user_code);
                button type="submit" name="answer" value="approve" { "Yes, sign it in" }
                button.danger type="submit" name="answer" value="refuse" { "No" }
            }
        }
        p.note.warn { "If you did not start this yourself, say no: somebody may be trying to use your name." }
    }
}

/// Ask for a code, or show what asks. `GET /device`.
pub(crate) async fn show(
    State(web): State<Web>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<DeviceQuery>,
) -> Result<Page, Failure> {
    let step = match query.user_code.filter(|code| !code.trim().is_empty()) {
        None => Step::Ask { note: None },
        Some(code) => match look_up(&web.app, &signed_in.caller, &code).await {
            Ok(view) => Step::Confirm(view),
            Err(problem) if problem.kind == ProblemKind::NotFound => Step::Ask { note: Some(note(&problem)) },
            Err(problem) => return Err(problem.into()),
        },
    };
    Ok(device(&frame(&web, &signed_in), &step))
}

/// Take the person's answer. `POST /device`.
pub(crate) async fn answer(State(web): State<Web>, signed_in: SignedIn, form: Form) -> Result<Page, Failure> {
    let (code, caller) = (form.text("user_code"), &signed_in.caller);
    let step = if form.text("answer") == "approve" {
        approve(&web.app, caller, code).await?;
        Step::Approved
    } else {
        deny(&web.app, caller, code).await?;
        Step::Refused
    };
    Ok(device(&frame(&web, &signed_in), &step))
}

fn frame(web: &Web, signed_in: &SignedIn) -> Frame {
    Frame { narrow: true, ..Frame::of(web, signed_in, Area::Elsewhere) }
}

fn note(problem: &Problem) -> String {
    format!("{}. {}", problem.title, problem.next_step.as_deref().unwrap_or(&problem.detail))
}
