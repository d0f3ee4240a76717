//! What moves on a lane, and what is said when it cannot.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use sealane_audit::{Outcome, Phase};
use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::{TreeHasher, root_of};
use sealane_model::limits::RANGE_BYTES;
use sealane_model::{Entry, EntryKind, Item, Progress, RemotePath};
use sealane_transfer::lane::client::MAX_AHEAD;
use sealane_transfer::lane::{Chunk, LaneClient, LaneError};
use sealane_transfer::message::{BatchRequest, BrowseQuery, Expected, Finished, ProgressReport, RangeRequest};

use crate::backend::Backend;
use crate::two_sites::{CLIENT, TwoSites, ana, path};

async fn plan(lane: &mut LaneClient, after: Option<&RemotePath>) -> Vec<Entry> {
    lane.plan(0, after).await.unwrap();
    let mut entries = Vec::new();
    while let Some(page) = lane.next_plan_page().await.unwrap() {
        entries.extend(page);
    }
    entries
}

fn tree_digest(content: &[u8]) -> Digest {
    let mut hasher = TreeHasher::new();
    hasher.update(content);
    hasher.finish()
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from((i * 7 + i / 4096) % 251).unwrap()).collect()
}

fn range(entry: &Entry, offset: u64, length: u64) -> RangeRequest {
    RangeRequest { item: 0, path: entry.path.clone(), expect: Expected::of(entry), offset, length }
}

fn batch(entries: &[Entry]) -> BatchRequest {
    BatchRequest { item: 0, files: entries.iter().map(|entry| (entry.path.clone(), Expected::of(entry))).collect() }
}

/// Every chunk of the oldest request: contents by file, roots by file, failures by file.
#[derive(Default, Debug)]
struct Received {
    contents: BTreeMap<u32, Vec<u8>>,
    roots: BTreeMap<u32, Digest>,
    failed: BTreeMap<u32, String>,
}

async fn receive(lane: &mut LaneClient) -> Received {
    let mut received = Received::default();
    let (mut buffer, mut content) = (Vec::new(), Vec::new());
    loop {
        match lane.next_chunk(&mut buffer).await.unwrap() {
            Chunk::Data => content.extend_from_slice(&buffer),
            Chunk::RangeEnd { root } => {
                received.contents.insert(0, content);
                received.roots.insert(0, root);
                return received;
            }
            Chunk::FileEnd { index, root } => {
                received.contents.insert(index, std::mem::take(&mut content));
                received.roots.insert(index, root);
            }
            Chunk::FileFailed { index, code, .. } => {
                content.clear();
                received.failed.insert(index, code);
                if lane.awaited() == 0 {
                    return received;
                }
            }
            Chunk::BatchEnd => return received,
        }
    }
}

