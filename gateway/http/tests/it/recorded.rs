//! Every route is called, and records what it declares: no more, no less, and nothing where it declares nothing.
//!
//! A route that is added and not called here fails the last test of this file; one that declares no events does not compile.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use http::{Method, StatusCode, header};
use sealane_audit::event::{Assurance, Transfer};
use sealane_audit::{Filter, Kind, Phase, Recovery};
use sealane_http::{Recorded, routes};
use sealane_service::Administrator;
use sealane_service::erasures::carry_out;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::browser::fields;
use crate::harness::{Answer, As, Site};

/// Calls routes, and keeps which kinds each of them recorded.
struct Drive {
    site: Site,
    seen: BTreeMap<(String, String), BTreeSet<Kind>>,
}

impl Drive {
    async fn start(on: &Backend) -> Self {
        let officer = Administrator::Email("ana@hospital-a.example".to_owned());
        let site = Site::start_with(on, |settings| settings.officers = vec![officer]).await;
        carry_out::resume(&site.app, &mut Recovery::default()).await.unwrap();
        for file in ["one", "two", "three", "four", "five"] {
            site.write(&format!("imaging/{file}"), b"content");
        }
        Self { site, seen: BTreeMap::new() }
    }

    /// What was recorded since, and whether every act that was begun has ended. A task lives longer than any call.
    fn since(&self, first: u64) -> (BTreeSet<Kind>, bool) {
        let entries = self.site.app.guard().log().entries(first, 10_000, &Filter::all()).unwrap();
        let mut open = BTreeSet::new();
        for view in &entries {
            let key = (view.entry.op, view.entry.kind);
            match view.entry.phase {
                Phase::Intent if view.entry.kind != Transfer::Accept.into() => drop(open.insert(key)),
                Phase::Outcome => drop(open.remove(&key)),
                _ => {}
            }
        }
        (entries.into_iter().map(|view| view.entry.kind).collect(), open.is_empty())
    }

    /// Keeps what a call recorded, once every act that it began is recorded to its end, as a download is after its answer.
    async fn note(&mut self, method: &Method, route: &str, first: u64) {
        let kinds = loop {
            let (kinds, ended) = self.since(first);
            if ended {
                break kinds;
            }
            tokio::task::yield_now().await;
        };
        // A change of the rules publishes them: an entry of the site's own.
        let own = kinds.into_iter().filter(|kind| *kind != Assurance::PolicyPublish.into());
        self.seen.entry((method.to_string(), route.to_owned())).or_default().extend(own);
    }

    async fn call(&mut self, method: Method, route: &str, path: &str, body: Option<Value>) -> Answer {
        let first = self.site.app.guard().log().head().0;
        let request = self.site.request(As::Program, method.clone(), path);
        let answer = match body {
            Some(body) => self.site.send_json(request, &body).await,
            None => self.site.send(request.body(Body::empty()).unwrap()).await,
        };
        assert!(!answer.status.is_server_error(), "{method} {path}: {}", answer.text());
        self.note(&method, route, first).await;
        answer
    }

    async fn page(&mut self, route: &str, path: &str) -> Answer {
        let first = self.site.app.guard().log().head().0;
        let answer = self.site.get(As::Browser, path).await;
        assert!(!answer.status.is_server_error(), "GET {path}: {}", answer.text());
        self.note(&Method::GET, route, first).await;
        answer
    }

    async fn form(&mut self, route: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let first = self.site.app.guard().log().head().0;
        let answer = self.site.form(path, fields).await;
        assert!(answer.status.is_success() || answer.status.is_redirection(), "POST {path}: {}", answer.text());
        self.note(&Method::POST, route, first).await;
        answer
    }

