//! A site's administrator replaces the key of its audit log: witnesses, receipts and verifiers go on.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_cli::demo::people::ANA;
use sealane_tests::cli::bare;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::{self, seed};
use sealane_tests::journal::Journal;
use sealane_tests::pair::{Pair, PairPlan};
use sealane_tests::person::Person;
use sealane_tests::site::Site;
use sealane_tests::tree::write_noise;
use sealane_tests::wait::until_true;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

fn policy(site: &Site) -> anyhow::Result<Value> {
    site.audit_command(&["witness", "status"])?.document()?.get("policy").cloned().context("a policy")
}

/// Everything that is recorded now is confirmed by the witness, and nothing is in the way.
fn is_confirmed(site: &Site) -> anyhow::Result<()> {
    let recorded = policy(site)?.get("size").and_then(Value::as_u64).context("a size")?;
    until_true("the witness to confirm the log", PATIENCE, || {
        let now = policy(site)?;
        let fault = now.pointer("/witnesses/0/code").is_some_and(|code| !code.is_null());
        Ok(now.get("confirmed").and_then(Value::as_u64) >= Some(recorded) && !fault)
    })
}

fn verified_with(site: &Site, key: &str) -> anyhow::Result<String> {
    let mut verifier = bare(&environment::binary("sealane-verify", "sealane-audit")?);
    let out = verifier.arg("log").arg(site.audit()).args(["--key", key]).output()?;
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    ensure!(out.status.code() == Some(0), "{said}");
    Ok(said)
}

fn transfer(pair: &Pair, ana: &Person, name: &str) -> anyhow::Result<()> {
    let task = ana.submit(&pair.a, "imaging:/", &format!("university-b/intake:/{name}"))?;
    ana.follow(&pair.a, &task)?;
    until_true("both sites to hold the receipt", PATIENCE, || {
        Ok(ana.get(&pair.a, &format!("tasks/{task}/receipt"))?.status.is_success())
    })
}

#[test]
fn the_key_of_a_running_sites_log_is_replaced_and_everybody_follows() -> anyhow::Result<()> {
    let plan = PairPlan { witness_window: Some("60s"), ..PairPlan::default() };
    let mut pair = Pair::start_as(Backend::Postgres, plan)?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    write_noise(&pair.a.data("imaging").join("file"), 40 << 10, seed())?;
    is_confirmed(&pair.a)?;
    transfer(&pair, &ana, "before")?;
    let refused = pair.a.audit_command(&["key", "rotate"])?;
    ensure!(
        refused.code == 1 && refused.stderr.contains("in use"),
        "a node that runs keeps its key: {}",
        refused.stderr
    );

    pair.a.stop()?;
    let rotated = pair.a.audit_command(&["key", "rotate"])?.document()?;
    let key = |name: &str| anyhow::Ok(rotated.get(name).and_then(Value::as_str).context("a key")?.to_owned());
    let (old, new) = (key("from")?, key("to")?);
    let beside = fs::read_to_string(pair.a.audit().join("origin.pub"))?;
    ensure!(beside.trim() == new && old != new, "{rotated:#}");
    ensure!(!pair.a.keys().join("audit-node-1.next.key").exists(), "one private key is there");
    pair.a.start()?;
    is_confirmed(&pair.a)?;
    transfer(&pair, &ana, "after")?;

    let shown = pair.a.audit_command(&["key", "show"])?.document()?;
    ensure!(shown.pointer("/replaced/0/from").and_then(Value::as_str) == Some(&old), "{shown:#}");
    pair.a.stop()?;
    pair.b.stop()?;
    ensure!(verified_with(&pair.a, &old)?.contains("handed over"), "the old key leads to the new one");
    ensure!(verified_with(&pair.a, &new)?.contains("does not speak"), "the new key speaks from the change on");
    let codes: Vec<String> = Journal::read(&pair.b)?
        .entries()
        .iter()
        .filter(|view| view.entry.kind.name() == "log-key.pin")
        .filter_map(|view| Some(view.entry.outcome.as_ref()?.code.clone()))
        .collect();
    ensure!(codes == ["ok", "log-key-rotated"], "{codes:?}");
    Ok(())
}
