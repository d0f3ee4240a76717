//! Canaries as names of files and directories, labels, purposes: transfers that work and that do not, uploads, downloads.

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::{Context, ensure};
use sealane_tests::canary::Canaries;
use serde_json::{Value, json};

use super::{Stage, id_of};

/// Files with a canary in their name, and one in their content each.
const FILES: usize = 100;

/// Moves, fetches, sends, renames and removes; returns the word of a label that a task bears.
pub(super) fn move_about(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<String> {
    let (pair, here, there) = (&stage.pair, &stage.here, &stage.there);
    let folder = canaries.record_number();
    let source = pair.a.data("imaging").join(&folder);
    fs::create_dir(&source)?;
    for _ in 0..FILES {
        fs::write(source.join(format!("{}.dcm", canaries.name())), canaries.record_number())?;
    }
    fs::create_dir(source.join(canaries.name()))?;
    symlink(canaries.word(), source.join(canaries.name()))?;

    // There, and back again as the other site asks for it.
    let word = canaries.word();
    let task = |from: &str, to: &str, canaries: &mut Canaries| {
        json!({
            "source": from, "destination": to, "label": canaries.name(), "purpose": canaries.name(),
            "items": [{ "source": format!("/{folder}"), "destination": format!("/{}", canaries.record_number()), "recursive": true }],
        })
    };
    let mut out = task("imaging", "university-b/intake", canaries);
    out.as_object_mut().context("a document")?.insert("label".to_owned(), json!(format!("for {word}")));
    let out: Value = here.post(&pair.a, "tasks", &out)?.document()?;
    let id = id_of(&out)?;
    let ended = here.follow(&pair.a, &id)?;
    ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
    ensure!(ended.text("label") == format!("for {word}"), "what is sealed is given back: {:#}", ended.document);
    let back: Value = there.post(&pair.b, "tasks", &task("hospital-a/imaging", "intake", canaries))?.document()?;
    let back = id_of(&back)?;
    let ended = there.follow(&pair.b, &back)?;
    ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
    for (site, person, id) in [(&pair.a, here, &id), (&pair.b, there, &back)] {
        for what in ["", "/events", "/receipt"] {
            ensure!(person.get(site, &format!("tasks/{id}{what}"))?.status.is_success());
        }
    }
    fail_to_move(stage, canaries)?;
    one_by_one(stage, canaries)?;
    Ok(word)
}

/// Transfers of what is not there, to where one may not, over what is there already, and one that is canceled.
fn fail_to_move(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    let (pair, here) = (&stage.pair, &stage.here);
    let blocked = canaries.record_number();
    fs::create_dir(pair.a.data("imaging").join(&blocked))?;
    fs::write(pair.a.data("imaging").join(&blocked).join("file"), "x")?;
    fs::write(pair.b.data("intake").join(&blocked), "a file where a directory is to be")?;
    let missing = canaries.path();
    for (to, source, destination) in [
        ("university-b/intake", missing.clone(), canaries.path()),
        ("university-b/shelf", format!("/{blocked}"), canaries.path()),
        ("university-b/intake", format!("/{blocked}"), format!("/{blocked}")),
        ("imaging", missing, canaries.path()),
        (&canaries.word(), format!("/{blocked}"), canaries.path()),
        (&format!("{}/{}", canaries.word(), canaries.word()), format!("/{blocked}"), canaries.path()),
    ] {
        let asked = json!({
            "source": "imaging", "destination": to, "label": canaries.name(), "purpose": canaries.name(),
            "items": [{ "source": source, "destination": destination, "recursive": true }],
        });
        let reply = here.post(&pair.a, "tasks", &asked)?;
        if reply.status.is_success() {
            let id = id_of(&reply.document()?)?;
            let ended = here.follow(&pair.a, &id)?;
            ensure!(ended.state == "FAILED", "{asked} ended in {:#}", ended.document);
            ensure!(here.get(&pair.a, &format!("tasks/{id}/events"))?.status.is_success());
            // It has ended: that is told, too.
            let cancel = json!({});
            ensure!(!here.post(&pair.a, &format!("tasks/{id}/cancel"), &cancel)?.status.is_success());
        }
    }
    Ok(())
}

/// Uploads, downloads, directories, renamings, removals; each also where it does not work.
fn one_by_one(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    let (pair, here) = (&stage.pair, &stage.here);
    let cli = &here.cli;
    let file = canaries.record_number();
    let sent = canaries.record_number();
    fs::write(cli.home().join(&file), canaries.name())?;
    cli.run(["put", &file, &format!("imaging:/{sent}")])?.document()?;
    cli.run(["get", &format!("imaging:/{sent}"), &canaries.word()])?.document()?;
    let made = format!("imaging:/{}", canaries.name());
    cli.run(["mkdir", &made])?.document()?;
    cli.run(["rename", &format!("imaging:/{sent}"), &format!("/{}", canaries.name())])?.document()?;
    cli.run(["ls", "-r", "imaging:/"])?.document()?;
    cli.run(["rm", "-r", &made])?.document()?;
    for wrong in [
        vec!["ls".to_owned(), format!("imaging:{}", canaries.path())],
        vec!["ls".to_owned(), format!("{}:{}", canaries.word(), canaries.path())],
        vec!["ls".to_owned(), format!("{}/{}:/", canaries.word(), canaries.word())],
        vec!["stat".to_owned(), format!("imaging:{}", canaries.path())],
        vec!["rm".to_owned(), format!("imaging:{}", canaries.path())],
        vec!["mkdir".to_owned(), format!("imaging:{}", canaries.path())],
        vec!["rename".to_owned(), format!("imaging:{}", canaries.path()), canaries.path()],
        vec!["get".to_owned(), format!("imaging:{}", canaries.path()), canaries.word()],
        vec!["put".to_owned(), file.clone(), format!("university-b/shelf:{}", canaries.path())],
        vec!["put".to_owned(), file, format!("imaging:{}", canaries.path())],
        vec!["task".to_owned(), "show".to_owned(), canaries.word()],
    ] {
        ensure!(cli.run(&wrong)?.code != 0, "{wrong:?} cannot work");
    }
    uploads_left_open(stage, canaries)?;
    for _ in 0..6 {
        // Over the other site, whose refusals come back over a lane.
        let reply = here.get(&pair.a, &format!("collections/{}/entries", canaries.word()))?;
        ensure!(reply.status.is_client_error(), "{}", reply.text);
    }
    Ok(())
}

/// One upload stays as far as it came, one is of another content than it said, one is given up.
fn uploads_left_open(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    let (site, token) = (&stage.pair.a, format!("Bearer {}", stage.here.token()));
    for (digest, commit) in [(None, false), (Some("ab".repeat(32)), true), (None, true)] {
        let new = json!({ "path": format!("/{}", canaries.name()), "size": 60, "digest": digest });
        let made = stage.here.post(site, "collections/imaging/uploads", &new)?;
        ensure!(made.status.is_success(), "{}", made.text);
        let id = id_of(&made.document()?)?;
        let headers =
            [("authorization", token.as_str()), ("content-type", "application/octet-stream"), ("upload-offset", "0")];
        let part = canaries.word();
        let patched = site.raw("PATCH", &format!("/api/v1/uploads/{id}"), &headers, Some(part.as_bytes()))?;
        ensure!(patched.status.is_success(), "{}", patched.text);
        if commit {
            ensure!(!stage.here.post(site, &format!("uploads/{id}/commit"), &json!({}))?.status.is_success());
        }
    }
    Ok(())
}
