//! Cross-site request forgery: what another site makes a signed-in browser send changes nothing.

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use sealane_http::{Access, routes};

use crate::backend::Backend;
use crate::harness::{As, HOST, Site, token};

/// What a browser sends when a page of another site makes it.
fn cross_site(
    site: &Site,
    method: Method,
    path: &str,
    origin: Option<&str>,
    fetch_site: Option<&str>,
) -> Request<Body> {
    let own = site.request(As::Browser, Method::GET, "/").body(Body::empty()).unwrap();
    let cookie = own.headers().get(header::COOKIE).unwrap().clone();
    let mut request =
        Request::builder().method(method).uri(path).header(header::HOST, HOST).header(header::COOKIE, cookie);
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    if let Some(fetch_site) = fetch_site {
        request = request.header("sec-fetch-site", fetch_site);
    }
    request.body(Body::empty()).unwrap()
}

on_both!(every_route_that_changes_something_refuses_what_another_site_sends);
async fn every_route_that_changes_something_refuses_what_another_site_sends(on: &Backend) {
    let site = Site::start(on).await;
    let senders = [
        (Some("https://evil.example"), Some("cross-site")),
        (Some("https://evil.example"), None),
        (Some("null"), None),
        (Some("http://127.0.0.1:8443"), Some("same-site")),
        (Some("http://127.0.0.1:9443"), Some("same-site")),
        (None, Some("none")),
        (None, None),
    ];
    let unsafe_routes =
        routes().into_iter().filter(|route| route.method != Method::GET && route.access == Access::Caller);
    for route in unsafe_routes {
        for (origin, fetch_site) in senders {
            let path = route.path.replace("{id}", "x").replace("{collection}", "imaging");
            let request = cross_site(&site, route.method.clone(), &path, origin, fetch_site);
            let answer = site.send(request).await;
            answer.problem(StatusCode::FORBIDDEN, "cross-site-request");
        }
    }
}

on_both!(a_form_without_the_sessions_token_is_refused_even_from_our_own_origin);
async fn a_form_without_the_sessions_token_is_refused_even_from_our_own_origin(on: &Backend) {
    let site = Site::start(on).await;
    for body in ["", "form_token=guess", "form_token="] {
        let request = site.request(As::Browser, Method::POST, "/auth/logout");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer =
            site.send(request.header(header::ACCEPT, "application/json").body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("form-stale"));
    }
    assert_eq!(site.get(As::Browser, "/api/v1/me").await.status, StatusCode::OK, "the session lives on");
}

on_both!(a_program_with_a_bearer_token_needs_no_origin);
async fn a_program_with_a_bearer_token_needs_no_origin(on: &Backend) {
    let site = Site::start(on).await;
    let answer =
        site.post(As::Program, "/api/v1/collections/imaging/directories", &serde_json::json!({"path": "/new"})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

on_both!(signing_out_ends_the_session_and_takes_the_cookie_back);
async fn signing_out_ends_the_session_and_takes_the_cookie_back(on: &Backend) {
    let site = Site::start(on).await;
    let answer = site.form("/auth/logout", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("Max-Age=0") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains(token(As::Browser)));
    let again = site.request(As::Browser, Method::GET, "/api/v1/me").body(Body::empty()).unwrap();
    site.send(again).await.problem(StatusCode::UNAUTHORIZED, "not-signed-in");
}
