//! The key that a log has given up, in the hands of somebody else: it signs heads beyond the one at which it handed over, or
//! the hand-over itself is hidden.

use sealane_audit::Checkpoint;

use super::parts::Item;
use super::stage::Stage;
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;
use crate::support::ORIGIN;

/// Heads after the change signed by the old key: in the segments, and the newest beside them.
pub(super) fn sign_with_the_old_key(stage: &Stage, noise: &mut Noise) -> Forged {
    let (old, begins) = stage.given_up();
    let mut parts = stage.parts.clone();
    let mut signed = 0;
    for item in &mut parts.items {
        if let Item::Head { size, note } = item
            && *size > begins
            && (signed == 0 || noise.coin())
        {
            let head = Checkpoint::parse(note).expect("a head");
            *note = Checkpoint::sign(ORIGIN, *size, head.root(), old).text().to_owned();
            signed += 1;
        }
    }
    let beside = noise.coin();
    if beside {
        let head = Checkpoint::parse(&parts.checkpoint).expect("a head");
        parts.checkpoint = Checkpoint::sign(ORIGIN, head.size(), head.root(), old).text().to_owned();
    }
    let what = format!("{signed} heads by the old key, the newest among them: {beside}");
    let others = if beside { Sight::alone(Question::Authenticity) } else { Sight::none() };
    Forged { what, files: stage.with_rotations(&parts), ours: Sight::alone(Question::Authenticity), others }
}

/// The proof gone or damaged: then nobody knows which key signed what.
pub(super) fn hide_the_change(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.honest.clone();
    let name = files.keys().find(|name| name.starts_with("rotations/")).expect("the proof").clone();
    let what = if noise.coin() {
        files.remove(&name);
        "no proof".to_owned()
    } else {
        let proof = files.get_mut(&name).expect("the proof");
        let (at, bit) = (noise.below(proof.len()), noise.below(7));
        proof[at] ^= 1 << bit;
        format!("byte {at} of the proof changed")
    };
    Forged { what, files, ours: Sight::alone(Question::Authenticity), others: Sight::none() }
}
