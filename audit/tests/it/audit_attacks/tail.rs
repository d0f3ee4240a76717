//! The end of the log: cut off, rolled back, forked, rewritten with the stolen key, lengthened.

use serde_json::Value;

use super::entries::{flip_a_decision_with, redate_with, reorder_with};
use super::forger::{Craft, finish};
use super::parts::{Files, Item, segment_name, tiles};
use super::stage::{ENTRIES, FORK, Stage};
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;

/// Cut at any byte before the end of the last entry, the checkpoint left as it is.
pub(super) fn truncate(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.parts.files_without_tiles();
    let segments: Vec<String> = (0..4).map(segment_name).collect();
    let end_of_last_entry: usize = segments.iter().map(|name| files[name].len()).sum::<usize>() - last_head(stage);
    let cut = noise.below(end_of_last_entry);
    let mut left = cut;
    for name in segments {
        let bytes = files.get_mut(&name).expect("a segment");
        bytes.truncate(left);
        left -= bytes.len();
    }
    files.extend(tiles(&entries_before(stage, cut), ENTRIES));
    let sight = Sight::alone(Question::Completeness);
    Forged { what: format!("cut at byte {cut}"), files, ours: sight, others: sight }
}

fn last_head(stage: &Stage) -> usize {
    match stage.parts.items.last() {
        Some(Item::Head { note, .. }) => 16 + note.len(),
        other => panic!("the log ends with {other:?}"),
    }
}

/// The entries that lie whole before a byte.
fn entries_before(stage: &Stage, byte: usize) -> Vec<Vec<u8>> {
    let mut at = 0;
    let mut entries = Vec::new();
    for item in &stage.parts.items {
        at += match item {
            Item::Entry { bytes, .. } => 16 + bytes.len(),
            Item::Head { note, .. } => 16 + note.len(),
            Item::Cut => 0,
        };
        match item {
            Item::Entry { bytes, .. } if at <= byte => entries.push(bytes.clone()),
            _ => {}
        }
    }
    entries
}

/// Everything as it was at an earlier moment, all of it signed: a snapshot restored.
pub(super) fn roll_back(stage: &Stage, noise: &mut Noise) -> Forged {
    let heads: Vec<usize> =
        (0..stage.parts.items.len() - 1).filter(|at| matches!(stage.parts.items[*at], Item::Head { .. })).collect();
    let at = *noise.pick(&heads);
    let mut parts = stage.parts.clone();
    parts.items.truncate(at + 1);
    if let Some(Item::Head { note, .. }) = parts.items.last() {
        parts.checkpoint.clone_from(note);
    }
    let sight = Sight::with_anchor(Question::Completeness);
    Forged { what: format!("rolled back to item {at}"), files: parts.files(), ours: sight, others: sight }
}

/// Another history from some entry on, of any length, signed by the log's own key.
pub(super) fn fork(stage: &Stage, noise: &mut Noise) -> Forged {
    let keep = noise.below(ENTRIES);
    let more = 1 + noise.below(ENTRIES - FORK);
    let repeat = 1 + noise.below(3);
    let mut parts = stage.parts.clone();
    let other: Vec<Item> =
        stage.fork.entry_positions()[FORK..].iter().map(|at| stage.fork.items[*at].clone()).collect();
    let last = parts.items.pop().expect("the last trailer");
    parts.items.truncate(parts.entry_positions()[keep]);
    for _ in 0..repeat {
        parts.items.extend_from_slice(&other[..more]);
    }
    parts.items.push(last);
    finish(&mut parts, Craft::StolenKey, &stage.ring());
    let size = keep + more * repeat;
    let sight = Sight::with_anchor(if size < ENTRIES { Question::Completeness } else { Question::Integrity });
    let what = format!("forked after {keep} entries, {size} in all");
    Forged { what, files: parts.files(), ours: sight, others: sight }
}

/// History rewritten and signed again with the stolen key: as good as the real one, without an anchor.
pub(super) fn sign_again(stage: &Stage, noise: &mut Noise) -> Forged {
    let (craft, direction) = (Craft::StolenKey, if noise.coin() { 1 } else { -1 });
    match noise.below(3) {
        0 => flip_a_decision_with(stage, noise, craft),
        1 => redate_with(stage, noise, direction, craft),
        _ => reorder_with(stage, noise, craft),
    }
}

/// Entries after the last one: without a trailer only the segments have them.
pub(super) fn extend(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut parts = stage.parts.clone();
    let from = noise.below(ENTRIES);
    let mut new = parts.items[parts.entry_positions()[from]].clone();
    if let Item::Entry { index, bytes, .. } = &mut new {
        *index = u64::try_from(ENTRIES).expect("small");
        let mut entry: Value = serde_json::from_slice(bytes).expect("an entry");
        entry["op"] = format!("00000000-0000-0000-0000-{:012}", noise.below(1 << 30)).into();
        *bytes = serde_json::to_vec(&entry).expect("JSON");
    }
    let honest: Files = tiles(&parts.entries(), ENTRIES);
    let craft = *noise.pick(&[Craft::Links, Craft::Roots, Craft::OwnKey]);
    parts.items.push(new);
    if craft == Craft::Links {
        finish(&mut parts, craft, &stage.ring());
        let mut files = parts.files_without_tiles();
        files.extend(honest);
        let ours = Sight::alone(Question::Completeness);
        return Forged { what: format!("an entry like {from} after the end"), files, ours, others: Sight::none() };
    }
    let trailer = stage.parts.items.last().expect("a trailer").clone();
    parts.items.push(trailer);
    finish(&mut parts, craft, &stage.ring());
    let sight = Sight::alone(Question::Authenticity);
    let what = format!("an entry like {from} after the end, {craft:?}");
    Forged { what, files: parts.files(), ours: sight, others: sight }
}
