//! What every answer carries, and which requests are not ours.

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use sealane_http::routes;

use crate::backend::Backend;
use crate::harness::{As, HOST, Site};

on_both!(every_answer_carries_the_headers_that_browsers_enforce);
async fn every_answer_carries_the_headers_that_browsers_enforce(on: &Backend) {
    let site = Site::start(on).await;
    for path in ["/", "/collections", "/api/v1/me", "/api/v1/nowhere", "/healthz", "/assets/nothing.css"] {
        for who in [As::Nobody, As::Browser] {
            let answer = site.get(who, path).await;
            let policy = answer.header("content-security-policy");
            for rule in [
                "default-src 'none'",
                "require-trusted-types-for 'script'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ] {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert!(!answer.header("x-request-id").is_empty(), "{path}");
        }
    }
}

on_both!(two_requests_never_share_an_id_whatever_the_client_says);
async fn two_requests_never_share_an_id_whatever_the_client_says(on: &Backend) {
    let site = Site::start(on).await;
    let ask = || {
        site.request(As::Nobody, Method::GET, "/healthz").header("x-request-id", "mine").body(Body::empty()).unwrap()
    };
    let (one, two) = (site.send(ask()).await, site.send(ask()).await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert_ne!(one.header("x-request-id"), "mine");
}

on_both!(a_request_for_another_host_is_not_answered);
async fn a_request_for_another_host_is_not_answered(on: &Backend) {
    let site = Site::start(on).await;
    for host in ["evil.example", "127.0.0.1:1", "127.0.0.1:8443.evil.example"] {
        let request = Request::builder().uri("/").header(header::HOST, host).body(Body::empty()).unwrap();
        site.send(request).await.problem(StatusCode::MISDIRECTED_REQUEST, "host-unknown");
    }
    let without = Request::builder().uri("/").body(Body::empty()).unwrap();
    site.send(without).await.problem(StatusCode::MISDIRECTED_REQUEST, "host-unknown");
}

on_both!(probes_are_answered_by_address);
async fn probes_are_answered_by_address(on: &Backend) {
    let site = Site::start(on).await;
    for (path, word) in [("/healthz", "live"), ("/readyz", "ready")] {
        let request = Request::builder().uri(path).header(header::HOST, "10.0.0.7:8443").body(Body::empty()).unwrap();
        let answer = site.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert!(answer.text().contains(word));
    }
}

on_both!(assets_are_kept_for_good_under_names_that_change_with_them);
async fn assets_are_kept_for_good_under_names_that_change_with_them(on: &Backend) {
    let site = Site::start(on).await;
    let page = site.get(As::Nobody, "/").await.text();
    let names: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(names.len() >= 3);
    for name in names {
        let answer = site.get(As::Nobody, name).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert!(answer.header("cache-control").contains("immutable"), "{name}");
        assert!(!answer.header("content-type").is_empty(), "{name}");
    }
}

on_both!(no_address_of_ours_takes_a_method_that_it_does_not_list);
async fn no_address_of_ours_takes_a_method_that_it_does_not_list(on: &Backend) {
    let site = Site::start(on).await;
    for route in routes() {
        let path =
            route.path.replace("{id}", "x").replace("{collection}", "x").replace("{name}", "x").replace("{file}", "x");
        let request =
            Request::builder().method("TRACE").uri(path).header(header::HOST, HOST).body(Body::empty()).unwrap();
        let answer = site.send(request).await;
        answer.problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed");
    }
}
