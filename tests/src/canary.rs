//! Canaries: a thousand people who exist nowhere, and the search for every trace of them.
//!
//! A canary is a word of sixteen letters and digits that no other text has, dressed as a name, a record number or an address.
//! A test plants them wherever a client may say something; afterwards [`Scanner`] looks through everything that a site keeps,
//! byte by byte, in any spelling that a program is likely to give a text: as it is, as UTF-16, in hexadecimal, in Base64 at each
//! of its three alignments, percent-encoded. Upper and lower case are the same to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use anyhow::ensure;
use data_encoding::{BASE64, HEXLOWER};

use crate::control_database::dump;
use crate::noise::Noise;
use crate::site::Site;

/// How many there are.
pub const COUNT: usize = 1_000;
/// The letters of every word: none that look alike, so that a finding can be read out.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH: usize = 16;
/// Files are looked at in pieces of this size.
const PAGE: usize = 4 << 10;

/// The thousand, and which of them were planted.
pub struct Canaries {
    words: Vec<String>,
    planted: usize,
}

impl Canaries {
    /// The thousand of this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut noise = Noise::seeded(seed);
        let mut letter = || {
            let drawn = usize::try_from(noise.between(0, LETTERS.len() as u64)).unwrap_or_default();
            char::from(LETTERS.get(drawn).copied().unwrap_or(b'A'))
        };
        let words: BTreeSet<String> =
            std::iter::repeat_with(|| std::iter::repeat_with(&mut letter).take(LENGTH).collect()).take(COUNT).collect();
        Self { words: words.into_iter().collect(), planted: 0 }
    }

    /// The next word, for a place that takes nothing but letters and digits.
    ///
    /// # Panics
    /// When all were planted: the story needs more.
    #[expect(clippy::expect_used, reason = "a story that plants more than there are must be told so where it does")]
    pub fn word(&mut self) -> String {
        let word = self.words.get(self.planted).expect("there are a thousand canaries").clone();
        self.planted += 1;
        word
    }

    /// A person's name, with what names have: spaces, an apostrophe, a letter beyond ASCII.
    pub fn name(&mut self) -> String {
        format!("Zo\u{eb} O'{} Lindqvist-Ortega", self.word())
    }

    /// A medical record number.
    pub fn record_number(&mut self) -> String {
        format!("MRN-{}", self.word())
    }

    /// An e-mail address, in small letters as issuers give them.
    pub fn address(&mut self) -> String {
        format!("{}@patients.example", self.word().to_lowercase())
    }

    /// A path of two names.
    pub fn path(&mut self) -> String {
        format!("/{}/{}.dcm", self.record_number(), self.name())
    }

    /// How many have not been planted yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.words.len() - self.planted
    }

    /// No trace of any of them in what these sites keep.
    ///
    /// # Errors
    /// With the traces.
    pub fn left_no_trace(&self, sites: &[&Site]) -> anyhow::Result<()> {
        let (scanner, mut found) = (self.scanner()?, BTreeSet::new());
        for site in sites {
            ensure!(scanner.site(site, &mut found)? > 1 << 20, "nearly nothing was looked at");
        }
        none("what the sites keep", &found)
    }

    /// What finds all of them.
    ///
    /// # Errors
    /// When the search cannot be built.
    pub fn scanner(&self) -> anyhow::Result<Scanner> {
        Scanner::of(&self.words)
    }
}

/// A trace of a canary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    /// Where: a file, a column.
    pub place: String,
    /// Which.
    pub word: String,
    /// In which spelling.
    pub spelling: &'static str,
}

/// The spellings of a word in which it is searched for.
#[must_use]
pub fn spellings(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The last zero may be the first of many.
    wide.pop();
    let mut all = vec![("as it is", word.as_bytes().to_vec()), ("UTF-16", wide)];
    // Upper and lower case have other codes, and so other digits and letters.
    for word in [word.to_uppercase(), word.to_lowercase()] {
        let percent: String = word.bytes().map(|byte| format!("%{byte:02x}")).collect();
        all.push(("hexadecimal", HEXLOWER.encode(word.as_bytes()).into_bytes()));
        all.push(("percent-encoded", percent.into_bytes()));
        all.extend((0..3).flat_map(|before| base64(&word, before)).map(|text| ("Base64", text.into_bytes())));
    }
    all
}

/// A word as Base64 after so many other bytes, in both alphabets: the letters that depend on nothing but the word.
fn base64(word: &str, before: usize) -> BTreeSet<String> {
    let encoded = BASE64.encode(&[&vec![0; before][..], word.as_bytes()].concat());
    let (from, to) = ((before * 8).div_ceil(6), (before + word.len()) * 8 / 6);
    let sure = encoded.get(from..to).unwrap_or_default();
    BTreeSet::from([sure.to_owned(), sure.replace('+', "-").replace('/', "_")])
}

/// Finds every spelling of every canary in one pass.
pub struct Scanner {
    search: AhoCorasick,
    patterns: Vec<(String, &'static str)>,
}

impl Scanner {
    fn of(words: &[String]) -> anyhow::Result<Self> {
        let all =
            words.iter().flat_map(|word| spellings(word).into_iter().map(move |spelling| (word.clone(), spelling)));
        let (patterns, bytes): (Vec<_>, Vec<_>) =
            all.map(|(word, (spelling, bytes))| ((word, spelling), bytes)).unzip();
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(bytes)?;
        Ok(Self { search, patterns })
    }

