//! The sealed personal values beside the log. Nothing here touches an entry: the acts stay on record.

use super::parts::{Item, Parts};
use super::stage::{ENTRIES, Stage};
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;

/// Bytes of a record before the commitment and the commitment's own: see `audit/src/opening.rs`.
const COMMITMENT: usize = 32;

fn beside(stage: &Stage, what: String, change: impl FnOnce(&mut Parts)) -> Forged {
    let mut parts = stage.parts.clone();
    change(&mut parts);
    Forged { what, files: parts.files(), ours: Sight::alone(Question::Openings), others: Sight::none() }
}

fn of_entry(parts: &mut Parts, n: usize) -> &mut Vec<Vec<u8>> {
    let at = parts.entry_positions()[n];
    match &mut parts.items[at] {
        Item::Entry { openings, .. } => openings,
        other => panic!("{other:?} is no entry"),
    }
}

/// The values of two entries change places: all, or one each.
pub(super) fn exchange(stage: &Stage, noise: &mut Noise) -> Forged {
    let (a, b) = noise.two(ENTRIES);
    let which = noise.coin().then(|| noise.below(3));
    beside(stage, format!("openings of {a} and {b} exchanged, only {which:?}"), |parts| match which {
        None => {
            let first = std::mem::take(of_entry(parts, a));
            let second = std::mem::replace(of_entry(parts, b), first);
            *of_entry(parts, a) = second;
        }
        Some(which) => {
            let first = of_entry(parts, a)[which].clone();
            let second = std::mem::replace(&mut of_entry(parts, b)[which], first);
            of_entry(parts, a)[which] = second;
        }
    })
}

/// Values destroyed to hide who did it or to what: the entries still say that it was done, and when.
pub(super) fn destroy(stage: &Stage, noise: &mut Noise) -> Forged {
    let (first, last) = noise.two(ENTRIES);
    let which = noise.coin().then(|| noise.below(3));
    beside(stage, format!("openings of {first}..={last} destroyed, only {which:?}"), |parts| {
        for n in first..=last {
            match which {
                None => of_entry(parts, n).clear(),
                Some(which) => drop(of_entry(parts, n).remove(which)),
            }
        }
    })
}

/// A record made to stand for something else: another commitment, another field, twice the same.
pub(super) fn relabel(stage: &Stage, noise: &mut Noise) -> Forged {
    let n = noise.below(ENTRIES);
    let which = noise.below(3);
    let how = noise.below(3);
    let bit = (noise.below(COMMITMENT), noise.below(8));
    beside(stage, format!("opening {which} of {n} relabelled, way {how}"), |parts| {
        let records = of_entry(parts, n);
        match how {
            0 => {
                let again = records[which].clone();
                records.push(again);
            }
            1 => {
                // The field's name is the last text before the commitment.
                let record = &mut records[which];
                let field = [&b"actor.subject"[..], b"client", b"object.path"].into_iter().find_map(|field| {
                    let at = record.windows(field.len()).position(|window| window == field)?;
                    Some((at, field.len()))
                });
                let (at, length) = field.expect("a field");
                record[at + bit.0 % length] ^= 1 << (bit.1 % 5);
            }
            _ => {
                let record = &mut records[which];
                let ends = [&b"actor.subject"[..], b"client", b"object.path"].into_iter().find_map(|field| {
                    let at = record.windows(field.len()).position(|window| window == field)?;
                    Some(at + field.len())
                });
                record[ends.expect("a field") + bit.0] ^= 1 << bit.1;
            }
        }
    })
}
