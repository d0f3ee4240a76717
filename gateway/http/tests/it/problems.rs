//! Every failure is a problem document that says what to do next.

use axum::body::Body;
use http::{Method, StatusCode, header};
use serde_json::json;

use crate::backend::Backend;
use crate::harness::{As, Site};

on_both!(a_problem_has_all_its_members_and_the_request_id_as_its_reference);
async fn a_problem_has_all_its_members_and_the_request_id_as_its_reference(on: &Backend) {
    let site = Site::start(on).await;
    let answer = site.get(As::Program, "/api/v1/collections/nothing-here").await;
    let problem = answer.problem(StatusCode::NOT_FOUND, "collection-unknown");
    for member in ["type", "title", "status", "detail", "code", "next_step", "reference"] {
        assert!(!problem[member].is_null(), "{member}: {problem}");
    }
    assert_eq!(problem["type"], "urn:sealane:problem:not-found");
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["reference"], answer.header("x-request-id"));
}

on_both!(an_unknown_address_and_a_wrong_method_are_explained);
async fn an_unknown_address_and_a_wrong_method_are_explained(on: &Backend) {
    let site = Site::start(on).await;
    for who in [As::Nobody, As::Program] {
        site.get(who, "/api/v1/nowhere").await.problem(StatusCode::NOT_FOUND, "route-unknown");
        let answer = site.post(who, "/api/v1/me", &json!({})).await;
        answer.problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed");
        assert!(answer.header("allow").contains("GET"));
    }
}

on_both!(on_a_page_that_is_not_there_one_is_still_signed_in);
async fn on_a_page_that_is_not_there_one_is_still_signed_in(on: &Backend) {
    let site = Site::start(on).await;
    for page in [site.get(As::Browser, "/no-such-page").await, site.form("/collections", &[]).await] {
        assert!(page.status.is_client_error(), "{}", page.status);
        assert!(page.text().contains("Ana Ruiz") && page.text().contains("Sign out"), "{}", page.text());
    }
    let request = site.request(As::Nobody, Method::GET, "/no-such-page").header(header::ACCEPT, "text/html");
    let stranger = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    assert!(!stranger.text().contains("Sign out"), "{}", stranger.text());
}

on_both!(a_body_that_does_not_fit_says_why);
async fn a_body_that_does_not_fit_says_why(on: &Backend) {
    let site = Site::start(on).await;
    let cases = [
        ("{", "json-malformed"),
        ("[]", "json-mismatch"),
        (r#"{"path":"/a","color":"red"}"#, "json-mismatch"),
        (r#"{"path":"a/../b"}"#, "json-mismatch"),
        (r#"{"path":"/a/../b"}"#, "json-mismatch"),
        (r"{}", "json-mismatch"),
    ];
    for (body, code) in cases {
        let request = site.request(As::Program, Method::POST, "/api/v1/collections/imaging/directories");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).unwrap();
        site.send(request).await.problem(StatusCode::BAD_REQUEST, code);
    }
}

on_both!(a_field_that_nobody_knows_is_named);
async fn a_field_that_nobody_knows_is_named(on: &Backend) {
    let site = Site::start(on).await;
    let answer = site
        .post(As::Program, "/api/v1/collections/imaging/directories", &json!({"path": "/a", "recursiv": true}))
        .await;
    let problem = answer.problem(StatusCode::BAD_REQUEST, "json-mismatch");
    assert!(problem["detail"].as_str().unwrap().contains("recursiv"));
}

on_both!(a_body_without_its_content_type_is_refused);
async fn a_body_without_its_content_type_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let request = site.request(As::Program, Method::POST, "/api/v1/tasks").body(Body::from("{}")).unwrap();
    site.send(request).await.problem(StatusCode::BAD_REQUEST, "media-type");
}

on_both!(a_body_beyond_the_bound_is_refused);
async fn a_body_beyond_the_bound_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let answer = site.post(As::Program, "/api/v1/tasks", &json!("x".repeat(5 << 20))).await;
    answer.problem(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large");
}

on_both!(parameters_that_do_not_fit_are_refused);
async fn parameters_that_do_not_fit_are_refused(on: &Backend) {
    let site = Site::start(on).await;
    let unknown = "/api/v1/collections/imaging/entries?pth=/a";
    site.get(As::Program, unknown).await.problem(StatusCode::BAD_REQUEST, "query-mismatch");
    let escaping = "/api/v1/collections/imaging/entries?path=/a/../../etc";
    site.get(As::Program, escaping).await.problem(StatusCode::BAD_REQUEST, "query-mismatch");
    site.get(As::Program, "/api/v1/tasks/not-an-id").await.problem(StatusCode::NOT_FOUND, "id-unknown");
}

on_both!(what_is_not_hers_looks_like_what_is_not_there);
async fn what_is_not_hers_looks_like_what_is_not_there(on: &Backend) {
    let site = Site::start(on).await;
    let hidden = site
        .get(As::Program, "/api/v1/collections/patients")
        .await
        .problem(StatusCode::NOT_FOUND, "collection-unknown");
    let absent =
        site.get(As::Program, "/api/v1/collections/nothing").await.problem(StatusCode::NOT_FOUND, "collection-unknown");
    for member in ["type", "title", "detail", "next_step"] {
        assert_eq!(hidden[member], absent[member]);
    }
}

on_both!(browsers_get_a_page_that_says_the_same);
async fn browsers_get_a_page_that_says_the_same(on: &Backend) {
    let site = Site::start(on).await;
    let answer = site.get(As::Browser, "/tasks/019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.text().contains("task-unknown"));
    assert!(answer.text().contains(answer.header("x-request-id")));
    assert!(answer.text().contains("Sign out"), "whoever is signed in keeps their navigation");
}

on_both!(a_stranger_is_led_to_sign_in_and_back);
async fn a_stranger_is_led_to_sign_in_and_back(on: &Backend) {
    let site = Site::start(on).await;
    let request =
        site.request(As::Nobody, Method::GET, "/device?user_code=BCDF-GHJK").header(header::ACCEPT, "text/html");
    let answer = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let link = "/auth/login?provider=staff&amp;return_to=%2Fdevice%3Fuser_code%3DBCDF-GHJK";
    assert!(answer.text().contains(link), "{}", answer.text());
}