    async fn api_of_data(&mut self) {
        const C: &str = "/api/v1/collections/{collection}";
        let at = |rest: &str| format!("/api/v1/collections/imaging{rest}");
        let on = |rest: &str| format!("{C}{rest}");
        self.call(Method::GET, "/api/v1/collections", "/api/v1/collections", None).await;
        self.call(Method::GET, C, &at(""), None).await;
        self.call(Method::GET, &on("/entries"), &at("/entries?path=/"), None).await;
        self.call(Method::GET, &on("/entry"), &at("/entry?path=/one"), None).await;
        self.call(Method::DELETE, &on("/entry"), &at("/entry?path=/one"), None).await;
        self.call(Method::POST, &on("/directories"), &at("/directories"), Some(json!({"path": "/made"}))).await;
        let rename = json!({"from": "/two", "to": "/renamed"});
        self.call(Method::POST, &on("/rename"), &at("/rename"), Some(rename)).await;
        self.call(Method::GET, &on("/content"), &at("/content?path=/three"), None).await;
        for end in ["commit", "abandon"] {
            let wanted = json!({"path": format!("/{end}ed"), "size": 3});
            let begun = self.call(Method::POST, &on("/uploads"), &at("/uploads"), Some(wanted)).await;
            let id = format!("/api/v1/uploads/{}", begun.json()["id"].as_str().unwrap());
            self.call(Method::GET, "/api/v1/uploads/{id}", &id, None).await;
            self.append(&id).await;
            if end == "commit" {
                self.call(Method::POST, "/api/v1/uploads/{id}/commit", &format!("{id}/commit"), None).await;
            } else {
                self.call(Method::DELETE, "/api/v1/uploads/{id}", &id, None).await;
            }
        }
        self.call(Method::GET, &on("/rules"), &at("/rules"), None).await;
        let rule = json!({"principal": {"kind": "group", "group": "readers"}, "permissions": ["read"]});
        let made = self.call(Method::POST, &on("/rules"), &at("/rules"), Some(rule)).await;
        let made = format!("/api/v1/rules/{}", made.json()["id"].as_str().unwrap());
        self.call(Method::DELETE, "/api/v1/rules/{id}", &made, None).await;
    }

