//! Evidence packs, verified line by line as they come, in constant memory.

use std::io::{self, BufRead, Read as _};

use sealane_crypto::digest::tree::TreeFrontier;
use sealane_crypto::digest::{Digest, Sha256, leaf_hash, verify_inclusion};

use super::report::{Packed, Report, Subject};
use super::time::Confirmations;
use super::trust::{Key, Options};
use super::verdict::Verdict;
use crate::entry::Link;
use crate::pack::{End, Header, MAX_LINE_BYTES, PackedEntry};

/// Verifies a pack. Every entry's place is checked, and every opening against its commitment.
#[must_use]
pub fn verify_pack(pack: impl BufRead, options: &Options) -> Report {
    let mut lines = Lines { pack, line: Vec::new() };
    let none = |why: String| Report::unverifiable(Subject::Pack(Packed::default()), &why);
    let first = match lines.next() {
        Ok(Some(line)) => Header::parse(line).map(|header| (header, line.to_vec())),
        Ok(None) => Err("it is empty".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let (header, line) = match first {
        Ok(first) => first,
        Err(why) => return none(format!("this is no pack: {why}")),
    };
    let times = Confirmations::of(options.policy.as_ref(), std::iter::once(&header.checkpoint));
    let mut walk = Walk::new(&header, times);
    walk.hash.update(&line);
    if let Err(error) = walk.lines(&mut lines) {
        return none(format!("the pack cannot be read: {error}"));
    }
    let (found, times) = walk.found();
    report(header, found, times, options)
}

/// Lines of bounded length, each with its newline.
struct Lines<R> {
    pack: R,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let most = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
        self.pack.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        if self.line.len() == MAX_LINE_BYTES && self.line.last() != Some(&b'\n') {
            return Err(io::Error::other("a line is longer than a pack allows"));
        }
        Ok(Some(self.line.as_slice()).filter(|line| !line.is_empty()))
    }
}

/// What the lines of a pack add up to.
struct Found {
    entries: u64,
    openings: u64,
    altered: Option<Verdict>,
    missing: Option<Verdict>,
}

struct Walk<'a> {
    header: &'a Header,
    hash: Sha256,
    /// Entries so far in a contiguous pack.
    tree: Option<TreeFrontier>,
    /// The entry before: its index and leaf hash.
    before: Option<(u64, Digest)>,
    /// An entry that does not name the hash of the one before; the next one tells which was altered.
    suspect: Option<u64>,
    ended: bool,
    times: Confirmations,
    found: Found,
}

impl<'a> Walk<'a> {
    fn new(header: &'a Header, times: Confirmations) -> Self {
        let tree = header.range.as_ref().map(|range| range.frontier());
        let altered = match &tree {
            Some(None) => Some(Verdict::bad(None, "the hashes before the range do not fit its beginning")),
            _ => None,
        };
        let found = Found { entries: 0, openings: 0, altered, missing: None };
        Self {
            header,
            hash: Sha256::new(),
            tree: tree.flatten(),
            before: None,
            suspect: None,
            ended: false,
            times,
            found,
        }
    }

    fn lines<R: BufRead>(&mut self, lines: &mut Lines<R>) -> io::Result<()> {
        while let Some(line) = lines.next()? {
            if self.found.altered.is_some() {
                return Ok(());
            }
            if self.ended {
                self.found.altered = Some(Verdict::bad(None, "lines follow the last one"));
            } else if let Ok(entry) = serde_json::from_slice::<PackedEntry>(line) {
                self.entry(&entry);
                self.hash.update(line);
            } else if let Ok(end) = serde_json::from_slice::<End>(line) {
                self.end(&end);
            } else {
                let last = self.before.map(|(index, _)| index);
                // A line cut off in its middle is a copy cut short; a whole one that cannot be read was altered.
                if line.ends_with(b"\n") {
                    self.found.altered =
                        Some(Verdict::bad(None, format!("a line after entry {last:?} cannot be read")));
                }
                return Ok(());
            }
        }
        Ok(())
    }

    fn entry(&mut self, line: &PackedEntry) {
        if let Err(why) = self.place(line).and_then(|()| self.content(line)) {
            self.found.altered.get_or_insert_with(|| Verdict::bad(line.index, why));
        }
        self.times.entry(line.index, line.entry.as_bytes());
        self.found.entries += 1;
        self.before = Some((line.index, leaf_hash(line.entry.as_bytes())));
    }

    /// Its place under the checkpoint, or next to the one before.
    fn place(&mut self, line: &PackedEntry) -> Result<(), String> {
        let leaf = leaf_hash(line.entry.as_bytes());
        let head = &self.header.checkpoint;
        if self.before.is_some_and(|(index, _)| line.index <= index) {
            return Err("it comes after a later one".to_owned());
        }
        match (&mut self.tree, &line.proof) {
            (Some(tree), None) if tree.size() == line.index => {
                tree.push(leaf);
                Ok(())
            }
            (Some(tree), None) => Err(format!("entry {} was expected here", tree.size())),
            (Some(_), Some(_)) => Err("an entry of a contiguous pack has a proof of its own".to_owned()),
            (None, Some(proof)) => {
                verify_inclusion(&leaf, line.index, head.size(), proof, &head.root()).map_err(|error| error.to_string())
            }
            (None, None) => Err("it comes without a proof".to_owned()),
        }
    }

