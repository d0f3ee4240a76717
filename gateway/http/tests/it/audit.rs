//! The audit log over HTTP: lines as documented, an end that says how many, files that are whole.

use http::StatusCode;
use sealane_service::Administrator;
use serde_json::Value;

use crate::backend::Backend;
use crate::conformity::check_shape;
use crate::harness::{Answer, As, Site};

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The entries of an answer, each held against the document, and its end.
fn entries(answer: &Answer) -> Vec<Value> {
    let mut lines = lines(answer);
    let end = lines.pop().unwrap();
    check_shape("AuditEnd", &end["end"]);
    assert_eq!(end["end"]["count"], lines.len());
    for line in &lines {
        check_shape("AuditRow", &line["entry"]);
    }
    lines
}

async fn used(on: &Backend) -> Site {
    let officer = Administrator::Email("ana@hospital-a.example".to_owned());
    let site = Site::start_with(on, |settings| settings.officers = vec![officer]).await;
    site.write("imaging/a.csv", b"alpha");
    assert_eq!(site.get(As::Program, "/api/v1/collections/imaging/entry?path=/a.csv").await.status, StatusCode::OK);
    site
}

on_both!(answers_are_lines_as_documented_with_an_end);
async fn answers_are_lines_as_documented_with_an_end(on: &Backend) {
    let site = used(on).await;
    let all = entries(&site.get(As::Program, "/api/v1/audit/entries").await);
    assert!(all.len() >= 2);
    for (path, count) in [
        ("entries?kind=entry.stat", 2),
        ("entries?kind=entry.stat&limit=1&newest_first=true", 1),
        ("me?kind=entry.stat", 1),
        ("reports/access?collection=imaging&path=/a.csv", 1),
        ("reports/person?person=ana@hospital-a.example&kind=entry.stat", 1),
        ("entries?kind=content.read", 0),
    ] {
        let found = entries(&site.get(As::Program, &format!("/api/v1/audit/{path}")).await);
        assert_eq!(found.len(), count, "{path}");
    }
    let disclosures = lines(&site.get(As::Program, "/api/v1/audit/reports/disclosures").await);
    check_shape("DisclosureEnd", &disclosures[0]["end"]);
    assert_eq!(site.get(As::Program, "/api/v1/audit/checkpoint").await.status, StatusCode::OK);
}

on_both!(a_question_that_nobody_understands_is_a_problem_and_not_an_empty_answer);
async fn a_question_that_nobody_understands_is_a_problem_and_not_an_empty_answer(on: &Backend) {
    let site = used(on).await;
    for path in ["entries?kinds=entry.stat", "entries?kind=guess", "entries?limit=many", "export/pdf"] {
        let answer = site.get(As::Program, &format!("/api/v1/audit/{path}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {}", answer.text());
    }
    assert_eq!(site.get(As::Nobody, "/api/v1/audit/me").await.status, StatusCode::UNAUTHORIZED);
}

on_both!(an_export_is_a_file);
async fn an_export_is_a_file(on: &Backend) {
    let site = used(on).await;
    for (form, kind, name) in [
        ("csv", "text/csv; charset=utf-8; header=present", "sealane-audit.csv"),
        ("jsonl", "application/x-ndjson", "sealane-audit.jsonl"),
        ("fhir-bundle", "application/fhir+json", "sealane-audit.json"),
    ] {
        let answer = site.get(As::Program, &format!("/api/v1/audit/export/{form}?kind=entry.stat")).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, kind));
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{name}\""));
        assert!(!answer.body.is_empty());
    }
}