on_both!(a_plan_names_everything_beneath_an_item_once_and_in_order);
async fn a_plan_names_everything_beneath_an_item_once_and_in_order(on: &Backend) {
    let sites = TwoSites::start(on).await;
    for index in 0..1_200 {
        sites.source.write(&format!("many/{index:04}.csv"), b"x");
    }
    std::fs::write(sites.source.data().join(OsStr::from_bytes(b"caf\xe9\n.dcm")), b"abc").unwrap();
    std::fs::create_dir(sites.source.data().join("empty")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", sites.source.data().join("link")).unwrap();

    let mut lane = sites.lane().await;
    let entries = plan(&mut lane, None).await;
    let names: Vec<String> = entries.iter().map(|entry| entry.path.to_text()).collect();
    assert_eq!(names.first().map(String::as_str), Some("/"), "the root itself comes first");
    assert_eq!(names.len(), 1 + 1 + 1 + 1 + 1 + 1_200);
    assert!(names.contains(&r"/caf\xe9\x0a.dcm".to_owned()), "names that are not text arrive as they are");
    let link = entries.iter().find(|entry| entry.path == path("/link")).unwrap();
    assert_eq!(link.kind, EntryKind::Symlink);

    let middle = entries[600].path.clone();
    let rest = plan(&mut lane, Some(&middle)).await;
    assert_eq!(rest, entries[601..], "a plan goes on exactly behind the last known path");
    lane.close().await;
}

on_both!(a_large_file_arrives_by_ranges_and_their_heads_make_the_files_digest);
async fn a_large_file_arrives_by_ranges_and_their_heads_make_the_files_digest(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let content = pattern(usize::try_from(RANGE_BYTES).unwrap() + 3_000_003);
    sites.source.write("scan.dcm", &content);
    let mut lane = sites.lane().await;
    let entry = plan(&mut lane, None).await.pop().unwrap();

    lane.request_range(range(&entry, 0, RANGE_BYTES)).await.unwrap();
    lane.request_range(range(&entry, RANGE_BYTES, 3_000_003)).await.unwrap();
    let (first, second) = (receive(&mut lane).await, receive(&mut lane).await);
    let arrived = [first.contents[&0].as_slice(), second.contents[&0].as_slice()].concat();
    assert!(arrived == content, "both ranges, in the order of the requests");
    assert_eq!(root_of(&[first.roots[&0], second.roots[&0]]), tree_digest(&content));
    lane.close().await;

    let entries = sites.source.lane_entries().await;
    let outcome = &entries.last().unwrap().entry;
    assert_eq!(outcome.outcome.as_ref().unwrap().outcome, Outcome::Done);
    assert_eq!(outcome.object.bytes, Some(u64::try_from(content.len()).unwrap()));
    assert!(outcome.transport.as_ref().unwrap().starts_with("TLS13_"), "the cipher that was used is recorded");
    let intent = &entries.first().unwrap().entry;
    assert_eq!((intent.phase, intent.op), (Phase::Intent, outcome.op));
    assert_eq!(intent.decision.as_ref().unwrap().effect, "permit");
    assert_eq!(entries.len(), 2, "one intent, one outcome");
}

on_both!(a_batch_of_small_files_arrives_in_one_stream);
async fn a_batch_of_small_files_arrives_in_one_stream(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut contents: Vec<Vec<u8>> = (0..300).map(|index| pattern(index * 97)).collect();
    contents.push(pattern(2 * 1024 * 1024 + 17));
    for (index, content) in contents.iter().enumerate() {
        sites.source.write(&format!("{index:04}"), content);
    }
    let mut lane = sites.lane().await;
    let files = plan(&mut lane, None).await.split_off(1);
    lane.request_batch(batch(&files)).await.unwrap();
    let received = receive(&mut lane).await;
    assert_eq!(received.contents.len(), contents.len());
    for (index, content) in (0_u32..).zip(&contents) {
        assert!(received.contents[&index] == *content, "file {index}");
        assert_eq!(received.roots[&index], tree_digest(content), "file {index}");
    }
    lane.close().await;
    let entries = sites.source.lane_entries().await;
    assert_eq!(entries.last().unwrap().entry.object.files, Some(301));
}

on_both!(a_file_that_changed_or_vanished_is_named_and_the_others_arrive);
async fn a_file_that_changed_or_vanished_is_named_and_the_others_arrive(on: &Backend) {
    let sites = TwoSites::start(on).await;
    for name in ["a", "b", "c", "d", "e"] {
        sites.source.write(name, b"as planned");
    }
    let mut lane = sites.lane().await;
    let files = plan(&mut lane, None).await.split_off(1);
    sites.source.write("a", b"longer than planned");
    std::fs::remove_file(sites.source.data().join("b")).unwrap();
    std::fs::remove_file(sites.source.data().join("c")).unwrap();
    std::os::unix::fs::symlink("d", sites.source.data().join("c")).unwrap();
    lane.request_batch(batch(&files)).await.unwrap();
    let received = receive(&mut lane).await;
    let failed: Vec<&str> = received.failed.values().map(String::as_str).collect();
    assert_eq!(failed, ["source-changed", "source-vanished", "not-regular"]);
    assert_eq!(received.contents.keys().copied().collect::<Vec<_>>(), [3, 4]);
    lane.close().await;
}

on_both!(a_file_that_shrinks_while_it_is_read_is_reported);
async fn a_file_that_shrinks_while_it_is_read_is_reported(on: &Backend) {
    let sites = TwoSites::start(on).await;
    sites.source.write("growing", b"");
    let file = std::fs::OpenOptions::new().write(true).open(sites.source.data().join("growing")).unwrap();
    file.set_len(4 * RANGE_BYTES).unwrap();
    let mut lane = sites.lane().await;
    let entry = plan(&mut lane, None).await.pop().unwrap();
    for index in 0..4 {
        lane.request_range(range(&entry, index * RANGE_BYTES, RANGE_BYTES)).await.unwrap();
    }
    let mut buffer = Vec::new();
    assert_eq!(lane.next_chunk(&mut buffer).await.unwrap(), Chunk::Data, "reading is under way");
    file.set_len(10).unwrap();
    let mut codes = Vec::new();
    while lane.awaited() > 0 {
        if let Chunk::FileFailed { code, .. } = lane.next_chunk(&mut buffer).await.unwrap() {
            codes.push(code);
        }
    }
    assert!(!codes.is_empty() && codes.iter().all(|code| code == "source-changed"), "{codes:?}");
    lane.close().await;
}

on_both!(an_order_for_one_file_gives_neither_a_directory_nor_what_lies_beneath);
async fn an_order_for_one_file_gives_neither_a_directory_nor_what_lies_beneath(on: &Backend) {
    let sites = TwoSites::start(on).await;
    sites.source.write("folder/secret", b"not ordered");
    let mut order = sites.order();
    order.items = vec![Item { source: path("/folder"), destination: path("/in"), recursive: false }];
    let mut lane = sites.destination.dialer().lane(&sites.peer, &sites.signed(&order), 0).await.unwrap();
    lane.plan(0, None).await.unwrap();
    let error = lane.next_plan_page().await.unwrap_err();
    assert_eq!(error.code(), "source-is-a-directory");
    let expect = Expected { size: 11, modified: sealane_model::FileTime::default(), identity: 0 };
    lane.request_batch(BatchRequest { item: 0, files: vec![(path("/secret"), expect)] }).await.unwrap();
    let received = receive(&mut lane).await;
    assert_eq!(received.failed[&0], "not-ordered");
    lane.plan(7, None).await.unwrap();
    assert_eq!(lane.next_plan_page().await.unwrap_err().code(), "item-unknown", "the lane lives on after each refusal");
    lane.close().await;
}

on_both!(a_lane_takes_eight_requests_ahead_and_no_more);
async fn a_lane_takes_eight_requests_ahead_and_no_more(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut lane = sites.lane().await;
    for _ in 0..MAX_AHEAD {
        lane.plan(0, None).await.unwrap();
    }
    assert!(matches!(lane.plan(0, None).await, Err(LaneError::Protocol(_))));
}

on_both!(a_lane_that_is_dropped_is_recorded_as_lost);
async fn a_lane_that_is_dropped_is_recorded_as_lost(on: &Backend) {
    let sites = TwoSites::start(on).await;
    drop(sites.lane().await);
    assert_eq!(sites.source.lane_codes().await.last().unwrap(), "lane-lost");
}

on_both!(a_lane_ends_when_the_site_stops_and_is_recorded_as_interrupted);
async fn a_lane_ends_when_the_site_stops_and_is_recorded_as_interrupted(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut lane = sites.lane().await;
    sites.source.shutdown.cancel();
    lane.plan(0, None).await.ok();
    assert!(lane.next_plan_page().await.is_err());
    let entries = sites.source.lane_entries().await;
    assert_eq!(entries.last().unwrap().entry.outcome.as_ref().unwrap().outcome, Outcome::Interrupted);
}

on_both!(a_lane_ends_when_its_task_is_cancelled_at_the_source);
async fn a_lane_ends_when_its_task_is_cancelled_at_the_source(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut lane = sites.lane().await;
    sites.source.task_ended.cancel();
    lane.plan(0, None).await.ok();
    assert!(lane.next_plan_page().await.is_err());
    let entries = sites.source.lane_entries().await;
    let outcome = entries.last().unwrap().entry.outcome.clone().unwrap();
    assert_eq!((outcome.outcome, outcome.code.as_str()), (Outcome::Interrupted, "task-ended"));
}

on_both!(what_is_said_on_a_control_connection_arrives_and_is_answered);
async fn what_is_said_on_a_control_connection_arrives_and_is_answered(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut control = sites.destination.dialer().control(&sites.peer).await.unwrap();
    let order = sites.order();
    assert_eq!(control.offer(&sites.signed(&order)).await.unwrap().title, "hospital-a");
    let query = BrowseQuery { collection: sites.source.collection.id, path: path("/x"), after: None, limit: 10 };
    assert!(control.browse(&ana(), query).await.unwrap().more);
    assert_eq!(control.collections(&ana()).await.unwrap()[0].id, sites.source.collection.id);
    let report = ProgressReport {
        task: order.task,
        progress: Progress::default(),
        state: "ACTIVE".to_owned(),
        nice_status: "moving".to_owned(),
    };
    control.progress(report).await.unwrap();
    let finished = Finished {
        task: order.task,
        succeeded: true,
        code: "ok".to_owned(),
        message: String::new(),
        manifest: Some(tree_digest(b"")),
        cipher: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
        files: 1,
        bytes: 2,
        progress: Progress::default(),
    };
    control.finished(finished).await.unwrap();
    control.cancel(order.task, &ana()).await.unwrap();
    let refused = control.renew_order(order.task).await.unwrap_err();
    assert_eq!(refused.problem().next_step.as_deref(), Some("look"), "the peer's problem arrives whole");
    let task = order.task;
    let site = sites.destination.identity.site;
    let heard = sites.source.heard.lock().unwrap().clone();
    assert_eq!(
        heard,
        [
            format!("offer {task} via Some(\"{site}\")"),
            format!("browse /x for ana at {CLIENT}"),
            format!("progress {task} ACTIVE"),
            format!("finished {task} ok"),
            format!("cancel {task}"),
            format!("renew {task}"),
        ]
    );
    control.close().await;
}

on_both!(a_peer_speaks_only_for_people_of_the_identity_providers_it_was_accepted_for);
async fn a_peer_speaks_only_for_people_of_the_identity_providers_it_was_accepted_for(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut mallory = ana();
    mallory.person.id.issuer = "https://elsewhere.example".to_owned();
    let mut control = sites.destination.dialer().control(&sites.peer).await.unwrap();
    let error = control.collections(&mallory).await.unwrap_err();
    assert_eq!(error.code(), "issuer-not-accepted");
    sites.destination.clock.advance(Duration::from_secs(200));
    let error = control.collections(&ana()).await.unwrap_err();
    assert_eq!(error.code(), "assertion-expired", "an assertion from the future is not accepted either");
    control.close().await;
    assert_eq!(sites.source.lane_codes().await.last().unwrap(), "assertion-expired");
}

on_both!(what_cannot_be_recorded_does_not_leave);
async fn what_cannot_be_recorded_does_not_leave(on: &Backend) {
    let sites = TwoSites::start(on).await;
    for index in 0..40 {
        sites.source.write(&format!("small/{index}"), &pattern(200_000));
    }
    sites.source.write("large", &pattern(5 << 20));
    let mut small = sites.lane().await;
    let entries = plan(&mut small, None).await;
    let mut large = sites.lane().await;
    let log = sites.source.guard.log().directory().to_owned();
    std::fs::rename(log.join("seg"), log.join("away")).unwrap();

    let files: Vec<Entry> = entries.iter().filter(|entry| entry.path.depth() == 2).cloned().collect();
    small.request_batch(batch(&files)).await.unwrap();
    let answer = small.next_chunk(&mut Vec::new()).await;
    assert!(answer.is_err(), "not one byte of a small file: {answer:?}");
    let entry = entries.iter().find(|entry| entry.path == path("/large")).unwrap();
    large.request_range(range(entry, 0, 5 << 20)).await.unwrap();
    let answer = large.next_chunk(&mut Vec::new()).await;
    assert!(answer.is_err(), "not one byte of a range: {answer:?}");
}
