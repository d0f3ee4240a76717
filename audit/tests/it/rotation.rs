//! The key of a log is replaced: the old key hands over in the log itself, and counts for nothing afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealane_audit::event::Assurance;
use sealane_audit::verify::{Options as VerifyOptions, Report, verify_dir};
use sealane_audit::{
    Checkpoint, Event, Log, LogKeys, OpenError, Phase, ProofFault, RotationFault, RotationProof, VerifierKey,
};
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::sign::{SigningKey, VerifyingKey};

use crate::foreign::verifiers;
use crate::proving::fill;
use crate::support::{AT, ORIGIN, Site, copy, event, op, small};

/// Entries before the one that hands over.
const BEFORE: u128 = 5;
/// The size of the head that both keys sign.
const BEGINS: u64 = 6;

/// A log whose key was replaced once, closed.
pub(crate) struct Rotated {
    pub(crate) site: Site,
    pub(crate) new: LogKeys,
    pub(crate) proof: RotationProof,
}

impl Rotated {
    pub(crate) fn new() -> Self {
        let site = Site::new();
        let log = site.open("log");
        fill(&log, 0, BEFORE);
        drop(log);
        copy(&site.path("log"), &site.path("before"));
        let new = LogKeys { signing: site.other_keys().signing, ..site.keys.clone() };
        let proof = rotate(&site.path("log"), &site.keys, &new.signing).expect("rotated");
        copy(&site.path("log"), &site.path("cut off"));
        let (log, _) = site.open_with(&site.path("log"), &new, small()).expect("opens with the new key");
        fill(&log, 20, 25);
        drop(log);
        Self { site, new, proof }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.site.path("log")
    }

    pub(crate) fn old_key(&self) -> VerifyingKey {
        self.site.key()
    }

    fn new_key(&self) -> VerifyingKey {
        self.new.signing.verifying_key()
    }
}

fn rotate(log: &Path, keys: &LogKeys, successor: &SigningKey) -> Result<RotationProof, OpenError> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new().expect("randomness"));
    Log::rotate_key(log, ORIGIN, keys, successor, &random, small())
}

fn verify(log: &Path, key: VerifyingKey) -> Report {
    verify_dir(log, &VerifyOptions { key: Some(key), tiles: true, ..VerifyOptions::default() })
}

fn line(key: VerifyingKey) -> VerifierKey {
    VerifierKey::new(ORIGIN, key)
}

#[test]
fn a_rotated_log_goes_on_under_the_new_key_alone() {
    let rotated = Rotated::new();
    assert_eq!(rotated.proof.begins(), BEGINS);
    assert_eq!((rotated.proof.from(), rotated.proof.to()), (&line(rotated.old_key()), &line(rotated.new_key())));
    let head = rotated.proof.checkpoint();
    assert!(head.verify(&rotated.old_key()).is_ok() && head.verify(&rotated.new_key()).is_ok());
    let refused = rotated.site.try_open("log").expect_err("the old key is refused");
    assert!(matches!(refused, OpenError::OtherKey { .. }), "{refused}");

    let (log, recovery) = rotated.site.open_with(&rotated.log(), &rotated.new, small()).expect("open");
    assert_eq!(recovery.cut_bytes, 0);
    assert_eq!((log.first_key(), log.origin()), (rotated.old_key(), ORIGIN));
    assert_eq!(log.rotations(), std::slice::from_ref(&rotated.proof));
    assert!(log.checkpoint().verify(&rotated.new_key()).is_ok());
    assert!(log.checkpoint().verify(&rotated.old_key()).is_err());
    let entry = log.entries(BEGINS - 1, 1, &sealane_audit::Filter::all()).expect("read").remove(0).entry;
    assert_eq!(
        (entry.kind.name(), entry.detail["to"].as_str()),
        ("log-key.rotate", Some(&*line(rotated.new_key()).to_string()))
    );
}

