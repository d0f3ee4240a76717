//! Proofs from a running log, checked by the definition over all leaves.

use std::fs;

use proptest::prelude::*;
use sealane_audit::{Filter, Log, LogProof, ProveError, VerifierKey};
use sealane_crypto::digest::{Digest, consistency_proof, inclusion_proof, root_of};
use tokio::task::JoinSet;

use crate::support::{ORIGIN, Site, event};

/// Appends many at once, as busy writers do.
pub(crate) fn fill(log: &Log, from: u128, to: u128) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    runtime.block_on(async {
        let mut writers = JoinSet::new();
        for n in from..to {
            let log = log.clone();
            writers.spawn(async move { log.append(event(n)).await.map(drop) });
        }
        for written in writers.join_all().await {
            written.expect("append");
        }
    });
}

fn leaves(log: &Log) -> Vec<Digest> {
    log.entries(0, usize::MAX, &Filter::all()).expect("read").iter().map(|view| view.leaf).collect()
}

fn check(log: &Log, leaves: &[Digest], index: usize, size: usize) {
    let proof = log.prove(index as u64, size as u64).expect("prove");
    assert_eq!(Some(proof), inclusion_proof(&leaves[..size], index), "{index} in {size}");
    let proof = log.consistency(index as u64, size as u64).expect("prove");
    assert_eq!(Some(proof), consistency_proof(&leaves[..size], index), "{index} to {size}");
    assert_eq!(log.root_at(size as u64).expect("root"), root_of(&leaves[..size]));
    assert_eq!(log.leaf(index as u64).expect("leaf"), leaves[index]);
}

/// Enough entries that memory has forgotten the leaf hashes of the first ones.
const MANY: usize = 6000;

#[test]
fn every_proof_is_that_of_the_definition_before_and_after_a_restart() {
    let site = Site::new();
    let log = site.open("log");
    fill(&log, 0, MANY as u128);
    let all = leaves(&log);
    assert_eq!(all.len(), MANY);
    let mut runner = proptest::test_runner::TestRunner::default();
    let place = (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(size, index)| {
        let size = size.index(MANY) + 1;
        (index.index(size), size)
    });
    let checked = |log: &Log, runner: &mut proptest::test_runner::TestRunner| {
        let all = &all;
        runner
            .run(&place, |(index, size)| {
                check(log, all, index, size);
                Ok(())
            })
            .expect("as the definition");
        for border in [1, 2, 255, 256, 257, 511, 512, 4096, MANY - 1, MANY] {
            check(log, all, 0, border);
            check(log, all, border - 1, border);
            check(log, all, border - 1, MANY);
        }
    };
    checked(&log, &mut runner);
    drop(log);
    checked(&site.open("log"), &mut runner);
}

#[test]
fn proofs_are_right_when_tiles_are_missing_or_forged_and_refused_when_entries_are_altered() {
    let site = Site::new();
    let log = site.open("log");
    fill(&log, 0, MANY as u128);
    let all = leaves(&log);
    let tiles = site.path("log").join("tile/0");
    // The last full tile is written last; from then on the log leaves full tiles alone.
    while !tiles.join("022").exists() {
        std::thread::yield_now();
    }
    fs::remove_file(tiles.join("000")).expect("remove");
    let forged: Vec<u8> = all[..256].iter().flat_map(|leaf| *leaf.as_bytes()).collect();
    fs::write(tiles.join("001"), forged).expect("forge");
    fs::write(tiles.join("002"), "short").expect("forge");
    for index in [0, 255, 256, 511, 512, 767] {
        check(&log, &all, index, MANY);
    }
    // With the tile gone and the entry altered there is nothing to prove it with.
    let segment = crate::support::segment(&site.path("log"));
    let mut bytes = fs::read(&segment).expect("read");
    let altered = crate::support::frames(&bytes).into_iter().find(|frame| !frame.trailer && frame.index == 3);
    bytes[altered.expect("entry 3").start + 20] ^= 1;
    fs::write(&segment, bytes).expect("write");
    assert!(matches!(log.prove(0, MANY as u64), Err(ProveError::Read(_))));
    check(&log, &all, 300, MANY);
}

#[test]
fn a_proof_for_others_fits_two_kilobytes_and_holds_under_any_head_of_the_log() {
    let site = Site::new();
    let log = site.open("log");
    fill(&log, 0, 700);
    let earlier = log.checkpoint();
    fill(&log, 700, 1000);
    let key = VerifierKey::new(ORIGIN, site.key());
    for head in [earlier.clone(), log.checkpoint()] {
        let text = log.proof(617, &head).expect("prove").to_string();
        assert!(text.len() < 2048, "{} bytes", text.len());
        let read: LogProof = text.parse().expect("parse");
        assert_eq!(read.verify(&log.leaf(617).expect("leaf"), &key), Ok(()));
    }
    assert!(matches!(log.proof(800, &earlier), Err(ProveError::OutOfRange { size: 1000 })));

    let other = site.open("other");
    fill(&other, 0, 700);
    assert!(matches!(log.proof(617, &other.checkpoint()), Err(ProveError::Foreign { size: 700, .. })));
}

#[test]
fn what_the_log_does_not_have_is_out_of_range() {
    let site = Site::new();
    let log = site.open("log");
    for (index, size) in [(0, 0), (0, 1)] {
        assert!(matches!(log.prove(index, size), Err(ProveError::OutOfRange { size: 0 })));
    }
    assert_eq!(log.consistency(0, 0).expect("empty"), []);
    fill(&log, 0, 3);
    assert!(matches!(log.prove(3, 3), Err(ProveError::OutOfRange { size: 3 })));
    assert!(matches!(log.prove(0, u64::MAX), Err(ProveError::OutOfRange { size: 3 })));
    assert!(matches!(log.consistency(2, 1), Err(ProveError::OutOfRange { size: 3 })));
    assert!(matches!(log.leaf(u64::MAX), Err(ProveError::OutOfRange { size: 3 })));
    assert_eq!(log.prove(0, 1).expect("the first entry by itself"), []);
}
