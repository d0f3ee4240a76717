//! One transfer, live: its bar and figures, what happened so far, and what can be done with it.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use sealane_model::task::Pause;
use sealane_model::{TaskEvent, TaskId, TaskState};
use sealane_service::transfers;
use sealane_service::view::TaskView;

use super::address;
use super::layout::{Area, Frame, Page, page};
use super::part::event_list::event_list;
use super::part::moment::moment;
use super::part::place::place;
use super::part::progress::progress;
use super::part::state_badge::state_badge;
use super::part::task_table::name;
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiPath;
use crate::form::Form;
use crate::web::Web;

/// Events on the page, at most.
pub(crate) const EVENTS: usize = 200;
/// How often a browser without scripts looks again while the task runs.
pub(crate) const REFRESH_SECONDS: u32 = 5;

/// The page.
pub(crate) fn task(frame: &Frame, task: &TaskView, events: &[TaskEvent]) -> Page {
    let title = name(task);
    let main = html! {
        h1 { (title) }
        p.row {
            @for state in shown(&task.state) { span data-when=[when(&state)] hidden[state != task.state] { (state_badge(&state)) } }
            span.soft { "Transfer " code { (task.id) } }
        }
        @for state in shown(&task.state) { div data-when=[when(&state)] hidden[state != task.state] { (explanation(&state)) } }
        (progress(task))
        section aria-labelledby="about-heading" {
            h2 #about-heading { "About" }
            (facts(task))
        }
        div.row {
            a.button href={ "/tasks/" (task.id) "/receipt" } { "Receipt and audit entries" }
            @if !task.state.is_final() { (cancel(frame, task)) }
        }
        section aria-labelledby="events-heading" {
            h2 #events-heading { "What happened" }
            (event_list(events))
        }
    };
    page(frame, &title, &main)
}

/// The states whose words are on the page: the present one, and those that a script may show in its place while the
/// task runs. The words are the server's in any case; at the end the page is loaded again.
fn shown(now: &TaskState) -> Vec<TaskState> {
    if now.is_final() {
        return vec![now.clone()];
    }
    let waiting = [Pause::StepUp, Pause::PeerUnreachable, Pause::StorageFull];
    let waiting = waiting.into_iter().map(|reason| TaskState::Inactive { reason });
    std::iter::once(TaskState::Active).chain(waiting).collect()
}

/// By which words of the event stream a script knows a state; none for the final ones, which it never shows.
fn when(state: &TaskState) -> Option<&'static str> {
    match state {
        TaskState::Active => Some("ACTIVE"),
        TaskState::Inactive { reason: Pause::StepUp } => Some("INACTIVE step-up"),
        TaskState::Inactive { reason: Pause::PeerUnreachable } => Some("INACTIVE peer-unreachable"),
        TaskState::Inactive { reason: Pause::StorageFull } => Some("INACTIVE storage-full"),
        TaskState::Succeeded { .. } | TaskState::Failed { .. } => None,
    }
}

fn explanation(state: &TaskState) -> Markup {
    html! {
        @match state {
            TaskState::Failed { message, .. } if !message.is_empty() => div.note.bad { p { (message) } },
            TaskState::Inactive { reason: Pause::StepUp } => {
                div.note.warn { p { "This transfer waits until you sign in again: sign out, then sign in." } }
            },
            TaskState::Inactive { reason: Pause::PeerUnreachable } => {
                div.note.warn { p { "The other site cannot be reached. It is tried again by itself; nothing is lost." } }
            },
            TaskState::Inactive { reason: Pause::StorageFull } => {
                div.note.warn { p { "The destination's storage is full. It goes on by itself when there is room." } }
            },
            _ => {},
        }
    }
}

/// What is known of a transfer, as a list of facts.
pub(crate) fn facts(task: &TaskView) -> Markup {
    html! {
        dl.facts {
            dt { "From" } dd { (place(&task.source)) }
            dt { "To" } dd { (place(&task.destination)) }
            dt { "Submitted" } dd { (moment(&task.submitted_at.to_string())) }
            @if let Some(at) = task.completed_at { dt { "Ended" } dd { (moment(&at.to_string())) } }
            @if let Some(purpose) = &task.purpose { dt { "Purpose" } dd { (purpose) } }
            @if let Some(cipher) = &task.cipher { dt { "Protection on the way" } dd { "TLS 1.3, " (cipher) } }
            @if let Some(manifest) = &task.manifest { dt { "Digest over all files" } dd { code { (manifest) } } }
        }
        @if !task.items.is_empty() {
            details {
                summary { (task.items.len()) @if task.items.len() == 1 { " item" } @else { " items" } }
                ul { @for item in &task.items { li { code { (item.source.to_text()) } " → " code { (item.destination.to_text()) } } } }
            }
        }
    }
}

fn cancel(frame: &Frame, task: &TaskView) -> Markup {
    html! {
        form method="post" action={ "/tasks/" (task.id) "/cancel" } {
            (frame.form_token())
            button.danger type="submit" { "Cancel this transfer" }
        }
    }
}

/// Show a transfer. `GET /tasks/{id}`.
pub(crate) async fn show(
    State(web): State<Web>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
) -> Result<Page, Failure> {
    let view = transfers::show(&web.app, &signed_in.caller, id).await?;
    let events = transfers::events(&web.app, &signed_in.caller, id, 0, EVENTS).await?;
    let refresh_seconds = (!view.state.is_final()).then_some(REFRESH_SECONDS);
    let frame = Frame { refresh_seconds, ..Frame::of(&web, &signed_in, Area::Tasks) };
    Ok(task(&frame, &view, &events))
}

/// Cancel a transfer. `POST /tasks/{id}/cancel`.
pub(crate) async fn stop(
    State(web): State<Web>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
    _form: Form,
) -> Result<Redirect, Failure> {
    transfers::cancel(&web.app, &signed_in.caller, id).await?;
    Ok(Redirect::to(&address::task(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_finds_each_state_by_what_the_stream_says() {
        for state in shown(&TaskState::Active) {
            let told = serde_json::to_value(&state).unwrap();
            let words: Vec<&str> = ["state", "reason"].iter().filter_map(|field| told[field].as_str()).collect();
            assert_eq!(when(&state), Some(words.join(" ").as_str()));
        }
    }
}
