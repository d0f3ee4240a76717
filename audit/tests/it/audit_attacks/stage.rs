//! Honest logs to attack, the attackers' keys, and everybody who judges.

use std::ops::Range;

use data_encoding::BASE64;
use sealane_audit::event::Access;
use sealane_audit::verify::{Options, Report, verify_dir};
use sealane_audit::witness::Policy;
use sealane_audit::{Checkpoint, DecisionId, DecisionRecord, Event, Log, LogKeys, Phase, RotationProof, VerifierKey};
use sealane_crypto::digest::sha256;
use sealane_crypto::sign::{SigningKey, VerifyingKey};
use uuid::Uuid;

use super::clock;
use super::forger::{Ring, witness_line};
use super::parts::{Files, Item, Parts, Scratch};
use crate::foreign::{Judged, Verifier, verifiers};
use crate::noise::Noise;
use crate::rotation::Rotated;
use crate::support::{AT, ORIGIN, Site, copy, event, op, outcome};

/// Entries of the small log, and where its fork begins.
pub(super) const ENTRIES: usize = 24;
pub(super) const FORK: usize = 12;
/// Entries of the wide log: a full bundle and a partial one, and a tile above.
const WIDE: u128 = 300;
/// The name of the witness.
pub(super) const WITNESS: &str = "witness.hospital-b.example";
/// Our verifier, among those who read tiles.
pub(super) const OURS: &str = "sealane-verify";

/// What somebody who reads tiles thinks of a log.
#[derive(Debug)]
pub(super) struct Opinion {
    pub(super) name: &'static str,
    /// Whether tiles of hashes were looked at.
    pub(super) hash_tiles: bool,
    pub(super) judged: Judged,
}

pub(super) struct Stage {
    /// An honest log: batches of several sizes, four segments, every entry with its openings.
    pub(super) parts: Parts,
    /// Signed by the same key: the same log up to [`FORK`], then another history.
    pub(super) fork: Parts,
    /// The log of another node of the site, signed by the same key.
    pub(super) sibling: Parts,
    /// The log of another site.
    pub(super) stranger: Parts,
    /// What the honest log looks like on disk.
    pub(super) honest: Files,
    keys: LogKeys,
    mallory: LogKeys,
    witness: SigningKey,
    /// A key that handed over, with the proof.
    given_up: Option<(SigningKey, RotationProof)>,
    /// Who the auditor trusts to have seen heads.
    policy: Option<Policy>,
    key: VerifyingKey,
    scratch: Scratch,
    /// Tiles and checkpoint alone.
    copy: Scratch,
    verifiers: Vec<Box<dyn Verifier>>,
    _site: Site,
}

impl Stage {
    pub(super) fn new() -> Self {
        let site = Site::new();
        let log = site.open("honest");
        append(&log, 0..12, acts);
        drop(log);
        copy(&site.path("honest"), &site.path("fork"));
        for (name, first) in [("honest", 12), ("fork", 900)] {
            let log = site.open(name);
            append(&log, first..first + 12, acts);
        }
        let elsewhere = Site::new();
        let sibling = beside(&site, "sibling");
        let stranger = beside(&elsewhere, "stranger");
        let mut noise = Noise::seeded(1);
        let parts = batched(Parts::read(&site.path("honest")), &mut noise);
        let fork = batched(Parts::read(&site.path("fork")), &mut noise);
        let mut stage = Self {
            honest: parts.files(),
            parts,
            fork,
            sibling,
            stranger,
            keys: site.keys.clone(),
            mallory: elsewhere.keys,
            witness: site.other_keys().signing,
            given_up: None,
            policy: None,
            key: site.key(),
            scratch: Scratch::new(site.path("scratch")),
            copy: Scratch::new(site.path("copy")),
            verifiers: verifiers(),
            _site: site,
        };
        stage.honest_logs_are_accepted();
        stage
    }

    /// With a log of several bundles in the place of the small one.
    pub(super) fn wide() -> Self {
        let mut stage = Self::new();
        let log = stage._site.open("wide");
        append(&log, 0..WIDE, fact);
        drop(log);
        stage.parts = Parts::read(&stage._site.path("wide"));
        stage.honest = stage.parts.files();
        stage.honest_logs_are_accepted();
        stage
    }

    /// With a log whose key was replaced half-way; the auditor knows the new one.
    pub(super) fn rotated() -> Self {
        let mut stage = Self::new();
        let rotated = Rotated::new();
        stage.parts = Parts::read(&rotated.log());
        stage.key = rotated.new.signing.verifying_key();
        stage.given_up = Some((rotated.site.keys.signing.clone(), rotated.proof));
        stage.honest = stage.with_rotations(&stage.parts);
        stage.fork = stage.parts.clone();
        let files = stage.honest.clone();
        let (report, others) = (stage.ours(&files, &[], true), stage.others(&files, &[], |_, _| true));
        assert!(report.holds(), "{report}");
        others.into_iter().for_each(|other| assert!(other.judged.is_ok(), "{other:?}"));
        stage
    }

    /// The key that was replaced, and the size of the head at which it handed over.
    pub(super) fn given_up(&self) -> (&SigningKey, u64) {
        let (key, proof) = self.given_up.as_ref().expect("a stage with a replaced key");
        (key, proof.begins())
    }

    /// The directory of a log whose key was replaced.
    pub(super) fn with_rotations(&self, parts: &Parts) -> Files {
        let mut files = parts.files();
        let (_, proof) = self.given_up.as_ref().expect("a stage with a replaced key");
        files.insert(format!("rotations/{}", proof.begins()), proof.to_string().into_bytes());
        files
    }

