//! Appending: receipts, order, group commit, closing.

use std::collections::BTreeSet;
use std::fs;

use sealane_audit::verify::Verdict;
use sealane_audit::{AppendError, DecisionId, DecisionRecord, OpenError, Options};
use sealane_crypto::digest::sha256;
use uuid::Uuid;

use crate::support::{Site, event, op, outcome, segment, small};

#[test]
fn a_receipt_says_where_the_entry_stands_and_what_it_records() {
    let site = Site::new();
    let log = site.open("log");
    let decision = DecisionRecord {
        id: DecisionId::new(Uuid::from_u128(9)),
        effect: "permit".into(),
        rule: Some("rule-1".into()),
        reason: "grant.matched".into(),
        snapshot: sha256(b"snapshot"),
    };
    let first = log.append_blocking(event(0).decision(decision)).expect("append");
    let second = log.append_blocking(outcome(0)).expect("append");
    assert_eq!((first.index(), second.index()), (0, 1));
    assert_eq!((first.op(), first.decision()), (op(0), Some(DecisionId::new(Uuid::from_u128(9)))));
    assert_eq!(second.decision(), None);
    assert_eq!((first.checkpoint_size(), second.checkpoint_size()), (1, 2));
    assert_eq!(log.head().0, 2);
    assert_eq!(log.checkpoint().verify(&site.key()), Ok(()));
    assert_eq!(log.checkpoint().root(), log.head().1);
}

#[test]
fn an_acknowledged_entry_is_in_the_file_with_a_signed_checkpoint_before_the_receipt() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..5 {
        log.append_blocking(event(n)).expect("append");
        let report = site.verify(log.directory());
        // The published checkpoint may lag; the segment may not.
        assert!(report.integrity.is_ok() && report.authenticity.is_ok(), "{report}");
        assert_eq!((report.entries, report.root), log.head());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_concurrent_writers_get_contiguous_receipts() {
    let site = Site::new();
    let log = site.open("log");
    let writers: Vec<_> = (0..64_u128)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut indices = Vec::new();
                for n in 0..20 {
                    indices.push(log.append(event(writer * 100 + n)).await.expect("append").index());
                }
                assert!(indices.is_sorted(), "one writer's entries keep their order");
                indices
            })
        })
        .collect();
    let mut indices = BTreeSet::new();
    for writer in writers {
        indices.extend(writer.await.expect("writer"));
    }
    assert!(indices.into_iter().eq(0..64 * 20));
    let directory = log.directory().to_owned();
    log.close().await;
    let report = site.verify(&directory);
    assert!(report.holds(), "{report}");
    assert_eq!(report.entries, 64 * 20);
    // Three segments at least were begun, so no batch was lost between two of them.
    assert!(directory.join("seg/00000002.seg").exists());
}

#[tokio::test]
async fn a_closed_log_refuses_and_leaves_the_directory_free() {
    let site = Site::new();
    let log = site.open("log");
    let other = log.clone();
    log.append(event(0)).await.expect("append");
    assert!(matches!(site.try_open("log"), Err(OpenError::InUse(_))));
    log.close().await;
    assert_eq!(other.append(event(1)).await, Err(AppendError::Closed));
    assert_eq!(other.health(), Err(AppendError::Closed));
    let (again, recovery) = site.try_open("log").expect("the directory is free");
    assert_eq!((again.head().0, recovery.cut_bytes), (1, 0));
}

#[test]
fn a_dropped_log_leaves_a_finished_directory() {
    let site = Site::new();
    let directory = site.finished("log", 3);
    let report = site.verify(&directory);
    assert!(report.holds(), "{report}");
    assert!(matches!(report.time, Verdict::Unknown { .. }));
}

#[test]
fn an_event_that_fits_no_entry_is_refused_and_disturbs_nobody() {
    let site = Site::new();
    let log = site.open("log");
    let long = event(0).detail("list", "x".repeat(70_000));
    assert!(matches!(log.append_blocking(long), Err(AppendError::Refused(_))));
    log.append_blocking(event(1)).expect("append");
    assert_eq!(log.health(), Ok(()));
}

#[test]
fn the_largest_events_cross_segments_whole() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..12 {
        let large = event(n).detail("list", "x".repeat(64_000)).private("label", "y".repeat(60_000).into());
        log.append_blocking(large).expect("append");
    }
    drop(log);
    let report = site.verify(&site.path("log"));
    assert!(report.holds(), "{report}");
    assert_eq!(report.entries, 12);
}

#[test]
fn files_are_readable_by_their_owner_only_and_hold_no_personal_value() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let directory = site.finished("log", 3);
    let mut stack = vec![directory.clone()];
    while let Some(path) = stack.pop() {
        let mode = fs::metadata(&path).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        if path.is_dir() {
            stack.extend(fs::read_dir(&path).expect("list").map(|file| file.expect("file").path()));
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).expect("read")).into_owned();
        for personal in ["ana@", "192.0.2.7", "Lopez"] {
            assert!(!text.contains(personal), "{personal} in {}", path.display());
        }
    }
    assert!(String::from_utf8_lossy(&fs::read(segment(&directory)).expect("read")).contains("content.read"));
}

#[test]
fn a_log_cannot_be_opened_with_another_key_or_a_name_that_no_note_can_carry() {
    let site = Site::new();
    let directory = site.finished("log", 1);
    let other = site.open_with(&directory, &site.other_keys(), small());
    assert!(matches!(other, Err(OpenError::OtherKey { .. })));
    let keys = site.keys.clone();
    let random = std::sync::Arc::new(sealane_crypto::random::SystemRandom::new().expect("randomness"));
    let spaced = sealane_audit::Log::open_with(&site.path("x"), "two words", keys, random, Options::default());
    assert!(matches!(spaced, Err(OpenError::Origin(_))));
}
