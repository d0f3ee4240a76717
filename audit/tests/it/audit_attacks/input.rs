//! Attacks through the front door: what people put into the fields of events, and how much of it.
//!
//! Whatever a value holds, it is one entry, and everybody reads from it what was meant.

use sealane_audit::{Entry, Event, Filter};
use sealane_crypto::digest::tree::leaf_hash;
use serde_json::Value;

use super::parts::Parts;
use crate::foreign::verifiers;
use crate::noise::Noise;
use crate::settings;
use crate::support::{ORIGIN, Site, event, op};

/// Pieces of hostile text: line ends, text that reads backwards, JSON, spreadsheets' formulas, frames, notes, terminals.
const PIECES: [&str; 20] = [
    "\n",
    "\r\n",
    "\u{2028}",
    "\u{202e}",
    "\u{2066}",
    "\u{0}",
    "\u{1b}[2K\u{1b}[1A",
    "\"",
    "\\",
    "\",\"prev\":\"",
    "\"},{\"index\":0,\"",
    "\\u0022",
    "=HYPERLINK(\"http://evil.example\")",
    "+1+1",
    "\u{2014} audit.hospital-a.example/n1 AAAA\n",
    "{\"v\":1}",
    "\u{feff}",
    "\u{1f9ec}",
    "e\u{301}",
    "</script><script>",
];

fn hostile_text(noise: &mut Noise, pieces: usize) -> String {
    (0..pieces).map(|_| *noise.pick(&PIECES)).collect()
}

fn hostile_event(n: u128, noise: &mut Noise) -> Event {
    let mut text = |most| {
        let pieces = 1 + noise.below(most);
        hostile_text(noise, pieces)
    };
    let mut event = event(n).peer(text(4)).transport(text(4)).detail("text", text(12)).detail(text(3), text(3));
    event = event.private(text(3), text(6).into());
    event.object.task = Some(text(4));
    event.object.class = Some(text(2));
    event
}

#[test]
fn whatever_the_fields_hold_each_event_is_one_entry_that_says_what_was_meant() {
    let site = Site::new();
    let log = site.open("log");
    let mut noise = Noise::seeded(settings::seed());
    let events: Vec<Event> = (0..1000).map(|n| hostile_event(n, &mut noise)).collect();
    for group in events.chunks(20) {
        log.append_all_blocking(group.to_vec()).expect("append");
    }
    let views = log.entries(0, 2000, &Filter::all()).expect("read");
    assert_eq!(views.len(), events.len());
    for ((n, view), event) in (0..).zip(&views).zip(&events) {
        let bytes = view.json.as_bytes();
        assert!(bytes.iter().all(|byte| *byte >= 0x20), "entry {n} is one line, without control characters");
        let value: Value = serde_json::from_slice(bytes).expect("JSON");
        assert_eq!((&value["index"], &value["op"]), (&Value::from(n), &Value::from(op(u128::from(n)).to_string())));
        assert_eq!(value["peer"].as_str(), event.peer.as_deref());
        assert_eq!(value["object"]["task"].as_str(), event.object.task.as_deref());
        for (name, meant) in &event.detail {
            assert_eq!(&value["detail"][name], meant, "entry {n}");
        }
        let revealed = event.private.iter().map(|(name, value)| (format!("private.{name}"), value.expose()));
        for (field, meant) in revealed {
            assert_eq!(view.revealed.get(&field).map(|value| value.expose()), Some(meant), "entry {n}");
        }
        assert_eq!(Entry::parse(bytes).expect("an entry").index, n);
    }
    drop(log);
    let place = site.path("log");
    assert!(site.verify(&place).holds());
    let key = sealane_audit::VerifierKey::new(ORIGIN, site.key()).to_string();
    for verifier in &mut verifiers() {
        assert!(verifier.judge(&place, &key, &[]).is_ok(), "{}", verifier.name());
    }
}

#[test]
fn an_event_too_large_for_an_entry_is_refused_whatever_makes_it_large() {
    let site = Site::new();
    let log = site.open("log");
    let mut noise = Noise::seeded(settings::seed());
    for n in 0..1000 {
        let pieces = noise.below(40_000);
        let text = hostile_text(&mut noise, pieces);
        let hostile = match noise.below(3) {
            0 => event(n).detail("text", text),
            1 => event(n).peer(text),
            _ => event(n).private("text", text.into()),
        };
        let before = log.head().0;
        match log.append_blocking(hostile) {
            Ok(receipt) => assert_eq!((receipt.index(), log.head().0), (before, before + 1)),
            Err(error) => assert_eq!(log.head().0, before, "{error}"),
        }
    }
    drop(log);
    let place = site.path("log");
    assert!(site.verify(&place).holds());
    let longest = Parts::read(&place).entries().iter().map(Vec::len).max();
    assert!(longest.is_some_and(|longest| longest > 30_000 && longest < 65_535), "{longest:?}");
}

#[test]
fn a_flood_by_one_person_buries_nothing() {
    let site = Site::new();
    let log = site.open("log");
    let act = log.append_blocking(event(7)).expect("append");
    let flood = if settings::long() { 1_000_000 } else { 10_000_u128 };
    for group in (0..flood).collect::<Vec<_>>().chunks(50) {
        log.append_all_blocking(group.iter().map(|n| event(n + 1000)).collect()).expect("append");
    }
    let last = log.append_blocking(event(8)).expect("append");
    assert_eq!(u128::from(last.index()), flood + 1, "nothing was dropped");
    let size = last.index() + 1;
    let proof = log.prove(act.index(), size).expect("prove");
    let root = log.root_at(size).expect("root");
    sealane_crypto::digest::proof::verify_inclusion(&act.leaf(), act.index(), size, &proof, &root)
        .expect("still there");
    let found = log.entries(0, 10, &Filter::op(op(7))).expect("read");
    assert_eq!(found.len(), 1);
    assert_eq!(leaf_hash(found[0].json.as_bytes()), act.leaf());
    drop(log);
    let report = site.verify(&site.path("log"));
    assert!(report.holds(), "{report}");
    assert_eq!(u128::from(report.entries), flood + 2);
}
