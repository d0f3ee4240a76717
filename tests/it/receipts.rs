//! After a transfer each site holds the other's proof of it, whatever is killed in between; a person gets it and verifies it;
//! two logs held against each other agree, and a forged one is named.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_audit::event::Transfer;
use sealane_audit::{Event, Log, Object, OpId, OutcomeRecord, Phase};
use sealane_cli::demo::people::ANA;
use sealane_cli::site_keys::audit_keys;
use sealane_crypto::digest::sha256;
use sealane_crypto::{Random, SystemRandom};
use sealane_model::id::fresh_uuid;
use sealane_model::{Clock, SystemClock};
use sealane_tests::cli::bare;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::{self, seed};
use sealane_tests::on_both_databases;
use sealane_tests::pair::{Pair, PairPlan};
use sealane_tests::person::Person;
use sealane_tests::site::Site;
use sealane_tests::tree::{copy_tree, write_noise};
use sealane_tests::wait::{until, until_true};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// Exit code and words of the verifier, which knows nothing of either site but its log's key.
fn verify(file: &Path, sites: [&Site; 2]) -> anyhow::Result<(Option<i32>, String)> {
    let mut verifier = bare(&environment::binary("sealane-verify", "sealane-audit")?);
    verifier.arg("receipt").arg(file);
    for site in sites {
        let key = fs::read_to_string(site.audit().join("origin.pub"))?;
        verifier.args(["--key", key.trim()]);
    }
    let out = verifier.output()?;
    Ok((out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned()))
}

fn state_of_exchange(person: &Person, site: &Site, task: &str) -> anyhow::Result<String> {
    let record: Value = person.get(site, &format!("tasks/{task}/record"))?.document()?;
    Ok(record.pointer("/exchange/state").and_then(Value::as_str).unwrap_or("none").to_owned())
}

/// In the way of keeping receipts: the folder cannot be made. Both sites end the transfer and neither holds a receipt.
fn obstruct(site: &Site) -> anyhow::Result<()> {
    Ok(fs::write(site.audit().join("receipts"), b"in the way")?)
}

fn clear(site: &Site) -> anyhow::Result<()> {
    Ok(fs::remove_file(site.audit().join("receipts"))?)
}

on_both_databases! {
    fn a_kill_between_a_transfers_end_and_its_receipt_loses_no_receipt(backend: Backend) -> anyhow::Result<()> {
        let mut pair = Pair::start(backend)?;
        let (here, there) = (Person::sign_in(&pair.a, ANA)?, Person::sign_in(&pair.b, ANA)?);
        write_noise(&pair.a.data("imaging").join("file"), 40 << 10, seed())?;
        let mut tasks = Vec::new();
        for killed in ["source", "destination"] {
            obstruct(&pair.a)?;
            let task = here.submit(&pair.a, "imaging:/", &format!("university-b/intake:/{killed}"))?;
            until_true("both sites to owe the receipt", PATIENCE, || {
                Ok(state_of_exchange(&here, &pair.a, &task)? == "owed" && state_of_exchange(&there, &pair.b, &task)? == "owed")
            })?;
            let early = here.get(&pair.a, &format!("tasks/{task}/receipt"))?;
            ensure!(early.status == 409 && early.code()? == "receipt-owed", "{}", early.text);
            let site = if killed == "source" { &mut pair.a } else { &mut pair.b };
            site.kill()?;
            clear(&pair.a)?;
            let site = if killed == "source" { &mut pair.a } else { &mut pair.b };
            site.start()?;
            for (person, site) in [(&here, &pair.a), (&there, &pair.b)] {
                until_true("both sites to hold the receipt", PATIENCE, || Ok(state_of_exchange(person, site, &task)? == "held"))?;
            }
            fs::remove_dir_all(pair.a.audit().join("receipts"))?;
            tasks.push(task);
        }
        let before = SystemClock.now().as_nanos();
        pair.a.stop()?;
        pair.b.stop()?;
        let (code, found) = reconcile(&pair.a, &pair.a.audit(), &pair.b.audit())?;
        ensure!(code == 0, "honest logs differ: {found:#}");
        forged_entries_are_named(&pair, &tasks, before)
    }
}

fn reconcile(site: &Site, a: &Path, b: &Path) -> anyhow::Result<(i32, Value)> {
    let path = |path: &Path| anyhow::Ok(path.to_str().context("a plain path")?.to_owned());
    let answer = site.operator()?.run(["audit", "reconcile", &path(a)?, &path(b)?])?;
    Ok((answer.code, answer.json()?))
}

