//! Cosigned heads and timestamps beside the log: what is kept, what is found again, what goes.

use std::fs;
use std::time::Duration;

use sealane_audit::witness::{Exposure, Policy, Quorum, Window};
use sealane_audit::{Checkpoint, KeepError, Log, OpenError, ProveError};

use crate::proving::fill;
use crate::support::{AT, ORIGIN, Site, copy};
use crate::witnessing::{NOW, Witness};

const DAY: u64 = 24 * 60 * 60;

/// A policy of one witness or more, who all must cosign.
fn policy(witnesses: &[&Witness]) -> Policy {
    let mut text = String::new();
    for (n, witness) in witnesses.iter().enumerate() {
        text += &format!("witness w{n} {}\n", witness.cosigner.verifier());
    }
    let names: Vec<String> = (0..witnesses.len()).map(|n| format!("w{n}")).collect();
    text += &format!("group all-of-them all {}\nquorum all-of-them\n", names.join(" "));
    Policy::parse(text.as_bytes()).expect("policy")
}

fn kept(site: &Site) -> Vec<u64> {
    let files = fs::read_dir(site.path("log").join("checkpoints")).expect("list");
    let mut sizes: Vec<u64> =
        files.map(|file| file.expect("file").file_name().to_str().expect("text").parse().expect("size")).collect();
    sizes.sort_unstable();
    sizes
}

/// The log's head with the cosignature of each of these, at this time.
fn cosigned(log: &Log, by: &[&Witness], at_s: u64) -> Checkpoint {
    let head = log.checkpoint();
    by.iter().fold(head.clone(), |checkpoint, witness| {
        let old = witness.seen(ORIGIN).map_or(0, |seen| seen.size);
        let request = log.witness_request(&head, old).expect("request");
        checkpoint.with_line(witness.ask_at(&request, at_s).expect("cosigned").line).expect("room")
    })
}

#[test]
fn a_cosigned_head_is_found_again_after_a_restart() {
    let site = Site::new();
    let log = site.open("log");
    let witness = Witness::of(&site.keys.signing);
    let policy = policy(&[&witness]);
    assert!(log.newest_cosigned(&policy).expect("read").is_none());
    fill(&log, 0, 3);
    let head = cosigned(&log, &[&witness], NOW);
    let standing = log.keep_cosigned(&head, &policy).expect("kept");
    assert_eq!(standing.quorum, Quorum::Met { since_s: NOW });
    fill(&log, 3, 5);
    drop(log);
    let (found, standing) = site.open("log").newest_cosigned(&policy).expect("read").expect("one");
    assert_eq!((found.text(), standing.holds()), (head.text(), true));
}

#[test]
fn cosignatures_of_one_head_come_together_one_by_one() {
    let site = Site::new();
    let log = site.open("log");
    let (b, c) = (Witness::of(&site.keys.signing), Witness::named("witness.c.example", 8, &site.keys.signing));
    let policy = policy(&[&b, &c]);
    fill(&log, 0, 3);
    let (by_b, by_c) = (cosigned(&log, &[&b], NOW), cosigned(&log, &[&c], NOW + 5));
    assert_eq!(log.keep_cosigned(&by_b, &policy).expect("kept").quorum, Quorum::Missing);
    assert!(log.newest_cosigned(&policy).expect("read").is_none());
    assert_eq!(log.keep_cosigned(&by_c, &policy).expect("kept").quorum, Quorum::Met { since_s: NOW + 5 });
    let (found, _) = log.newest_cosigned(&policy).expect("read").expect("one");
    assert_eq!(found.lines().len(), 3);
    // A stranger's line is not kept, and a forged one does not spoil what is there.
    let noisy = format!("{}\u{2014} stranger.example AAAAAAAA\n", by_b.text());
    log.keep_cosigned(&Checkpoint::parse(&noisy).expect("parse"), &policy).expect("kept");
    let forged = by_b.text().replacen(&by_b.lines()[1].to_string(), &moved(&by_b, &by_c), 1);
    let refused = log.keep_cosigned(&Checkpoint::parse(&forged).expect("parse"), &policy);
    assert!(matches!(refused, Err(KeepError::Forged(name)) if name == "w0"));
    assert_eq!(log.newest_cosigned(&policy).expect("read").expect("one").0.lines().len(), 3);
}

/// The signature of the second under the name and id of the first.
fn moved(to: &Checkpoint, from: &Checkpoint) -> String {
    let (line, other) = (&to.lines()[1], &from.lines()[1]);
    let blob = [&line.id()[..], other.signature()].concat();
    format!("\u{2014} {} {}", line.name(), data_encoding::BASE64.encode(&blob))
}