#[test]
fn whoever_trusts_the_old_key_is_led_to_the_new_one() {
    let rotated = Rotated::new();
    let report = verify(&rotated.log(), rotated.old_key());
    assert!(report.holds(), "{report}");
    let told = report.authenticity.to_string();
    assert!(told.contains("handed over") && told.contains(&rotated.new_key().fingerprint().to_string()), "{told}");
    let fingerprint = VerifyOptions { fingerprint: Some(rotated.old_key().fingerprint()), ..VerifyOptions::default() };
    assert!(verify_dir(&rotated.log(), &fingerprint).holds());

    let report = verify(&rotated.log(), rotated.new_key());
    assert!(report.holds(), "{report}");
    let told = report.authenticity.to_string();
    assert!(told.contains("from 6 entries on") && told.contains("does not speak"), "{told}");
    assert!(verify_dir(&rotated.log(), &VerifyOptions::default()).holds());

    let stranger = rotated.site.other_keys().signing.verifying_key();
    assert!(verify(&rotated.log(), stranger).authenticity.is_bad());
}

#[test]
fn a_copy_of_tiles_leads_to_the_new_key_too() {
    let rotated = Rotated::new();
    let tiles = rotated.site.path("tiles");
    for part in ["tile", "rotations"] {
        copy(&rotated.log().join(part), &tiles.join(part));
    }
    for file in ["checkpoint", "origin.pub"] {
        fs::copy(rotated.log().join(file), tiles.join(file)).expect("copy");
    }
    for key in [rotated.old_key(), rotated.new_key()] {
        let report = verify(&tiles, key);
        assert!(report.holds(), "{report}");
    }
    fs::remove_dir_all(tiles.join("rotations")).expect("remove");
    assert!(verify(&tiles, rotated.old_key()).authenticity.is_bad(), "nothing leads there");
}

#[test]
fn other_peoples_verifiers_take_the_log_with_the_key_in_force() {
    let rotated = Rotated::new();
    for verifier in &mut verifiers() {
        let judged = verifier.judge(&rotated.log(), &line(rotated.new_key()).to_string(), &[]);
        assert!(judged.is_ok(), "{}: {judged:?}", verifier.name());
        assert!(
            verifier.judge(&rotated.log(), &line(rotated.old_key()).to_string(), &[]).is_err(),
            "{}",
            verifier.name()
        );
    }
}

#[test]
fn a_head_by_the_old_key_beyond_the_change_is_refused() {
    let rotated = Rotated::new();
    let text = fs::read_to_string(rotated.log().join("checkpoint")).expect("read");
    let head = Checkpoint::parse(&text).expect("a checkpoint");
    let stolen = Checkpoint::sign(ORIGIN, head.size(), head.root(), &rotated.site.keys.signing);
    fs::write(rotated.log().join("checkpoint"), stolen.text()).expect("write");
    for key in [rotated.old_key(), rotated.new_key()] {
        let report = verify(&rotated.log(), key);
        assert!(report.authenticity.is_bad(), "{report}");
    }
}

#[test]
fn an_entry_that_names_a_new_key_without_both_signatures_hands_nothing_over() {
    let rotated = Rotated::new();
    fs::remove_dir_all(rotated.log().join("rotations")).expect("remove");
    for key in [rotated.old_key(), rotated.new_key()] {
        let report = verify(&rotated.log(), key);
        assert!(report.authenticity.is_bad(), "{report}");
    }
    // Written by whoever can append: the log itself does not take it for a change either.
    let site = Site::new();
    let log = site.open("log");
    let named = Event::new(Assurance::LogKeyRotate, Phase::Info, op(1), AT)
        .detail("from", line(site.key()).to_string())
        .detail("to", line(rotated.new_key()).to_string())
        .detail("begins", 1);
    log.append_blocking(named).expect("append");
    drop(log);
    assert!(site.verify(&site.path("log")).authenticity.is_bad());
    for keys in [&site.keys, &rotated.new] {
        let refused = site.open_with(&site.path("log"), keys, small()).expect_err("refused");
        assert!(matches!(refused, OpenError::OtherKey { .. }), "{refused}");
    }
}

