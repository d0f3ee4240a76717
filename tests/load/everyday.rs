//! What people feel every day, and what a site needs for large tasks: the second section of docs/performance.md.
//!
//! `cargo build --release -p sealane-cli && cargo bench -p sealane-tests --bench everyday` measures the answer of
//! `sealane ls`, the acceptance of a task of 100,000 files, and the most memory that each site's process held while it
//! moved them and while it moved one file of 10 GiB.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::figures::{load_average, publish};
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::tree::{write_many, write_sparse};

const COMMAND: &str = "cargo build --release -p sealane-cli && cargo bench -p sealane-tests --bench everyday";
/// How often `ls` is run.
const LISTINGS: usize = 51;
/// Size of the one large file.
const LARGE: u64 = 10 << 30;

fn main() -> anyhow::Result<()> {
    let load = load_average()?;
    let listing = listing()?;
    let (accepted, moved, many) = many_files()?;
    let large = large_file()?;
    let rows = [
        format!("| `sealane ls` of 100 entries over TLS, median of {LISTINGS} | {} ms | 50 ms |", listing.as_millis()),
        format!("| a task of 100,000 files is accepted after | {} ms | 2,000 ms |", accepted.as_millis()),
        format!("| its files are moved and verified after | {:.1} s | |", moved.as_secs_f64()),
        format!("| peak memory meanwhile, source and destination | {} and {} MiB | 200 MiB |", many.0, many.1),
        format!("| peak memory over a file of 10 GiB | {} and {} MiB | 200 MiB |", large.0, large.1),
    ];
    let table = rows.join("\n");
    println!("{table}");
    publish(
        "everyday",
        &format!(
            "Release build, SQLite, load average {load} before the start.\n\n| what | measured | target |\n|---|---:|---:|\n{table}\n\n```\n{COMMAND}\n```\n"
        ),
    )
}

fn listing() -> anyhow::Result<Duration> {
    let pair = Pair::start(Backend::Sqlite)?;
    write_many(&pair.a.data("imaging").join("set"), 100, 10, 1)?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let mut taken = Vec::new();
    for _ in 0..LISTINGS {
        let begun = Instant::now();
        let answer = ana.cli.run(["ls", "imaging:/set"])?;
        taken.push(begun.elapsed());
        ensure!(answer.code == 0, "{answer:?}");
    }
    taken.sort();
    taken.get(LISTINGS / 2).copied().context("a median")
}

fn many_files() -> anyhow::Result<(Duration, Duration, (u64, u64))> {
    let pair = Pair::start(Backend::Sqlite)?;
    write_many(&pair.a.data("imaging").join("set"), 100_000, 20, 1)?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let begun = Instant::now();
    let task = ana.submit(&pair.a, "imaging:/set", "university-b/intake:/set")?;
    let accepted = begun.elapsed();
    finish(&pair, &ana, &task)?;
    Ok((accepted, begun.elapsed(), peaks(&pair)?))
}

fn large_file() -> anyhow::Result<(u64, u64)> {
    let pair = Pair::start(Backend::Sqlite)?;
    let source = pair.a.data("imaging").join("set");
    std::fs::create_dir(&source)?;
    write_sparse(&source.join("volume"), LARGE)?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let task = ana.submit(&pair.a, "imaging:/set", "university-b/intake:/set")?;
    finish(&pair, &ana, &task)?;
    peaks(&pair)
}

fn finish(pair: &Pair, ana: &Person, task: &str) -> anyhow::Result<()> {
    let ended = ana.follow(&pair.a, task)?;
    ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
    Ok(())
}

/// The most memory that each site's process has held so far, in MiB.
fn peaks(pair: &Pair) -> anyhow::Result<(u64, u64)> {
    Ok((pair.a.process()?.peak_memory()? >> 20, pair.b.process()?.peak_memory()? >> 20))
}
