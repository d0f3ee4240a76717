//! The main job through the API and through the pages: from a listing to a receipt.

use axum::body::Body;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::browser::fields;
use crate::harness::{Answer, As, Site};
use crate::pages::link;

/// Let the site move what it has to move, as long as the test lasts.
fn work(site: &Site) {
    let transfers = site.app.transfers().clone();
    tokio::spawn(async move { transfers.run().await });
}

/// Follow a task's stream to its end.
async fn follow(site: &Site, who: As, id: &str) -> Answer {
    let answer = site.get(who, &format!("/api/v1/tasks/{id}/stream")).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    answer
}

on_both!(a_directory_is_moved_watched_and_receipted_through_the_api);
async fn a_directory_is_moved_watched_and_receipted_through_the_api(on: &Backend) {
    let site = Site::start(on).await;
    work(&site);
    site.write("imaging/study/a.csv", b"alpha");
    site.write("imaging/study/deep/b.csv", b"beta");
    let wanted = json!({
        "source": "imaging", "destination": "archive", "label": "March",
        "items": [{"source": "/study", "destination": "/study", "recursive": true}],
    });
    let submitted = site.post(As::Program, "/api/v1/tasks", &wanted).await;
    assert_eq!(submitted.status, StatusCode::CREATED, "{}", submitted.text());
    let id = submitted.json()["id"].as_str().unwrap().to_owned();
    let stream = follow(&site, As::Program, &id).await.text();
    assert!(stream.contains("event: progress") && stream.contains("event: end"), "{stream}");
    assert!(stream.contains("\nid: 1\n") || stream.contains("id: 1\n"), "{stream}");
    let task = site.get(As::Program, &format!("/api/v1/tasks/{id}")).await.json();
    assert_eq!(task["state"], "SUCCEEDED", "{task}");
    assert_eq!(task["progress"]["files_done"], 2);
    assert_eq!(std::fs::read(site.folder("archive/study/deep/b.csv")).unwrap(), b"beta");
    let record = site.get(As::Program, &format!("/api/v1/tasks/{id}/record")).await.json();
    assert!(!record["entries"].as_array().unwrap().is_empty());
    assert_eq!(record["task"]["id"], id.as_str());
    assert!(record["exchange"].is_null(), "within a site nobody else proves anything: {record}");
    let receipt = site.get(As::Program, &format!("/api/v1/tasks/{id}/receipt")).await;
    assert_eq!(receipt.status, StatusCode::NOT_FOUND);
    assert_eq!(receipt.json()["code"], "receipt-none");
}

on_both!(a_person_without_scripts_ticks_chooses_reviews_and_starts);
async fn a_person_without_scripts_ticks_chooses_reviews_and_starts(on: &Backend) {
    let site = Site::start(on).await;
    work(&site);
    site.write("imaging/scan one.dcm", b"pixels");
    let listing = site.get(As::Browser, "/collections/imaging/browse").await.text();
    let mut form = fields(&listing, "/transfer/destination");
    form.push(("item".to_owned(), "f/scan one.dcm".to_owned()));
    let destination = send(&site, "/transfer/destination", &form).await;
    let mut form = fields(&destination.text(), "/transfer/review");
    form.push(("destination".to_owned(), "archive".to_owned()));
    let review = send(&site, "/transfer/review", &form).await;
    assert!(review.text().contains("scan one.dcm"), "{}", review.text());
    let form = fields(&review.text(), "/transfer");
    let started = send(&site, "/transfer", &form).await;
    assert_eq!(started.status, StatusCode::SEE_OTHER, "{}", started.text());
    let address = started.header("location").to_owned();
    let twice = send(&site, "/transfer", &form).await;
    assert_eq!(twice.header("location"), address, "a second click starts nothing");
    follow(&site, As::Browser, address.rsplit('/').next().unwrap()).await;
    let page = site.get(As::Browser, &address).await.text();
    assert!(page.contains("Succeeded"), "{page}");
    assert_eq!(std::fs::read(site.folder("archive/scan one.dcm")).unwrap(), b"pixels");
    let receipt = site.get(As::Browser, &link(&page, "Receipt and audit entries")).await.text();
    assert!(receipt.contains("Audit entries") && receipt.contains("transfer."), "{receipt}");
}

async fn send(site: &Site, action: &str, form: &[(String, String)]) -> Answer {
    let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = site.form(action, &pairs).await;
    assert!(answer.status.is_success() || answer.status.is_redirection(), "{action}: {}", answer.text());
    answer
}

