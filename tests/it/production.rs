//! Two sites as institutions run them: made by `init`, run by `serve`, joined by `peer`, used through the command line.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_audit::Phase;
use sealane_cli::demo::people::ANA;
use sealane_tests::browser::Browser;
use sealane_tests::canary::Canaries;
use sealane_tests::cli::Cli;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::seed;
use sealane_tests::journal::Journal;
use sealane_tests::on_both_databases;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::tree::{compare, left_behind, same_bytes, write_many, write_noise, write_odd, write_sparse};
use sealane_tests::wait::{until, until_true};
use serde_json::Value;

/// A file whose way takes long enough to be cut.
const LARGE: u64 = 512 << 20;

on_both_databases! {
    fn people_sign_in_with_a_code_and_see_what_they_may_see(backend: Backend) -> anyhow::Result<()> {
        let pair = Pair::start(backend)?;
        let cli = sign_in_with_a_code(&pair)?;
        looking_around(&pair, &cli)
    }

    fn names_are_made_changed_and_removed(backend: Backend) -> anyhow::Result<()> {
        let pair = Pair::start(backend)?;
        let ana = Person::sign_in(&pair.a, ANA)?;
        changing_names(&pair, &ana.cli)
    }

    fn a_file_comes_and_goes_in_two_goes_each(backend: Backend) -> anyhow::Result<()> {
        let pair = Pair::start(backend)?;
        let ana = Person::sign_in(&pair.a, ANA)?;
        a_file_down_in_two_goes(&pair, &ana.cli)?;
        a_file_up_in_two_goes(&pair, &ana.cli)
    }

    fn a_tree_of_odd_names_arrives_whole_in_both_directions_and_both_logs_hold(backend: Backend) -> anyhow::Result<()> {
        let mut pair = Pair::start(backend)?;
        let ana = Person::sign_in(&pair.a, ANA)?;
        let source = pair.a.data("imaging").join("study");
        write_odd(&source, seed())?;
        write_many(&source.join("many"), 1_500, 2_000, seed())?;
        let mut canaries = Canaries::seeded(seed());
        for _ in 0..20 {
            fs::write(source.join(canaries.name()), canaries.record_number())?;
        }

        let there = pair.b.data("intake").join("arrived");
        let sent = whole_transfer(&ana.cli, "imaging:/study", "university-b/intake:/arrived")?;
        let counted = compare(&source, &there)?;
        ensure!(number(&sent, "/progress/files_done") == Some(counted.files), "{counted:?}: {sent:#}");
        ensure!(number(&sent, "/progress/bytes_done") == Some(counted.bytes), "{counted:?}: {sent:#}");
        ensure!(number(&sent, "/progress/skipped") == Some(0), "{sent:#}");
        both_sites_tell_the_same(&pair, &ana, &sent)?;

        let back = pair.a.data("imaging").join("back");
        let task = ana.submit(&pair.a, "university-b/intake:/arrived", "imaging:/back")?;
        let ended = ana.follow(&pair.a, &task)?;
        ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
        ensure!(compare(&source, &back)? == counted, "the way back changed something");

        ensure!(pair.a.stop()?.success() && pair.b.stop()?.success(), "both sites end by themselves when told to");
        for (site, collection) in [(&pair.a, "imaging"), (&pair.b, "intake")] {
            site.verify_log()?;
            Journal::read(site)?.every_intent_has_one_outcome()?;
            ensure!(left_behind(&site.data(collection))?.is_empty(), "part files are left at {}", site.name());
        }
        let journal = Journal::read(&pair.b)?;
        ensure!(journal.count("lane.open", Phase::Intent) > 0, "lanes are in the log");
        canaries.left_no_trace(&[&pair.a, &pair.b])?;
        Ok(())
    }

    fn exit_codes_tell_what_went_wrong(backend: Backend) -> anyhow::Result<()> {
        let pair = Pair::start(backend)?;
        let nobody = Cli::new(pair.scratch()?.join("nobody"), pair.a.authority().file())?;
        ensure!(nobody.run(["ls", "imaging:/"])?.problem(3)?.code == "not-signed-in");

        let ana = Person::sign_in(&pair.a, ANA)?;
        let cli = &ana.cli;
        for wrong in [&["ls"][..], &["ls", "imaging"], &["frobnicate"], &["transfer", "imaging:/x"]] {
            ensure!(cli.run(wrong)?.code == 2, "{wrong:?} is a mistake of usage");
        }
        let denied = cli.run(["transfer", "-r", "imaging:/", "university-b/shelf:/x"])?.problem(5)?;
        ensure!(denied.decision.is_some() && !denied.detail.is_empty(), "a refusal gives its reason: {denied:?}");
        ensure!(denied.next_step.is_some(), "and says what to do: {denied:?}");
        ensure!(cli.run(["stat", "imaging:/nothing"])?.problem(1)?.code == "not-found");

        fs::create_dir(pair.a.data("imaging").join("links"))?;
        symlink("/etc/passwd", pair.a.data("imaging").join("links/passwd"))?;
        let partly = cli.run(["transfer", "-r", "--wait", "imaging:/links", "university-b/intake:/links"])?;
        ensure!(partly.code == 7, "what was left out is said: {partly:?}");
        ensure!(fs::read_dir(pair.b.data("intake").join("links"))?.count() == 0, "no link arrives");

        write_sparse(&pair.a.data("imaging").join("long"), 4 << 30)?;
        let late = cli.run(["transfer", "--wait", "--timeout", "0", "imaging:/long", "university-b/intake:/long"])?;
        ensure!(late.code == 124, "{late:?}");
        let tasks = cli.run(["task", "list"])?.document()?;
        let task = tasks.pointer("/0/id").and_then(Value::as_str).context("the newest task")?.to_owned();
        ensure!(cli.run(["task", "wait", &task, "--timeout", "1"])?.code == 124, "it is still under way");
        cli.run(["task", "cancel", &task])?.document()?;
        let ended = cli.run(["task", "wait", &task, "--timeout", "60"])?;
        ensure!(ended.code == 1 && ended.json()?.get("code").and_then(Value::as_str) == Some("canceled"), "{ended:?}");
        until_true("what had arrived to go", Duration::from_secs(20), || {
            Ok(left_behind(&pair.b.data("intake"))?.is_empty() && !pair.b.data("intake").join("long").exists())
        })
    }
}

