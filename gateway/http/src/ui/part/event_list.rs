//! What happened to a task, in order.

use maud::{Markup, html};
use sealane_model::TaskEvent;

use super::moment::moment;

/// The list.
pub(crate) fn event_list(events: &[TaskEvent]) -> Markup {
    html! {
        ol.timeline data-events="" {
            @for event in events {
                li.bad[event.is_error] data-sequence=(event.sequence) {
                    (moment(&event.at.to_string()))
                    @if event.is_error { "Fault: " }
                    (event.message)
                }
            }
        }
    }
}
