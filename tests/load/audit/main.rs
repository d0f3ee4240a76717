//! What the audit log costs and what it gives: the audit section of docs/performance.md.
//!
//! `cargo bench -p sealane-tests --bench audit` measures, in one run on one disk, the rate of durable entries by number of
//! writers beside the disk's own rate of `fdatasync` and beside one-row transactions in SQLite and PostgreSQL, then full
//! verification, a single proof, and the erasure of a person. Ratios within a run are what can be compared.
//! Everything lies in the directory given as the first argument, else in the system's temporary one.

mod database;
mod disk;
mod log;
mod postgres;

use std::path::PathBuf;
use std::time::Duration;

use sealane_tests::figures::{load_average, publish};

const COMMAND: &str = "cargo bench -p sealane-tests --bench audit";
/// How long each rate is measured.
const FOR: Duration = Duration::from_secs(4);
/// Writers at once, with the rate and the slowest hundredth that are aimed at.
const WRITERS: [(u32, &str); 4] = [
    (1, "≥ 1 × SQLite"),
    (64, ""),
    (256, "≥ 50,000/s, p99 ≤ 15 ms, ≥ 5 × PostgreSQL"),
    (1024, "≥ 100,000/s, p99 ≤ 40 ms"),
];

/// Acknowledgements per second, and how long writers waited for them.
struct Rate {
    per_second: f64,
    median: Duration,
    p99: Duration,
}

impl Rate {
    fn of(mut waits: Vec<Duration>, elapsed: Duration) -> Self {
        waits.sort_unstable();
        let at = |percent: usize| waits.get((waits.len() * percent / 100).min(waits.len().saturating_sub(1)));
        let (median, p99) = (at(50).copied().unwrap_or_default(), at(99).copied().unwrap_or_default());
        let count = u32::try_from(waits.len()).unwrap_or(u32::MAX);
        Self { per_second: f64::from(count) / elapsed.as_secs_f64(), median, p99 }
    }

    fn cells(&self) -> String {
        let ms = |wait: Duration| wait.as_secs_f64() * 1e3;
        format!("{:.0} | {:.2} ms | {:.2} ms", self.per_second, ms(self.median), ms(self.p99))
    }
}

fn main() -> anyhow::Result<()> {
    let load = load_average()?;
    let given = std::env::args().nth(1).filter(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let home = match given {
        Some(directory) => tempfile::tempdir_in(directory)?,
        None => tempfile::tempdir()?,
    };
    let syncs = disk::syncs_per_second(home.path())?;
    let sqlite = database::sqlite(home.path())?;
    let mut rows = vec![
        format!("| `fdatasync` of 1 KiB | 1 | {syncs:.0} | | | |"),
        format!("| SQLite, WAL, synchronous=FULL, a row a transaction | 1 | {} | |", sqlite.cells()),
    ];
    let server = postgres::Server::start(home.path())?;
    for (writers, target) in WRITERS {
        let theirs = database::postgres(&server, writers)?;
        let ours = log::append(home.path(), writers)?;
        rows.push(format!("| PostgreSQL, a row a transaction | {writers} | {} | |", theirs.cells()));
        let times = ours.per_second / theirs.per_second;
        let besides = if writers == 1 {
            format!(", {:.2} × SQLite", ours.per_second / sqlite.per_second)
        } else {
            String::new()
        };
        rows.push(format!(
            "| **audit log** ({times:.1} × PostgreSQL{besides}) | {writers} | {} | {target} |",
            ours.cells()
        ));
    }
    drop(server);
    let rates = rows.join("\n");
    let rest = log::afterwards(home.path())?;
    println!("{rates}\n\n{rest}");
    publish(
        "audit",
        &format!(
            "Release build, load average {load} before the start, everything on one disk in one run. An entry counts when its \
             receipt is there: written and synced with its sealed openings, in the tree, under a signed checkpoint.\n\n\
             | what | writers | per second | median | slowest 1 % | target |\n|---|---:|---:|---:|---:|---|\n{rates}\n\n\
             | what | measured | target |\n|---|---:|---:|\n{rest}\n\n```\n{COMMAND}\n```\n"
        ),
    )
}
