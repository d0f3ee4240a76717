//! One end of a transfer: collection and site.

use maud::{Markup, html};
use sealane_service::view::PlaceView;

/// `imaging at university-b (this site)`.
pub(crate) fn place(place: &PlaceView) -> Markup {
    html! {
        (place.name.as_deref().unwrap_or(&place.collection)) " at " (place.site)
        @if place.here { span.soft { " (this site)" } }
    }
}
