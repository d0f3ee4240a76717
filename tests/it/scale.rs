//! Size changes nothing: many files are accepted at once, and large ones need no more memory than small ones.

use std::time::{Duration, Instant};

use anyhow::ensure;
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::{long, seed};
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::tree::{compare, write_many, write_sparse};
use sealane_tests::wait::until;

/// The most memory that a site's process may ever hold.
const MOST: u64 = 200 << 20;

#[test]
fn a_task_of_a_hundred_thousand_files_is_accepted_at_once_and_moved_in_little_memory() -> anyhow::Result<()> {
    let pair = Pair::start(Backend::Sqlite)?;
    let source = pair.a.data("imaging").join("set");
    write_many(&source, 100_000, 20, seed())?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let begun = Instant::now();
    let task = ana.submit(&pair.a, "imaging:/set", "university-b/intake:/set")?;
    let accepted = begun.elapsed();
    println!("accepted after {accepted:?}");
    ensure!(accepted < Duration::from_secs(10), "it was accepted only after {accepted:?}");
    end(&pair, &ana, &task, Duration::from_secs(300))?;
    println!("moved after {:?}", begun.elapsed());
    ensure!(compare(&source, &pair.b.data("intake").join("set"))?.files == 100_000);
    little_memory(&pair)
}

#[test]
fn a_large_file_moves_in_little_memory() -> anyhow::Result<()> {
    let pair = Pair::start(Backend::Sqlite)?;
    let source = pair.a.data("imaging").join("set");
    std::fs::create_dir(&source)?;
    let size = if long() { 10 << 30 } else { 1 << 30 };
    write_sparse(&source.join("volume"), size)?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let task = ana.submit(&pair.a, "imaging:/set", "university-b/intake:/set")?;
    end(&pair, &ana, &task, Duration::from_secs(900))?;
    ensure!(compare(&source, &pair.b.data("intake").join("set"))?.bytes == size);
    little_memory(&pair)
}

fn end(pair: &Pair, ana: &Person, task: &str, patience: Duration) -> anyhow::Result<()> {
    let ended = until("the transfer to end", patience, || {
        let now = ana.task(&pair.a, task)?;
        Ok(now.is_final().then_some(now))
    })?;
    ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
    Ok(())
}

fn little_memory(pair: &Pair) -> anyhow::Result<()> {
    for site in [&pair.a, &pair.b] {
        let peak = site.process()?.peak_memory()?;
        println!("{} held {} MiB at most", site.name(), peak >> 20);
        ensure!(peak < MOST, "{} held {} MiB", site.name(), peak >> 20);
    }
    Ok(())
}
