//! Entries edited, added, removed, moved: by somebody with an editor, up to somebody with a key of their own.

use serde_json::Value;

use super::forger::{Craft, finish};
use super::parts::{Item, Parts};
use super::stage::{ENTRIES, FORK, Stage};
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;

const DAY_NS: i64 = 86_400_000_000_000;

/// Changes the parts, then goes as far as `craft` to make them look right.
pub(super) fn forged(stage: &Stage, craft: Craft, what: String, change: impl FnOnce(&mut Parts)) -> Forged {
    let mut parts = stage.parts.clone();
    change(&mut parts);
    finish(&mut parts, craft, &stage.ring());
    let what = format!("{what}, {craft:?}");
    let found = craft.found_by();
    let sight = if craft == Craft::StolenKey { Sight::with_anchor(found) } else { Sight::alone(found) };
    Forged { what, files: parts.files(), ours: sight, others: sight }
}

/// Any value of any entry.
pub(super) fn edit(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    let n = noise.below(ENTRIES);
    forged(stage, craft, format!("entry {n} edited"), |parts| {
        in_entry(parts, n, |entry| change_a_value(entry, noise));
    })
}

pub(super) fn in_entry(parts: &mut Parts, n: usize, change: impl FnOnce(&mut Value)) {
    let at = parts.entry_positions()[n];
    let Item::Entry { bytes, .. } = &mut parts.items[at] else { unreachable!("an entry stands there") };
    let mut entry: Value = serde_json::from_slice(bytes).expect("an entry");
    assert_eq!(serde_json::to_vec(&entry).expect("JSON"), *bytes, "written again, an entry is the same");
    change(&mut entry);
    *bytes = serde_json::to_vec(&entry).expect("JSON");
}

/// Goes down into a random member and changes what it finds, or leaves a member out.
fn change_a_value(value: &mut Value, noise: &mut Noise) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = noise.pick(&names);
            if noise.below(8) == 0 {
                members.remove(name);
            } else {
                change_a_value(members.get_mut(name).expect("its member"), noise);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = noise.below(items.len());
            change_a_value(&mut items[at], noise);
        }
        Value::String(text) if !text.is_empty() => {
            let at = noise.below(text.len());
            let letter = char::from(b'a' + u8::try_from(noise.below(26)).expect("a letter"));
            text.replace_range(at..=at, &letter.to_string());
        }
        Value::Number(number) => *value = (number.as_i64().expect("whole") + 1 + i64::from(noise.coin())).into(),
        other => *other = Value::from("x"),
    }
}

/// A permit becomes a denial, or the other way round.
pub(super) fn flip_a_decision(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    flip_a_decision_with(stage, noise, craft)
}

pub(super) fn flip_a_decision_with(stage: &Stage, noise: &mut Noise, craft: Craft) -> Forged {
    turn_round(stage, noise.below(ENTRIES / 3) * 3, craft)
}

pub(super) fn turn_round(stage: &Stage, n: usize, craft: Craft) -> Forged {
    forged(stage, craft, format!("the decision of entry {n} turned round"), |parts| {
        in_entry(parts, n, |entry| {
            let effect = &mut entry["decision"]["effect"];
            *effect = if effect == "permit" { "deny" } else { "permit" }.into();
        });
    })
}

pub(super) fn backdate(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    redate_with(stage, noise, -1, craft)
}

pub(super) fn postdate(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    redate_with(stage, noise, 1, craft)
}

pub(super) fn redate_with(stage: &Stage, noise: &mut Noise, direction: i64, craft: Craft) -> Forged {
    let n = noise.below(ENTRIES);
    let by = direction * (1 + i64::try_from(noise.below(30)).expect("small")) * DAY_NS;
    forged(stage, craft, format!("entry {n} moved by {by} ns"), |parts| {
        in_entry(parts, n, |entry| redate(entry, by));
    })
}

/// Moves the time that an entry says it was written at.
pub(super) fn redate(entry: &mut Value, by_ns: i64) {
    let at: jiff::Timestamp = entry["at"].as_str().expect("a time").parse().expect("a time");
    entry["at"] = format!("{:.9}", at + jiff::SignedDuration::from_nanos(by_ns)).into();
}

/// An entry that was never written, before the last one: after it see `tail::extend`.
pub(super) fn insert(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    let (from, to) = (noise.below(ENTRIES), noise.below(ENTRIES));
    forged(stage, craft, format!("an entry like {from} put before {to}"), |parts| {
        let positions = parts.entry_positions();
        let mut new = parts.items[positions[from]].clone();
        if let Item::Entry { index, bytes, .. } = &mut new {
            *index = u64::try_from(to).expect("small");
            let mut entry: Value = serde_json::from_slice(bytes).expect("an entry");
            entry["op"] = format!("00000000-0000-0000-0000-{:012}", noise.below(1 << 30)).into();
            *bytes = serde_json::to_vec(&entry).expect("JSON");
        }
        parts.items.insert(positions[to], new);
    })
}

