//! Decisions over a million access rules, and casbin alone over the same ones in the same run:
//! `cargo bench -p sealane-policy --bench decide`.
//!
//! Standard library only. A decision here is the whole of it: closure of the subject, walk of the index, facts, casbin, words.

#[path = "world/mod.rs"]
mod world;

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use sealane_policy::{Engine, GrantRow, LintError, Principal, Request, Showing, Snapshot};

use world::{at_us, is_bench, request, rows, rules};

fn main() -> Result<(), LintError> {
    let decisions = if is_bench() { 200_000 } else { 1_000 };
    let rows = rows();
    let engine = Engine::new(Snapshot::of(&rows)?)?;
    let requests: Vec<Request> = (1..=1_000).map(|number| request(number * 97)).collect();
    let (ours, permitted) = timed(&requests, decisions, |request| engine.decide(request).is_permit());
    println!("{} rules: {decisions} decisions, {permitted} permits", rules());
    report("decide", &ours);
    let (explained, _) =
        timed(&requests, decisions / 20, |request| engine.explain(request, Showing::OwnRules).answer.rule.is_some());
    report("explain, the whole derivation", &explained);
    let few: Vec<Request> = requests.iter().take(if is_bench() { 20 } else { 5 }).cloned().collect();
    match alone(&rows) {
        Some(casbin) => {
            let (theirs, _) = timed(&few, few.len(), |request| casbin.enforce(asked(request)).unwrap_or_default());
            report("casbin alone", &theirs);
            println!("casbin alone takes {:.0} times as long (p50)", at_us(&theirs, 500) / at_us(&ours, 500));
        }
        None => println!("casbin alone: its model or its rules were not taken"),
    }
    Ok(())
}

/// How long each took, sorted, and how many were yes.
fn timed(requests: &[Request], count: usize, ask: impl Fn(&Request) -> bool) -> (Vec<u128>, usize) {
    let (mut nanoseconds, mut yes) = (Vec::with_capacity(count), 0);
    for request in requests.iter().cycle().take(count) {
        let began = Instant::now();
        yes += usize::from(black_box(ask(black_box(request))));
        nanoseconds.push(began.elapsed().as_nanos());
    }
    nanoseconds.sort_unstable();
    (nanoseconds, yes)
}

fn report(what: &str, sorted_ns: &[u128]) {
    let total: u128 = sorted_ns.iter().sum();
    let a_second = sorted_ns.len() as f64 / (total as f64 / 1e9);
    println!(
        "{what}: p50 {:.1} us, p99 {:.1} us, {a_second:.0}/s on one core",
        at_us(sorted_ns, 500),
        at_us(sorted_ns, 990)
    );
}

/// The same rules as rows of one casbin model, compared by equality, the cheapest that casbin has: no index in front.
fn alone(rows: &[GrantRow]) -> Option<Enforcer> {
    const MODEL: &str = "[request_definition]\nr = sub, coll, path, act\n[policy_definition]\np = sub, coll, path, act, eft\n\
        [policy_effect]\ne = some(where (p.eft == allow)) && !some(where (p.eft == deny))\n\
        [matchers]\nm = r.coll == p.coll && r.path == p.path && r.act == p.act && r.sub == p.sub\n";
    let lines = rows.iter().map(|row| {
        let effect = if row.deny { "deny" } else { "allow" };
        [who(&row.principal), row.collection.to_string(), row.path.to_text(), "read".to_owned(), effect.to_owned()]
            .to_vec()
    });
    let lines: Vec<Vec<String>> = lines.collect();
    let build = async {
        let model = DefaultModel::from_str(MODEL).await.ok()?;
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.ok()?;
        enforcer.enable_auto_save(false);
        enforcer.add_policies(lines).await.ok()?;
        Some(enforcer)
    };
    match pin!(build).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(enforcer) => enforcer,
        Poll::Pending => None,
    }
}

fn who(principal: &Principal) -> String {
    principal.to_text()
}

fn asked(request: &Request) -> (String, String, String, String) {
    let person = request.subject.person.clone().map(Principal::Person);
    let (collection, path) = match &request.resource.kind {
        sealane_policy::ResourceKind::Collection { id, path, .. } => (id.to_string(), path.to_text()),
        _ => Default::default(),
    };
    (person.as_ref().map(who).unwrap_or_default(), collection, path, "read".to_owned())
}
