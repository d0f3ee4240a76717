//! One pass over the entries, from the first byte to the last.

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::thread;

use super::look::{Linked, Looked, look};
use super::openings::Openings;
use super::report::{Report, Subject};
use super::slab::{End, Kept, Slab, Slabs};
use super::time::Confirmations;
use super::trust::{Anchors, Key, Options};
use super::verdict::Verdict;
use super::{blame, pipeline};
use crate::entry::Link;
use crate::log::chain::{Chain, Fault};
use crate::log::cursor::Place;
use crate::log::layout::Layout;
use crate::log::tail::{SoundEnd, Tail};
use crate::note::Checkpoint;
use crate::rotation::Keys;
use crate::witness::Policy;

/// Signatures checked together, on all processors.
const SIGNATURES_AT_ONCE: usize = 4096;

/// The first thing that is wrong with the entries.
struct Wrong {
    entry: u64,
    at: Place,
    why: String,
}

pub(super) struct Walk<'a> {
    layout: &'a Layout,
    segments: PathBuf,
    key: &'a Key,
    origin: Option<String>,
    anchors: Anchors,
    policy: Option<&'a Policy>,
    chain: Chain,
    /// After the last batch that its trailer confirms.
    sound: (Chain, Place),
    unsigned: Vec<Checkpoint>,
    authenticity: Option<Verdict>,
    integrity: Option<Verdict>,
    /// The last entry that names a new key for the log, and that key.
    named: Option<(u64, String)>,
    /// What stands among the openings behind those of the last entry.
    left_over: Option<(u64, Place, &'static str)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(layout: &'a Layout, key: &'a Key, options: &'a Options) -> Self {
        Self {
            layout,
            segments: layout.segments(),
            key,
            origin: key.origin.clone(),
            anchors: Anchors::new(options),
            policy: options.policy.as_ref(),
            chain: Chain::new(),
            sound: (Chain::new(), Place::default()),
            unsigned: Vec::new(),
            authenticity: key.wrong(),
            integrity: None,
            named: None,
            left_over: None,
        }
    }

    pub(super) fn run(mut self) -> io::Result<Report> {
        let published = self.published()?;
        self.anchors.add_kept(self.layout)?;
        self.key
            .handed_over()
            .for_each(|head| self.anchors.add(head.clone(), "the head at which the key was replaced"));
        let mut confirmations = Confirmations::of(self.policy, self.anchors.heads());
        let mut openings = Openings::new(self.layout)?;
        let wrong = self.entries(&mut openings, &mut confirmations)?;
        self.check_signatures();
        let size = self.sound.0.size();
        if let (Some((index, at, why)), None) = (self.left_over.take(), &wrong)
            && self.chain.size() == size
        {
            openings.left_over(index, at, why);
        }
        let completeness = self.judge(wrong, published)?;
        Ok(self.report(completeness, openings.verdict(), confirmations))
    }

    /// The checkpoint beside the log is an anchor like any other; what is wrong with it, if something is.
    fn published(&mut self) -> io::Result<Option<String>> {
        let Some(text) = self.layout.read_checkpoint()? else {
            return Ok(Some("the checkpoint file is missing, so the end of the log cannot be told".to_owned()));
        };
        match Checkpoint::parse(&text) {
            Ok(head) => {
                self.origin.get_or_insert_with(|| head.origin().to_owned());
                self.anchors.add(head, "the checkpoint file");
                Ok(None)
            }
            Err(error) => Ok(Some(format!("the checkpoint file is damaged: {error}"))),
        }
    }

    fn entries(&mut self, openings: &mut Openings, times: &mut Confirmations) -> io::Result<Option<Wrong>> {
        self.anchors.meet(&self.chain);
        let mut wrong = None;
        pipeline::run(Slabs::new(self.layout), |slab, looked| {
            wrong = self.slab(&slab, looked, openings, times)?;
            Ok(if wrong.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(wrong)
    }

    /// Takes a slab that was looked at: do its entries continue those before?
    fn slab(
        &mut self,
        slab: &Slab,
        looked: Looked,
        openings: &mut Openings,
        times: &mut Confirmations,
    ) -> io::Result<Option<Wrong>> {
        let mut linked = looked.entries.into_iter();
        for (taken, kept) in slab.records.iter().enumerate() {
            if let Some(wrong) = self.record(slab, kept, &mut linked, times)? {
                // Openings count for sound entries only.
                let sound = slab.records.iter().take(taken).filter(|kept| !kept.trailer).count();
                openings.take(look(slab, sound).openings);
                return Ok(Some(wrong));
            }
        }
        openings.take(looked.openings);
        let entry = self.chain.size();
        match slab.end {
            None => Ok(None),
            Some(End::Broken { at, why }) => Ok(Some(Wrong { entry, at, why: why.to_owned() })),
            Some(End::Blank) => {
                let over = slab.left_over;
                let over =
                    over.map(|(of, at)| (of, at, "an opening is left over for an entry that does not stand there"));
                self.left_over = slab.openings_broken.filter(|(of, ..)| *of >= entry).or(over);
                Ok(None)
            }
        }
    }

    /// Takes an entry or a batch trailer.
    fn record(
        &mut self,
        slab: &Slab,
        kept: &Kept,
        linked: &mut impl Iterator<Item = Linked>,
        times: &mut Confirmations,
    ) -> io::Result<Option<Wrong>> {
        let (entry, bytes, at) = (self.chain.size(), slab.bytes(&kept.bytes), kept.at);
        if kept.trailer {
            let Err(Fault(why)) = self.trailer(kept.number, bytes, kept.next) else { return Ok(None) };
            let entry = blame::in_batch(&self.segments, self.sound.0.size(), entry)?;
            return Ok(Some(Wrong { entry, at, why }));
        }
        // INVARIANT: a look sees every entry of its slab.
        let Some(Linked { link, leaf, names }) = linked.next() else {
            return Err(io::Error::other("an entry was not looked at"));
        };
        if let Err(Fault(why)) = self.chain.linked(kept.number, link, leaf) {
            let (entry, why) = self.blame_link(entry, bytes, why)?;
            return Ok(Some(Wrong { entry, at, why }));
        }
        if let Some(key) = names {
            self.named = Some((entry, key));
        }
        times.entry(entry, bytes);
        self.anchors.meet(&self.chain);
        Ok(None)
    }

    /// An entry that does not follow from the one before: which of the two was altered?
    fn blame_link(&self, entry: u64, bytes: &[u8], why: String) -> io::Result<(u64, String)> {
        let before = entry.checked_sub(1);
        let claimed = serde_json::from_slice::<Link>(bytes).ok().filter(|link| link.index == entry);
        if let (Some(before), Some(link)) = (before, claimed)
            && self.sound.0.size() < entry
            && blame::fits(&self.segments, before, link.prev)?
        {
            return Ok((before, format!("it was altered: entry {entry} and the signed root know another hash of it")));
        }
        Ok((entry, why))
    }

    fn trailer(&mut self, size: u64, note: &[u8], next: Place) -> Result<(), Fault> {
        if self.origin.is_none() {
            let head = std::str::from_utf8(note).ok().and_then(|text| Checkpoint::parse(text).ok());
            self.origin = head.map(|head| head.origin().to_owned());
        }
        let head = self.chain.trailer(size, note, self.origin.as_deref().unwrap_or_default())?;
        self.sound = (self.chain.clone(), next);
        self.unsigned.push(head);
        if self.unsigned.len() >= SIGNATURES_AT_ONCE {
            self.check_signatures();
        }
        Ok(())
    }

    fn check_signatures(&mut self) {
        let Some(keys) = &self.key.keys else { return };
        let heads = std::mem::take(&mut self.unsigned);
        if self.authenticity.is_some() {
            return;
        }
        if let Some(head) = first_not_signed(&heads, keys) {
            let why = format!("the checkpoint over {} entries is not signed by this key", head.size());
            self.authenticity = Some(Verdict::bad(head.size().checked_sub(1), why));
        }
    }

    /// Completeness, and integrity where what is wrong was once acknowledged.
    fn judge(&mut self, wrong: Option<Wrong>, published: Option<String>) -> io::Result<Verdict> {
        let (size, end) = (self.sound.0.size(), self.sound.1);
        self.integrity = self.anchors.missed();
        let origin = self.origin.clone().unwrap_or_default();
        let sound = SoundEnd { layout: self.layout, origin: &origin, keys: self.key.keys.as_ref(), end, size };
        let tail = sound.judge(wrong.as_ref().map(|wrong| wrong.at))?;
        let short = self.anchors.beyond(size);
        let acknowledged = short.is_some() || matches!(tail, Tail::Damaged);
        if let (Some(wrong), true) = (&wrong, acknowledged) {
            self.integrity.get_or_insert_with(|| Verdict::Bad {
                entry: Some(wrong.entry),
                place: Some(wrong.at.to_string()),
                why: wrong.why.clone(),
            });
        }
        if let Some(why) = short {
            return Ok(Verdict::bad(size, why));
        }
        if let Some(why) = published {
            return Ok(Verdict::bad(None, why));
        }
        if let Some(damaged) = self.anchors.damaged() {
            return Ok(damaged);
        }
        Ok(match (tail, wrong) {
            (Tail::Clean, _) => Verdict::ok("the entries reach as far as the newest checkpoint known"),
            (Tail::Damaged, wrong) => {
                Verdict::bad(size, wrong.map_or_else(|| "bytes that belong to no batch".to_owned(), |wrong| wrong.why))
            }
            (Tail::Torn(tails), wrong) => Verdict::Bad {
                entry: Some(wrong.as_ref().map_or(size, |wrong| wrong.entry)),
                place: Some(wrong.as_ref().map_or(end, |wrong| wrong.at).to_string()),
                why: format!(
                    "{} bytes after the last batch belong to none: a write cut off by a crash, or still under way",
                    tails.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
                ),
            },
        })
    }

    fn authenticity(&mut self, forged: Option<Verdict>) -> Verdict {
        let not_signed = self.key.keys.as_ref().and_then(|keys| self.anchors.not_signed(keys, self.origin.as_deref()));
        let unproven = self.key.unproven(self.named.as_ref());
        self.authenticity.take().or(unproven).or(not_signed).or(forged).unwrap_or_else(|| self.key.signed())
    }

    fn report(mut self, completeness: Verdict, openings: Verdict, mut times: Confirmations) -> Report {
        let authenticity = self.authenticity(times.forged());
        let (chain, _) = self.sound;
        let links = format!("{} entries, each link and each root recomputed", chain.size());
        Report {
            subject: Subject::Log,
            origin: self.origin,
            entries: chain.size(),
            root: chain.root(),
            key: self.key.used(),
            integrity: self.integrity.unwrap_or_else(|| Verdict::ok(links)),
            completeness,
            authenticity,
            time: times.verdict(chain.size()),
            openings,
            tiles: None,
        }
    }
}

fn first_not_signed<'a>(heads: &'a [Checkpoint], keys: &Keys) -> Option<&'a Checkpoint> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = heads.len().div_ceil(threads).max(1);
    let bad = |heads: &'a [Checkpoint]| heads.iter().find(|head| head.verify(&keys.at(head.size())).is_err());
    thread::scope(|scope| {
        let shares: Vec<_> = heads.chunks(share).map(|heads| scope.spawn(move || bad(heads))).collect();
        // A share whose thread died is checked again here.
        shares
            .into_iter()
            .zip(heads.chunks(share))
            .find_map(|(found, heads)| found.join().unwrap_or_else(|_| bad(heads)))
    })
}