/// `sealane login --no-browser`, with the browser on another machine.
fn sign_in_with_a_code(pair: &Pair) -> anyhow::Result<Cli> {
    let cli = Cli::new(pair.scratch()?.join("home"), pair.a.authority().file())?;
    let mut login = cli.start("login", ["login", "--no-browser", pair.a.url().as_str()])?;
    let code = until("the code to be shown", Duration::from_secs(20), || {
        let said = login.written()?;
        Ok(said.lines().find_map(|line| line.split("shows the code ").nth(1)).map(|code| code.trim().to_owned()))
    })?;
    let mut browser = Browser::new(pair.a.authority())?;
    browser.sign_in(pair.a.url(), ANA)?;
    browser.approve(pair.a.url(), &code)?;
    until_true("the command line to be signed in", Duration::from_secs(20), || Ok(!login.runs()?))?;
    let me = cli.run(["whoami"])?.document()?;
    ensure!(me.get("email").and_then(Value::as_str) == Some(ANA.email), "{me:#}");
    Ok(cli)
}

fn looking_around(pair: &Pair, cli: &Cli) -> anyhow::Result<()> {
    let here = cli.run(["collection", "list"])?.document()?;
    let here = references(&here);
    ensure!(here == ["imaging"], "what she may not see is not shown: {here:?}");
    let there = cli.run(["collection", "list", "--peer", "university-b"])?.document()?;
    let there = references(&there);
    ensure!(there == ["university-b/intake", "university-b/shelf"], "{there:?}");

    write_odd(&pair.a.data("imaging").join("odd"), seed())?;
    let listed = cli.run(["ls", "-r", "imaging:/"])?.document()?;
    let names: Vec<&str> =
        listed.as_array().context("a list")?.iter().filter_map(|it| it.get("path")?.as_str()).collect();
    ensure!(names.contains(&r"/odd/x\xff\xfe.\xc3"), "names that are not UTF-8 are shown escaped: {names:?}");
    for name in names {
        let entry = cli.run(["stat", &format!("imaging:{name}")])?.document()?;
        ensure!(entry.get("path").and_then(Value::as_str) == Some(name), "a name that is shown can be given: {entry}");
    }
    let shelf = cli.run(["ls", "university-b/shelf:/"])?.document()?;
    ensure!(shelf.as_array().is_some_and(Vec::is_empty), "{shelf}");
    Ok(())
}

