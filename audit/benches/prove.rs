//! Time and size of single proofs: `cargo bench -p sealane-audit --bench prove`.
//!
//! Random entries of a log of the size given as the first argument (500,000 if none): from tiles, and from
//! the segments alone, as where tiles are behind. Beside it the time of one SHA-256 node, which bounds all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sealane_audit::event::Access;
use sealane_audit::{Event, Log, LogKeys, OpId, Options, Phase};
use sealane_crypto::aead::AeadKey;
use sealane_crypto::digest::{leaf_hash, node_hash};
use sealane_crypto::random::{Random, SystemRandom, random_bytes};
use sealane_crypto::sign::SigningKey;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const PROOFS: usize = 2000;
const AT_ONCE: u64 = 1000;

fn event(n: u64) -> Event {
    Event::new(Access::ContentRead, Phase::Info, OpId::new(Uuid::from_u64_pair(7, n)), 1_700_000_000_000_000_000)
        .detail("bytes", n)
}

fn fill(log: &Log, size: u64) -> Result<(), Failure> {
    for first in (0..size).step_by(usize::try_from(AT_ONCE)?) {
        log.append_all_blocking((first..size.min(first + AT_ONCE)).map(event).collect())?;
    }
    Ok(())
}

/// Seconds of one node hash.
fn node_time() -> Duration {
    let mut hash = leaf_hash(b"");
    let start = Instant::now();
    for _ in 0..100_000 {
        hash = node_hash(&hash, &hash);
    }
    std::hint::black_box(hash);
    start.elapsed() / 100_000
}

fn measure(
    name: &str,
    random: &dyn Random,
    size: u64,
    prove: impl Fn(u64) -> Result<usize, Failure>,
) -> Result<(), Failure> {
    let mut times = Vec::with_capacity(PROOFS);
    let mut longest = 0;
    for _ in 0..PROOFS {
        let index = u64::from_le_bytes(random_bytes(random)) % size;
        let start = Instant::now();
        longest = longest.max(prove(index)?);
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at =
        |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).copied().unwrap_or_default();
    println!("{name:<28} p50 {:>9.1?}  p99 {:>9.1?}  at most {longest} bytes", at(50), at(99));
    Ok(())
}

fn main() -> Result<(), Failure> {
    let size = std::env::args().nth(1).and_then(|size| size.parse().ok()).unwrap_or(500_000);
    let home = tempfile::tempdir()?;
    let directory = home.path().join("log");
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
    let keys = LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
    let open = || Log::open_with(&directory, "audit.bench", keys.clone(), Arc::clone(&random), Options::default());
    let (log, _) = open()?;
    fill(&log, size)?;
    // Closing finishes the tiles.
    drop(log);
    let (log, _) = open()?;
    let head = log.checkpoint();
    println!("{size} entries; one node hash takes {:?}", node_time());
    measure("inclusion, from tiles", random.as_ref(), size, |index| Ok(log.proof(index, &head)?.to_string().len()))?;
    measure("consistency, from tiles", random.as_ref(), size, |old| Ok(log.consistency(old, size)?.len() * 32))?;
    drop(log);
    // Where a file stands no tiles can be written.
    std::fs::remove_dir_all(directory.join("tile"))?;
    std::fs::write(directory.join("tile"), "")?;
    let (log, _) = open()?;
    measure("inclusion, from segments", random.as_ref(), size, |index| Ok(log.proof(index, &head)?.to_string().len()))?;
    Ok(())
}
