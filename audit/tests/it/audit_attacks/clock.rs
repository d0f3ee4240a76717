//! Time: entries that lie about it, and histories that witnesses contradict.
//!
//! Everything here is signed with the log's own key. A witness cosigned heads at its own time, as an honest one does
//! that never sees an entry; `tests/it/witnessed.rs` has the single cases.

use super::entries::{in_entry, redate};
use super::forger::{Craft, cosigned, finish};
use super::parts::{Files, Item, Parts};
use super::stage::{ENTRIES, Stage, WITNESS};
use super::tail;
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;
use crate::support::AT;

/// A minute after the entries say that they were written.
const SEEN_S: u64 = AT.unsigned_abs() / 1_000_000_000 + 60;

/// The heads of these parts as the witness cosigned them, kept beside the log.
pub(super) fn witnessed(stage: &Stage, parts: &Parts) -> Files {
    let heads = parts
        .items
        .iter()
        .filter_map(|item| if let Item::Head { size, note } = item { Some((size, note)) } else { None });
    let kept = heads.map(|(size, note)| {
        let text = cosigned(note, WITNESS, stage.ring().witness, SEEN_S);
        (format!("checkpoints/{size}"), text.into_bytes())
    });
    kept.collect()
}

fn head_sizes(parts: &Parts) -> Vec<usize> {
    let size = |item: &Item| if let Item::Head { size, .. } = item { usize::try_from(*size).ok() } else { None };
    parts.items.iter().filter_map(size).collect()
}

/// A node's clock, or a person with its key, puts an entry into the past, after witnesses saw the log without it.
pub(super) fn set_back(stage: &Stage, noise: &mut Noise) -> Forged {
    let first = head_sizes(&stage.parts)[0];
    let n = first + noise.below(ENTRIES - first);
    lie(stage, noise, n, -1)
}

/// Or into the future, of a time after witnesses saw it.
pub(super) fn set_forward(stage: &Stage, noise: &mut Noise) -> Forged {
    let n = noise.below(ENTRIES);
    lie(stage, noise, n, 1)
}

/// The entry was written so: the witness cosigned the heads over it.
fn lie(stage: &Stage, noise: &mut Noise, n: usize, direction: i64) -> Forged {
    let mut parts = stage.parts.clone();
    let by = direction * (7_200_000_000_000 + i64::try_from(noise.below(1 << 50)).expect("fits"));
    in_entry(&mut parts, n, |entry| redate(entry, by));
    finish(&mut parts, Craft::StolenKey, &stage.ring());
    let mut files = parts.files();
    files.extend(witnessed(stage, &parts));
    Forged {
        what: format!("entry {n} lies by {by} ns"),
        files,
        ours: Sight::alone(Question::Time),
        others: Sight::none(),
    }
}

/// History rewritten with the stolen key, beside the heads that a witness cosigned: they are anchors.
pub(super) fn rewrite_what_was_seen(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut forged = tail::sign_again(stage, noise);
    forged.files.extend(witnessed(stage, &stage.parts));
    forged.ours = Sight::alone(Question::Integrity);
    forged.others = Sight::none();
    forged
}

/// A snapshot restored beside them.
pub(super) fn roll_back_what_was_seen(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut forged = tail::roll_back(stage, noise);
    forged.files.extend(witnessed(stage, &stage.parts));
    forged.ours = Sight::alone(Question::Completeness);
    forged.others = Sight::none();
    forged
}

/// A rewrite, and the cosigned heads are gone.
pub(super) fn rewrite_and_hide_the_witness(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut forged = tail::sign_again(stage, noise);
    forged.ours = Sight::alone(Question::Time);
    forged.others = Sight::none();
    forged
}

/// The witness's line copied from the true head onto the rewritten one.
pub(super) fn borrow_a_cosignature(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut forged = tail::sign_again(stage, noise);
    let note = String::from_utf8(forged.files["checkpoint"].clone()).expect("text");
    let honest = cosigned(&stage.parts.checkpoint, WITNESS, stage.ring().witness, SEEN_S + noise.draw() % 1000);
    let line = honest.lines().last().expect("a line");
    forged.files.insert(format!("checkpoints/{ENTRIES}"), format!("{note}{line}\n").into_bytes());
    forged.ours = Sight::alone(Question::Authenticity);
    forged.others = Sight::none();
    forged
}
