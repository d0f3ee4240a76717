//! Canaries in what officers and administrators do: rules, searches, reports, exports, holds, erasures, peers.

use anyhow::{Context, ensure};
use sealane_cli::demo::people::{BEN, CARLA};
use sealane_tests::canary::Canaries;
use sealane_tests::person::Person;
use serde_json::json;

use super::{Stage, id_of};

pub(super) fn ask(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    rules(stage, canaries)?;
    let site = &stage.pair.a;
    let (carla, ben) = (Person::sign_in(site, CARLA)?, Person::sign_in(site, BEN)?);
    questions(stage, &carla, canaries)?;
    holds_and_erasures(stage, &carla, &ben, canaries)?;
    for arguments in [
        vec![
            "accept".to_owned(),
            format!("sealane-invitation:{}", canaries.word()),
            "--fingerprint".to_owned(),
            canaries.word(),
        ],
        vec!["accept".to_owned(), canaries.name(), "--fingerprint".to_owned(), canaries.word()],
        vec!["remove".to_owned(), canaries.word()],
        vec![
            "contact".to_owned(),
            "university-b".to_owned(),
            "--organisation".to_owned(),
            canaries.name(),
            "--address".to_owned(),
            canaries.name(),
            "--phone".to_owned(),
            canaries.word(),
        ],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let contact = arguments.first() == Some(&"contact");
        let answer = site.peer(&arguments)?;
        ensure!((answer.code == 0) == contact, "{arguments:?}: {answer:?}");
    }
    Ok(())
}

fn rules(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    let site = &stage.pair.a;
    let mut made = 0;
    for principal in [
        json!({ "kind": "email", "email": canaries.address() }),
        json!({ "kind": "group", "group": canaries.name() }),
        json!({ "kind": "person", "issuer": stage.pair.issuer(), "subject": canaries.word() }),
        json!({ "kind": "person", "issuer": format!("https://{}.example", canaries.word()), "subject": canaries.word() }),
        json!({ "kind": "site", "site": canaries.word() }),
        json!({ "kind": canaries.word() }),
    ] {
        let rule = json!({
            "principal": principal, "permissions": ["read"], "path": canaries.path(), "purpose": canaries.name(),
        });
        let reply = stage.here.post(site, "collections/imaging/rules", &rule)?;
        if reply.status.is_success() {
            made += 1;
            let id = id_of(&reply.document()?)?;
            if made % 2 == 0 {
                let gone =
                    site.call(reqwest::Method::DELETE, &format!("rules/{id}"), Some(stage.here.token()), None)?;
                ensure!(gone.status.is_success(), "{}", gone.text);
            }
        }
    }
    ensure!(made >= 3, "{made} rules were made");
    ensure!(stage.here.get(site, "collections/imaging/rules")?.status.is_success());
    Ok(())
}

fn questions(stage: &Stage, carla: &Person, canaries: &mut Canaries) -> anyhow::Result<()> {
    let site = &stage.pair.a;
    for route in [
        "entries",
        "reports/access",
        "reports/person",
        "export/csv",
        "export/jsonl",
        "export/ocsf",
        "export/fhir",
        "me",
    ] {
        for field in ["path", "person", "purpose", "client", "session", "kind", "collection", "task", "peer"] {
            let mut url = site.url().join(&format!("/api/v1/audit/{route}"))?;
            url.query_pairs_mut().append_pair("collection", "imaging").append_pair(field, &canaries.word());
            let query = url.query().context("a query")?.to_owned();
            carla.get(site, &format!("audit/{route}?{query}"))?;
        }
    }
    // Questions that have answers: the answer goes to the client, and nowhere else.
    let person = format!("email:{}", stage.guest.email);
    let about = carla.cli.run(["audit", "search", "--person", &person])?;
    ensure!(about.code == 0, "{about:?}");
    let disclosed = carla.cli.run([
        "audit",
        "report",
        "disclosures",
        "--protocol",
        &canaries.name(),
        "--description",
        &canaries.name(),
        "--sponsor",
        &canaries.name(),
    ])?;
    ensure!(!disclosed.stdout.is_empty() || !disclosed.stderr.is_empty(), "{disclosed:?}");
    Ok(())
}

fn holds_and_erasures(stage: &Stage, carla: &Person, ben: &Person, canaries: &mut Canaries) -> anyhow::Result<()> {
    let site = &stage.pair.a;
    let person = |subject: &str| json!({ "kind": "person", "issuer": stage.pair.issuer(), "subject": subject });
    for subject in [stage.guest.subject.to_owned(), canaries.word()] {
        let hold = json!({ "about": person(&subject), "reason": canaries.name() });
        let held = carla.post(site, "audit/holds", &hold)?;
        ensure!(held.status.is_success(), "{}", held.text);
        let id = id_of(&held.document()?)?;
        for who in [carla, ben] {
            ensure!(who.post(site, &format!("audit/holds/{id}/release"), &json!({}))?.status.is_success());
        }
        let erasure = json!({ "about": person(&subject), "basis": canaries.name() });
        let asked = carla.post(site, "audit/erasures", &erasure)?;
        ensure!(asked.status.is_success(), "{}", asked.text);
        let id = id_of(&asked.document()?)?;
        // One is carried out, the other waits: both are listed, with names.
        if subject != stage.guest.subject {
            ensure!(ben.post(site, &format!("audit/erasures/{id}/approve"), &json!({}))?.status.is_success());
        }
        ensure!(carla.get(site, "audit/erasures")?.text.contains(stage.guest.subject));
    }
    let issuer = format!("https://{}.example", canaries.word());
    let about = json!({ "kind": "person", "issuer": issuer, "subject": canaries.word() });
    let kept = json!({ "about": about, "reason": canaries.name() });
    ensure!(carla.post(site, "audit/holds", &kept)?.status.is_success());
    for wrong in [
        json!({ "about": { "kind": canaries.word() }, "reason": canaries.name() }),
        json!({ "about": { "kind": "collection", "collection": canaries.word() }, "reason": canaries.name() }),
        json!({ "about": person(&canaries.word()), "reason": "" , "note": canaries.name() }),
    ] {
        ensure!(!carla.post(site, "audit/holds", &wrong)?.status.is_success());
    }
    Ok(())
}
