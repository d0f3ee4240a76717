//! How fast lanes are: 2 GiB from a file in memory to memory, over real TLS, policy and audit, on loopback.
//!
//! `cargo bench -p sealane-transfer --bench lane` prints GiB/s and CPU seconds per GiB, both ends together, for one and
//! two lanes, with and without the receiver computing the digests that it compares. Quote ratios from one run: absolute
//! figures move with the machine.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a measurement that cannot go on stops")]

use std::path::Path;
use std::time::Instant;

use sealane_crypto::digest::tree::{TreeFrontier, leaf_hash};
use sealane_model::limits::RANGE_BYTES;
use sealane_model::{Class, Entry};
use sealane_transfer::lane::{Chunk, LaneClient};
use sealane_transfer::message::{Expected, RangeRequest};

#[expect(dead_code, unused_macros, reason = "the tests use more of it")]
#[path = "../../database/tests/it/backend.rs"]
mod backend;
#[expect(dead_code, clippy::expect_used, reason = "the tests use more of it")]
#[path = "../tests/it/two_sites.rs"]
mod two_sites;

use backend::Backend;
use two_sites::{Site, TwoSites};

/// Ranges of 16 MiB in the file: 256 MiB, read again and again.
const FILE_RANGES: u64 = 16;
/// Ranges moved in one measurement: 2 GiB.
const RANGES: u64 = 128;
/// Ranges asked ahead on each lane.
const AHEAD: u64 = 3;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let backend = Backend::sqlite();
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let source = Site::start_in(&backend, folder.unwrap(), "hospital-a", Class::Internal).await;
    let content: Vec<u8> = (0..RANGE_BYTES).map(|i| u8::try_from((i ^ (i >> 9)) & 0xff).unwrap()).collect();
    source.write("scan.dcm", &content.repeat(usize::try_from(FILE_RANGES).unwrap()));
    let sites = TwoSites::between(source, Site::start(&backend, "university-b", Class::Internal).await).await;
    println!("lanes  digests at   GiB/s  CPU s/GiB");
    for (lanes, verify) in [(1, true), (2, true), (1, false), (2, false)] {
        measure(&sites, lanes, verify).await;
    }
}

async fn measure(sites: &TwoSites, lanes: u16, verify: bool) {
    let order = sites.signed(&sites.order());
    let share = RANGES / u64::from(lanes);
    let mut open = Vec::new();
    for lane in 0..lanes {
        open.push(sites.destination.dialer().lane(&sites.peer, &order, lane).await.unwrap());
    }
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let pulls: Vec<_> = open.into_iter().map(|lane| tokio::spawn(pull(lane, share, verify))).collect();
    for done in pulls {
        done.await.unwrap();
    }
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let gib = 2.0;
    let ends = if verify { "both ends" } else { "source   " };
    println!("{lanes:>5}  {ends}  {:>7.2}  {:>9.2}", gib / seconds, cpu / gib);
}

async fn pull(mut lane: LaneClient, ranges: u64, verify: bool) {
    lane.plan(0, None).await.unwrap();
    let mut file = None;
    while let Some(page) = lane.next_plan_page().await.unwrap() {
        file = page.into_iter().next_back();
    }
    let file = file.unwrap();
    let (mut asked, mut buffer) = (0, Vec::new());
    for _ in 0..ranges {
        while asked < ranges && lane.awaited() < usize::try_from(AHEAD).unwrap() {
            lane.request_range(range(&file, asked % FILE_RANGES)).await.unwrap();
            asked += 1;
        }
        receive(&mut lane, &mut buffer, verify).await;
    }
    lane.close().await;
}

fn range(file: &Entry, index: u64) -> RangeRequest {
    let expect = Expected::of(file);
    RangeRequest { item: 0, path: file.path.clone(), expect, offset: index * RANGE_BYTES, length: RANGE_BYTES }
}

async fn receive(lane: &mut LaneClient, buffer: &mut Vec<u8>, verify: bool) {
    let mut records = TreeFrontier::new();
    loop {
        match lane.next_chunk(buffer).await.unwrap() {
            Chunk::Data if verify => records.push(leaf_hash(buffer)),
            Chunk::Data => {}
            Chunk::RangeEnd { root } => {
                assert!(!verify || records.root() == root, "what arrived is what was sent");
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// CPU seconds of this process so far, from `/proc/self/stat` (fields 14 and 15, in ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: u32 = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum();
    f64::from(ticks) / 100.0
}
