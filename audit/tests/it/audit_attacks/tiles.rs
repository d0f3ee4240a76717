//! The tiles, which other people read: bundles exchanged, tiles edited, entries forged together with their leaves.
//! Our verifier reads the segments, and says of the tiles beside them that they are not of these entries.

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::root_of;

use super::parts::{Files, tiles};
use super::stage::Stage;
use super::verdict::Question;
use super::{Forged, Sight};
use crate::noise::Noise;

fn tampered(what: String, files: Files) -> Forged {
    Forged { what, files, ours: Sight::alone(Question::Tiles), others: Sight::alone(Question::Integrity) }
}

fn names(files: &Files, prefix: &str) -> Vec<String> {
    files.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
}

/// Two bundles change places, their leaf tiles with them or not; or stretches of entries do, across bundles.
pub(super) fn exchange_bundles(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.honest.clone();
    if noise.coin() {
        let mut entries = stage.parts.entries();
        let length = 1 + noise.below(40);
        let from = noise.below(256 - length);
        let to = 256 + noise.below(45 - length);
        for n in 0..length {
            entries.swap(from + n, to + n);
        }
        let forged = tiles(&entries, entries.len());
        let levels = if noise.coin() { "tile/" } else { "tile/entries" };
        files.extend(forged.into_iter().filter(|(name, _)| name.starts_with(levels)));
        return tampered(format!("{length} entries from {from} and {to} exchanged in {levels}"), files);
    }
    let (a, b) = (0, 1);
    for series in ["entries", "0"].iter().take(1 + noise.below(2)) {
        let names = names(&files, &format!("tile/{series}/"));
        let first = files[&names[a]].clone();
        let second = files.insert(names[b].clone(), first).expect("a bundle");
        files.insert(names[a].clone(), second);
    }
    tampered("both bundles exchanged".to_owned(), files)
}

/// Bits of a tile of hashes, at the bottom or above.
pub(super) fn edit_a_tile(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.honest.clone();
    let level = if noise.below(4) == 0 { "tile/1/" } else { "tile/0/" };
    let name = noise.pick(&names(&files, level)).clone();
    let bytes = files.get_mut(&name).expect("a tile");
    let at = noise.below(bytes.len());
    bytes[at] ^= 1 << noise.below(8);
    tampered(format!("byte {at} of {name}"), files)
}

/// An entry of a bundle, its leaf left as it was.
pub(super) fn edit_a_bundle(stage: &Stage, noise: &mut Noise) -> Forged {
    forge(stage, noise, "tile/entries/")
}

/// An entry and its leaf tile: what a reader that believes leaf tiles accepts.
pub(super) fn forge_entry_and_leaf(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut forged = forge(stage, noise, "tile/entries/");
    let level = |level: &str| names(&forged.files, level);
    let leaves = level("tile/0/");
    let honest = stage.parts.entries();
    let wanted = tiles(&read_back(&forged.files, honest.len()), honest.len());
    for name in leaves {
        forged.files.insert(name.clone(), wanted[&name].clone());
    }
    forged
}

/// An entry and every tile above it: everything agrees but the signed root.
pub(super) fn forge_up_to_the_root(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut forged = forge(stage, noise, "tile/entries/");
    let size = stage.parts.entries().len();
    forged.files.extend(tiles(&read_back(&forged.files, size), size));
    forged
}

fn forge(stage: &Stage, noise: &mut Noise, of: &str) -> Forged {
    let mut entries = stage.parts.entries();
    let n = noise.below(entries.len());
    let at = noise.below(entries[n].len());
    entries[n][at] ^= 1 << noise.below(7);
    let mut files = stage.honest.clone();
    let forged = tiles(&entries, entries.len());
    files.extend(forged.into_iter().filter(|(name, _)| name.starts_with(of)));
    tampered(format!("byte {at} of entry {n}"), files)
}

/// The entries of the bundles.
fn read_back(files: &Files, size: usize) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for name in names(files, "tile/entries/") {
        let mut rest = files[&name].as_slice();
        while let Some((length, tail)) = rest.split_first_chunk::<2>() {
            let (entry, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)));
            entries.push(entry.to_vec());
            rest = tail;
        }
    }
    assert_eq!(entries.len(), size);
    entries
}

/// Cut short, lengthened, or gone.
pub(super) fn cut_a_file(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.honest.clone();
    let name = noise.pick(&names(&files, "tile/")).clone();
    let bytes = files.get_mut(&name).expect("a tile");
    let what = match noise.below(4) {
        0 => {
            files.remove(&name);
            "gone".to_owned()
        }
        1 => {
            let more: Vec<u8> =
                (0..=noise.below(64)).map(|_| u8::try_from(noise.below(256)).expect("a byte")).collect();
            bytes.extend_from_slice(&more);
            format!("{} bytes longer", more.len())
        }
        _ => {
            let length = noise.below(bytes.len());
            bytes.truncate(length);
            format!("cut to {length} bytes")
        }
    };
    tampered(format!("{name} {what}"), files)
}

/// Hashes of the level above in the place of leaves: a node shown as an entry's hash.
pub(super) fn show_a_node_as_a_leaf(stage: &Stage, noise: &mut Noise) -> Forged {
    let mut files = stage.honest.clone();
    let name = noise.pick(&names(&files, "tile/0/")).clone();
    let bytes = files.get_mut(&name).expect("a tile");
    let hashes: Vec<Digest> = bytes.as_chunks::<32>().0.iter().map(|hash| Digest::from_bytes(*hash)).collect();
    let at = noise.below(hashes.len() - 1);
    let node = root_of(&hashes[at..at + 2]);
    bytes[at * 32..at * 32 + 32].copy_from_slice(node.as_bytes());
    tampered(format!("a node in the place of leaf {at} of {name}"), files)
}
