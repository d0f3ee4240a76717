//! What a million access rules cost to hold, to load and to change, and what a listing costs:
//! `cargo bench -p sealane-policy --bench rules`.

#[path = "world/mod.rs"]
mod world;

use std::hint::black_box;
use std::time::Instant;

use sealane_policy::{
    Action, Class, Component, Engine, GrantRow, LintError, Permission, Permit, Principal, RemotePath, Request,
    Resource, RuleId, Snapshot, permit,
};
use uuid::Uuid;

use world::{NOW, is_bench, resident_bytes, row, rows, rules};

fn main() -> Result<(), LintError> {
    let rows = rows();
    let before = resident_bytes();
    let began = Instant::now();
    let snapshot = Snapshot::of(&rows)?;
    println!("load {} rules (ordered, hashed, indexed): {:.0} ms", rules(), ms(began));
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        println!("memory of the index: {:.0} MB", after.saturating_sub(before) as f64 / 1e6);
    }
    let engine = Engine::new(snapshot)?;
    publish_one(&engine, rows)?;
    listing();
    Ok(())
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

/// One edit, from the rows with it to its being in force.
fn publish_one(engine: &Engine, mut rows: Vec<GrantRow>) -> Result<(), LintError> {
    rows.push(row(rules() + 1));
    let began = Instant::now();
    engine.publish(Snapshot::of(&rows)?);
    println!("publish one edit (whole rebuild): {:.1} ms", ms(began));
    Ok(())
}

/// A directory of 100,000 entries of which 50 are refused.
fn listing() {
    let entries = if is_bench() { 100_000 } else { 1_000 };
    let who = Principal::EveryoneSignedIn;
    let rule = |number: u128, path: RemotePath, deny| GrantRow {
        id: RuleId::from_uuid(Uuid::from_u128(number)),
        collection: world::collection(0),
        path,
        principal: who.clone(),
        permissions: vec![Permission::List],
        deny,
        expires_s: None,
        purpose: None,
    };
    let name = |number: usize| Component::new(format!("entry-{number:06}").into_bytes()).ok();
    let top = RemotePath::root();
    let places: Vec<RemotePath> = (0..entries).filter_map(name).map(|name| top.join(&name)).collect();
    let refused = places.iter().step_by(entries / 50).cloned();
    let mut rules = vec![rule(0, top.clone(), false)];
    rules.extend(refused.zip(1..).map(|(path, number)| rule(number, path, true)));
    let boundaries = rules.len() - 1;
    let Some(permit) = Snapshot::build(rules).ok().and_then(|snapshot| permitted(snapshot, top)) else {
        println!("list a directory: not permitted");
        return;
    };
    let began = Instant::now();
    let shown = places.iter().filter(|path| black_box(permit.covers(world::collection(0), path))).count();
    println!(
        "list {entries} entries with {boundaries} rule boundaries, policy part: {:.2} ms ({shown} shown)",
        ms(began)
    );
}

fn permitted(snapshot: Snapshot, path: RemotePath) -> Option<Permit<permit::List>> {
    let engine = Engine::new(snapshot).ok()?;
    let subject = sealane_policy::Subject::standing_for(&Principal::EveryoneSignedIn, Class::Internal, NOW);
    let resource = Resource::collection(world::collection(0), Class::Internal, path, None);
    let request = Request { subject, action: Action::ListDirectory, resource, purpose: None, now_s: NOW };
    let decision = engine.decide(&request);
    recorded(decision)
}

/// A permit needs a durable record: a log in a temporary directory.
fn recorded(decision: sealane_policy::Decision) -> Option<Permit<permit::List>> {
    use std::sync::Arc;

    use sealane_audit::event::Access;
    use sealane_audit::{Event, Log, LogKeys, OpId, Phase};
    use sealane_crypto::{AeadKey, SigningKey, SystemRandom};

    let directory = tempfile::tempdir().ok()?;
    let random = Arc::new(SystemRandom::new().ok()?);
    let keys = LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
    let (log, _) = Log::open(directory.path(), "sealane/bench/node-1", keys, random).ok()?;
    let op = OpId::new(Uuid::from_u128(1));
    let event = Event::new(Access::DirectoryList, Phase::Intent, op, 0).decision(decision.record());
    let receipt = log.append_blocking(event).ok()?;
    decision.release(&receipt).ok()
}
