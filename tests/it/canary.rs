//! A thousand people who exist nowhere are everywhere a client can say something, and afterwards in nothing that a site keeps.
//!
//! Two real sites are used by a person with a canary's name, in every way that the product has, in requests that work and in
//! requests that fail. Then every byte that the sites keep is looked at, while they run and after they have stopped: audit
//! logs with their tiles, the search index and the rest of the database with write-ahead log and free pages, operational
//! logs, temporary files, what the processes wrote to the terminal. Only the storage itself may hold a canary, what the
//! clients received, and the configuration file, which the administrator writes (NIST SP 800-53 AU-3(3)).

mod data;
mod forms;
mod officers;
mod requests;

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use sealane_cli::demo::people::{BEN, CARLA, DemoPerson};
use sealane_tests::canary::{Canaries, Scanner, Trace, none};
use sealane_tests::control_database::{Backend, write_clear};
use sealane_tests::environment::seed;
use sealane_tests::on_both_databases;
use sealane_tests::pair::{Pair, PairPlan};
use sealane_tests::person::Person;
use serde_json::Value;

on_both_databases! {
    fn a_thousand_canaries_leave_no_trace(backend: Backend) -> anyhow::Result<()> {
        let mut canaries = Canaries::seeded(seed());
        let mut stage = Stage::set(backend, &mut canaries)?;
        let label = data::move_about(&stage, &mut canaries)?;
        forms::fill_in(&stage, &mut canaries)?;
        officers::ask(&stage, &mut canaries)?;
        // Last, because it takes all that are left.
        requests::say_everything(&stage, &mut canaries)?;
        ensure!(canaries.left() == 0, "{} canaries were not planted", canaries.left());

        let scanner = canaries.scanner()?;
        let mut found = BTreeSet::new();
        let running = look(&stage, &scanner, &mut found)?;
        none("what the sites keep while they run", &found)?;
        ensure!(stage.pair.a.stop()?.success() && stage.pair.b.stop()?.success());
        let stopped = look(&stage, &scanner, &mut found)?;
        none("what the sites keep", &found)?;
        ensure!(running > 1 << 20 && stopped > 1 << 20, "{running} and {stopped} bytes were looked at");

        for site in [&stage.pair.a, &stage.pair.b] {
            site.verify_log()?;
        }
        the_same_search_finds_what_is_in_clear(&stage, &scanner, &label)
    }
}

/// Two sites and who uses them.
struct Stage {
    pair: Pair,
    guest: DemoPerson,
    /// The guest at the site where data begin, and at the other.
    here: Person,
    there: Person,
}

impl Stage {
    fn set(backend: Backend, canaries: &mut Canaries) -> anyhow::Result<Self> {
        let leak = String::leak;
        let guest = DemoPerson {
            subject: leak(canaries.word()),
            name: leak(canaries.name()),
            email: leak(canaries.address()),
            role: "Somebody who exists nowhere",
        };
        let mut pair = Pair::start_as(backend, PairPlan { guest: Some(guest), ..PairPlan::default() })?;
        ensure!(pair.a.stop()?.success());
        pair.a.name_officers(&[CARLA.email, BEN.email, guest.email])?;
        pair.a.start()?;
        let (here, there) = (Person::sign_in(&pair.a, guest)?, Person::sign_in(&pair.b, guest)?);
        let me = here.get(&pair.a, "me")?;
        ensure!(me.text.contains(guest.name) && me.text.contains(guest.subject), "{}", me.text);
        Ok(Self { pair, guest, here, there })
    }
}

/// Looks at everything that both sites keep; says how many bytes that were.
fn look(stage: &Stage, scanner: &Scanner, found: &mut BTreeSet<Trace>) -> anyhow::Result<u64> {
    Ok(scanner.site(&stage.pair.a, found)? + scanner.site(&stage.pair.b, found)?)
}

/// The id of what was made.
fn id_of(made: &Value) -> anyhow::Result<String> {
    Ok(made.get("id").and_then(Value::as_str).context("what is made has an id")?.to_owned())
}

/// The search is no good if it would find nothing: one canary each in a file and in a row of the database, in clear.
fn the_same_search_finds_what_is_in_clear(stage: &Stage, scanner: &Scanner, word: &str) -> anyhow::Result<()> {
    let site = &stage.pair.a;
    std::fs::write(site.state().join("logs/control.jsonl"), format!("{{\"message\":\"{word}\"}}"))?;
    write_clear(site.database_url(), &site.state().join("site.db"), word)?;
    let mut found = BTreeSet::new();
    look(stage, scanner, &mut found)?;
    let places: BTreeSet<&str> = found.iter().map(|trace| trace.place.as_str()).collect();
    ensure!(found.iter().all(|trace| trace.word == word), "{found:?}");
    ensure!(places.iter().any(|place| place.ends_with("control.jsonl")), "{places:?}");
    let in_database = |place: &&str| place.starts_with("storage_gateway") || place.contains("site.db");
    ensure!(places.iter().any(in_database), "{places:?}");
    Ok(())
}