    async fn append(&mut self, upload: &str) {
        let first = self.site.app.guard().log().head().0;
        let request = self.site.request(As::Program, Method::PATCH, upload).header("upload-offset", "0");
        let request = request.header(header::CONTENT_TYPE, "application/octet-stream");
        let answer = self.site.send(request.body(Body::from("abc")).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        self.note(&Method::PATCH, "/api/v1/uploads/{id}", first).await;
    }

    async fn api_of_tasks_and_people(&mut self) {
        let wanted = json!({
            "source": "imaging", "destination": "archive",
            "items": [{"source": "/three", "destination": "/three", "recursive": false}],
        });
        let task = self.call(Method::POST, "/api/v1/tasks", "/api/v1/tasks", Some(wanted)).await;
        let id = format!("/api/v1/tasks/{}", task.json()["id"].as_str().unwrap());
        self.call(Method::GET, "/api/v1/tasks", "/api/v1/tasks", None).await;
        self.call(Method::GET, "/api/v1/tasks/{id}", &id, None).await;
        self.call(Method::GET, "/api/v1/tasks/{id}/events", &format!("{id}/events"), None).await;
        self.call(Method::POST, "/api/v1/tasks/{id}/cancel", &format!("{id}/cancel"), None).await;
        for rest in ["record", "receipt"] {
            self.call(Method::GET, &format!("/api/v1/tasks/{{id}}/{rest}"), &format!("{id}/{rest}"), None).await;
        }
        // No engine runs here, so the stream of a task that waits would not end: one that is not there does.
        let none = "/api/v1/tasks/019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60/stream";
        self.call(Method::GET, "/api/v1/tasks/{id}/stream", none, None).await;
        self.call(Method::GET, "/api/v1/peers", "/api/v1/peers", None).await;
        let peer = "/api/v1/peers/university-b/collections";
        self.call(Method::GET, "/api/v1/peers/{name}/collections", peer, None).await;
        self.call(Method::GET, "/api/v1/openapi.json", "/api/v1/openapi.json", None).await;
        self.call(Method::GET, "/api/v1/me", "/api/v1/me", None).await;
        let start = self.call(Method::POST, "/api/v1/login/device", "/api/v1/login/device", Some(json!({}))).await;
        let start = start.json();
        let approve = [("user_code", start["user_code"].as_str().unwrap()), ("answer", "approve")];
        self.page("/device", "/device").await;
        self.form("/device", "/device", &approve).await;
        let ask = json!({"device_code": start["device_code"]});
        self.call(Method::POST, "/api/v1/login/token", "/api/v1/login/token", Some(ask)).await;
        self.call(Method::POST, "/api/v1/logout", "/api/v1/logout", None).await;
    }

    async fn api_of_the_log(&mut self) {
        const ERASURES: &str = "/api/v1/audit/erasures";
        const HOLDS: &str = "/api/v1/audit/holds";
        let reads = ["entries", "me", "reports/disclosures", "checkpoint"];
        for path in reads.map(|rest| format!("/api/v1/audit/{rest}")) {
            self.call(Method::GET, &path, &path, None).await;
        }
        for (rest, asked) in [("access", "collection=imaging"), ("person", "person=https://idp.example%23ben")] {
            let path = format!("/api/v1/audit/reports/{rest}");
            self.call(Method::GET, &path, &format!("{path}?{asked}"), None).await;
        }
        self.call(Method::GET, "/api/v1/audit/export/{format}", "/api/v1/audit/export/csv", None).await;
        self.api_of_policy().await;
        let about = json!({ "kind": "person", "issuer": "https://idp.example", "subject": "ben" });
        let wanted = json!({ "about": about, "basis": "Art. 17 GDPR" });
        let asked = self.call(Method::POST, ERASURES, ERASURES, Some(wanted)).await;
        let one = format!("{ERASURES}/{}", asked.json()["id"].as_str().unwrap());
        self.call(Method::GET, ERASURES, ERASURES, None).await;
        let approve = format!("{one}/approve");
        self.call(Method::POST, "/api/v1/audit/erasures/{id}/approve", &approve, Some(json!({}))).await;
        self.call(Method::DELETE, "/api/v1/audit/erasures/{id}", &one, None).await;
        let wanted = json!({ "about": about, "reason": "litigation" });
        let placed = self.call(Method::POST, HOLDS, HOLDS, Some(wanted)).await;
        let release = format!("{HOLDS}/{}/release", placed.json()["id"].as_str().unwrap());
        self.call(Method::GET, HOLDS, HOLDS, None).await;
        self.call(Method::POST, "/api/v1/audit/holds/{id}/release", &release, Some(json!({}))).await;
        self.call(Method::POST, "/witness/add-checkpoint", "/witness/add-checkpoint", None).await;
    }

    async fn api_of_policy(&mut self) {
        let explain = "/api/v1/policy/explain";
        let asked = format!("{explain}?action=read-content&collection=imaging&path=/a&who=group:readers");
        self.call(Method::GET, explain, &asked, None).await;
        self.call(Method::GET, explain, &format!("{explain}?action=read-content&collection=imaging"), None).await;
        let who = "/api/v1/collections/imaging/who-can?action=read-content";
        self.call(Method::GET, "/api/v1/collections/{collection}/who-can", who, None).await;
        self.call(Method::GET, "/api/v1/policy/what-can", "/api/v1/policy/what-can", None).await;
        self.call(Method::GET, "/api/v1/policy/what-can", "/api/v1/policy/what-can?who=signed-in", None).await;
        self.call(Method::GET, "/api/v1/policy/snapshot", "/api/v1/policy/snapshot", None).await;
        let none = "/api/v1/policy/decisions/019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";
        let unknown = self.call(Method::GET, "/api/v1/policy/decisions/{id}", none, None).await;
        unknown.problem(StatusCode::NOT_FOUND, "decision-unknown");
    }

    async fn api_of_alerts(&mut self) {
        const RULES: &str = "/api/v1/audit/alert-rules";
        const ALERTS: &str = "/api/v1/audit/alerts";
        let threshold = json!({ "measure": "entries", "at_least": 1, "within_s": 0, "by": "anybody" });
        let question = json!({ "kind": "entry.stat", "person": "https://idp.example#ben" });
        let wanted = json!({
            "name": "looks", "question": question, "threshold": threshold, "severity": "note",
            "concerns": "compliance-officer",
        });
        self.call(Method::POST, RULES, RULES, Some(wanted)).await;
        self.call(Method::GET, RULES, RULES, None).await;
        let one = format!("{RULES}/looks");
        let on = |rest: &str| format!("{RULES}/{{name}}{rest}");
        self.call(Method::GET, &on(""), &one, None).await;
        self.call(Method::POST, &on("/change"), &format!("{one}/change"), Some(json!({ "severity": "warning" }))).await;
        for what in ["/pause", "/resume"] {
            self.call(Method::POST, &on(what), &format!("{one}{what}"), Some(json!({}))).await;
        }
        self.call(Method::DELETE, &on(""), &one, None).await;
        const TRIAL: &str = "/api/v1/audit/alert-rule-trial";
        let trial = json!({ "question": question, "threshold": threshold, "days": 7 });
        self.call(Method::POST, TRIAL, TRIAL, Some(trial)).await;
        sealane_service::audit::catch_up(&self.site.app).await.unwrap();
        let alerts = self.call(Method::GET, ALERTS, ALERTS, None).await.json();
        let id = alerts["items"][0]["id"].as_str().unwrap().to_owned();
        let first = self.site.app.guard().log().head().0;
        let from_the_first = self.site.request(As::Program, Method::GET, &format!("{ALERTS}/stream?limit=1"));
        let from_the_first = from_the_first.header("last-event-id", "00000000-0000-0000-0000-000000000000");
        let answer = self.site.send(from_the_first.body(Body::empty()).unwrap()).await;
        assert!(answer.text().contains("event: alert"), "{}", answer.text());
        self.note(&Method::GET, &format!("{ALERTS}/stream"), first).await;
        let of = |rest: &str| format!("{ALERTS}/{{id}}{rest}");
        self.call(Method::GET, &of(""), &format!("{ALERTS}/{id}"), None).await;
        self.call(Method::POST, &of("/acknowledge"), &format!("{ALERTS}/{id}/acknowledge"), Some(json!({}))).await;
        let close = json!({ "finding": "explained", "note": "as agreed" });
        self.call(Method::POST, &of("/close"), &format!("{ALERTS}/{id}/close"), Some(close)).await;
        const REVIEW: &str = "/api/v1/audit/review";
        self.call(Method::GET, REVIEW, REVIEW, None).await;
        self.call(Method::POST, REVIEW, REVIEW, Some(json!({ "note": "as usual" }))).await;
        self.call(Method::GET, "/api/v1/audit/status", "/api/v1/audit/status", None).await;
    }

    async fn pages(&mut self) {
        for path in ["/healthz", "/readyz", "/", "/collections", "/transfer", "/tasks"] {
            self.page(path, path).await;
        }
        self.page("/assets/{file}", "/assets/style.css").await;
        self.page("/collections/{collection}/browse", "/collections/imaging/browse").await;
        self.page("/collections/{collection}/rules", "/collections/imaging/rules").await;
        let at = |rest: &str| (format!("/collections/{{collection}}/{rest}"), format!("/collections/imaging/{rest}"));
        let new = [("parent", "/"), ("name", "by a form")];
        let item = [("item", "f/four")];
        let renamed = [("item", "f/four"), ("name", "fourth")];
        let gone = [("item", "f/five")];
        let rule = [("who", "group"), ("group", "staff"), ("permission", "read"), ("path", "/")];
        let calls: [(&str, &[(&str, &str)]); 6] = [
            ("directories", &new),
            ("rename/review", &item),
            ("rename", &renamed),
            ("delete/review", &gone),
            ("delete", &gone),
            ("rules", &rule),
        ];
        let mut location = String::new();
        for (rest, fields) in calls {
            let (route, path) = at(rest);
            let answer = self.form(&route, &path, fields).await;
            answer.header("location").clone_into(&mut location);
        }
        let made = location.split("made=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let revoke = format!("/rules/{made}/revoke");
        self.form("/rules/{id}/revoke", &revoke, &[("collection", "imaging")]).await;
    }

    async fn pages_of_transfers(&mut self) {
        let draft = [("source", "imaging"), ("item", "f/three"), ("destination", "archive"), ("directory", "/")];
        self.form("/transfer/destination", "/transfer/destination", &draft).await;
        let review = self.form("/transfer/review", "/transfer/review", &draft).await;
        let last = fields(&review.text(), "/transfer");
        let last: Vec<(&str, &str)> = last.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let last: Vec<_> = last.into_iter().filter(|(name, _)| *name != "form_token").collect();
        let task = self.form("/transfer", "/transfer", &last).await.header("location").to_owned();
        self.page("/tasks/{id}", &task).await;
        self.form("/tasks/{id}/cancel", &format!("{task}/cancel"), &[]).await;
        self.page("/tasks/{id}/receipt", &format!("{task}/receipt")).await;
    }

    async fn sign_in_and_out(&mut self) {
        self.page("/auth/login", "/auth/login?provider=nobody").await;
        self.page("/auth/callback", "/auth/callback?state=guessed&code=guessed").await;
        self.form("/auth/logout", "/auth/logout", &[]).await;
    }
}

on_both!(every_route_records_what_it_declares);
async fn every_route_records_what_it_declares(on: &Backend) {
    let mut drive = Drive::start(on).await;
    drive.pages().await;
    drive.pages_of_transfers().await;
    drive.api_of_data().await;
    drive.api_of_the_log().await;
    drive.api_of_alerts().await;
    drive.api_of_tasks_and_people().await;
    drive.sign_in_and_out().await;
    let mut wrong = Vec::new();
    for route in routes() {
        let key = (route.method.to_string(), route.path.clone());
        let mut declared: BTreeSet<Kind> = match route.recorded {
            Recorded::Kinds(kinds) => kinds.iter().copied().collect(),
            Recorded::Nothing(_) => BTreeSet::new(),
        };
        // Recorded only where data leave for another site; the one site of this test takes them in itself.
        declared.remove(&Transfer::Release.into());
        match drive.seen.remove(&key) {
            None => wrong.push(format!("{} {} is not called by this test: add it", route.method, route.path)),
            Some(seen) if seen == declared => {}
            Some(seen) => {
                wrong.push(format!("{} {} declares {declared:?} and records {seen:?}", route.method, route.path));
            }
        }
    }
    for view in drive.site.app.guard().log().entries(0, 10_000, &Filter::all()).unwrap() {
        let lacks = view.entry.lacks();
        if !lacks.is_empty() {
            wrong.push(format!("{} ({:?}) lacks {lacks:?}", view.entry.kind, view.entry.phase));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(drive.seen.is_empty(), "no such route: {:?}", drive.seen.keys());
}

#[test]
fn a_route_that_records_nothing_says_why() {
    for route in routes() {
        match route.recorded {
            Recorded::Kinds(kinds) => assert!(!kinds.is_empty(), "{} {}", route.method, route.path),
            Recorded::Nothing(why) => assert!(why.len() > 10, "{} {}", route.method, route.path),
        }
    }
}