    /// Traces in some bytes.
    pub fn bytes(&self, place: &str, bytes: &[u8], found: &mut BTreeSet<Trace>) {
        for piece in pieces(bytes) {
            for hit in self.search.find_iter(piece) {
                if let Some((word, spelling)) = self.patterns.get(hit.pattern().as_usize()) {
                    found.insert(Trace { place: place.to_owned(), word: word.clone(), spelling });
                }
            }
        }
    }

    /// Traces in everything that a site keeps, on its machine and on a database server: but for the storage, what clients
    /// received, and the configuration that its administrator wrote. Says how many bytes it saw.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn site(&self, site: &Site, found: &mut BTreeSet<Trace>) -> anyhow::Result<u64> {
        let mut seen = self.folder(site.folder(), &allowed(site)?, found)?;
        for (place, value) in site.database_url().map(dump).transpose()?.unwrap_or_default() {
            seen += value.len() as u64;
            self.bytes(&place, &value, found);
        }
        Ok(seen)
    }

    /// Traces in every file of a folder and in its names, but for what is beneath `allowed`. Says how many bytes it saw.
    ///
    /// # Errors
    /// When a file cannot be read that is still there.
    pub fn folder(&self, folder: &Path, allowed: &[PathBuf], found: &mut BTreeSet<Trace>) -> anyhow::Result<u64> {
        let mut seen = 0;
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if allowed.contains(&path) {
                    continue;
                }
                let place = path.display().to_string();
                self.bytes(&format!("the name {place}"), place.as_bytes(), found);
                // A site that runs removes files while they are looked at.
                let Ok(about) = fs::symlink_metadata(&path) else { continue };
                if about.is_dir() {
                    folders.push(path);
                } else if about.is_file() {
                    match fs::read(&path) {
                        Ok(bytes) => {
                            seen += bytes.len() as u64;
                            self.bytes(&place, &bytes, found);
                        }
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(seen)
    }
}

/// Where a canary may be at a site.
fn allowed(site: &Site) -> anyhow::Result<Vec<PathBuf>> {
    let of_clients = fs::read_dir(site.folder())?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    let is_home = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("home-of-"));
    let storage = site.collections().map(|name| site.data(name));
    let others = [site.folder().join("operator"), site.config()];
    Ok(of_clients.into_iter().filter(is_home).chain(storage).chain(others).collect())
}

/// The parts of some bytes that are not pages full of zeros: files of the log are made long before they are full.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let is_empty = |page: &[u8]| page.iter().all(|byte| *byte == 0);
        let skipped: usize = rest.chunks(PAGE).take_while(|page| is_empty(page)).map(<[u8]>::len).sum();
        let after = rest.get(skipped..).unwrap_or_default();
        let kept: usize = after.chunks(PAGE).take_while(|page| !is_empty(page)).map(<[u8]>::len).sum();
        let (piece, next) = after.split_at(kept);
        rest = next;
        (!piece.is_empty()).then_some(piece)
    })
}

/// No trace, or an error that names each place once, with a few of the traces there.
///
/// # Errors
/// When there are traces.
pub fn none(what: &str, found: &BTreeSet<Trace>) -> anyhow::Result<()> {
    let lines: Vec<String> =
        found.iter().take(40).map(|trace| format!("{} {}: {}", trace.word, trace.spelling, trace.place)).collect();
    ensure!(found.is_empty(), "{} traces of canaries in {what}, such as\n{}", found.len(), lines.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_canary_is_found_and_nothing_else_is() {
        let mut canaries = Canaries::seeded(7);
        let scanner = canaries.scanner().unwrap();
        let word = canaries.word();
        let mut found = BTreeSet::new();
        scanner.bytes("noise", &Noise::seeded(3).bytes(1 << 20), &mut found);
        scanner.bytes("half", &word.as_bytes()[..LENGTH - 1], &mut found);
        assert_eq!(found, BTreeSet::new());
        for before in 0..4 {
            let text = format!("{}{} and more", "x".repeat(before), word.to_lowercase());
            let spelt: [(&str, Vec<u8>); 6] = [
                ("as it is", text.clone().into_bytes()),
                ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
                ("hexadecimal", data_encoding::HEXUPPER.encode(text.as_bytes()).into_bytes()),
                ("percent-encoded", text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>().into_bytes()),
                ("Base64", BASE64.encode(text.as_bytes()).into_bytes()),
                ("Base64", data_encoding::BASE64URL_NOPAD.encode(text.to_uppercase().as_bytes()).into_bytes()),
            ];
            for (spelling, bytes) in spelt {
                // Across pages of a file, one of them empty.
                for gap in [0, PAGE - 5, 3 * PAGE - 7] {
                    let mut found = BTreeSet::new();
                    scanner.bytes("here", &[&vec![0; gap][..], &bytes].concat(), &mut found);
                    let trace = Trace { place: "here".to_owned(), word: word.clone(), spelling };
                    assert_eq!(found, BTreeSet::from([trace]), "{text} {spelling} {gap}");
                }
            }
        }
    }

    #[test]
    fn a_thousand_words_are_a_thousand_words() {
        let canaries = Canaries::seeded(1);
        assert_eq!(canaries.left(), COUNT);
        assert!(canaries.words.iter().all(|word| word.len() == LENGTH));
        assert_ne!(canaries.words, Canaries::seeded(2).words);
        assert_eq!(canaries.words, Canaries::seeded(1).words);
    }
}
