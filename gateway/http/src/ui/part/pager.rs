//! The way to the next page of a list.

use maud::{Markup, html};

/// A link to the next page, and back to the first where this is not it.
pub(crate) fn pager(what: &str, first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if first.is_some() || next.is_some() {
            nav.row aria-label={ "Pages of " (what) } {
                @if let Some(address) = first { a.button.quiet href=(address) { "First page" } }
                @if let Some(address) = next { a.button.quiet href=(address) rel="next" { "Next page" } }
            }
        }
    }
}
