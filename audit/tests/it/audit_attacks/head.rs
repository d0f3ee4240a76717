//! The checkpoint and the key beside the log.

use data_encoding::BASE64;
use sealane_crypto::digest::Digest;

use super::entries::flip_a_decision_with;
use super::forger::{Craft, body, finish, key_line, note, signed, with_signature_of};
use super::parts::Item;
use super::stage::{ENTRIES, Stage};
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;
use crate::support::ORIGIN;

/// Another text in `checkpoint`, everything else untouched.
fn checkpoint(stage: &Stage, what: String, text: String) -> Forged {
    let mut files = stage.honest.clone();
    files.insert("checkpoint".to_owned(), text.into_bytes());
    let sight = Sight::alone(Question::Authenticity);
    Forged { what, files, ours: sight, others: sight }
}

fn root_of(stage: &Stage) -> Digest {
    let line = stage.parts.checkpoint.lines().nth(2).expect("a root").as_bytes();
    Digest::from_bytes(BASE64.decode(line).expect("base64").try_into().expect("32 bytes"))
}

pub(super) fn size(stage: &Stage, noise: &mut Noise) -> Forged {
    let size = if noise.coin() { noise.below(ENTRIES) } else { ENTRIES + 1 + noise.below(1 << 40) };
    let text = body(ORIGIN, u64::try_from(size).expect("fits"), root_of(stage));
    checkpoint(stage, format!("size {size}"), with_signature_of(&stage.parts.checkpoint, &text))
}

pub(super) fn root(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut bytes = *root_of(stage).as_bytes();
    bytes[noise.below(32)] ^= 1 << noise.below(8);
    bytes[noise.below(32)] ^= 1 << noise.below(8);
    let text = body(ORIGIN, u64::try_from(ENTRIES).expect("small"), Digest::from_bytes(bytes));
    checkpoint(stage, "another root".to_owned(), with_signature_of(&stage.parts.checkpoint, &text))
}

/// Another name in the text, in the signature line, or in both.
pub(super) fn origin(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut name = ORIGIN.as_bytes().to_vec();
    let at = noise.below(name.len());
    name[at] = b'a' + u8::try_from(noise.below(26)).expect("a letter");
    let name = String::from_utf8(name).expect("ASCII");
    let text = &stage.parts.checkpoint;
    let changed = match noise.below(3) {
        0 => text.replacen(ORIGIN, &name, 1),
        1 => text.replace(ORIGIN, &name),
        _ => text.replace(&format!("\u{2014} {ORIGIN}"), &format!("\u{2014} {name}")),
    };
    checkpoint(stage, format!("origin {name}"), changed)
}

/// A changed bit in the signature, another head's signature, or one by another key under this key's id.
pub(super) fn signature(stage: &Stage, noise: &mut Noise) -> Forged {
    let text = stage.parts.checkpoint.trim_end();
    let (before, blob) = text.rsplit_once(' ').expect("a signature line");
    let mut bytes = BASE64.decode(blob.as_bytes()).expect("base64");
    let what = match noise.below(3) {
        0 => {
            let at = noise.below(bytes.len());
            bytes[at] ^= 1 << noise.below(8);
            format!("a bit of byte {at}")
        }
        1 => {
            let heads: Vec<&String> = stage.parts.items.iter().filter_map(note_of).collect();
            let other = noise.pick(&heads[..heads.len() - 1]).trim_end();
            bytes = BASE64.decode(other.rsplit_once(' ').expect("a line").1.as_bytes()).expect("base64");
            "the signature of another head".to_owned()
        }
        _ => {
            let text = format!("{}\n{}\n{}\n", ORIGIN, ENTRIES, noise.below(1 << 30));
            let forged = signed(&text, ORIGIN, stage.ring().own);
            let forged = BASE64.decode(forged.trim_end().rsplit_once(' ').expect("a line").1.as_bytes());
            bytes.truncate(4);
            bytes.extend_from_slice(&forged.expect("base64")[4..]);
            "another key under this key's id".to_owned()
        }
    };
    checkpoint(stage, what, format!("{before} {}\n", BASE64.encode(&bytes)))
}

fn note_of(item: &Item) -> Option<&String> {
    if let Item::Head { note, .. } = item { Some(note) } else { None }
}

/// A checkpoint of another log, valid there, signed by the same key or by another.
pub(super) fn replay(stage: &Stage, noise: &mut Noise) -> Forged {
    let ring = stage.ring();
    let (name, origin, key, heads) = *noise.pick(&[
        ("sibling", "audit.sibling.example/n1", ring.stolen, &stage.sibling),
        ("stranger", "audit.stranger.example/n1", ring.own, &stage.stranger),
    ]);
    let heads: Vec<&String> = heads.items.iter().filter_map(note_of).collect();
    let (text, what) = if noise.below(4) == 0 {
        // One that fits in every way but the name.
        let size = noise.below(ENTRIES + 1);
        let leaves: Vec<Digest> = stage.parts.entries().iter().map(|entry| super::leaf_hash(entry)).collect();
        let root = super::forger::root(&leaves[..size]);
        (note(origin, u64::try_from(size).expect("small"), root, key), format!("the same {size} entries"))
    } else {
        (noise.pick(&heads).to_string(), "a head".to_owned())
    };
    checkpoint(stage, format!("{what} of the {name}"), text)
}

/// The attacker's key put in the place of the log's, and everything signed with it.
pub(super) fn exchange_the_key(stage: &Stage, noise: &mut Noise) -> Forged {
    if noise.coin() {
        let mut forged = flip_a_decision_with(stage, noise, Craft::OwnKey);
        let key = key_line(ORIGIN, stage.ring().own);
        forged.files.insert("origin.pub".to_owned(), format!("{key}\n").into_bytes());
        return forged;
    }
    let mut parts = stage.parts.clone();
    let keep = noise.below(parts.items.len() - 1);
    let trailer = parts.items.last().expect("a trailer").clone();
    parts.items.truncate(keep);
    parts.items.push(trailer);
    finish(&mut parts, Craft::OwnKey, &stage.ring());
    parts.key = format!("{}\n", key_line(ORIGIN, stage.ring().own));
    let sight = Sight::alone(Question::Authenticity);
    let what = format!("{keep} items kept and signed by another key");
    Forged { what, files: parts.files(), ours: sight, others: sight }
}
