//! Cross-site request forgery: what changes something and comes with a cookie must come from our own pages.
//!
//! Browsers attach cookies by themselves, so a cookie proves who, not whether they meant it. `Sec-Fetch-Site` and
//! `Origin` are set by the browser and cannot be forged by a page; one of them must say that the request is same-origin.
//! A request without our cookie rides on nobody's session and passes. Forms carry the session's token besides
//! (`form.rs`), and the cookie is `SameSite=Lax`.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, Method, header};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;

use super::host::host_of;
use crate::cookie;
use crate::error::Failure;
use crate::web::Web;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuse cross-site requests that would change something.
pub(crate) async fn same_site(State(web): State<Web>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let rides_on_cookie = cookie::is_present(request.headers(), &web.options.session_cookie());
    if safe || !rides_on_cookie || is_same_origin(&web, &request) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        ProblemKind::Denied,
        "cross-site-request",
        "The request did not come from this site's own pages",
        "A signed-in browser sent it, but neither Origin nor Sec-Fetch-Site says that a page of this site made it.",
    )
    .next("Go to the site itself and do it there; programs sign in with a bearer token instead of a cookie.");
    Failure::from(problem).into_response()
}

fn is_same_origin(web: &Web, request: &Request) -> bool {
    let site = text(request.headers(), &SEC_FETCH_SITE);
    let origin = text(request.headers(), &header::ORIGIN);
    match (site, origin) {
        (Some(site), _) if site != "same-origin" => false,
        // The host was checked before, so scheme and host together are an origin of ours.
        (_, Some(origin)) => host_of(request).is_some_and(|host| origin == format!("{}://{host}", scheme(web))),
        (site, None) => site.is_some(),
    }
}

fn scheme(web: &Web) -> &'static str {
    if web.options.secure_cookies { "https" } else { "http" }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"))
}
