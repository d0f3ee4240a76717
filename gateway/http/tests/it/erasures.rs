//! Erasures and legal holds over HTTP: what is answered is what the document says, and one person alone gets nowhere.

use http::{Method, StatusCode};
use sealane_audit::Recovery;
use sealane_service::Administrator;
use sealane_service::erasures::carry_out;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::harness::{As, Site};

const ERASURES: &str = "/api/v1/audit/erasures";
const HOLDS: &str = "/api/v1/audit/holds";

/// A site where Ana is a compliance officer.
async fn of_officers(on: &Backend) -> Site {
    let officer = Administrator::Email("ana@hospital-a.example".to_owned());
    let site = Site::start_with(on, |settings| settings.officers = vec![officer]).await;
    carry_out::resume(&site.app, &mut Recovery::default()).await.unwrap();
    site
}

fn of_ben() -> Value {
    json!({ "kind": "person", "issuer": "https://idp.example", "subject": "ben" })
}

on_both!(an_officer_asks_for_an_erasure_cannot_approve_it_and_withdraws_it);
async fn an_officer_asks_for_an_erasure_cannot_approve_it_and_withdraws_it(on: &Backend) {
    let site = of_officers(on).await;
    let wanted = json!({ "about": of_ben(), "basis": "Art. 17 GDPR, request 88" });
    let asked = site.post(As::Program, ERASURES, &wanted).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text());
    let asked = asked.json();
    assert_eq!((&asked["state"], &asked["about"]), (&json!("waiting"), &of_ben()));
    let one = format!("{ERASURES}/{}", asked["id"].as_str().unwrap());
    let own = site.post(As::Program, &format!("{one}/approve"), &json!({})).await;
    own.problem(StatusCode::FORBIDDEN, "own-request");
    let again = site.post(As::Program, ERASURES, &wanted).await;
    again.problem(StatusCode::CONFLICT, "erasure-open");

    let listed = site.get(As::Program, ERASURES).await.json();
    assert_eq!(listed["items"], json!([asked]));
    let withdrawn = site.send(site.request(As::Program, Method::DELETE, &one).body("".into()).unwrap()).await;
    assert_eq!(withdrawn.status, StatusCode::NO_CONTENT);
    assert_eq!(site.get(As::Program, ERASURES).await.json()["items"], json!([]));
}

on_both!(a_hold_is_placed_refuses_an_erasure_and_is_not_released_by_one_person);
async fn a_hold_is_placed_refuses_an_erasure_and_is_not_released_by_one_person(on: &Backend) {
    let site = of_officers(on).await;
    let wanted = json!({ "about": { "kind": "collection", "collection": "imaging" }, "reason": "litigation" });
    let placed = site.post(As::Program, HOLDS, &wanted).await;
    assert_eq!(placed.status, StatusCode::CREATED, "{}", placed.text());
    let placed = placed.json();
    let wanted = json!({ "about": placed["about"], "basis": "because" });
    site.post(As::Program, ERASURES, &wanted).await.problem(StatusCode::CONFLICT, "on-hold");
    let release = format!("{HOLDS}/{}/release", placed["id"].as_str().unwrap());
    let asked = site.post(As::Program, &release, &json!({})).await;
    assert_eq!((asked.status, &asked.json()["released"]), (StatusCode::OK, &json!(false)), "{}", asked.text());
    site.post(As::Program, &release, &json!({})).await.problem(StatusCode::FORBIDDEN, "own-request");
    let listed = site.get(As::Program, HOLDS).await.json();
    assert_eq!(listed["items"][0]["release_asked_by"], "ana");
}

on_both!(whoever_is_no_officer_is_refused);
async fn whoever_is_no_officer_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let wanted = json!({ "about": of_ben(), "basis": "because" });
    site.post(As::Program, ERASURES, &wanted).await.problem(StatusCode::FORBIDDEN, "role.missing");
    site.get(As::Program, ERASURES).await.problem(StatusCode::FORBIDDEN, "role.missing");
    site.get(As::Program, HOLDS).await.problem(StatusCode::FORBIDDEN, "role.missing");
    let malformed = json!({ "about": { "kind": "everybody" }, "basis": "because" });
    assert_eq!(site.post(As::Program, ERASURES, &malformed).await.status, StatusCode::BAD_REQUEST);
}
