//! The threat table as tests: classes of attack on a log at rest, a thousand seeded mutations each (25 in the
//! inner loop).
//!
//! Every class says who must find it and under which verdict: a log refused for another reason than its own is
//! found by luck, and a failure here. A mutation that leaves the directory as it was is drawn again. What nobody
//! can see from the log alone (the stolen key, the restored snapshot) is shown both ways: accepted alone, refused
//! by whoever kept one checkpoint elsewhere. `SEALANE_TEST_SEED` repeats a run.
//!
//! Our verifier and Go's judge all of the classes on small logs; slower ones judge every so many (see [`Pace`]). With `SEALANE_TEST_LONG` everybody judges everything.

mod clock;
mod differential;
mod entries;
mod forger;
mod head;
mod input;
mod keys;
mod openings;
mod parts;
mod rotation;
mod segments;
mod stage;
mod tail;
mod tiles;
mod verdict;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use sealane_crypto::digest::tree::leaf_hash;

use self::forger::Craft;
use self::parts::{Files, Item};
use self::stage::{OURS, Stage};
use self::verdict::{Expected, Question};
use crate::noise::Noise;
use crate::settings;

/// What a verifier must say of the log alone, and given the honest log's last checkpoint. `None`: it is not asked.
#[derive(Debug, Copy, Clone)]
struct Sight {
    alone: Option<Expected>,
    anchored: Option<Expected>,
}

impl Sight {
    /// It looks the same to this verifier.
    const fn none() -> Self {
        Self { alone: None, anchored: None }
    }

    const fn alone(question: Question) -> Self {
        Self { alone: Some(Expected::Bad(question)), anchored: None }
    }

    const fn with_anchor(question: Question) -> Self {
        Self { alone: Some(Expected::Passes), anchored: Some(Expected::Bad(question)) }
    }
}

/// A log directory that somebody tampered with.
struct Forged {
    what: String,
    files: Files,
    ours: Sight,
    others: Sight,
}

/// Of how many mutations a judge sees one in the short form.
#[derive(Debug, Copy, Clone)]
struct Pace {
    ours: u64,
    /// Ours on a copy of the tiles alone.
    tiles: u64,
}

type Attack = fn(&Stage, &mut Noise) -> Forged;

fn thousand(class: &str, mut stage: Stage, pace: Pace, attack: Attack) {
    let mut hasher = DefaultHasher::new();
    (settings::seed(), class).hash(&mut hasher);
    let seed = hasher.finish();
    let anchor = [stage.parts.checkpoint.clone()];
    for n in 0..settings::times(25, 1000, 1000) {
        let mut noise = Noise::seeded(seed ^ n);
        let forged = loop {
            let forged = attack(&stage, &mut noise);
            if forged.files != stage.honest {
                break forged;
            }
        };
        let only_hash_tiles = differ_in_hash_tiles_only(&forged.files, &stage.honest);
        for (anchors, ours, others) in [
            (&[][..], forged.ours.alone, forged.others.alone),
            (&anchor[..], forged.ours.anchored, forged.others.anchored),
        ] {
            let what = || format!("{class} {n}, {} anchors: {}", anchors.len(), forged.what);
            if let Some(expected) = ours.filter(|_| due(n, pace.ours)) {
                ours_says(&mut stage, &forged.files, anchors, expected, &what);
            }
            if let Some(expected) = others {
                let wanted = |name: &str, own| due(n, if name == OURS { pace.tiles } else { own });
                for other in stage.others(&forged.files, anchors, wanted) {
                    let blind = only_hash_tiles && !other.hash_tiles;
                    let accepts = blind || expected == Expected::Passes;
                    assert_eq!(other.judged.is_ok(), accepts, "{}\n{}: {:?}", what(), other.name, other.judged);
                }
            }
        }
    }
}

fn ours_says(stage: &mut Stage, files: &Files, anchors: &[String], expected: Expected, what: &dyn Fn() -> String) {
    let report = stage.ours(files, anchors, expected == Expected::Bad(Question::Tiles));
    match expected {
        Expected::Passes => assert!(report.holds(), "{}\n{report}", what()),
        Expected::Bad(question) => {
            assert!(question.is_bad_in(&report) && !report.holds(), "{question:?}: {}\n{report}", what());
        }
    }
}

/// Whoever does not read tiles of hashes is not deceived by them either.
fn differ_in_hash_tiles_only(one: &Files, other: &Files) -> bool {
    let names = one.keys().chain(other.keys());
    let mut changed = names.filter(|name| one.get(*name) != other.get(*name));
    changed.all(|name| name.starts_with("tile/") && !name.starts_with("tile/entries/"))
}

/// Whether a judge of that pace sees mutation `n`.
fn due(n: u64, pace: u64) -> bool {
    settings::long() || n.is_multiple_of(pace)
}

