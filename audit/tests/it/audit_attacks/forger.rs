//! What an attacker can do to make a changed log look right, from least to most.

use data_encoding::{BASE64, HEXLOWER};
use sealane_crypto::digest::tree::{leaf_hash, root_of};
use sealane_crypto::digest::{Digest, sha256};
use sealane_crypto::sign::SigningKey;
use serde_json::Value;

use super::parts::{Item, Parts};
use super::verdict::Question;
use crate::noise::Noise;

/// How far the attacker goes. Checksums and tiles are always made right.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(super) enum Craft {
    /// No further.
    Frames,
    /// Every later entry is numbered and linked anew.
    Links,
    /// And every root and size is made right, under the old signatures.
    Roots,
    /// And signed, with a key of the attacker's.
    OwnKey,
    /// And signed with the log's own key.
    StolenKey,
}

impl Craft {
    /// Without the log's key.
    pub(super) fn without_the_key(noise: &mut Noise) -> Self {
        *noise.pick(&[Self::Frames, Self::Links, Self::Roots, Self::OwnKey])
    }

    /// What our verifier must find.
    pub(super) const fn found_by(self) -> Question {
        match self {
            Self::Frames | Self::Links => Question::Integrity,
            Self::Roots | Self::OwnKey => Question::Authenticity,
            // Only an anchor shows it, as another history.
            Self::StolenKey => Question::Integrity,
        }
    }
}

/// The keys in the game.
pub(super) struct Ring<'a> {
    pub(super) stolen: &'a SigningKey,
    pub(super) own: &'a SigningKey,
    /// A witness's, whom the auditor trusts.
    pub(super) witness: &'a SigningKey,
}

/// Makes changed parts look right as far as `craft` goes.
pub(super) fn finish(parts: &mut Parts, craft: Craft, ring: &Ring<'_>) {
    if craft != Craft::Frames {
        relink(parts);
    }
    sign(parts, craft, ring);
}

/// As [`finish`], for entries before `from` that are no entries: the later ones link to them as they are.
pub(super) fn finish_after(parts: &mut Parts, craft: Craft, from: usize, ring: &Ring<'_>) {
    let mut before = None;
    for (n, at) in parts.entry_positions().into_iter().enumerate() {
        let Item::Entry { bytes, .. } = &mut parts.items[at] else { continue };
        if let Some(before) = before.filter(|_| n >= from) {
            let text = String::from_utf8(bytes.clone()).expect("text");
            let (head, tail) = text.split_once("\"prev\":\"").expect("a link");
            let (_, tail) = tail.split_at(64);
            *bytes = format!("{head}\"prev\":\"{before}{tail}").into_bytes();
        }
        before = Some(leaf_hash(bytes));
    }
    sign(parts, craft, ring);
}

fn sign(parts: &mut Parts, craft: Craft, ring: &Ring<'_>) {
    match craft {
        Craft::Frames | Craft::Links => {}
        Craft::Roots => reroot(parts, |origin, size, root, old| with_signature_of(old, &body(origin, size, root))),
        Craft::OwnKey => reroot(parts, |origin, size, root, _| note(origin, size, root, ring.own)),
        Craft::StolenKey => reroot(parts, |origin, size, root, _| note(origin, size, root, ring.stolen)),
    }
}

/// Numbers the entries from 0 and links each to the one before.
fn relink(parts: &mut Parts) {
    let mut before = Digest::from_bytes([0; 32]);
    let mut next = 0;
    for item in &mut parts.items {
        if let Item::Entry { index, bytes, .. } = item {
            *index = next;
            let mut entry: Value = serde_json::from_slice(bytes).expect("an entry");
            entry["index"] = next.into();
            entry["prev"] = HEXLOWER.encode(before.as_bytes()).into();
            *bytes = serde_json::to_vec(&entry).expect("JSON");
            before = leaf_hash(bytes);
            next += 1;
        }
    }
}

/// Writes every trailer and the checkpoint for the entries that now stand before them.
fn reroot(parts: &mut Parts, write: impl Fn(&str, u64, Digest, &str) -> String) {
    let origin = parts.key.split('+').next().expect("a name").to_owned();
    let mut leaves = Vec::new();
    for item in &mut parts.items {
        match item {
            Item::Entry { bytes, .. } => leaves.push(leaf_hash(bytes)),
            Item::Head { size, note } => {
                *size = u64::try_from(leaves.len()).expect("small");
                *note = write(&origin, *size, root(&leaves), note);
            }
            Item::Cut => {}
        }
    }
    let size = u64::try_from(leaves.len()).expect("small");
    parts.checkpoint = write(&origin, size, root(&leaves), &parts.checkpoint);
}

pub(super) fn root(leaves: &[Digest]) -> Digest {
    if leaves.is_empty() { sha256(&[]) } else { root_of(leaves) }
}

pub(super) fn body(origin: &str, size: u64, root: Digest) -> String {
    format!("{origin}\n{size}\n{}\n", BASE64.encode(root.as_bytes()))
}

/// C2SP signed-note, written without our code.
pub(super) fn note(origin: &str, size: u64, root: Digest, key: &SigningKey) -> String {
    signed(&body(origin, size, root), origin, key)
}

pub(super) fn signed(body: &str, name: &str, key: &SigningKey) -> String {
    let mut blob = key_id(name, ED25519, key).to_vec();
    blob.extend_from_slice(key.sign_raw(body.as_bytes()).as_bytes());
    format!("{body}\n\u{2014} {name} {}\n", BASE64.encode(&blob))
}

/// Another text under the signatures of a note.
pub(super) fn with_signature_of(note: &str, body: &str) -> String {
    let (_, signatures) = note.split_once("\n\n").expect("a note");
    format!("{body}\n{signatures}")
}

/// A note with a witness's line under it: C2SP tlog-cosignature, `cosignature/v1`.
pub(super) fn cosigned(note: &str, name: &str, witness: &SigningKey, at_s: u64) -> String {
    let (body, _) = note.split_once("\n\n").expect("a note");
    let mut blob = key_id(name, COSIGNER, witness).to_vec();
    blob.extend_from_slice(&at_s.to_be_bytes());
    let message = format!("cosignature/v1\ntime {at_s}\n{body}\n");
    blob.extend_from_slice(witness.sign_raw(message.as_bytes()).as_bytes());
    format!("{note}\u{2014} {name} {}\n", BASE64.encode(&blob))
}

/// Algorithms of signed notes.
const ED25519: u8 = 1;
const COSIGNER: u8 = 4;

/// The verifier key line of a log's key.
pub(super) fn key_line(name: &str, key: &SigningKey) -> String {
    line(name, ED25519, key)
}

/// The verifier key line of a witness's key.
pub(super) fn witness_line(name: &str, key: &SigningKey) -> String {
    line(name, COSIGNER, key)
}

fn line(name: &str, algorithm: u8, key: &SigningKey) -> String {
    let blob = [&[algorithm], &key.verifying_key().as_bytes()[..]].concat();
    format!("{name}+{}+{}", HEXLOWER.encode(&key_id(name, algorithm, key)), BASE64.encode(&blob))
}

fn key_id(name: &str, algorithm: u8, key: &SigningKey) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[algorithm], &key.verifying_key().as_bytes()[..]].concat());
    *hash.as_bytes().first_chunk().expect("32 bytes")
}
