//! The list of routes: which are public, and that these are all.

use axum::body::Body;
use http::{Method, StatusCode};
use sealane_http::{Access, PUBLIC_ROUTES, routes};

use crate::backend::Backend;
use crate::harness::{As, Site, token};

const ID: &str = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";

#[test]
fn the_public_routes_are_the_nine_that_were_agreed() {
    let public: Vec<(String, String)> = routes()
        .into_iter()
        .filter(|route| route.access == Access::Public)
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    let mut agreed: Vec<(String, String)> =
        PUBLIC_ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    agreed.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    assert_eq!(public, agreed);
    assert!(agreed.len() <= 9);
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

on_both!(a_witness_answers_in_the_words_of_its_protocol);
async fn a_witness_answers_in_the_words_of_its_protocol(on: &Backend) {
    let site = Site::start(on).await;
    let unknown = "old 0\n\nsealane/nobody/node-1\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} sealane/nobody/node-1 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let endless = "x".repeat(1 << 20);
    for (body, status) in [("", 400), ("old 0", 400), (endless.as_str(), 400), (unknown, 404)] {
        let request = site.request(As::Nobody, Method::POST, "/witness/add-checkpoint");
        let answer = site.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, "text/plain; charset=utf-8"));
        assert!(answer.text().ends_with('\n') && !answer.text().contains('{'), "{}", answer.text());
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