/// The same entry a second time.
pub(super) fn duplicate(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    let (from, to) = noise.two(ENTRIES);
    forged(stage, craft, format!("entry {from} again before {to}"), |parts| {
        let positions = parts.entry_positions();
        let again = parts.items[positions[from]].clone();
        parts.items.insert(positions[to], again);
    })
}

pub(super) fn delete(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    let (first, last) = if noise.coin() { (noise.below(ENTRIES), 0) } else { noise.two(ENTRIES) };
    let last = last.max(first);
    let refill = noise.coin();
    forged(stage, craft, format!("entries {first}..={last} deleted, filled up again: {refill}"), |parts| {
        let positions = parts.entry_positions();
        let filling = parts.items[positions[0]].clone();
        for n in (first..=last).rev() {
            parts.items.remove(positions[n]);
            if refill {
                let before_last_head = parts.items.len() - 1;
                parts.items.insert(before_last_head, filling.clone());
            }
        }
    })
}

/// An operation that never was: its intent and its outcome are gone.
pub(super) fn hide_an_operation(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    let n = noise.below(ENTRIES);
    forged(stage, craft, format!("the operation of entry {n} hidden"), |parts| {
        let op = |item: &Item| match item {
            Item::Entry { bytes, .. } => Some(serde_json::from_slice::<Value>(bytes).expect("an entry")["op"].clone()),
            _ => None,
        };
        let hidden = op(&parts.items[parts.entry_positions()[n]]);
        parts.items.retain(|item| op(item).is_none() || op(item) != hidden);
    })
}

pub(super) fn reorder(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    reorder_with(stage, noise, craft)
}

pub(super) fn reorder_with(stage: &Stage, noise: &mut Noise, craft: Craft) -> Forged {
    let (a, b) = noise.two(ENTRIES);
    forged(stage, craft, format!("entries {a} and {b} change places"), |parts| {
        let positions = parts.entry_positions();
        parts.items.swap(positions[a], positions[b]);
    })
}

/// An entry of another log, or of another history of this one, in the place of the one with its index.
pub(super) fn transplant(stage: &Stage, noise: &mut Noise) -> Forged {
    let craft = Craft::without_the_key(noise);
    let n = FORK + noise.below(ENTRIES - FORK);
    let (name, from) =
        *noise.pick(&[("fork", &stage.fork), ("sibling", &stage.sibling), ("stranger", &stage.stranger)]);
    forged(stage, craft, format!("entry {n} from the {name}"), |parts| {
        let at = parts.entry_positions()[n];
        parts.items[at] = from.items[from.entry_positions()[n]].clone();
    })
}

/// The beginning of one log and the end of another, each with its own valid signatures.
pub(super) fn splice(stage: &Stage, noise: &mut Noise) -> Forged {
    let (name, from) =
        *noise.pick(&[("fork", &stage.fork), ("sibling", &stage.sibling), ("stranger", &stage.stranger)]);
    let n = FORK + 1 + noise.below(ENTRIES - FORK - 1);
    let (ours_first, its_checkpoint) = (noise.coin(), noise.coin());
    let (head, tail) = if ours_first { (&stage.parts, from) } else { (from, &stage.parts) };
    let mut parts = stage.parts.clone();
    parts.items = head.items[..head.entry_positions()[n]].to_vec();
    parts.items.extend_from_slice(&tail.items[tail.entry_positions()[n]..]);
    if its_checkpoint && name == "fork" {
        parts.checkpoint.clone_from(&from.checkpoint);
    }
    let sight = Sight::alone(Question::Integrity);
    let what =
        format!("{n} entries spliced with the {name}, ours first: {ours_first}, its checkpoint: {its_checkpoint}");
    Forged { what, files: parts.files(), ours: sight, others: sight }
}

/// The border between two entries moves: together they are the same bytes.
pub(super) fn move_a_border(stage: &Stage, noise: &mut Noise) -> Forged {
    let n = noise.below(ENTRIES - 1);
    let by = 1 + noise.below(300);
    forged(stage, Craft::Frames, format!("{by} bytes of entry {n} counted to the next"), |parts| {
        let positions = parts.entry_positions();
        let mut moved = Vec::new();
        if let Item::Entry { bytes, .. } = &mut parts.items[positions[n]] {
            moved = bytes.split_off(bytes.len() - by);
        }
        if let Item::Entry { bytes, .. } = &mut parts.items[positions[n + 1]] {
            moved.extend_from_slice(bytes);
            *bytes = moved;
        }
    })
}
