//! Canaries in requests that no honest client makes: in every header, in queries, in broken bodies, as methods and codes.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use sealane_tests::canary::Canaries;
use serde_json::{Value, json};

use super::Stage;

/// Headers that programs like to write down.
const HEADERS: [&str; 22] = [
    "user-agent",
    "x-request-id",
    "idempotency-key",
    "referer",
    "cookie",
    "origin",
    "authorization",
    "host",
    "x-forwarded-for",
    "x-forwarded-host",
    "forwarded",
    "x-real-ip",
    "accept",
    "accept-language",
    "content-type",
    "if-none-match",
    "range",
    "if-range",
    "last-event-id",
    "upload-offset",
    "traceparent",
    "x-canary",
];

pub(super) fn say_everything(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    sign_ins(stage, canaries)?;
    bodies(stage, canaries)?;
    let site = &stage.pair.a;
    let token = format!("Bearer {}", stage.here.token());
    for (method, path) in [("GET", "/api/v1/me"), ("POST", "/api/v1/tasks"), ("GET", "/"), ("GET", "/nowhere")] {
        for header in HEADERS {
            let canary = canaries.word();
            let mut headers = vec![(header, canary.as_str())];
            if header != "authorization" {
                headers.push(("authorization", token.as_str()));
            }
            let reply = site.raw(method, path, &headers, None)?;
            ensure!(reply.status.as_u16() != 500, "{method} {path} with {header}: {}", reply.text);
        }
        site.raw(&canaries.word(), path, &[("authorization", &token)], None)?;
        let name = canaries.word().to_lowercase();
        site.raw(method, path, &[("authorization", &token), (&name, "1")], None)?;
        let cookies = format!("__Host-sealane={}; {}={}", canaries.word(), canaries.word(), canaries.word());
        site.raw(method, path, &[("cookie", &cookies)], None)?;
    }
    every_route(stage, &token, canaries)
}

/// Each route of the document, with a canary for every part of its address, in an unknown parameter and as its body.
fn every_route(stage: &Stage, token: &str, canaries: &mut Canaries) -> anyhow::Result<()> {
    let site = &stage.pair.a;
    let document: Value = stage.here.get(site, "openapi.json")?.document()?;
    let paths: BTreeMap<String, Value> = serde_json::from_value(document.get("paths").context("paths")?.clone())?;
    let routes: Vec<(String, String)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(|(method, _)| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        })
        .filter(|(method, path)| {
            ["GET", "POST", "PATCH", "DELETE"].contains(&method.as_str()) && !path.ends_with("/logout")
        })
        .collect();
    ensure!(routes.len() > 30, "{routes:?}");
    // Round and round, until every canary has flown.
    for (method, path) in routes.iter().cycle() {
        if canaries.left() < 8 {
            break;
        }
        let filled: Vec<String> =
            path.split('/').map(|part| if part.starts_with('{') { canaries.word() } else { part.to_owned() }).collect();
        let address = format!("{}?{}={}", filled.join("/"), canaries.word(), canaries.word());
        let body = json!({ canaries.word(): canaries.word() }).to_string();
        let body = (method != "GET").then_some(body.as_bytes());
        let headers = [("authorization", token), ("content-type", "application/json")];
        let reply = site.raw(method, &address, &headers, body)?;
        ensure!(reply.status.as_u16() != 500, "{method} {path}: {}", reply.text);
    }
    while canaries.left() > 0 {
        site.raw("GET", &format!("/api/v1/collections?after={}", canaries.word()), &[("authorization", token)], None)?;
    }
    Ok(())
}

/// Command lines that ask to be let in, and say who they are.
fn sign_ins(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    let site = &stage.pair.b;
    let started = site.raw(
        "POST",
        "/api/v1/login/device",
        &[("content-type", "application/json")],
        Some(json!({ "client_label": canaries.name() }).to_string().as_bytes()),
    )?;
    ensure!(started.status.is_success(), "{}", started.text);
    for body in [
        json!({ "device_code": canaries.word() }),
        json!({ "device_code": canaries.word(), "grant_type": canaries.word() }),
        json!({ "device_code": { canaries.word(): canaries.word() } }),
    ] {
        let headers = [("content-type", "application/json")];
        let reply = site.raw("POST", "/api/v1/login/token", &headers, Some(body.to_string().as_bytes()))?;
        ensure!(reply.status.is_client_error(), "{}", reply.text);
    }
    let note = canaries.name();
    site.raw("POST", "/witness/add-checkpoint", &[], Some(note.as_bytes()))?;
    Ok(())
}

/// Bodies that are nearly right.
fn bodies(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    let (site, token) = (&stage.pair.a, format!("Bearer {}", stage.here.token()));
    for path in [
        "/api/v1/tasks",
        "/api/v1/collections/imaging/rules",
        "/api/v1/collections/imaging/uploads",
        "/api/v1/collections/imaging/directories",
        "/api/v1/collections/imaging/rename",
        "/api/v1/audit/holds",
        "/api/v1/audit/erasures",
    ] {
        let bodies = [
            format!("{{\"label\": \"{}", canaries.word()),
            format!("{{\"label\": {}}}", canaries.word()),
            format!("[\"{}\"]", canaries.word()),
            format!("\"{}\"", canaries.word()),
            format!("{{\"source\": [\"{}\"], \"path\": 7, \"about\": \"{}\"}}", canaries.word(), canaries.word()),
            format!("{{\"path\": \"{}\", \"from\": \"{}\", \"to\": \"/../x\"}}", canaries.word(), canaries.word()),
            format!("{{\"{}\": \"{}\"}}", canaries.word(), canaries.word()),
            format!("<xml>{}</xml>", canaries.word()),
        ];
        for body in bodies {
            for kind in ["application/json", "text/plain"] {
                let headers = [("authorization", token.as_str()), ("content-type", kind)];
                let reply = site.raw("POST", path, &headers, Some(body.as_bytes()))?;
                ensure!(reply.status.is_client_error(), "{path} took {body}: {} {}", reply.status, reply.text);
            }
        }
        let key = canaries.word();
        let repeated = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        let body = json!({ "path": canaries.path(), "from": canaries.path(), "to": canaries.path() }).to_string();
        for _ in 0..2 {
            site.raw("POST", path, &repeated, Some(body.as_bytes()))?;
        }
    }
    // Carried out once under a canary's key, and refused for another request.
    let key = canaries.word();
    let headers =
        [("authorization", token.as_str()), ("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let made = json!({ "path": format!("/{}", canaries.name()) }).to_string();
    let other = json!({ "path": format!("/{}", canaries.name()) }).to_string();
    let directories = "/api/v1/collections/imaging/directories";
    for _ in 0..2 {
        let reply = site.raw("POST", directories, &headers, Some(made.as_bytes()))?;
        ensure!(reply.status.is_success(), "{}", reply.text);
    }
    ensure!(site.raw("POST", directories, &headers, Some(other.as_bytes()))?.status.as_u16() == 409);
    Ok(())
}
