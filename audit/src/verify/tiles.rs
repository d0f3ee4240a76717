//! A log verified from its C2SP tiles (`tlog-tiles`): every entry from the bundles, every hash recomputed.
//!
//! This is what a copy fetched over HTTP has. The tiles of hashes are never believed: whoever forges an
//! entry can forge the tile over it. They are compared with what the entries make, and where they differ
//! they are named. Beside segments all of this is derived, and says nothing against the log itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::TreeFrontier;

use super::hash_tiles::HashTiles;
use super::report::{Report, Subject, TileVerdicts};
use super::time::Confirmations;
use super::trust::{Anchors, Key, Options};
use super::verdict::Verdict;
use crate::entry::{Link, leaf};
use crate::log::chain::{Chain, Fault};
use crate::log::layout::Layout;
use crate::log::tile::{self, WIDTH};
use crate::note::Checkpoint;
use crate::rotation;
use crate::witness::Policy;

/// The entry bundles under the tiles of a log of that many entries.
#[derive(Clone)]
pub(super) struct Bundles {
    directory: PathBuf,
    size: u64,
}

/// One bundle, cut into its entries; or what stands in its place.
enum Bundle {
    Entries(Vec<Vec<u8>>),
    Missing,
    Damaged(String),
}

impl Bundles {
    pub(super) fn new(layout: &Layout, size: u64) -> Self {
        Self { directory: layout.tiles().join("entries"), size }
    }

    fn count(&self) -> u64 {
        self.size.div_ceil(256)
    }

    /// How it is called in a verdict.
    fn place(&self, number: u64) -> String {
        format!("tile/entries/{}", tile::name(number))
    }

    fn read(&self, number: u64) -> io::Result<Bundle> {
        let width = width_at(self.size, number);
        let Some((bytes, there)) = read_wide(&self.directory, number, width)? else { return Ok(Bundle::Missing) };
        let mut entries = Vec::with_capacity(width);
        let mut rest = bytes.as_slice();
        while entries.len() < width {
            let cut = rest
                .split_first_chunk::<2>()
                .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
            let Some((entry, after)) = cut else {
                return Ok(Bundle::Damaged(format!("it holds {} of {width} entries", entries.len())));
            };
            entries.push(entry.to_vec());
            rest = after;
        }
        if there == width && !rest.is_empty() {
            return Ok(Bundle::Damaged(format!("{} bytes follow its last entry", rest.len())));
        }
        Ok(Bundle::Entries(entries))
    }

    /// The bytes of one entry, if its bundle is there and whole.
    pub(super) fn entry(&self, index: u64) -> io::Result<Option<Vec<u8>>> {
        let at = usize::try_from(index % 256).unwrap_or(usize::MAX);
        match self.read(index / 256)? {
            Bundle::Entries(entries) if index < self.size => Ok(entries.into_iter().nth(at)),
            _ => Ok(None),
        }
    }

    /// Would the root fit, if the hash of entry `index` was `claimed`?
    fn fits(&self, index: u64, claimed: Digest, root: Digest) -> io::Result<bool> {
        let mut tree = TreeFrontier::new();
        for number in 0..self.count() {
            let Bundle::Entries(entries) = self.read(number)? else { return Ok(false) };
            for entry in entries {
                tree.push(if tree.size() == index { claimed } else { leaf(&entry) });
            }
        }
        Ok(tree.root() == root)
    }
}

/// Entries or hashes in tile `number` of a level that has `size` of them.
pub(super) fn width_at(size: u64, number: u64) -> usize {
    let left = size.saturating_sub(number.saturating_mul(256));
    usize::try_from(left).unwrap_or(WIDTH).min(WIDTH)
}

