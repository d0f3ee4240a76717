//! Durable events per second at 1, 64 and 256 writers: `cargo bench -p sealane-audit`.
//!
//! An event counts when its receipt is there: written, synced with its sealed openings, in the tree, under
//! a signed checkpoint. Beside it the disk's own rate of `fdatasync`, which bounds a lone writer.
//! The log lies in the directory given as the first argument, else in the system's temporary one.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sealane_audit::event::{Access, Actor};
use sealane_audit::verify::{Options as VerifyOptions, verify_dir};
use sealane_audit::{Event, Log, LogKeys, Object, OpId, Options, Phase, Private};
use sealane_crypto::aead::AeadKey;
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::sign::SigningKey;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const FOR: Duration = Duration::from_secs(3);

fn event(n: u64) -> Event {
    Event::new(Access::ContentRead, Phase::Info, OpId::new(Uuid::from_u64_pair(7, n)), 1_700_000_000_000_000_000)
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
            path: Some("/scans/0001.dcm".into()),
            ..Object::default()
        })
}

/// What the disk alone can do.
fn syncs_per_second(directory: &Path) -> Result<f64, Failure> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(directory.join("syncs"))?;
    file.write_all_at(&vec![0; 4 << 20], 0)?;
    file.sync_all()?;
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(1) {
        file.write_all_at(&[1; 1024], u64::from(count % 4096) * 1024)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

async fn write(log: Log, writer: u64) -> Result<Vec<Duration>, Failure> {
    let (start, mut waits) = (Instant::now(), Vec::new());
    for n in 0.. {
        let asked = Instant::now();
        log.append(event(writer << 32 | n)).await?;
        waits.push(asked.elapsed());
        if start.elapsed() >= FOR {
            break;
        }
    }
    Ok(waits)
}

fn percentile(waits: &[Duration], percent: usize) -> Duration {
    waits.get((waits.len() * percent / 100).min(waits.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn main() -> Result<(), Failure> {
    let home = match std::env::args().nth(1).filter(|argument| !argument.starts_with('-')) {
        Some(directory) => tempfile::tempdir_in(directory)?,
        None => tempfile::tempdir()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
    println!("fdatasync of 1 KiB      {:>9.0} /s", syncs_per_second(home.path())?);
    for writers in [1_u64, 64, 256, 1024] {
        let directory = home.path().join(writers.to_string());
        let keys =
            LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
        let (log, _) = Log::open_with(&directory, "audit.bench", keys, Arc::clone(&random), Options::default())?;
        let start = Instant::now();
        let mut waits = runtime.block_on(async {
            let tasks: Vec<_> = (0..writers).map(|writer| tokio::spawn(write(log.clone(), writer))).collect();
            let mut waits = Vec::new();
            for task in tasks {
                waits.extend(task.await??);
            }
            Ok::<_, Failure>(waits)
        })?;
        let seconds = start.elapsed().as_secs_f64();
        runtime.block_on(log.close());
        waits.sort_unstable();
        let rate = f64::from(u32::try_from(waits.len())?) / seconds;
        print!("{writers:>4} writers  {rate:>9.0} events/s  ");
        println!("p50 {:?}  p99 {:?}", percentile(&waits, 50), percentile(&waits, 99));
        let start = Instant::now();
        let report = verify_dir(&directory, &VerifyOptions::default());
        let seconds = start.elapsed().as_secs_f64();
        let rate = f64::from(u32::try_from(report.entries)?) / seconds;
        println!("              verified  {rate:>9.0} entries/s  exit code {}", report.exit_code());
        std::fs::remove_dir_all(directory)?;
    }
    Ok(())
}
