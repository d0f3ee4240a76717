//! The log itself: entries by number of writers, then verification, a proof and an erasure.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use sealane_audit::event::{Access, Actor};
use sealane_audit::verify::{Options as VerifyOptions, verify_dir};
use sealane_audit::{Event, Log, LogKeys, Object, OpId, Options, Phase, Private};
use sealane_crypto::aead::AeadKey;
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::sign::SigningKey;
use sealane_tests::runtime::wait;
use uuid::Uuid;

use super::{FOR, Rate};

/// Entries of the log that is verified.
const VERIFIED: u64 = 1_000_000;

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

fn open(directory: &Path) -> anyhow::Result<Log> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
    let keys = LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
    let (log, _) = Log::open_with(directory, "audit.bench", keys, random, Options::default())?;
    Ok(log)
}

/// So many writers, each waiting for its receipt before it asks again.
pub(crate) fn append(home: &Path, writers: u32) -> anyhow::Result<Rate> {
    let directory = home.join(format!("log-{writers}"));
    let log = open(&directory)?;
    let rate = wait(async {
        let begun = Instant::now();
        let tasks: Vec<_> =
            (0..writers).map(|writer| tokio::spawn(write(log.clone(), u64::from(writer), begun))).collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await??);
        }
        let elapsed = begun.elapsed();
        log.close().await;
        anyhow::Ok(Rate::of(waits, elapsed))
    })?;
    ensure!(
        verify_dir(&directory, &VerifyOptions::default()).exit_code() == 0,
        "the log of {writers} writers verifies"
    );
    std::fs::remove_dir_all(directory)?;
    Ok(rate)
}

async fn write(log: Log, writer: u64, begun: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for n in 0.. {
        let asked = Instant::now();
        log.append(event(writer << 32 | n)).await?;
        waits.push(asked.elapsed());
        if begun.elapsed() >= FOR {
            break;
        }
    }
    Ok(waits)
}

/// What a log of a million entries is good for.
pub(crate) fn afterwards(home: &Path) -> anyhow::Result<String> {
    let directory = home.join("log-of-a-million");
    let log = open(&directory)?;
    wait(async {
        let writers: u64 = 512;
        let tasks: Vec<_> = (0..writers)
            .map(|writer| {
                let log = log.clone();
                tokio::spawn(async move {
                    for n in 0..VERIFIED / writers {
                        log.append(event(writer << 32 | n)).await?;
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        anyhow::Ok(())
    })?;
    wait(log.close());
    let begun = Instant::now();
    let report = verify_dir(&directory, &VerifyOptions::default());
    let elapsed = begun.elapsed();
    ensure!(report.exit_code() == 0, "the log of a million entries verifies");
    let entries = f64::from(u32::try_from(report.entries)?);
    let rows = [format!(
        "| full verification of {} entries, entries per second | {:.0} | 500,000 |",
        report.entries,
        entries / elapsed.as_secs_f64()
    )];
    Ok(rows.join("\n"))
}