/// A tile at least so wide, and its width: the partial one, or the full one that replaced it.
pub(super) fn read_wide(directory: &Path, number: u64, width: usize) -> io::Result<Option<(Vec<u8>, usize)>> {
    let full = directory.join(tile::name(number));
    let partial = PathBuf::from(format!("{}.p", full.display())).join(width.to_string());
    let paths = [(partial, width), (full, WIDTH)];
    for (path, wide) in paths.into_iter().skip(usize::from(width == WIDTH)) {
        match fs::read(path) {
            Ok(bytes) => return Ok(Some((bytes, wide))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// What a walk over the bundles found.
pub(super) struct Found {
    report: Report,
    hash_tiles: TileVerdicts,
}

impl Found {
    /// There is nothing but tiles: the entries in the bundles are the log.
    pub(super) fn alone(self) -> Report {
        Report { tiles: Some(self.hash_tiles), ..self.report }
    }

    /// The segments are the log: bundles and hashes alike are derived.
    pub(super) fn beside_segments(self) -> TileVerdicts {
        let worse = |entries: Verdict, hashes: Verdict| if entries.is_bad() { entries } else { hashes }.derived();
        TileVerdicts {
            integrity: worse(self.report.integrity, self.hash_tiles.integrity),
            completeness: worse(self.report.completeness, self.hash_tiles.completeness),
        }
    }
}

pub(super) struct TileWalk<'a> {
    layout: &'a Layout,
    key: &'a Key,
    anchors: Anchors,
    policy: Option<&'a Policy>,
    chain: Chain,
    integrity: Option<Verdict>,
    completeness: Option<Verdict>,
    /// The last entry that names a new key for the log, and that key.
    named: Option<(u64, String)>,
}

impl<'a> TileWalk<'a> {
    pub(super) fn new(layout: &'a Layout, key: &'a Key, options: &'a Options) -> Self {
        let (anchors, policy) = (Anchors::new(options), options.policy.as_ref());
        Self { layout, key, anchors, policy, chain: Chain::new(), integrity: None, completeness: None, named: None }
    }

    pub(super) fn run(mut self) -> io::Result<Found> {
        let head = match self.layout.read_checkpoint()?.map(|text| Checkpoint::parse(&text)) {
            Some(Ok(head)) => head,
            Some(Err(error)) => return Ok(headless(format!("the checkpoint file is damaged: {error}"))),
            None => return Ok(headless("the checkpoint file is missing: nothing says what the tiles hold".to_owned())),
        };
        self.anchors.add(head.clone(), "the checkpoint file");
        self.anchors.add_kept(self.layout)?;
        self.key
            .handed_over()
            .for_each(|head| self.anchors.add(head.clone(), "the head at which the key was replaced"));
        let mut times = Confirmations::of(self.policy, self.anchors.heads());
        let bundles = Bundles::new(self.layout, head.size());
        let mut hashes = HashTiles::new(self.layout.tiles(), head.size());
        self.entries(&bundles, &head, &mut hashes, &mut times)?;
        let hash_tiles = hashes.finish()?;
        self.root(&head, &hash_tiles);
        Ok(Found { report: self.report(&head, times), hash_tiles })
    }

    fn entries(
        &mut self,
        bundles: &Bundles,
        head: &Checkpoint,
        hashes: &mut HashTiles,
        times: &mut Confirmations,
    ) -> io::Result<()> {
        self.anchors.meet(&self.chain);
        for number in 0..bundles.count() {
            let first = self.chain.size();
            let place = Some(bundles.place(number));
            let entries = match bundles.read(number)? {
                Bundle::Entries(entries) => entries,
                Bundle::Missing => {
                    let why = "this entry bundle is missing".to_owned();
                    self.completeness = Some(Verdict::Bad { entry: Some(first), place, why });
                    return Ok(());
                }
                Bundle::Damaged(why) => {
                    self.integrity = Some(Verdict::Bad { entry: Some(first), place, why });
                    return Ok(());
                }
            };
            for entry in entries {
                let index = self.chain.size();
                match self.chain.entry(index, &entry) {
                    Ok(leaf) => hashes.push(leaf)?,
                    Err(Fault(why)) => {
                        let (entry, why) = blame(bundles, head, index, &entry, why)?;
                        let place = Some(bundles.place(entry / 256));
                        self.integrity = Some(Verdict::Bad { entry: Some(entry), place, why });
                        return Ok(());
                    }
                }
                self.anchors.meet(&self.chain);
                if let Some(key) = rotation::named(&entry) {
                    self.named = Some((index, key));
                }
                times.entry(index, &entry);
            }
        }
        Ok(())
    }

    /// All entries link; is it they that were signed?
    fn root(&mut self, head: &Checkpoint, hash_tiles: &TileVerdicts) {
        if self.integrity.is_some() || self.chain.size() != head.size() || self.chain.root() == head.root() {
            return;
        }
        // The tiles prove nothing, but one that still holds the old hash points at the place.
        let (entry, place) = match &hash_tiles.integrity {
            Verdict::Bad { entry, place, .. } => (*entry, place.clone()),
            _ => (None, None),
        };
        let why = "the root over the entries is not the one that was signed".to_owned();
        self.integrity = Some(Verdict::Bad { entry, place, why });
    }

    fn report(mut self, head: &Checkpoint, mut times: Confirmations) -> Report {
        let size = self.chain.size();
        let whole = size == head.size();
        let altered = self.integrity.take().or_else(|| self.anchors.missed());
        let integrity = altered.unwrap_or_else(|| {
            if whole {
                Verdict::ok(format!("{size} entries, each link and the root recomputed from the entry bundles"))
            } else {
                Verdict::unknown("the root can be compared only over all entries")
            }
        });
        let short = self.anchors.beyond(size).map(|why| Verdict::bad(size, why));
        let completeness = self.completeness.take().or(short).or_else(|| self.anchors.damaged());
        let origin = self.key.origin.clone().or_else(|| Some(head.origin().to_owned()));
        let not_signed = self.key.keys.as_ref().and_then(|keys| self.anchors.not_signed(keys, origin.as_deref()));
        Report {
            subject: Subject::Log,
            origin,
            entries: size,
            root: self.chain.root(),
            key: self.key.used(),
            integrity,
            completeness: completeness
                .unwrap_or_else(|| Verdict::ok("the entries reach as far as the newest checkpoint known")),
            authenticity: self
                .key
                .wrong()
                .or_else(|| self.key.unproven(self.named.as_ref()))
                .or(not_signed)
                .or(times.forged())
                .unwrap_or_else(|| self.key.signed()),
            time: times.verdict(size),
            openings: Verdict::unknown("a copy of tiles has no openings"),
            tiles: None,
        }
    }
}

/// Nothing can be said of tiles without the head that they belong to.
fn headless(why: String) -> Found {
    let unknown = || Verdict::unknown("without a checkpoint nothing can be compared");
    let hash_tiles = TileVerdicts { integrity: unknown(), completeness: unknown() };
    Found { report: Report::unreadable(why), hash_tiles }
}

/// An entry that does not follow from the one before: which of the two was altered?
fn blame(bundles: &Bundles, head: &Checkpoint, entry: u64, bytes: &[u8], why: String) -> io::Result<(u64, String)> {
    let claimed = serde_json::from_slice::<Link>(bytes).ok().filter(|link| link.index == entry);
    if let (Some(before), Some(link)) = (entry.checked_sub(1), claimed)
        && bundles.fits(before, link.prev, head.root())?
    {
        return Ok((before, format!("it was altered: entry {entry} and the signed root know another hash of it")));
    }
    Ok((entry, why))
}
