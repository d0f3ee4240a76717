//! Who had access on a day, and who gains and loses what, over a million access rules:
//! `cargo bench -p sealane-policy --bench questions`.

#[path = "world/mod.rs"]
mod world;

use std::collections::BTreeMap;
use std::time::Instant;

use sealane_policy::{
    Action, Assurance, Class, Engine, GrantRow, Holding, LintError, Permission, Principal, Side, Snapshot, Subject,
    WhoCan,
};

use world::{COLLECTIONS, NOW, collection, is_bench, person, place, row, rows, rules};

fn main() -> Result<(), LintError> {
    let rows = rows();
    let engine = Engine::new(Snapshot::build(Vec::new())?)?;
    on_a_day(&engine, &rows)?;
    what_can(&engine, &rows)?;
    difference(&engine, rows)?;
    Ok(())
}

fn seconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}

fn people() -> Vec<Subject> {
    let count = if is_bench() { 10_000 } else { 100 };
    let assurance = Assurance { auth_time_s: Some(NOW), ..Assurance::default() };
    let subject = |number: u128| Subject {
        groups: vec![format!("g{}", number % 500)],
        email: Some(format!("person-{number}@example.org")),
        ..Subject::person(person(number), assurance.clone())
    };
    (0..count).map(subject).collect()
}

fn asked() -> WhoCan {
    WhoCan {
        action: Action::ReadContent,
        collection: collection(1),
        class: Class::Phi,
        owner: None,
        purpose: None,
        now_s: NOW,
    }
}

/// The rules of the day, of the one collection that is asked about, picked from all: as the database does it, then asked.
fn on_a_day(engine: &Engine, rows: &[GrantRow]) -> Result<(), LintError> {
    let people = people();
    let began = Instant::now();
    let then: Vec<GrantRow> = rows.iter().filter(|row| row.collection == collection(1)).cloned().collect();
    let snapshot = Snapshot::build(then)?;
    let reach = engine.who_can(&snapshot, &asked(), &place(1), &people);
    println!(
        "who had access to one place on a day, {} rules: {:.3} s ({} named)",
        rules(),
        seconds(began),
        reach.who.len()
    );
    let began = Instant::now();
    let (places, _) = engine.who_can_anywhere(&snapshot, &asked(), &people, usize::MAX);
    let named: usize = places.iter().map(|place| place.who.len()).sum();
    println!(
        "who had access anywhere in one collection of {} rules: {:.3} s ({} places, {named} named)",
        snapshot.len(),
        seconds(began),
        places.len()
    );
    let began = Instant::now();
    let whole = Snapshot::of(rows)?;
    let reach = engine.who_can(&whole, &asked(), &place(1), &people);
    println!("the same with all rules of the day built again: {:.3} s ({} named)", seconds(began), reach.who.len());
    Ok(())
}

fn what_can(engine: &Engine, rows: &[GrantRow]) -> Result<(), LintError> {
    let snapshot = Snapshot::of(rows)?;
    let subject = people().swap_remove(1);
    let began = Instant::now();
    let places: usize = (0..COLLECTIONS)
        .map(|number| Holding { collection: collection(number), class: Class::Phi, owner: None })
        .map(|holding| engine.what_can(&snapshot, &subject, &holding, NOW).len())
        .sum();
    println!("what one person can do in {COLLECTIONS} collections: {:.3} s ({places} places)", seconds(began));
    Ok(())
}

/// Every tenth rule changed, and one new refusal for everyone in one collection.
fn difference(engine: &Engine, rows: Vec<GrantRow>) -> Result<(), LintError> {
    let classes: BTreeMap<_, _> = (0..COLLECTIONS).map(|number| (collection(number), Class::Phi)).collect();
    let mut changed = rows.clone();
    for row in changed.iter_mut().step_by(10) {
        row.permissions = vec![Permission::List, Permission::Write];
    }
    let refusal = GrantRow {
        principal: Principal::EveryoneSignedIn,
        path: sealane_policy::RemotePath::root(),
        permissions: vec![Permission::Read],
        deny: true,
        ..row(rules() + 1)
    };
    changed.push(refusal);
    let side = |rows| Side { rows, classes: classes.clone(), now_s: NOW };
    let (old, new) = (side(rows), side(changed));
    let began = Instant::now();
    let differences = engine.difference(&old, &new)?;
    println!(
        "policy diff, {} rules, a tenth of them changed: {:.2} s ({} differences)",
        rules(),
        seconds(began),
        differences.len()
    );
    Ok(())
}