#[test]
fn only_heads_of_this_log_are_kept() {
    let site = Site::new();
    let log = site.open("log");
    let witness = Witness::of(&site.keys.signing);
    let policy = policy(&[&witness]);
    fill(&log, 0, 3);
    let other = site.open("other");
    fill(&other, 0, 3);
    let refused = log.keep_cosigned(&other.checkpoint(), &policy);
    assert!(matches!(refused, Err(KeepError::Prove(ProveError::Foreign { size: 3, .. }))));
    let (size, root) = log.head();
    let unsigned = Checkpoint::sign(ORIGIN, size, root, &site.other_keys().signing);
    assert!(matches!(log.keep_cosigned(&unsigned, &policy), Err(KeepError::Note(_))));
    fill(&other, 3, 4);
    let longer = log.keep_cosigned(&other.checkpoint(), &policy);
    assert!(matches!(longer, Err(KeepError::Prove(ProveError::OutOfRange { size: 3 }))));
}

#[test]
fn one_head_a_day_is_kept_of_the_old_ones_and_the_newest() {
    let site = Site::new();
    let log = site.open("log");
    let witness = Witness::of(&site.keys.signing);
    let policy = policy(&[&witness]);
    let start = NOW / DAY * DAY;
    for n in 0..12 {
        fill(&log, n, n + 1);
        // Four a day.
        let head = cosigned(&log, &[&witness], start + u64::try_from(n).expect("small") * DAY / 4);
        log.keep_cosigned(&head, &policy).expect("kept");
    }
    assert_eq!(kept(&site), [1, 5, 9, 12]);
}

#[test]
fn of_heads_that_wait_for_witnesses_the_newest_few_are_kept() {
    let site = Site::new();
    let log = site.open("log");
    let (b, c) = (Witness::of(&site.keys.signing), Witness::named("witness.c.example", 8, &site.keys.signing));
    let policy = policy(&[&b, &c]);
    for n in 0..40 {
        fill(&log, n, n + 1);
        log.keep_cosigned(&cosigned(&log, &[&b], NOW), &policy).expect("kept");
    }
    assert_eq!(kept(&site), (25..=40).collect::<Vec<u64>>());
    log.keep_cosigned(&cosigned(&log, &[&c], NOW), &policy).expect("kept");
    assert_eq!(kept(&site), [40], "those before it are confirmed with it");
}

#[test]
fn a_log_that_is_shorter_or_other_than_its_cosigned_head_is_not_opened() {
    let site = Site::new();
    let log = site.open("log");
    let witness = Witness::of(&site.keys.signing);
    let policy = policy(&[&witness]);
    fill(&log, 0, 3);
    drop(log);
    copy(&site.path("log"), &site.path("before"));
    let log = site.open("log");
    fill(&log, 3, 5);
    log.keep_cosigned(&cosigned(&log, &[&witness], NOW), &policy).expect("kept");
    drop(log);
    // A restored backup, with what was kept outside of it.
    copy(&site.path("log").join("checkpoints"), &site.path("before").join("checkpoints"));
    let opened = site.open_with(&site.path("before"), &site.keys, crate::support::small());
    assert!(matches!(opened, Err(OpenError::Shorter { size: 3, acknowledged: 5 })));
    // An insider with the key writes another history, as long.
    let rewritten = site.open("rewritten");
    fill(&rewritten, 100, 107);
    drop(rewritten);
    copy(&site.path("log").join("checkpoints"), &site.path("rewritten").join("checkpoints"));
    assert!(matches!(site.try_open("rewritten"), Err(OpenError::Rewritten { size: 5 })));
}

#[test]
fn exposure_is_what_came_after_the_newest_confirmed_head() {
    let site = Site::new();
    let log = site.open("log");
    let witness = Witness::of(&site.keys.signing);
    let policy = policy(&[&witness]);
    assert_eq!(log.exposure(&policy, AT).expect("exposure").entries, 0);
    fill(&log, 0, 4);
    log.keep_cosigned(&cosigned(&log, &[&witness], NOW), &policy).expect("kept");
    let covered = Exposure { entries: 0, age: Duration::ZERO };
    assert_eq!(log.exposure(&policy, AT + 9_000_000_000).expect("exposure"), covered);
    log.append_blocking(crate::support::event(4)).expect("append");
    log.append_blocking(crate::support::event(5)).expect("append");
    // The test's entry n is written n nanoseconds after AT.
    let exposure = log.exposure(&policy, AT + 4 + 60_000_000_000).expect("exposure");
    assert_eq!(exposure, Exposure { entries: 2, age: Duration::from_secs(60) });
    assert!(!exposure.exceeds(&Window::default()));
    assert!(log.exposure(&policy, AT + 5 + 60_000_000_000).expect("exposure").exceeds(&Window::default()));
}
