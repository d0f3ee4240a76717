//! How fast data move between two sites, and what processor time they cost: the figures of docs/performance.md.
//!
//! `cargo build --release -p sealane-cli && cargo bench -p sealane-tests --bench transfer` starts two sites on this
//! machine, moves three kinds of data three times each, compares what arrived, prints the medians and writes them between
//! the markers of docs/performance.md. Time runs from the submission until the task says SUCCEEDED: everything is
//! verified, synced to disk and under its final name, in the control database and in both audit logs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::figures::{load_average, publish};
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::tree::{compare, write_many, write_noise};

const COMMAND: &str = "cargo build --release -p sealane-cli && cargo bench -p sealane-tests --bench transfer";
const ROUNDS: usize = 3;
const GIB: f64 = (1_u64 << 30) as f64;

/// One kind of data.
struct Load {
    name: &'static str,
    make: fn(&Path) -> anyhow::Result<()>,
}

const LOADS: [Load; 3] = [
    Load { name: "1 file of 2 GiB", make: |root| write_noise(&root.join("volume"), 2 << 30, 1) },
    Load { name: "10,000 files of 10 KiB", make: |root| write_many(root, 10_000, 10 << 10, 2) },
    Load { name: "1,000 files of 1 MiB", make: |root| write_many(root, 1_000, 1 << 20, 3) },
];

/// What one transfer took.
#[derive(Debug, Clone, Copy)]
struct Taken {
    files: u64,
    bytes: u64,
    wall: Duration,
    source_cpu: Duration,
    destination_cpu: Duration,
}

impl Taken {
    fn gib(&self) -> f64 {
        gib(self.bytes)
    }

    fn row(&self, name: &str) -> String {
        let wall = self.wall.as_secs_f64();
        let rate = count(self.files) / wall;
        let rate = if rate < 10.0 { format!("{rate:.2}") } else { format!("{rate:.0}") };
        let per_gib = |cpu: Duration| cpu.as_secs_f64() / self.gib();
        format!(
            "| {name} | {wall:.2} | {:.2} | {rate} | {:.2} | {:.2} |",
            self.gib() / wall,
            per_gib(self.source_cpu),
            per_gib(self.destination_cpu),
        )
    }
}

fn gib(bytes: u64) -> f64 {
    count(bytes) / GIB
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn count(number: u64) -> f64 {
    number as f64
}

fn main() -> anyhow::Result<()> {
    let load = load_average()?;
    let mut pair = Pair::start(Backend::Sqlite)?;
    let mut table = String::from(
        "| data | seconds | GiB/s | files/s | CPU s/GiB, source | CPU s/GiB, destination |\n|---|---:|---:|---:|---:|---:|\n",
    );
    for load in &LOADS {
        let taken = median(&mut pair, load)?;
        let row = taken.row(load.name);
        println!("{row}");
        writeln!(table, "{row}")?;
    }
    ensure!(pair.a.stop()?.success() && pair.b.stop()?.success(), "the sites end by themselves");
    publish("transfer", &section(&table, &load)?)
}

fn median(pair: &mut Pair, load: &Load) -> anyhow::Result<Taken> {
    let source = pair.a.data("imaging").join("set");
    fs::create_dir(&source)?;
    (load.make)(&source)?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        rounds.push(once(pair, &source, round)?);
    }
    fs::remove_dir_all(&source)?;
    rounds.sort_by_key(|taken| taken.wall);
    rounds.get(ROUNDS / 2).copied().context("a median")
}

fn once(pair: &Pair, source: &Path, round: usize) -> anyhow::Result<Taken> {
    let ana = Person::sign_in(&pair.a, ANA)?;
    let name = format!("round-{round}");
    let cpu = || anyhow::Ok((pair.a.process()?.cpu_time()?, pair.b.process()?.cpu_time()?));
    let (source_before, destination_before) = cpu()?;
    let begun = Instant::now();
    let task = ana.submit(&pair.a, "imaging:/set", &format!("university-b/intake:/{name}"))?;
    // One stream instead of many questions: each question would be decided and recorded, and cost what is measured here.
    let ended = ana.follow(&pair.a, &task)?;
    let wall = begun.elapsed();
    let (source_after, destination_after) = cpu()?;
    ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
    let arrived = pair.b.data("intake").join(&name);
    let counted = compare(source, &arrived)?;
    fs::remove_dir_all(&arrived)?;
    Ok(Taken {
        files: counted.files,
        bytes: counted.bytes,
        wall,
        source_cpu: source_after.saturating_sub(source_before),
        destination_cpu: destination_after.saturating_sub(destination_before),
    })
}

fn section(table: &str, busy: &str) -> anyhow::Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(format!(
        "Two sites on one machine ({model}, {cores} cores for both sites and the measuring, Linux {}), 4 lanes, SQLite, release \
         build, load average {busy} before the start. Medians of {ROUNDS} runs. Time runs from the submission until everything is verified, synced to disk, under \
         its final name and recorded in both audit logs.\n\n{table}\n```\n{COMMAND}\n```\n",
        kernel.trim()
    ))
}