fn changing_names(pair: &Pair, cli: &Cli) -> anyhow::Result<()> {
    let root = pair.a.data("imaging");
    cli.run(["mkdir", "imaging:/new"])?.document()?;
    ensure!(root.join("new").is_dir());
    cli.run(["rename", "imaging:/new", "/newer"])?.document()?;
    ensure!(root.join("newer").is_dir() && !root.join("new").exists());
    fs::write(root.join("newer/file"), "x")?;
    ensure!(cli.run(["rm", "imaging:/newer"])?.problem(1)?.code == "not-empty");
    let removed = cli.run(["rm", "-r", "imaging:/newer"])?.document()?;
    ensure!(removed.get("entries").and_then(Value::as_u64) == Some(2) && !root.join("newer").exists(), "{removed}");
    Ok(())
}

fn a_file_down_in_two_goes(pair: &Pair, cli: &Cli) -> anyhow::Result<()> {
    let source = pair.a.data("imaging").join("volume");
    write_noise(&source, LARGE, seed())?;
    let part = cli.home().join("fetched.sealane-part");
    let mut first = cli.start("get", ["get", "imaging:/volume", "fetched"])?;
    until_true("some of the file to be there", Duration::from_secs(30), || Ok(length(&part) > 1 << 20))?;
    first.kill()?;
    let kept = length(&part);
    ensure!(kept < LARGE && !cli.home().join("fetched").exists(), "it was cut after {kept} bytes");
    let second = cli.run(["get", "imaging:/volume", "fetched"])?.document()?;
    ensure!(number(&second, "/moved") == Some(LARGE - kept), "what was there is not fetched again: {second}");
    same_bytes(&source, &cli.home().join("fetched"))?;
    ensure!(!part.exists(), "no part file stays");
    Ok(())
}

fn a_file_up_in_two_goes(pair: &Pair, cli: &Cli) -> anyhow::Result<()> {
    let source = cli.home().join("fetched");
    let target = pair.a.data("imaging").join("sent");
    let mut first = cli.start("put", ["put", "fetched", "imaging:/sent"])?;
    until_true("some of the file to be there", Duration::from_secs(60), || {
        Ok(left_behind(&pair.a.data("imaging"))?
            .iter()
            .any(|part| length(&pair.a.data("imaging").join(part)) > 16 << 20 && part.components().count() > 1))
    })?;
    first.kill()?;
    ensure!(!target.exists(), "half a file has no name");
    let second = cli.run(["put", "fetched", "imaging:/sent"])?.document()?;
    ensure!(
        number(&second, "/moved").is_some_and(|moved| moved < LARGE),
        "what was durable is not sent again: {second}"
    );
    same_bytes(&source, &target)?;
    ensure!(left_behind(&pair.a.data("imaging"))?.is_empty(), "no part file stays");
    Ok(())
}

fn whole_transfer(cli: &Cli, source: &str, destination: &str) -> anyhow::Result<Value> {
    cli.run(["transfer", "-r", "--wait", "--timeout", "240", source, destination])?.document()
}

/// The task at the other site, its events, the receipt.
fn both_sites_tell_the_same(pair: &Pair, ana: &Person, task: &Value) -> anyhow::Result<()> {
    let id = task.get("id").and_then(Value::as_str).context("an id")?;
    let over_there = Person::sign_in(&pair.b, ANA)?;
    let mirrored = over_there.task(&pair.b, id)?.document;
    for field in ["/manifest", "/state", "/progress/files_done", "/progress/bytes_done", "/cipher"] {
        ensure!(task.pointer(field).is_some(), "{field} is missing in {task:#}");
        ensure!(task.pointer(field) == mirrored.pointer(field), "{field} differs: {task:#} and {mirrored:#}");
    }
    ensure!(ana.cli.run(["task", "show", id])?.document()?.get("id").and_then(Value::as_str) == Some(id));
    let events = ana.cli.run(["task", "events", id])?.document()?;
    let codes: Vec<&str> =
        events.as_array().context("a list")?.iter().filter_map(|it| it.get("code")?.as_str()).collect();
    ensure!(codes.first() == Some(&"submitted") && codes.contains(&"succeeded"), "{codes:?}");
    for (site, person) in [(&pair.a, ana), (&pair.b, &over_there)] {
        let record: Value = person.get(site, &format!("tasks/{id}/record"))?.document()?;
        let entries = record.get("entries").and_then(Value::as_array).context("entries")?;
        ensure!(!entries.is_empty() && record.pointer("/checkpoint/root").is_some(), "{record:#}");
    }
    Ok(())
}

fn references(collections: &Value) -> Vec<&str> {
    let all = collections.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|it| it.get("reference")?.as_str()).collect()
}

fn number(document: &Value, pointer: &str) -> Option<u64> {
    document.pointer(pointer).and_then(Value::as_u64)
}

/// The length of a file; 0 while there is none.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}