    /// What it says of itself and of the one before, and the values that are shown for it.
    fn content(&mut self, line: &PackedEntry) -> Result<(), String> {
        let bytes = line.entry.as_bytes();
        let link: Link = serde_json::from_slice(bytes).map_err(|error| format!("it is not an entry ({error})"))?;
        if link.index != line.index {
            return Err(format!("it says that its index is {}", link.index));
        }
        let linked = self.before.is_none_or(|(index, leaf)| index + 1 != line.index || leaf == link.prev);
        self.blame(linked, line.index);
        let commitments = super::openings::commitments(bytes);
        for opening in &line.openings {
            let committed =
                commitments.iter().any(|(field, digest)| field.is(&opening.field) && *digest == opening.commitment());
            if !committed {
                return Err(format!("the value shown for `{}` is not the one that it committed to", opening.field));
            }
            self.found.openings += 1;
        }
        Ok(())
    }

    /// An altered entry no longer has the hash that the next one names; one whose `prev` was altered has
    /// neither. The entry after both tells the two cases apart.
    fn blame(&mut self, linked: bool, index: u64) {
        match (self.suspect.take(), linked) {
            (Some(suspect), true) => self.altered(suspect.saturating_sub(1)),
            (Some(suspect), false) => self.altered(suspect),
            (None, false) => self.suspect = Some(index),
            (None, true) => {}
        }
    }

    fn altered(&mut self, index: u64) {
        let why = "it and its neighbours do not name each other's hashes: it was altered";
        self.found.altered.get_or_insert_with(|| Verdict::bad(index, why));
    }

    fn end(&mut self, end: &End) {
        self.ended = true;
        if let Some(suspect) = self.suspect.take() {
            self.altered(suspect.saturating_sub(1));
        }
        if end.sha256 != self.hash.clone().finish() {
            self.found
                .altered
                .get_or_insert_with(|| Verdict::bad(None, "the lines do not have the digest in the last one"));
        }
        if end.entries != self.found.entries {
            let why = format!("{} entries were packed and {} are here", end.entries, self.found.entries);
            self.found.missing = Some(Verdict::bad(None, why));
        }
    }

    fn found(mut self) -> (Found, Confirmations) {
        if !self.ended && self.found.altered.is_none() {
            let why = format!("the pack is cut short after {} entries", self.found.entries);
            self.found.missing = Some(Verdict::bad(None, why));
        }
        let (Some(range), Some(tree)) = (&self.header.range, &self.tree) else { return (self.found, self.times) };
        if self.found.altered.is_some() || self.found.missing.is_some() {
            return (self.found, self.times);
        }
        let head = &self.header.checkpoint;
        if tree.size() < range.to {
            let why = format!("the range is to reach to entry {}", range.to.saturating_sub(1));
            self.found.missing = Some(Verdict::bad(tree.size(), why));
        } else if let Err(error) = range.settle(tree, head.size(), &head.root()) {
            self.found.altered = Some(Verdict::bad(None, error.to_string()));
        }
        (self.found, self.times)
    }
}

fn report(header: Header, found: Found, mut times: Confirmations, options: &Options) -> Report {
    let head = &header.checkpoint;
    let key = Key::choose(Some(&header.key), head.origin(), options);
    let entries = found.entries;
    let forked = options.anchors.iter().any(|anchor| anchor.size() == head.size() && anchor.root() != head.root());
    let forked = forked
        .then(|| Verdict::bad(None, "an earlier checkpoint over as many entries has another root: the log was forked"));
    let sound = found.altered.is_none();
    let complete = || match &header.range {
        _ if !sound => Verdict::unknown("the entries that are here were altered"),
        Some(range) => Verdict::ok(format!("every entry from {} to before {} is here", range.from, range.to)),
        None => {
            Verdict::unknown("a filtered pack proves that its entries are in the log, not that no other would match")
        }
    };
    Report {
        origin: Some(head.origin().to_owned()),
        entries: head.size(),
        root: head.root(),
        key: key.used(),
        completeness: found.missing.unwrap_or_else(complete),
        integrity: found.altered.or(forked).unwrap_or_else(|| {
            Verdict::ok(format!("{entries} entries, each proven in its place under the root over {}", head.size()))
        }),
        authenticity: times.forged().unwrap_or_else(|| key.authenticity(head)),
        time: times.verdict(head.size()),
        openings: match found.openings {
            0 => Verdict::unknown("the pack shows no personal values"),
            shown => Verdict::ok(format!("{shown} values are those that the entries committed to")),
        },
        tiles: None,
        subject: Subject::Pack(Packed { packed: entries, asked: header.asked, made_at: header.made_at }),
    }
}