#[test]
fn a_change_that_was_cut_off_is_finished_or_forgotten() {
    let rotated = Rotated::new();
    let old = format!("{}\n", line(rotated.old_key()));
    // The entry is there, and origin.pub not written yet.
    let cut = rotated.site.path("cut off");
    fs::write(cut.join("origin.pub"), &old).expect("write");
    assert!(matches!(rotated.site.try_open("cut off"), Err(OpenError::OtherKey { .. })));
    drop(rotated.site.open_with(&cut, &rotated.new, small()).expect("the new key opens it"));
    assert_eq!(fs::read_to_string(cut.join("origin.pub")).expect("read"), format!("{}\n", line(rotated.new_key())));
    // The proof is there, and the entry never came.
    let before = rotated.site.path("before");
    copy(&rotated.log().join("rotations"), &before.join("rotations"));
    assert!(matches!(rotated.site.open_with(&before, &rotated.new, small()), Err(OpenError::OtherKey { .. })));
    drop(rotated.site.open("before"));
    assert!(fs::read_dir(before.join("rotations")).expect("list").next().is_none(), "it is forgotten");
    assert!(rotated.site.verify(&before).holds());
    // And the change can be made again, to another key.
    let third = LogKeys { signing: rotated.site.other_keys().signing, ..rotated.new.clone() };
    rotate(&before, &rotated.site.keys, &third.signing).expect("rotated");
    drop(rotated.site.open_with(&before, &third, small()).expect("open"));
    assert!(verify(&before, rotated.old_key()).holds());
}

#[test]
fn keys_hand_over_one_after_another() {
    let rotated = Rotated::new();
    let third = LogKeys { signing: rotated.site.other_keys().signing, ..rotated.new.clone() };
    rotate(&rotated.log(), &rotated.new, &third.signing).expect("rotated");
    let (log, _) = rotated.site.open_with(&rotated.log(), &third, small()).expect("open");
    log.append_blocking(event(90)).expect("append");
    assert_eq!(log.rotations().len(), 2);
    drop(log);
    for key in [rotated.old_key(), rotated.new_key(), third.signing.verifying_key()] {
        let report = verify(&rotated.log(), key);
        assert!(report.holds(), "{report}");
    }
    let refused = rotated.site.open_with(&rotated.log(), &rotated.new, small()).expect_err("refused");
    assert!(matches!(refused, OpenError::OtherKey { .. }), "{refused}");
}

#[test]
fn cosigned_heads_of_the_old_key_still_anchor_the_log() {
    let rotated = Rotated::new();
    let site = &rotated.site;
    let log = site.open("before");
    let policy = sealane_audit::witness::Policy::parse(b"quorum none\n").expect("policy");
    log.keep_cosigned(&log.checkpoint(), &policy).expect("kept");
    drop(log);
    rotate(&site.path("before"), &site.keys, &rotated.new.signing).expect("rotated");
    let (log, _) = site.open_with(&site.path("before"), &rotated.new, small()).expect("open");
    let (head, standing) = log.newest_cosigned(&policy).expect("read").expect("one");
    assert!(standing.holds() && head.size() == 5, "{head:?}");
    log.append_blocking(event(30)).expect("append");
    log.keep_cosigned(&log.checkpoint(), &policy).expect("kept");
    assert!(site.path("before").join("checkpoints/5").exists(), "the older head stays");
}

#[test]
fn a_proof_is_both_keys_signatures_over_the_entry_that_says_so() {
    let rotated = Rotated::new();
    let text = rotated.proof.to_string();
    assert_eq!(text.parse::<RotationProof>().as_ref(), Ok(&rotated.proof));
    let signatures: Vec<&str> = text.lines().filter(|line| line.starts_with('\u{2014}')).collect();
    assert_eq!(signatures.len(), 2);
    for signature in signatures {
        let one = text.replacen(&format!("{signature}\n"), "", 1);
        let fault = one.parse::<RotationProof>().expect_err("one signature is not enough");
        assert!(matches!(fault, RotationFault::Proof(ProofFault::Note(_))), "{fault}");
    }
    // Every proof of another entry, under another head, or with anything changed is none.
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let read = String::from_utf8(bytes).ok().and_then(|text| text.parse::<RotationProof>().ok());
        assert!(read.is_none(), "byte {at}");
    }
}