/// What nobody can see, not even with an anchor: history rewritten after it. The exposure window bounds how much.
#[test]
fn what_came_after_the_newest_anchor_can_be_rewritten_by_whoever_has_the_key() {
    let mut stage = Stage::new();
    let mut heads = stage.parts.items.iter().filter_map(|item| match item {
        Item::Head { size, note } => Some((usize::try_from(*size).expect("small"), note.clone())),
        _ => None,
    });
    let (size, anchor) = heads.rfind(|(size, _)| *size <= stage::ENTRIES / 2).expect("a head in the middle");
    for n in (0..stage::ENTRIES).step_by(3) {
        let forged = entries::turn_round(&stage, n, Craft::StolenKey);
        let holds = stage.ours(&forged.files, std::slice::from_ref(&anchor), false).holds();
        assert_eq!(holds, n >= size, "an anchor over {size} entries: {}", forged.what);
    }
}

/// Whoever takes the key from beside the log believes whoever put it there.
#[test]
fn another_signer_passes_only_for_those_who_do_not_know_the_key() {
    let mut stage = Stage::new();
    let mut noise = Noise::seeded(settings::seed());
    for _ in 0..50 {
        let forged = head::exchange_the_key(&stage, &mut noise);
        assert!(stage.ours_unpinned(&forged.files).holds(), "{}", forged.what);
        assert!(!stage.ours(&forged.files, &[], false).holds(), "{}", forged.what);
    }
}

macro_rules! classes {
    ($stage:expr, $pace:expr; $($name:ident: $attack:expr,)*) => {
        $(
            #[test]
            fn $name() {
                thousand(stringify!($name), $stage, $pace, $attack);
            }
        )*
    };
}

classes! {
    Stage::new(), Pace { ours: 1, tiles: 10 };
    an_edited_entry: entries::edit,
    a_decision_turned_round: entries::flip_a_decision,
    a_backdated_entry: entries::backdate,
    a_postdated_entry: entries::postdate,
    an_inserted_entry: entries::insert,
    a_repeated_entry: entries::duplicate,
    deleted_entries: entries::delete,
    a_hidden_operation: entries::hide_an_operation,
    reordered_entries: entries::reorder,
    an_entry_of_another_log: entries::transplant,
    two_logs_spliced: entries::splice,
    a_moved_border_between_entries: entries::move_a_border,
    a_truncated_tail: tail::truncate,
    a_rollback: tail::roll_back,
    a_fork_with_the_stolen_key: tail::fork,
    a_rewrite_with_the_stolen_key: tail::sign_again,
    entries_after_the_end: tail::extend,
    another_size_in_the_checkpoint: head::size,
    another_root_in_the_checkpoint: head::root,
    another_origin_in_the_checkpoint: head::origin,
    another_signature_in_the_checkpoint: head::signature,
    a_checkpoint_of_another_log: head::replay,
    an_exchanged_key: head::exchange_the_key,
    exchanged_segments: segments::exchange,
    a_removed_segment: segments::remove,
    entries_expired_after_a_day: segments::expire,
    rot_in_a_segment: segments::rot,
    exchanged_openings: openings::exchange,
    openings_destroyed_to_hide_an_act: openings::destroy,
    relabelled_openings: openings::relabel,
    keys_of_openings_destroyed_without_an_entry: keys::destroy,
}

classes! {
    Stage::witnessed(), Pace { ours: 1, tiles: 1 };
    a_clock_set_back: clock::set_back,
    a_clock_set_forward: clock::set_forward,
    a_rewrite_beside_cosigned_heads: clock::rewrite_what_was_seen,
    a_rollback_beside_cosigned_heads: clock::roll_back_what_was_seen,
    a_rewrite_without_the_cosigned_heads: clock::rewrite_and_hide_the_witness,
    a_cosignature_of_another_head: clock::borrow_a_cosignature,
}

classes! {
    Stage::rotated(), Pace { ours: 1, tiles: 10 };
    heads_by_a_key_that_was_given_up: rotation::sign_with_the_old_key,
    a_hidden_change_of_keys: rotation::hide_the_change,
}

classes! {
    Stage::wide(), Pace { ours: 10, tiles: 10 };
    exchanged_bundles: tiles::exchange_bundles,
    an_edited_tile: tiles::edit_a_tile,
    an_edited_bundle: tiles::edit_a_bundle,
    a_forged_entry_with_its_leaf: tiles::forge_entry_and_leaf,
    a_forged_entry_with_all_tiles: tiles::forge_up_to_the_root,
    a_cut_tile_or_bundle: tiles::cut_a_file,
    a_node_shown_as_a_leaf: tiles::show_a_node_as_a_leaf,
}
