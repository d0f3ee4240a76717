//! Both sites are killed again and again while data move: nothing is lost, nothing half-done stays, little is sent twice.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::{long, seed};
use sealane_tests::journal::Journal;
use sealane_tests::noise::Noise;
use sealane_tests::on_both_databases;
use sealane_tests::pair::Pair;
use sealane_tests::person::{Person, TaskNow};
use sealane_tests::tree::{compare, left_behind, write_many, write_noise, write_odd};
use sealane_tests::wait::until;

/// Kills of a run.
const KILLS: u32 = 50;
/// Kills of a run with the control databases on a server, where the sites start more slowly.
const KILLS_ON_A_SERVER: u32 = 12;
/// Lanes of a task for which nobody asked otherwise.
const LANES: u64 = 4;
/// What one kill may cost a lane: the range that it was moving.
const RANGE: u64 = 16 << 20;

struct Storm {
    pair: Pair,
    /// Ana at the site where data arrive: it does the moving, so it knows most.
    there: Person,
    noise: Noise,
    kills: u32,
    /// Kills between which data had moved: the others hit a site that was still finding its way back.
    struck: u32,
}

on_both_databases! {
    fn kills_lose_nothing_and_repeat_little(backend: Backend) -> anyhow::Result<()> {
        let wanted = match backend {
            Backend::Sqlite if long() => KILLS * 20,
            Backend::Postgres if !long() => KILLS_ON_A_SERVER,
            Backend::Sqlite | Backend::Postgres => KILLS,
        };
        storm(backend, wanted)
    }
}

fn storm(backend: Backend, wanted: u32) -> anyhow::Result<()> {
    let pair = Pair::start(backend)?;
    let here = Person::sign_in(&pair.a, ANA)?;
    let there = Person::sign_in(&pair.b, ANA)?;
    let source = pair.a.data("imaging").join("set");
    write_odd(&source, seed())?;
    write_many(&source.join("many"), 600, 20_000, seed())?;
    write_noise(&source.join("volume"), 200 << 20, seed())?;
    let mut storm = Storm { pair, there, noise: Noise::seeded(seed()), kills: 0, struck: 0 };

    let mut round = 0;
    while storm.kills < wanted {
        round += 1;
        let name = format!("round-{round}");
        let task = here.submit(&storm.pair.a, "imaging:/set", &format!("university-b/intake:/{name}"))?;
        let before = storm.kills;
        let ended = storm.rage(&task, wanted)?;
        ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
        let copy = storm.pair.b.data("intake").join(&name);
        let counted = compare(&source, &copy).with_context(|| format!("round {round}, seed {}", seed()))?;
        let kills = u64::from(storm.kills - before);
        let most = counted.bytes + (kills + 1) * LANES * RANGE;
        let moved = ended.number("bytes_moved");
        ensure!(moved <= most, "{moved} bytes moved for {} bytes and {kills} kills", counted.bytes);
        fs::remove_dir_all(&copy)?;
    }
    println!("{} kills in {round} transfers, {} of them while data moved", storm.kills, storm.struck);
    ensure!(storm.struck >= wanted / 4, "only {} kills hit moving data", storm.struck);
    storm.afterwards()
}

impl Storm {
    /// Kill now this site, now that one, until the task ends or enough were killed.
    fn rage(&mut self, task: &str, wanted: u32) -> anyhow::Result<TaskNow> {
        let mut moved = 0;
        loop {
            let now = self.there.task(&self.pair.b, task)?;
            if now.is_final() || self.kills >= wanted {
                return self.end_of(task);
            }
            let now = self.some_moment_passes(task, &now)?;
            self.kills += 1;
            self.struck += u32::from(now.number("bytes_moved") > moved && !now.is_final());
            moved = now.number("bytes_moved");
            if self.noise.draw().is_multiple_of(3) {
                self.pair.b.kill()?;
                self.pair.b.start()?;
            } else {
                self.pair.a.kill()?;
                self.pair.a.start()?;
            }
        }
    }

    /// Until so many bytes more have moved, or so much time has passed, or the task has ended: drawn anew each time.
    fn some_moment_passes(&mut self, task: &str, now: &TaskNow) -> anyhow::Result<TaskNow> {
        let bytes = now.number("bytes_moved") + self.noise.between(0, 60 << 20);
        let deadline = Instant::now() + Duration::from_millis(self.noise.between(20, 6_000));
        until("a moment for a kill", Duration::from_secs(30), || {
            let now = self.there.task(&self.pair.b, task)?;
            let come = now.is_final() || now.number("bytes_moved") >= bytes || Instant::now() >= deadline;
            Ok(come.then_some(now))
        })
    }

    fn end_of(&self, task: &str) -> anyhow::Result<TaskNow> {
        until("the transfer to end", Duration::from_secs(180), || {
            let now = self.there.task(&self.pair.b, task)?;
            Ok(now.is_final().then_some(now))
        })
    }

    /// What an auditor finds when the storm is over.
    fn afterwards(mut self) -> anyhow::Result<()> {
        ensure!(self.pair.a.stop()?.success() && self.pair.b.stop()?.success(), "both sites end by themselves");
        for (site, collection) in [(&self.pair.a, "imaging"), (&self.pair.b, "intake")] {
            let left = left_behind(&site.data(collection))?;
            ensure!(left.is_empty(), "part files are left at {}: {left:?}", site.name());
            site.verify_log()?;
            Journal::read(site)?.every_intent_has_one_outcome().with_context(|| site.name())?;
        }
        Ok(())
    }
}
