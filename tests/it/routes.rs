//! Every route of the API document asks who is there; the probes answer everybody.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use reqwest::Method;
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use serde_json::{Value, json};

/// Where a sign-in begins, nobody is signed in yet.
const PUBLIC: [(&str, &str); 2] = [("post", "/api/v1/login/device"), ("post", "/api/v1/login/token")];

#[test]
fn probes_answer_and_every_route_asks_who_is_there() -> anyhow::Result<()> {
    let pair = Pair::start(Backend::Sqlite)?;
    ensure!(pair.a.get("/healthz")?.status == 200);
    ensure!(pair.a.get("/readyz")?.status == 200);

    let ana = Person::sign_in(&pair.a, ANA)?;
    let document: Value = ana.get(&pair.a, "openapi.json")?.document()?;
    let paths: BTreeMap<String, Value> = serde_json::from_value(document.get("paths").context("paths")?.clone())?;
    let mut asked = 0;
    for (path, methods) in &paths {
        for method in methods.as_object().context("methods")?.keys().filter(|key| is_method(key)) {
            if PUBLIC.contains(&(method.as_str(), path.as_str())) {
                continue;
            }
            asked += 1;
            // An id is an id by its form: nothing may be told before it is known who asks.
            let filled = path.replace("{id}", "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60");
            let filled = filled.split('/').map(|part| if part.starts_with('{') { "imaging" } else { part });
            let filled = filled.collect::<Vec<_>>().join("/");
            let relative = filled.strip_prefix("/api/v1/").with_context(|| format!("{path} is outside the API"))?;
            let method: Method = method.to_uppercase().parse()?;
            for token in [None, Some("not-a-token")] {
                let reply = pair.a.call(method.clone(), relative, token, Some(&json!({})))?;
                ensure!(reply.status == 401, "{method} {path} was answered with {}: {}", reply.status, reply.text);
                ensure!(
                    !reply.code()?.is_empty() && !reply.text.contains("imaging"),
                    "{method} {path}: {}",
                    reply.text
                );
            }
        }
    }
    ensure!(asked >= 25, "the document names only {asked} routes");
    Ok(())
}

fn is_method(key: &str) -> bool {
    matches!(key, "get" | "post" | "put" | "patch" | "delete")
}
