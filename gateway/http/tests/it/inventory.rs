//! The list of routes: which are public, and that these are all.

use axum::body::Body;
use http::{Method, StatusCode};
use sealane_http::{Access, PUBLIC_ROUTES, routes};

use crate::backend::Backend;
use crate::harness::{As, Site, token};

const ID: &str = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";

#[test]
fn the_public_routes_are_the_eight_that_were_agreed() {
    let public: Vec<(String, String)> = routes()
        .into_iter()
        .filter(|route| route.access == Access::Public)
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    let mut agreed: Vec<(String, String)> =
        PUBLIC_ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    agreed.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    assert_eq!(public, agreed);
    assert!(agreed.len() <= 8);
}

#[test]
fn no_route_is_listed_twice() {
    let mut seen = std::collections::HashSet::new();
    for route in routes() {
        assert!(seen.insert((route.method.to_string(), route.path.clone())), "{} {}", route.method, route.path);
    }
}

on_both!(every_other_route_answers_401_to_whoever_is_not_signed_in);
async fn every_other_route_answers_401_to_whoever_is_not_signed_in(on: &Backend) {
    let site = Site::start(on).await;
    for route in routes().into_iter().filter(|route| route.access == Access::Caller) {
        let path = route.path.replace("{id}", ID).replace("{collection}", "imaging").replace("{name}", "univ-b");
        let request = site.request(As::Nobody, route.method.clone(), &path).body(Body::empty()).unwrap();
        let answer = site.send(request).await;
        let problem = answer.problem(StatusCode::UNAUTHORIZED, "not-signed-in");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{} {path}", route.method);
        assert!(problem["next_step"].is_string());
    }
}

on_both!(a_wrong_token_is_nobody_on_every_route);
async fn a_wrong_token_is_nobody_on_every_route(on: &Backend) {
    let site = Site::start(on).await;
    for route in routes().into_iter().filter(|route| route.access == Access::Caller) {
        let path = route.path.replace("{id}", ID).replace("{collection}", "imaging").replace("{name}", "univ-b");
        let request = site.request(As::Nobody, route.method, &path).header("authorization", "Bearer slc_guessed");
        let answer = site.send(request.body(Body::empty()).unwrap()).await;
        answer.problem(StatusCode::UNAUTHORIZED, "not-signed-in");
    }
}

on_both!(a_token_of_one_kind_is_of_no_use_in_the_other_place);
async fn a_token_of_one_kind_is_of_no_use_in_the_other_place(on: &Backend) {
    let site = Site::start(on).await;
    let swapped = format!("Bearer {}", token(As::Browser));
    let request = site.request(As::Nobody, Method::GET, "/api/v1/me").header("authorization", swapped);
    site.send(request.body(Body::empty()).unwrap()).await.problem(StatusCode::UNAUTHORIZED, "not-signed-in");
}

on_both!(two_credentials_at_once_are_refused);
async fn two_credentials_at_once_are_refused(on: &Backend) {
    let site = Site::start(on).await;
    let bearer = format!("Bearer {}", token(As::Program));
    let request = site.request(As::Browser, Method::GET, "/api/v1/me").header("authorization", bearer);
    let answer = site.send(request.body(Body::empty()).unwrap()).await;
    answer.problem(StatusCode::BAD_REQUEST, "credentials-ambiguous");
}