/// An insider of the destination has its keys: one transfer that never was, and another end of one that was.
fn forged_entries_are_named(pair: &Pair, tasks: &[String], at_ns: i64) -> anyhow::Result<()> {
    let forged = pair.scratch()?.join("forged");
    copy_tree(&pair.b.audit(), &forged)?;
    let invented = fresh_uuid(&SystemClock, &SystemRandom::new()?).to_string();
    let [honest, altered] = tasks else { anyhow::bail!("two transfers") };
    forge(pair, &forged, &[&invented, altered], at_ns)?;
    let (code, found) = reconcile(&pair.a, &pair.a.audit(), &forged)?;
    let standing = |task: &str| {
        let all = found.get("findings").and_then(Value::as_array)?;
        all.iter().find(|one| one.get("task").and_then(Value::as_str) == Some(task))?.get("standing")?.as_str()
    };
    ensure!(code == 1, "{found:#}");
    ensure!(standing(&invented) == Some("one-sided") && standing(altered) == Some("differs"), "{found:#}");
    ensure!(standing(honest).is_none(), "what is honest is named: {found:#}");
    Ok(())
}

/// Entries at the end of the log in that folder that say that these transfers ended, with a manifest of nothing.
fn forge(pair: &Pair, folder: &Path, tasks: &[&str], at_ns: i64) -> anyhow::Result<()> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
    let keys = audit_keys(&pair.b.keys(), &"node-1".parse()?, random.as_ref())?;
    let (log, _) = Log::open(folder, "sealane/university-b/node-1", keys, Arc::clone(&random))?;
    let peer = id_of(&pair.a)?;
    for task in tasks {
        let object = Object {
            task: Some((*task).to_owned()),
            digest: Some(sha256(b"nothing")),
            files: Some(1),
            bytes: Some(40 << 10),
            ..Object::default()
        };
        let event = Event::new(Transfer::Finish, Phase::Info, OpId::new(task.parse()?), at_ns).object(object);
        log.append_blocking(event.peer(peer.as_str()).outcome(OutcomeRecord::done()))?;
    }
    Ok(())
}

/// The id of a site, as its key folder has it.
fn id_of(site: &Site) -> anyhow::Result<String> {
    Ok(fs::read_to_string(site.keys().join("site-id.key"))?)
}

#[test]
fn a_person_gets_the_receipt_cosigned_by_both_sites_and_verifies_it_offline() -> anyhow::Result<()> {
    let plan = PairPlan { witness_window: Some("60s"), ..PairPlan::default() };
    let pair = Pair::start_as(Backend::Sqlite, plan)?;
    let here = Person::sign_in(&pair.a, ANA)?;
    write_noise(&pair.a.data("imaging").join("file"), 40 << 10, seed())?;
    let listing = "collections/imaging/entries?path=/";
    until_true("the witness to have confirmed the log", PATIENCE, || {
        Ok(here.get(&pair.a, listing)?.status.is_success())
    })?;
    let task = here.submit(&pair.a, "imaging:/", "university-b/intake:/x")?;
    here.follow(&pair.a, &task)?;
    let cosigned = |record: &Value, part: &str| {
        let by = record.pointer(&format!("/exchange/{part}/cosigned_by")).and_then(Value::as_array)?;
        by.first()?.get("name")?.as_str().map(str::to_owned)
    };
    let record = until("both parts to be cosigned", PATIENCE, || {
        let record: Value = here.get(&pair.a, &format!("tasks/{task}/record"))?.document()?;
        let both = ["source", "destination"].iter().all(|part| cosigned(&record, part).is_some());
        Ok(both.then_some(record))
    })?;
    ensure!(cosigned(&record, "source").as_deref() == Some("sealane/university-b/witness"), "{record:#}");
    ensure!(cosigned(&record, "destination").as_deref() == Some("sealane/hospital-a/witness"), "{record:#}");

    let file = pair.scratch()?.join("receipt.json");
    let path = file.to_str().context("a plain path")?;
    let report = here.cli.run(["task", "receipt", &task, "-o", path])?.document()?;
    ensure!(report.pointer("/agreement/verdict").and_then(Value::as_str) == Some("ok"), "{report:#}");
    let (code, told) = verify(&file, [&pair.a, &pair.b])?;
    ensure!(code == Some(0) && told.contains(&task), "{told}");
    let (code, told) = verify(&file, [&pair.a, &pair.a])?;
    ensure!(code == Some(1), "a log that nobody named a key for passes: {told}");
    let printed = here.cli.run(["task", "receipt", &task])?;
    ensure!(printed.code == 0 && printed.stdout == fs::read_to_string(&file)?, "{}", printed.stderr);
    fs::write(&file, fs::read_to_string(&file)?.replacen("transfer.finish", "transfer.finisH", 1))?;
    ensure!(verify(&file, [&pair.a, &pair.b])?.0 == Some(1), "an altered receipt passes");
    Ok(())
}
