//! Everybody's verdict on the same damaged log, ours from tiles included: all accept it, or all refuse it.
//!
//! Damage that nobody planned: bytes of any file, two attacks at once, and entries of hostile JSON that the log's
//! own key signed. Whoever stands alone has a mistake, and a mistake here is a way in.

use super::entries;
use super::forger::{Craft, finish_after};
use super::parts::{Files, Item, Parts};
use super::stage::{ENTRIES, Stage};
use super::{Attack, head, segments, tail};
use crate::foreign::Judged;
use crate::noise::Noise;
use crate::settings;

const STACKED: [Attack; 8] = [
    entries::edit,
    entries::reorder,
    entries::splice,
    segments::expire,
    tail::fork,
    tail::roll_back,
    head::size,
    head::signature,
];

/// What no writer of ours writes. `{n}` and `{prev}` are what should stand there.
const HOSTILE: [(&str, &str); 26] = [
    // Odd, and no lie: everybody takes these.
    ("{", "{ "),
    ("{", "{\n"),
    ("{", "{\"zzz\":[1,{\"index\":5}],"),
    ("\"index\":{n}", "\"index\" : {n}"),
    // And these nobody.
    ("\"index\":{n}", "\"index\":{n},\"index\":{n}"),
    ("\"index\":{n}", "\"index\":99,\"index\":{n}"),
    ("\"index\":{n}", "\"Index\":{n}"),
    ("\"index\":{n}", "\"Index\":7,\"index\":{n}"),
    ("\"index\":{n}", "\"index\":\"{n}\""),
    ("\"index\":{n}", "\"index\":{n}.0"),
    ("\"index\":{n}", "\"index\":{n}e0"),
    ("\"index\":{n}", "\"index\":0{n}"),
    ("\"index\":{n}", "\"index\":-{n}"),
    ("\"index\":{n}", "\"index\":184467440737095516160"),
    ("\"index\":{n}", "\"index\":null"),
    ("\"index\":{n}", "\"detail\":{\"index\":{n}}"),
    ("\"index\":{n},", ""),
    ("\"prev\":\"{prev}\",", ""),
    ("\"prev\":\"{prev}\"", "\"prev\":\"{prev}\",\"prev\":\"{prev}\""),
    ("\"prev\":\"{prev}\"", "\"prev\":\"{prev} \""),
    ("\"prev\":\"{prev}\"", "\"prev\":\"0x{prev}\""),
    ("\"prev\":\"{prev}\"", "\"prev\":[\"{prev}\"]"),
    ("{", "{,"),
    ("{", "[{"),
    ("{", "{} {"),
    ("{", "not JSON"),
];

#[test]
fn verifiers_never_disagree() {
    let mut stage = Stage::new();
    let seed = settings::seed();
    let (mut accepted, mut refused) = (0, 0);
    for n in 0..settings::times(100, 600, 20_000) {
        let mut noise = Noise::seeded(seed ^ (n << 20));
        let Damaged { what, files, hash_tiles } = damaged(&stage, &mut noise);
        let anchors = if noise.coin() { vec![stage.parts.checkpoint.clone()] } else { Vec::new() };
        let mut opinions = stage.others(&files, &anchors, |_, _| true);
        opinions.retain(|opinion| opinion.hash_tiles || !hash_tiles);
        let same = opinions.windows(2).all(|pair| agree(&pair[0].judged, &pair[1].judged));
        assert!(same, "{n}: {what}, {} anchors\n{opinions:#?}", anchors.len());
        if opinions[0].judged.is_ok() { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 2 && refused > 2, "{accepted} accepted, {refused} refused: one of them is not tried");
}

fn agree(one: &Judged, other: &Judged) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

struct Damaged {
    what: String,
    files: Files,
    /// Some of it is in tiles of hashes, which not everybody reads.
    hash_tiles: bool,
}

fn damaged(stage: &Stage, noise: &mut Noise) -> Damaged {
    match noise.below(4) {
        0 => hostile_entry(stage, noise),
        1 => {
            let forged = noise.pick(&STACKED)(stage, noise);
            Damaged { what: forged.what, files: forged.files, hash_tiles: false }
        }
        _ => {
            let mut files = if noise.coin() { stage.honest.clone() } else { noise.pick(&STACKED)(stage, noise).files };
            let seen: Vec<String> =
                files.keys().filter(|name| name.starts_with("tile") || *name == "checkpoint").cloned().collect();
            let (mut what, mut hash_tiles) = (Vec::new(), false);
            for _ in 0..=noise.below(2) {
                let name = noise.pick(&seen);
                hash_tiles |= name.starts_with("tile/") && !name.starts_with("tile/entries/");
                let bytes = files.get_mut(name).expect("a file");
                what.push(format!("{name}: {}", damage(bytes, noise)));
            }
            Damaged { what: what.join("; "), files, hash_tiles }
        }
    }
}

fn damage(bytes: &mut Vec<u8>, noise: &mut Noise) -> String {
    if bytes.is_empty() {
        bytes.push(b'x');
        return "no longer empty".to_owned();
    }
    let at = noise.below(bytes.len());
    let length = 1 + noise.below(8.min(bytes.len() - at));
    match noise.below(4) {
        0 => {
            bytes[at] ^= 1 << noise.below(8);
            format!("a bit of byte {at}")
        }
        1 => {
            bytes.drain(at..at + length);
            format!("{length} bytes gone at {at}")
        }
        2 => {
            let again = bytes[at..at + length].to_vec();
            bytes.splice(at..at, again);
            format!("{length} bytes twice at {at}")
        }
        _ => {
            let byte = u8::try_from(noise.below(256)).expect("a byte");
            bytes.insert(at, byte);
            format!("byte {byte} put in at {at}")
        }
    }
}

/// An entry that the log's key signed and that should not be one: the entries after it link to it as it is.
fn hostile_entry(stage: &Stage, noise: &mut Noise) -> Damaged {
    let n = noise.below(ENTRIES);
    let (from, to) = noise.pick(&HOSTILE);
    let mut parts: Parts = stage.parts.clone();
    let at = parts.entry_positions()[n];
    let Item::Entry { bytes, .. } = &mut parts.items[at] else { panic!("an entry stands there") };
    let text = String::from_utf8(bytes.clone()).expect("text");
    let (_, rest) = text.split_once("\"prev\":\"").expect("prev");
    let (prev, _) = rest.split_at(64);
    let fill = |pattern: &str| pattern.replace("{n}", &n.to_string()).replace("{prev}", prev);
    *bytes = text.replacen(&fill(from), &fill(to), 1).into_bytes();
    finish_after(&mut parts, Craft::StolenKey, n + 1, &stage.ring());
    Damaged { what: format!("entry {n}: {to} for {from}"), files: parts.files(), hash_tiles: false }
}
