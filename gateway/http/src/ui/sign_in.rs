//! Signing in: one link for each identity provider.
//!
//! Links and not a form: the browser's `form-action` rule also covers where a form is redirected to.

use maud::{Markup, html};
use sealane_service::view::ProviderView;

use super::address;
use super::layout::{Frame, Page, page};

/// The page for somebody who is not signed in; afterwards they are back at `return_to`.
pub(crate) fn sign_in(frame: &Frame, providers: &[ProviderView], return_to: &str) -> Page {
    let main = html! {
        h1 { "Sign in to " (frame.site_title) }
        p.lead { "Exchange research data with other institutions: decided by policy, recorded, verified." }
        (links(providers, |provider| address::sign_in(provider, return_to)))
        p.soft { "You sign in with your institution. This site never sees your password." }
    };
    page(frame, "Sign in", &main)
}

/// The links alone; `lead` makes the address for a provider's short name.
pub(crate) fn links(providers: &[ProviderView], lead: impl Fn(&str) -> String) -> Markup {
    html! {
        div.card {
            @for provider in providers {
                p {
                    a.button.wide href=(lead(&provider.name)) { "Sign in with " (provider.title) }
                }
            }
            @if providers.is_empty() {
                p { "No identity provider is configured here yet. Ask the site's administrator to add one." }
            }
        }
    }
}
