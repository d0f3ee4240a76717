//! The keys of the sealed values, destroyed behind the log's back: erasure used to hide. An erasure that was ordered
//! is an entry; without one, a key that is gone is found missing, and the acts stay on record either way.

use super::parts::Files;
use super::stage::Stage;
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;

const SHEET: &str = "opening-keys/00000000.seg";
/// Bytes of a slot, and of what its checksum covers: see `audit/src/opening/slot.rs`.
const SLOT: usize = 128;
const CHECKED: usize = 124;
const ERASED: u8 = 2;

pub(super) fn destroy(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files: Files = stage.honest.clone();
    let sheet = files.get_mut(SHEET).expect("the keys");
    let slot = noise.below(sheet.len() / SLOT);
    let bytes = &mut sheet[slot * SLOT..(slot + 1) * SLOT];
    let what = match noise.below(4) {
        0 => {
            bytes.fill(0);
            "blank"
        }
        1 => {
            let (at, bit) = (noise.below(SLOT), noise.below(8));
            bytes[at] ^= 1 << bit;
            "damaged"
        }
        2 => {
            // As the log itself marks an erased key, but for the proof that only it can make.
            bytes[0] = ERASED;
            bytes[17..CHECKED].fill(0);
            bytes[33..61].iter_mut().for_each(|byte| *byte = noise.draw().to_le_bytes()[3]);
            seal(bytes);
            "marked as erased"
        }
        _ => {
            let (at, of) = (noise.below(SLOT), slot * SLOT);
            sheet.truncate(of + at);
            "and those after it cut off"
        }
    };
    let what = format!("key {slot} {what}");
    Forged { what, files, ours: Sight::alone(Question::Openings), others: Sight::none() }
}

fn seal(slot: &mut [u8]) {
    let checksum = crc32c::crc32c(&slot[..CHECKED]);
    slot[CHECKED..].copy_from_slice(&checksum.to_le_bytes());
}
