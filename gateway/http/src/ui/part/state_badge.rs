//! Where a task stands, in words first.

use maud::{Markup, html};
use sealane_model::TaskState;
use sealane_model::task::Pause;

/// The badge.
pub(crate) fn state_badge(state: &TaskState) -> Markup {
    let (words, tone) = words(state);
    html! { span.badge.(tone) { span.hidden { "State: " } (words) } }
}

fn words(state: &TaskState) -> (&'static str, &'static str) {
    match state {
        TaskState::Active => ("Active", "info"),
        TaskState::Inactive { reason: Pause::StepUp } => ("Waiting: sign in again", "warn"),
        TaskState::Inactive { reason: Pause::PeerUnreachable } => ("Waiting: other site unreachable", "warn"),
        TaskState::Inactive { reason: Pause::StorageFull } => ("Waiting: storage is full", "warn"),
        TaskState::Succeeded { .. } => ("Succeeded", "good"),
        TaskState::Failed { code, .. } if code == "canceled" => ("Canceled", "plain"),
        TaskState::Failed { .. } => ("Failed", "bad"),
    }
}
