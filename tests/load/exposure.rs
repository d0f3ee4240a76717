//! How long an entry waits for its witness: the exposure section of docs/performance.md.
//!
//! `cargo build --release -p sealane-cli && cargo bench -p sealane-tests --bench exposure` runs two sites on loopback that
//! confirm each other's logs, lets somebody ask one of them without pause for a minute, and reads from that site's log when
//! each entry was written and when the log first said that a head above it is cosigned. So what is measured is an upper
//! bound: the cosignature was kept before the log could say so.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sealane_audit::EntryView;
use sealane_audit::event::Assurance;
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::figures::{load_average, publish};
use sealane_tests::journal::Journal;
use sealane_tests::pair::{Pair, PairPlan};
use sealane_tests::person::Person;

const COMMAND: &str = "cargo build --release -p sealane-cli && cargo bench -p sealane-tests --bench exposure";
/// How long somebody asks.
const FOR: Duration = Duration::from_secs(60);
/// What is aimed at, for the slowest hundredth.
const TARGET: Duration = Duration::from_secs(2);

fn main() -> anyhow::Result<()> {
    let load = load_average()?;
    let mut pair = Pair::start_as(Backend::Sqlite, PairPlan { witness_window: Some("60s"), ..PairPlan::default() })?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let began = Instant::now();
    while began.elapsed() < FOR {
        ensure!(ana.get(&pair.a, "me")?.status.is_success(), "the site answers");
    }
    pair.a.stop()?;
    let journal = Journal::read(&pair.a)?;
    let mut waits = waits(journal.entries())?;
    waits.sort_unstable();
    let at = |percent: usize| waits.get((waits.len() * percent / 100).min(waits.len().saturating_sub(1))).copied();
    let (median, slow) = (at(50).context("entries")?, at(99).context("entries")?);
    let most = waits.last().copied().context("entries")?;
    let rows = format!(
        "| entries, and how many a second | {}, {:.0} | |\n| until cosigned, median | {:.2} s | |\n\
         | slowest 1 % | {:.2} s | {} s |\n| slowest | {:.2} s | |",
        waits.len(),
        f64::from(u32::try_from(waits.len())?) / FOR.as_secs_f64(),
        median.as_secs_f64(),
        slow.as_secs_f64(),
        TARGET.as_secs(),
        most.as_secs_f64(),
    );
    println!("{rows}");
    publish(
        "exposure",
        &format!(
            "Two sites on one machine, each the other's witness, release build, load average {load} before the start.\n\n\
             | what | measured | target |\n|---|---:|---:|\n{rows}\n\n```\n{COMMAND}\n```\n"
        ),
    )
}

/// Of each entry that a head was cosigned for, how long after it the log says so.
fn waits(entries: &[EntryView]) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    let mut cosigned = 0;
    for note in entries.iter().filter(|view| view.entry.kind == Assurance::CheckpointCosign.into()) {
        let size = note.entry.detail.get("size").and_then(serde_json::Value::as_u64).context("a head's size")?;
        for view in entries.iter().filter(|view| (cosigned..size).contains(&view.entry.index)) {
            let wait = note.entry.at_ns.saturating_sub(view.entry.at_ns);
            waits.push(Duration::from_nanos(u64::try_from(wait).unwrap_or_default()));
        }
        cosigned = cosigned.max(size);
    }
    ensure!(!waits.is_empty(), "no head was cosigned");
    Ok(waits)
}