on_both!(nothing_ticked_is_explained);
async fn nothing_ticked_is_explained(on: &Backend) {
    let site = Site::start(on).await;
    let answer = site.form("/transfer/destination", &[("source", "imaging")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text().contains("nothing-chosen"));
}

on_both!(a_post_that_is_sent_twice_under_one_key_happens_once);
async fn a_post_that_is_sent_twice_under_one_key_happens_once(on: &Backend) {
    let site = Site::start(on).await;
    let rule = json!({"principal": {"kind": "group", "group": "readers"}, "permissions": ["read"]});
    let send = async |body: &Value| {
        let request = site.request(As::Program, Method::POST, "/api/v1/collections/imaging/rules");
        site.send_json(request.header("idempotency-key", "k-1"), body).await
    };
    let (one, two) = (send(&rule).await, send(&rule).await);
    assert_eq!(one.status, StatusCode::CREATED, "{}", one.text());
    assert_eq!(one.json()["id"], two.json()["id"]);
    assert_eq!(two.header("idempotency-replayed"), "true");
    let other = json!({"principal": {"kind": "group", "group": "writers"}, "permissions": ["write"]});
    send(&other).await.problem(StatusCode::CONFLICT, "idempotency-key-reused");
}

on_both!(a_file_goes_up_in_pieces_and_down_in_ranges);
async fn a_file_goes_up_in_pieces_and_down_in_ranges(on: &Backend) {
    let site = Site::start(on).await;
    let begun =
        site.post(As::Program, "/api/v1/collections/imaging/uploads", &json!({"path": "/up.bin", "size": 6})).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text());
    let address = format!("/api/v1/uploads/{}", begun.json()["id"].as_str().unwrap());
    for (offset, piece) in [(0, "abc"), (3, "def")] {
        let request = site.request(As::Program, Method::PATCH, &address).header("upload-offset", offset);
        let answer = site.send(request.body(Body::from(piece)).unwrap()).await;
        assert_eq!(answer.json()["received"], offset + 3, "{}", answer.text());
    }
    let stored = site.post(As::Program, &format!("{address}/commit"), &json!({})).await;
    assert_eq!(stored.status, StatusCode::OK, "{}", stored.text());
    let range = site.request(As::Program, Method::GET, "/api/v1/collections/imaging/content?path=/up.bin");
    let part = site.send(range.header(header::RANGE, "bytes=2-3").body(Body::empty()).unwrap()).await;
    assert_eq!((part.status, part.text().as_str()), (StatusCode::PARTIAL_CONTENT, "cd"));
    assert_eq!(part.header("content-range"), "bytes 2-3/6");
}

on_both!(an_upload_without_an_offset_says_what_is_missing);
async fn an_upload_without_an_offset_says_what_is_missing(on: &Backend) {
    let site = Site::start(on).await;
    let begun =
        site.post(As::Program, "/api/v1/collections/imaging/uploads", &json!({"path": "/up.bin", "size": 1})).await;
    let address = format!("/api/v1/uploads/{}", begun.json()["id"].as_str().unwrap());
    let request = site.request(As::Program, Method::PATCH, &address).body(Body::from("x")).unwrap();
    site.send(request).await.problem(StatusCode::BAD_REQUEST, "upload-offset");
}

on_both!(each_resource_answers_as_documented);
async fn each_resource_answers_as_documented(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/a.csv", b"alpha");
    let rule = json!({"principal": {"kind": "email", "email": "ben@univ-b.example"}, "permissions": ["list", "read"]});
    let made = site.post(As::Program, "/api/v1/collections/imaging/rules", &rule).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    for path in [
        "me",
        "collections",
        "collections/imaging",
        "collections/imaging/entries",
        "collections/imaging/entry?path=/a.csv",
        "collections/imaging/rules",
        "tasks",
        "peers",
        "openapi.json",
    ] {
        let answer = site.get(As::Program, &format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    }
    let renamed =
        site.post(As::Program, "/api/v1/collections/imaging/rename", &json!({"from": "/a.csv", "to": "/b.csv"})).await;
    assert_eq!(renamed.json()["to"], "/b.csv", "{}", renamed.text());
    let remove = site.request(As::Program, Method::DELETE, "/api/v1/collections/imaging/entry?path=/b.csv");
    let removed = site.send(remove.body(Body::empty()).unwrap()).await;
    assert_eq!(removed.json()["entries"], 1, "{}", removed.text());
    let address = format!("/api/v1/rules/{}", made.json()["id"].as_str().unwrap());
    let revoke = site.request(As::Program, Method::DELETE, &address).body(Body::empty()).unwrap();
    assert_eq!(site.send(revoke).await.status, StatusCode::NO_CONTENT);
}

on_both!(a_command_line_begins_its_sign_in_and_waits);
async fn a_command_line_begins_its_sign_in_and_waits(on: &Backend) {
    let site = Site::start(on).await;
    let begun = site.post(As::Nobody, "/api/v1/login/device", &json!({"client_label": "sealane on desk-7"})).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text());
    let (device, user) = (begun.json()["device_code"].clone(), begun.json()["user_code"].clone());
    let early = site.post(As::Nobody, "/api/v1/login/token", &json!({"device_code": device})).await;
    assert_eq!(
        (early.status, early.json()["error"].as_str()),
        (StatusCode::BAD_REQUEST, Some("authorization_pending"))
    );
    let page = site.get(As::Browser, &format!("/device?user_code={}", user.as_str().unwrap())).await.text();
    assert!(page.contains("sealane on desk-7") && page.contains(user.as_str().unwrap()), "{page}");
    let mut form = fields(&page, "/device");
    form.push(("answer".to_owned(), "approve".to_owned()));
    assert!(send(&site, "/device", &form).await.text().contains("signed in as you"));
}
