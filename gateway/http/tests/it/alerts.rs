//! Rules, alerts and reviews over HTTP: what is answered is what the document says (`conformity` holds every answer against it).

use http::{Method, StatusCode};
use sealane_service::{Administrator, audit};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::conformity::check_shape;
use crate::harness::{As, Site};

const RULES: &str = "/api/v1/audit/alert-rules";
const ALERTS: &str = "/api/v1/audit/alerts";
const REVIEW: &str = "/api/v1/audit/review";

async fn of_officers(on: &Backend) -> Site {
    let officer = Administrator::Email("ana@hospital-a.example".to_owned());
    Site::start_with(on, |settings| settings.officers = vec![officer]).await
}

fn rule(name: &str) -> Value {
    json!({
        "name": name,
        "question": { "kind": "site.start,entry.stat", "client": "192.0.2.99" },
        "threshold": { "measure": "entries", "at_least": 3, "within_s": 600, "by": "person" },
        "severity": "warning",
        "concerns": "compliance-officer",
    })
}

on_both!(a_rule_is_saved_shown_without_names_changed_tried_and_removed);
async fn a_rule_is_saved_shown_without_names_changed_tried_and_removed(on: &Backend) {
    let site = of_officers(on).await;
    let saved = site.post(As::Program, RULES, &rule("looks")).await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.text());
    assert_eq!(saved.json()["question"]["client"], "(private)");
    site.post(As::Program, RULES, &rule("looks")).await.problem(StatusCode::CONFLICT, "alert-rule-exists");
    let listed = site.get(As::Program, &format!("{RULES}?limit=1000")).await.json();
    let names: Vec<&str> = listed["items"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(names.contains(&"looks") && names.contains(&"refused-decisions") && names.is_sorted(), "{names:?}");

    let one = format!("{RULES}/looks");
    let changed = site.post(As::Program, &format!("{one}/change"), &json!({ "severity": "urgent" })).await;
    assert_eq!(changed.json()["severity"], "urgent", "{}", changed.text());
    let paused = site.post(As::Program, &format!("{one}/pause"), &json!({})).await;
    assert_eq!(paused.json()["paused"], true, "{}", paused.text());
    let trial = json!({ "question": {}, "threshold": rule("x")["threshold"], "days": 1 });
    let tried = site.post(As::Program, "/api/v1/audit/alert-rule-trial", &trial).await;
    assert_eq!((tried.status, tried.json()["entries"].as_u64() > Some(3)), (StatusCode::OK, true), "{}", tried.text());
    let removed = site.send(site.request(As::Program, Method::DELETE, &one).body("".into()).unwrap()).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    site.get(As::Program, &one).await.problem(StatusCode::NOT_FOUND, "alert-rule-unknown");
    let own =
        site.send(site.request(As::Program, Method::DELETE, &format!("{RULES}/role-granted")).body("".into()).unwrap());
    own.await.problem(StatusCode::CONFLICT, "alert-rule-built-in");
    for wrong in [json!({}), json!({ "name": "Upper" }), json!({ "severity": "grave" })] {
        assert_eq!(site.post(As::Program, RULES, &wrong).await.status, StatusCode::BAD_REQUEST);
    }
}

on_both!(alerts_are_listed_shown_and_not_judged_by_whom_they_are_about);
async fn alerts_are_listed_shown_and_not_judged_by_whom_they_are_about(on: &Backend) {
    let site = of_officers(on).await;
    audit::catch_up(&site.app).await.unwrap();
    let listed = site.get(As::Program, &format!("{ALERTS}?state=open&severity=warning")).await.json();
    let alert = &listed["items"][0];
    assert_eq!(alert["rule"], "role-granted", "{listed}");
    let one = format!("{ALERTS}/{}", alert["id"].as_str().unwrap());
    assert_eq!(site.get(As::Program, &one).await.json()["places"][0]["entries"], 1);
    site.post(As::Program, &format!("{one}/acknowledge"), &json!({})).await.problem(StatusCode::FORBIDDEN, "own-alert");
    let close = json!({ "finding": "explained", "note": "as agreed" });
    site.post(As::Program, &format!("{one}/close"), &close).await.problem(StatusCode::FORBIDDEN, "own-alert");
    assert_eq!(site.get(As::Program, &format!("{ALERTS}?state=new")).await.status, StatusCode::BAD_REQUEST);
    let none = format!("{ALERTS}/019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60");
    site.get(As::Program, &none).await.problem(StatusCode::NOT_FOUND, "alert-unknown");
    let status = site.get(As::Program, "/api/v1/audit/status").await.json();
    assert_eq!((&status["alerts"]["warning"], &status["review_overdue"]), (&json!(1), &json!(false)), "{status}");
}