    /// With a witness that the auditor trusts, and every head as it cosigned it.
    pub(super) fn witnessed() -> Self {
        let mut stage = Self::new();
        let line = witness_line(WITNESS, &stage.witness);
        let policy = format!("witness w {line}\nquorum w\n");
        stage.policy = Some(Policy::parse(policy.as_bytes()).expect("a policy"));
        let seen = clock::witnessed(&stage, &stage.parts);
        stage.honest.extend(seen);
        let report = stage.ours(&stage.honest.clone(), &[], false);
        assert!(report.holds() && report.time.is_ok(), "{report}");
        stage
    }

    /// No false alarm: otherwise nothing that is found means anything.
    fn honest_logs_are_accepted(&mut self) {
        for files in [self.honest.clone(), self.fork.files()] {
            let (report, others) = (self.ours(&files, &[], true), self.others(&files, &[], |_, _| true));
            assert!(report.holds(), "{report}");
            others.into_iter().for_each(|other| assert!(other.judged.is_ok(), "{other:?}"));
        }
    }

    pub(super) fn ring(&self) -> Ring<'_> {
        Ring { stolen: &self.keys.signing, own: &self.mallory.signing, witness: &self.witness }
    }

    fn options(&self, anchors: &[String], tiles: bool) -> Options {
        let anchors = anchors.iter().map(|text| Checkpoint::parse(text).expect("an anchor")).collect();
        Options {
            key: Some(self.key),
            origin: Some(ORIGIN.to_owned()),
            policy: self.policy.clone(),
            anchors,
            tiles,
            ..Options::default()
        }
    }

    /// Our verifier on the whole directory.
    pub(super) fn ours(&mut self, files: &Files, anchors: &[String], tiles: bool) -> Report {
        let options = self.options(anchors, tiles);
        verify_dir(self.scratch.put(files), &options)
    }

    /// Our verifier, as somebody runs it who knows nothing from elsewhere.
    pub(super) fn ours_unpinned(&mut self, files: &Files) -> Report {
        verify_dir(self.scratch.put(files), &Options::default())
    }

    /// Everybody who reads tiles: other people's verifiers, and ours on a copy without segments. `wanted` is
    /// asked with a judge's name and pace.
    pub(super) fn others(
        &mut self,
        files: &Files,
        anchors: &[String],
        wanted: impl Fn(&str, u64) -> bool,
    ) -> Vec<Opinion> {
        let mut opinions = Vec::new();
        if wanted(OURS, 1) {
            let judged_by_us = self.ours_from_tiles(files, anchors);
            opinions.push(Opinion { name: OURS, hash_tiles: true, judged: judged_by_us });
        }
        let key = VerifierKey::new(ORIGIN, self.key).to_string();
        let log = self.scratch.put(files);
        for verifier in &mut self.verifiers {
            if wanted(verifier.name(), verifier.pace()) {
                let (name, hash_tiles) = (verifier.name(), verifier.reads_hash_tiles());
                opinions.push(Opinion { name, hash_tiles, judged: verifier.judge(log, &key, anchors) });
            }
        }
        opinions
    }

    fn ours_from_tiles(&mut self, files: &Files, anchors: &[String]) -> Judged {
        let seen = files
            .iter()
            .filter(|(name, _)| *name == "checkpoint" || name.starts_with("tile/") || name.starts_with("rotations/"));
        let copied: Files = seen.map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
        let options = self.options(anchors, false);
        let report = verify_dir(self.copy.put(&copied), &options);
        let root = BASE64.encode(report.root.as_bytes());
        if report.holds() { Ok((report.entries, root)) } else { Err(report.to_string()) }
    }
}

fn append(log: &Log, numbers: Range<u128>, make: fn(u128) -> Event) {
    for n in numbers {
        log.append_blocking(make(n)).expect("append");
    }
}

/// A short entry without personal values.
fn fact(n: u128) -> Event {
    Event::new(Access::ContentRead, Phase::Info, op(n), AT + i64::try_from(n).expect("small"))
}

/// An act of a person with its decision, or its outcome.
fn acts(n: u128) -> Event {
    if n % 3 == 2 {
        return outcome(n - 1);
    }
    event(n).decision(DecisionRecord {
        id: DecisionId::new(Uuid::from_u128(n + 7000)),
        effect: if n.is_multiple_of(2) { "permit" } else { "deny" }.to_owned(),
        rule: None,
        reason: "grant.matched".to_owned(),
        snapshot: sha256(b"policy"),
    })
}

fn beside(site: &Site, name: &str) -> Parts {
    let log = site.open_as(name, &format!("audit.{name}.example/n1"));
    append(&log, 500..524, acts);
    drop(log);
    Parts::read(&site.path(name))
}

/// As a busier site would have written it: a trailer covers all entries before it, so leaving one out makes one
/// batch of two; and segments of a few batches each.
fn batched(mut parts: Parts, noise: &mut Noise) -> Parts {
    let last = parts.items.len() - 1;
    let mut at = 0;
    parts.items.retain(|item| {
        at += 1;
        matches!(item, Item::Entry { .. }) || at > last || noise.coin()
    });
    let heads: Vec<usize> = (0..parts.items.len()).filter(|at| matches!(parts.items[*at], Item::Head { .. })).collect();
    for quarter in [3, 2, 1] {
        parts.items.insert(heads[heads.len() * quarter / 4] + 1, Item::Cut);
    }
    if matches!(parts.items.last(), Some(Item::Cut)) {
        parts.items.pop();
    }
    parts
}
