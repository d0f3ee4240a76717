//! Two sites confirm each other's audit logs: a witness that is away stops health data, a log that was put back is told so.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::seed;
use sealane_tests::pair::{Pair, PairPlan};
use sealane_tests::person::Person;
use sealane_tests::site::Site;
use sealane_tests::tree::{copy_tree, write_noise};
use sealane_tests::wait::until_true;
use serde_json::Value;

/// Entries may wait so long for the witness in these stories.
const WINDOW: &str = "8s";
const PATIENCE: Duration = Duration::from_secs(180);
const LISTING: &str = "collections/imaging/entries?path=/";

fn start(backend: Backend) -> anyhow::Result<(Pair, Person)> {
    let pair = Pair::start_as(backend, PairPlan { witness_window: Some(WINDOW), ..PairPlan::default() })?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    write_noise(&pair.a.data("imaging").join("file"), 4 << 10, seed())?;
    is_allowed(&pair.a, &ana)?;
    Ok((pair, ana))
}

fn is_allowed(site: &Site, ana: &Person) -> anyhow::Result<()> {
    until_true("health data to be shown", PATIENCE, || Ok(ana.get(site, LISTING)?.status.is_success()))
}

fn is_refused(site: &Site, ana: &Person) -> anyhow::Result<()> {
    until_true("health data to be refused", PATIENCE, || {
        let reply = ana.get(site, LISTING)?;
        Ok(reply.status == 503 && reply.code()? == "audit.exposed")
    })
}

fn status(site: &Site) -> anyhow::Result<Value> {
    site.audit_command(&["witness", "status"])?.document()?.get("policy").cloned().context("a policy")
}

fn fault(site: &Site) -> anyhow::Result<String> {
    let code = status(site)?.pointer("/witnesses/0/code").and_then(Value::as_str).map(str::to_owned);
    Ok(code.unwrap_or_default())
}

fn confirmed(site: &Site) -> anyhow::Result<u64> {
    status(site)?.get("confirmed").and_then(Value::as_u64).context("how much is confirmed")
}

fn recorded(site: &Site) -> anyhow::Result<u64> {
    status(site)?.get("size").and_then(Value::as_u64).context("how much is recorded")
}

#[test]
fn health_data_wait_for_the_witness_and_go_on_with_it() -> anyhow::Result<()> {
    let (mut pair, ana) = start(Backend::Postgres)?;
    for site in [&pair.a, &pair.b] {
        until_true("its witness to confirm its log", PATIENCE, || Ok(confirmed(site)? > 0))?;
    }
    pair.b.stop()?;
    is_refused(&pair.a, &ana)?;
    ensure!(fault(&pair.a)? == "witness-unreachable", "{}", status(&pair.a)?);
    let ready = pair.a.get("/readyz")?;
    ensure!(ready.status == 200 && ready.text.contains("audit-exposed"), "{}: {}", ready.status, ready.text);
    ensure!(ana.get(&pair.a, "me")?.status.is_success(), "what is no health data is served");

    pair.b.start()?;
    is_allowed(&pair.a, &ana)?;
    ensure!(fault(&pair.a)?.is_empty(), "{}", status(&pair.a)?);
    pair.a.stop()?;
    pair.a.verify_log()
}

#[test]
fn an_old_copy_of_a_log_is_told_by_the_witness() -> anyhow::Result<()> {
    let (mut pair, ana) = start(Backend::Sqlite)?;
    pair.a.stop()?;
    let old = pair.scratch()?.join("old-copy");
    copy_tree(&pair.a.audit(), &old)?;
    pair.a.start()?;
    is_allowed(&pair.a, &ana)?;
    // Asking is recorded too, so the log never stands still while it is asked.
    let after = recorded(&pair.a)?;
    until_true("the witness to confirm what came after", PATIENCE, || Ok(confirmed(&pair.a)? >= after))?;
    pair.a.kill()?;

    fs::remove_dir_all(pair.a.audit())?;
    copy_tree(&old, &pair.a.audit())?;
    pair.a.start()?;
    until_true("the rollback to be told", PATIENCE, || Ok(fault(&pair.a)? == "log-rolled-back"))?;
    is_refused(&pair.a, &ana)
}
