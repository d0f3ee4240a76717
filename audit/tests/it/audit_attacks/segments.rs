//! The segment files: exchanged, removed, expired, rotten. Tiles are copies and do not show it.

use super::parts::{Files, segment_name};
use super::stage::Stage;
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;

const SEGMENTS: usize = 4;

fn integrity(what: String, files: Files) -> Forged {
    Forged { what, files, ours: Sight::alone(Question::Integrity), others: Sight::none() }
}

/// Two segments under each other's names, or one in the place of another, or a stretch of one moved to another.
pub(super) fn exchange(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.honest.clone();
    let (a, b) = noise.two(SEGMENTS);
    let (first, second) = (files[&segment_name(a)].clone(), files[&segment_name(b)].clone());
    let what = match noise.below(3) {
        0 => {
            files.insert(segment_name(a), second);
            files.insert(segment_name(b), first);
            format!("segments {a} and {b} exchanged")
        }
        1 => {
            files.insert(segment_name(a), second);
            format!("segment {b} in the place of {a}")
        }
        _ => {
            // Any stretch: frames need not stay whole.
            let (from, to) = noise.two(first.len());
            let at = noise.below(second.len());
            let (mut left, mut right) = (first, second);
            let moved: Vec<u8> = left.drain(from..to).collect();
            right.splice(at..at, moved);
            files.insert(segment_name(a), left);
            files.insert(segment_name(b), right);
            format!("bytes {from}..{to} of segment {a} moved to {b}, byte {at}")
        }
    };
    integrity(what, files)
}

/// A segment, or the same stretch of one, is gone; those after it keep their names or close ranks.
pub(super) fn remove(stage: &Stage, noise: &mut Noise) -> Forged {
    let gone = noise.below(SEGMENTS - 1);
    if noise.coin() {
        let mut files = stage.honest.clone();
        let bytes = files.get_mut(&segment_name(gone)).expect("a segment");
        let (from, to) = noise.two(bytes.len());
        bytes.drain(from..to);
        return integrity(format!("bytes {from}..{to} of segment {gone} removed"), files);
    }
    without(stage, gone..gone + 1, noise.coin())
}

/// As a retention period of a day would have it: the oldest go, in the segments and in the tiles.
pub(super) fn expire(stage: &Stage, noise: &mut Noise) -> Forged {
    let until = 1 + noise.below(SEGMENTS - 1);
    let mut forged = without(stage, 0..until, noise.coin());
    let bundle = forged.files.get_mut("tile/entries/000.p/24").expect("the bundle");
    let kept = noise.below(bundle.len());
    bundle.drain(..bundle.len() - kept);
    if kept == 0 {
        forged.files.remove("tile/entries/000.p/24");
    }
    forged.what = format!("{}, {kept} bytes of the bundle kept", forged.what);
    forged.others = Sight::alone(Question::Integrity);
    forged
}

fn without(stage: &Stage, gone: std::ops::Range<usize>, close_ranks: bool) -> Forged {
    let mut files = stage.honest.clone();
    let what = format!("segments {gone:?} removed, the others renamed: {close_ranks}");
    for number in gone.clone() {
        files.remove(&segment_name(number));
    }
    if close_ranks {
        for number in gone.end..SEGMENTS {
            let bytes = files.remove(&segment_name(number)).expect("a segment");
            files.insert(segment_name(number - gone.len()), bytes);
        }
    }
    integrity(what, files)
}

/// A few bits anywhere in the entries, checksums not repaired.
pub(super) fn rot(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.honest.clone();
    let name = segment_name(noise.below(SEGMENTS));
    let bytes = files.get_mut(&name).expect("a segment");
    let mut places = Vec::new();
    for _ in 0..=noise.below(3) {
        let at = noise.below(bytes.len());
        bytes[at] ^= 1 << noise.below(8);
        places.push(at);
    }
    integrity(format!("rot in {name} at {places:?}"), files)
}
