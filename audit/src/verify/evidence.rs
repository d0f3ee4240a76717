//! What was taken from a log, verified without the log: the proof of one entry, the receipt of two sites.
//!
//! Inclusion under a head makes integrity; the signature on that head, by a key that the auditor knows,
//! makes authenticity. About entries that are not shown a proof says nothing.

use std::fmt;

use sealane_crypto::digest::{leaf_hash, verify_inclusion};
use serde::Serialize;

use super::report::{Report, Subject};
use super::time::Confirmations;
use super::trust::{Key, Options, Pin};
use super::verdict::Verdict;
use crate::entry::Link;
use crate::exchange::{ExchangeReceipt, Recorded, SiteRecord};
use crate::proof::LogProof;

/// Verifies that the entry with these bytes is where a `tlog-proof` says; without bytes, those in its extra line.
#[must_use]
pub fn verify_proof(proof: &LogProof, entry: Option<&[u8]>, options: &Options) -> Report {
    judge(proof, entry.or(proof.extra.as_deref()), &Key::choose(None, proof.checkpoint.origin(), options), options)
}

pub(super) fn judge(proof: &LogProof, entry: Option<&[u8]>, key: &Key, options: &Options) -> Report {
    let head = &proof.checkpoint;
    let leaf = entry.map(leaf_hash);
    let mut times = Confirmations::of(options.policy.as_ref(), std::iter::once(head));
    if let Some(entry) = entry {
        times.entry(proof.index, entry);
    }
    Report {
        origin: Some(head.origin().to_owned()),
        entries: head.size(),
        root: head.root(),
        key: key.used(),
        integrity: integrity(proof, entry, options),
        completeness: Verdict::unknown("a proof of one entry says nothing about others"),
        authenticity: times.forged().unwrap_or_else(|| key.authenticity(head)),
        time: times.verdict(head.size()),
        openings: Verdict::unknown("a proof shows no personal values"),
        ..Report::unverifiable(Subject::Entry { index: proof.index, leaf, json: None }, "")
    }
}

fn integrity(proof: &LogProof, entry: Option<&[u8]>, options: &Options) -> Verdict {
    let (index, head) = (proof.index, &proof.checkpoint);
    let Some(entry) = entry else { return Verdict::unknown("which entry? give its exact bytes with --entry FILE") };
    if let Err(error) = verify_inclusion(&leaf_hash(entry), index, head.size(), &proof.hashes, &head.root()) {
        return Verdict::bad(index, error.to_string());
    }
    match serde_json::from_slice::<Link>(entry) {
        Ok(link) if link.index == index => {}
        Ok(link) => return Verdict::bad(index, format!("the entry there says that its index is {}", link.index)),
        Err(error) => return Verdict::bad(index, format!("what is proven is not an entry ({error})")),
    }
    match options.anchors.iter().find(|anchor| anchor.size() == head.size() && anchor.root() != head.root()) {
        Some(_) => {
            Verdict::bad(None, "an earlier checkpoint over as many entries has another root: the log was forked")
        }
        None => Verdict::ok(format!("the entry stands at {index}, under the root over {} entries", head.size())),
    }
}

/// What verifying the receipt of a transfer found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptReport {
    /// What both sites recorded.
    pub recorded: Option<Recorded>,
    /// Whether it is the same.
    pub agreement: Verdict,
    /// The entry of the site that released the data.
    pub source: Report,
    /// The entry of the site that took it in.
    pub destination: Report,
}

/// Verifies a transfer's receipt. `pins` are the keys of the two sites' logs, in any order; a log that none of
/// them belongs to did not sign.
#[must_use]
pub fn verify_receipt(receipt: &ExchangeReceipt, pins: &[Pin], options: &Options) -> ReceiptReport {
    let (recorded, agreement) = match receipt.agreed() {
        Ok(recorded) => (Some(recorded), Verdict::ok("both sites recorded the same transfer")),
        Err(fault) => (None, Verdict::bad(None, fault.to_string())),
    };
    let side = |record: &SiteRecord| {
        let key = Key::choose(Some(&record.key), record.key.name(), &pinned(record, pins, options));
        judge(&record.proof, Some(record.entry.as_bytes()), &key, options)
    };
    ReceiptReport { recorded, agreement, source: side(&receipt.source), destination: side(&receipt.destination) }
}

/// The pin that belongs to this log; if there are pins and none does, one that shows it.
fn pinned(record: &SiteRecord, pins: &[Pin], options: &Options) -> Options {
    let mut options = options.clone();
    if let Some(pin) = pins.iter().find(|pin| pin.is(&record.key.key())).or_else(|| pins.first()) {
        pin.set(&mut options);
    }
    options
}

impl ReceiptReport {
    /// As [`Report::exit_code`], over both sites.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let codes = [u8::from(self.agreement.is_bad()), self.source.exit_code(), self.destination.exit_code()];
        // Tampered outweighs incomplete, which outweighs what cannot be said.
        [1, 2, 3].into_iter().find(|code| codes.contains(code)).unwrap_or(0)
    }
}

impl fmt::Display for ReceiptReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Recorded { task, manifest, files, bytes }) = &self.recorded {
            writeln!(f, "transfer      task {task}: {files} files, {bytes} bytes, manifest {manifest}")?;
        }
        writeln!(f, "agreement     {}", self.agreement)?;
        write!(f, "\nsource\n{}\ndestination\n{}", self.source, self.destination)
    }
}
