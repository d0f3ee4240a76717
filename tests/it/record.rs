//! No record, no act: where the audit log cannot be written, nothing happens.

use std::fs;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::seed;
use sealane_tests::pair::{Pair, PairPlan};
use sealane_tests::person::{Person, new_task};
use sealane_tests::site::{Site, SmallDisk};
use sealane_tests::tree::write_noise;
use sealane_tests::wait::until_true;
use serde_json::{Value, json};

#[test]
fn a_log_that_was_taken_away_stops_every_act() -> anyhow::Result<()> {
    let pair = Pair::start(Backend::Sqlite)?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    write_noise(&pair.a.data("imaging").join("file"), 1 << 20, seed())?;
    ensure!(ana.get(&pair.a, "collections/imaging/content?path=/file")?.status.is_success(), "she may read it");

    fs::rename(pair.a.audit().join("seg"), pair.a.folder().join("seg-taken-away"))?;
    nothing_is_done(&pair, &ana)?;
    it_says_that_it_is_not_ready(&pair.a)?;
    it_raises(&pair.a, Some("audit-unwritable"))?;
    ensure!(pair.a.get("/healthz")?.status == 200, "and that it lives");
    Ok(())
}

#[test]
fn a_full_disk_under_the_log_stops_every_act_until_there_is_room() -> anyhow::Result<()> {
    let small = SmallDisk { place: "state/audit", size: "72m" };
    let pair = Pair::start_as(Backend::Sqlite, PairPlan { small_disk_a: Some(small), ..PairPlan::default() })?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    write_noise(&pair.a.data("imaging").join("file"), 1 << 20, seed())?;
    ensure!(ana.get(&pair.a, "collections/imaging/content?path=/file")?.status.is_success(), "she may read it");

    let filler = pair.a.seen_inside("state/audit")?.join("filler");
    let file = fs::File::create(&filler)?;
    let block = vec![7; 64 << 10];
    let mut at = 0;
    while file.write_all_at(&block, at).is_ok() {
        at += block.len() as u64;
    }
    nothing_is_done(&pair, &ana)?;
    it_says_that_it_is_not_ready(&pair.a)?;
    it_raises(&pair.a, Some("audit-disk"))?;

    drop(file);
    fs::remove_file(&filler)?;
    until_true("the site to work again", Duration::from_secs(20), || {
        Ok(ana.get(&pair.a, "collections/imaging/content?path=/file")?.status.is_success())
    })?;
    it_raises(&pair.a, None)
}

/// What the node noticed is public as long as it stands, and no longer; so is that an urgent alert about it is open.
fn it_raises(site: &Site, alarm: Option<&str>) -> anyhow::Result<()> {
    let code = |ready: &Value, name: &str| {
        let part = ready["parts"].as_array().and_then(|parts| parts.iter().find(|part| part["name"] == name))?;
        part["code"].as_str().map(ToOwned::to_owned)
    };
    until_true("the alarm to stand, or to be over", Duration::from_secs(20), || {
        let ready: Value = site.get("/readyz")?.document()?;
        // A machine whose clock nothing keeps in step says that too.
        let noticed = code(&ready, "alarms").filter(|code| code != "clock-unsynchronised");
        let urgent = code(&ready, "alerts").is_some();
        Ok(noticed.as_deref() == alarm && urgent == alarm.is_some())
    })
}

/// The probe looks once a second at most.
fn it_says_that_it_is_not_ready(site: &Site) -> anyhow::Result<()> {
    until_true("the site to say that it is not ready", Duration::from_secs(10), || {
        Ok(site.get("/readyz")?.status == 503)
    })
}

/// Reading, changing, sending and letting others fetch are all refused, and nothing has changed.
fn nothing_is_done(pair: &Pair, ana: &Person) -> anyhow::Result<()> {
    let refused = |what: &str, reply: sealane_tests::site::Reply| -> anyhow::Result<()> {
        ensure!(reply.status == 503, "{what} was answered with {}: {}", reply.status, reply.text);
        ensure!(reply.code()? == "audit-unavailable", "{what}: {}", reply.text);
        Ok(())
    };
    let site: &Site = &pair.a;
    refused("a listing", ana.get(site, "collections/imaging/entries?path=/")?)?;
    refused("a download", ana.get(site, "collections/imaging/content?path=/file")?)?;
    refused("a new directory", ana.post(site, "collections/imaging/directories", &json!({ "path": "/made" }))?)?;
    refused("a renaming", ana.post(site, "collections/imaging/rename", &json!({ "from": "/file", "to": "/moved" }))?)?;
    refused("a transfer", ana.post(site, "tasks", &new_task("imaging:/", "university-b/intake:/")?)?)?;
    ensure!(!site.data("imaging").join("made").exists() && site.data("imaging").join("file").exists());

    let over_there = Person::sign_in(&pair.b, ANA)?;
    let reply = over_there.post(&pair.b, "tasks", &new_task("hospital-a/imaging:/", "intake:/")?)?;
    ensure!(!reply.status.is_success(), "the other site gets nothing either: {}", reply.text);
    let arrived = fs::read_dir(pair.b.data("intake"))?.next();
    arrived.is_none().then_some(()).context("something arrived without a record")
}