on_both!(alerts_are_followed_from_the_last_one_that_was_seen);
async fn alerts_are_followed_from_the_last_one_that_was_seen(on: &Backend) {
    let site = of_officers(on).await;
    audit::catch_up(&site.app).await.unwrap();
    let rule = json!({
        "name": "looks", "question": { "kind": "alert-rule.list", "phase": "outcome" },
        "threshold": { "measure": "entries", "at_least": 1, "within_s": 0, "by": "anybody" },
        "severity": "note", "concerns": "compliance-officer",
    });
    assert_eq!(site.post(As::Program, RULES, &rule).await.status, StatusCode::CREATED);
    let follow = async |seen: Option<&str>, limit: usize| {
        let mut request = site.request(As::Program, Method::GET, &format!("{ALERTS}/stream?limit={limit}"));
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen);
        }
        let text = site.send(request.body("".into()).unwrap()).await.text();
        let alerts = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(|data| {
            let alert: Value = serde_json::from_str(data).unwrap();
            check_shape("Alert", &alert);
            alert
        });
        alerts.collect::<Vec<Value>>()
    };
    // Without a last one, what is there already is not told; what comes is.
    let raise = async {
        loop {
            site.get(As::Program, RULES).await;
            audit::catch_up(&site.app).await.unwrap();
        }
    };
    let told = tokio::select! {
        told = follow(None, 1) => told,
        () = raise => unreachable!(),
    };
    assert_eq!(told[0]["rule"], "looks");
    let all = follow(Some("00000000-0000-0000-0000-000000000000"), 2).await;
    let rules: Vec<&Value> = all.iter().map(|alert| &alert["rule"]).collect();
    assert_eq!(rules, ["role-granted", "looks"], "the oldest first");
}

on_both!(a_review_is_shown_and_signed);
async fn a_review_is_shown_and_signed(on: &Backend) {
    let site = of_officers(on).await;
    let review = site.get(As::Program, REVIEW).await.json();
    assert_eq!(review["last"], Value::Null);
    let reviewed: Vec<Value> = review["ranges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|range| json!({ "log": range["log"], "size": range["size"] }))
        .collect();
    let signed = site.post(As::Program, REVIEW, &json!({ "note": "as usual", "reviewed": reviewed })).await;
    assert_eq!(signed.status, StatusCode::CREATED, "{}", signed.text());
    assert_eq!(signed.json()["ranges"], review["ranges"]);
    assert_eq!(site.get(As::Program, REVIEW).await.json()["last"], signed.json());
}

on_both!(whoever_has_no_role_sees_nothing_of_it);
async fn whoever_has_no_role_sees_nothing_of_it(on: &Backend) {
    let site = Site::start(on).await;
    for path in [RULES, ALERTS, REVIEW, "/api/v1/audit/status"] {
        site.get(As::Program, path).await.problem(StatusCode::FORBIDDEN, "role.missing");
        assert_eq!(site.get(As::Nobody, path).await.status, StatusCode::UNAUTHORIZED);
    }
    site.post(As::Program, RULES, &rule("looks")).await.problem(StatusCode::FORBIDDEN, "role.missing");
    site.post(As::Program, REVIEW, &json!({ "note": "x" })).await.problem(StatusCode::FORBIDDEN, "role.missing");
}
