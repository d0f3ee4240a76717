//! Verified entries per second, and one proof: `cargo bench -p sealane-audit --bench verify`.
//!
//! A log of so many entries (first argument; 400,000 if none is given) is written in batches of 256 and verified
//! in full: every frame, link, leaf, root, signature and sealed opening. Beside it, in the same run, what one
//! thread can do that only hashes these entries, and the processor time that all threads took: on a busy machine
//! these say more than the rate. Then one `tlog-proof`, by its size and by the time that making and verifying takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sealane_audit::event::{Access, Actor};
use sealane_audit::verify::{Options as VerifyOptions, verify_dir, verify_proof};
use sealane_audit::{Event, Filter, Log, LogKeys, Object, OpId, Options, Phase, Private};
use sealane_crypto::aead::AeadKey;
use sealane_crypto::digest::leaf_hash;
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::sign::SigningKey;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const BATCH: u64 = 256;
const RUNS: u32 = 5;

fn event(n: u64) -> Event {
    let at_ns = 1_700_000_000_000_000_000 + i64::try_from(n).unwrap_or(0);
    Event::new(Access::ContentRead, Phase::Info, OpId::new(Uuid::from_u64_pair(7, n)), at_ns)
        .actor(Actor {
            issuer: "https://idp.example".into(),
            subject: "ana@hospital-a.example".into(),
            acr: Some("mfa".into()),
            amr: vec!["otp".into()],
            auth_time_s: Some(1_700_000_000),
            session: None,
            via_site: None,
        })
        .client(Private::new("192.0.2.7"))
        .object(Object {
            collection: Some("imaging".into()),
            path: Some(format!("/scans/{n:07}.dcm").into()),
            ..Object::default()
        })
}

fn write(log: &Log, entries: u64) -> Result<(), Failure> {
    let mut first = 0;
    while first < entries {
        let end = entries.min(first + BATCH);
        log.append_all_blocking((first..end).map(event).collect())?;
        first = end;
    }
    Ok(())
}

fn per_second(entries: u64, took: Duration) -> Result<f64, Failure> {
    Ok(f64::from(u32::try_from(entries)?) / took.as_secs_f64())
}

/// The fastest of several runs: what others do to the machine only slows.
fn fastest(mut run: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

/// Processor time of all threads so far, in hundredths of a second: proc(5), `utime` and `stime`.
fn processor_time() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("no process name")?;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn main() -> Result<(), Failure> {
    let entries = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(400_000);
    let home = tempfile::tempdir()?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
    let directory = home.path().join("log");
    let keys = LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
    let key = keys.signing.verifying_key();
    let (log, _) = Log::open_with(&directory, "audit.bench", keys, random, Options::default())?;
    write(&log, entries)?;

    let sample = log.entries(entries / 2, 10_000, &Filter::all())?;
    let bytes: usize = sample.iter().map(|view| view.json.len()).sum();
    let hashed = fastest(|| {
        let hashes = sample.iter().map(|view| leaf_hash(view.json.as_bytes()));
        if hashes.zip(&sample).all(|(hash, view)| hash == view.leaf) { Ok(()) } else { Err("a hash differs".into()) }
    })?;
    let hashing = per_second(u64::try_from(sample.len())?, hashed)?;
    println!("entries of {} bytes, only hashed by one thread: {hashing:.0}/s", bytes / sample.len());

    let index = entries / 3;
    let proof = log.proof(index, &log.checkpoint())?;
    let made = fastest(|| log.proof(index, &log.checkpoint()).map(|_| ()).map_err(Failure::from))?;
    let json = log.entries(index, 1, &Filter::all())?.remove(0).json;
    let options = VerifyOptions { key: Some(key), ..VerifyOptions::default() };
    let judge = || verify_proof(&proof, Some(json.as_bytes()), &options).holds();
    let verified = fastest(|| if judge() { Ok(()) } else { Err("the proof does not hold".into()) })?;
    println!("one proof: {} bytes, made in {made:?}, verified in {verified:?}", proof.to_string().len());
    drop(log);

    let before = processor_time()?;
    let took = fastest(|| match verify_dir(&directory, &options) {
        report if report.holds() => Ok(()),
        report => Err(report.to_string().into()),
    })?;
    let busy = (processor_time()? - before) / RUNS;
    let rate = per_second(entries, took)?;
    println!("verified in full: {rate:.0} entries/s, {:.2} of what one thread only hashes", rate / hashing);
    let alone = per_second(entries, busy)?;
    println!("its processor time would allow {alone:.0} entries/s on one processor, {:.0} on two", alone * 2.0);
    Ok(())
}
