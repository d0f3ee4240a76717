//! The frame of every page: head, skip link, banner, navigation, main part, footer.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::assets::{ICON, SCRIPT, STYLE};
use crate::caller::SignedIn;
use crate::ui::part;
use crate::web::Web;

/// Which entry of the navigation a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// The first page.
    Home,
    /// Collections and what is in them.
    Collections,
    /// Transfers.
    Tasks,
    /// None of these.
    Elsewhere,
}

/// The person signed in, as the frame shows them.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// What to call them.
    pub(crate) name: String,
    /// The token that their forms carry.
    pub(crate) form_token: String,
}

/// What the frame of a page needs.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The site's name for people.
    pub(crate) site_title: String,
    /// Who looks, if signed in.
    pub(crate) viewer: Option<Viewer>,
    /// Where the page belongs.
    pub(crate) area: Area,
    /// Seconds after which a browser without scripts loads the page again.
    pub(crate) refresh_seconds: Option<u32>,
    /// Whether the page is one narrow column.
    pub(crate) narrow: bool,
}

impl Frame {
    /// The frame of a signed-in person's page.
    pub(crate) fn of(web: &Web, signed_in: &SignedIn, area: Area) -> Self {
        Self { viewer: Some(signed_in.viewer()), narrow: false, ..Self::narrow(web, area) }
    }

    /// The frame of a page in one narrow column that nobody need be signed in for.
    pub(crate) fn narrow(web: &Web, area: Area) -> Self {
        let site_title = web.app.identity().title.clone();
        Self { site_title, viewer: None, area, refresh_seconds: None, narrow: true }
    }

    /// A form field with the viewer's form token.
    pub(crate) fn form_token(&self) -> Markup {
        html! { @if let Some(viewer) = &self.viewer { (part::form_token::field(&viewer.form_token)) } }
    }
}

/// A whole page.
#[derive(Debug, Clone)]
pub(crate) struct Page(Markup);

impl Page {
    /// The page as text.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.0.0
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        Html(self.0.into_string()).into_response()
    }
}

/// Put a page together.
pub(crate) fn page(frame: &Frame, title: &str, main: &Markup) -> Page {
    Page(html! {
        (DOCTYPE)
        html lang="en" {
            (head(frame, title))
            body {
                a.skip href="#main" { "Skip to content" }
                (banner(frame))
                main #main tabindex="-1" .narrow[frame.narrow] { (main) }
                (footer(frame))
            }
        }
    })
}

fn head(frame: &Frame, title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · " (frame.site_title) " · Sealane" }
            link rel="icon" type="image/svg+xml" href=(ICON.url());
            link rel="stylesheet" href=(STYLE.url());
            script src=(SCRIPT.url()) defer {}
            @if let Some(seconds) = frame.refresh_seconds {
                noscript { meta http-equiv="refresh" content=(seconds); }
            }
        }
    }
}

fn banner(frame: &Frame) -> Markup {
    html! {
        header.top {
            div {
                a.brand href="/" {
                    img src=(ICON.url()) alt="" width="28" height="28";
                    span { "Sealane" }
                    small { (frame.site_title) }
                }
                @if let Some(viewer) = &frame.viewer {
                    nav aria-label="Main" {
                        ul {
                            li { (entry(frame, Area::Home, "/", "Home")) }
                            li { (entry(frame, Area::Collections, "/collections", "Collections")) }
                            li { (entry(frame, Area::Tasks, "/tasks", "Transfers")) }
                        }
                    }
                    div.who {
                        span { span.hidden { "Signed in as " } (viewer.name) }
                        form method="post" action="/auth/logout" {
                            (frame.form_token())
                            button.quiet type="submit" { "Sign out" }
                        }
                    }
                }
            }
        }
    }
}

fn entry(frame: &Frame, area: Area, address: &str, name: &str) -> Markup {
    let here = (frame.area == area).then_some("page");
    html! { a href=(address) aria-current=[here] { (name) } }
}

fn footer(frame: &Frame) -> Markup {
    html! {
        footer.foot {
            div {
                p { (frame.site_title) ". Every access is decided by policy and recorded." }
            }
        }
    }
}
