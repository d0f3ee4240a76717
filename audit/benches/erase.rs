//! Erasing one person with a million entries: `cargo bench -p sealane-audit --bench erase`.
//!
//! The time is that of the whole call: the order's entry, durable, and the destroyed key, durable. A number
//! given as the first argument is the number of entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sealane_audit::event::{Access, Actor, Assurance};
use sealane_audit::verify::{Options as VerifyOptions, verify_dir};
use sealane_audit::{Event, Filter, Log, LogKeys, Object, OpId, Options, Phase, Private, Scope};
use sealane_crypto::aead::AeadKey;
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::sign::SigningKey;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const ISSUER: &str = "https://idp.example";
const SUBJECT: &str = "ana@hospital-a.example";
const AT: i64 = 1_700_000_000_000_000_000;
const WRITERS: usize = 1024;

fn event(n: u64) -> Event {
    let actor = Actor {
        issuer: ISSUER.into(),
        subject: SUBJECT.into(),
        acr: None,
        amr: Vec::new(),
        auth_time_s: None,
        session: None,
        via_site: None,
    };
    let object = Object { collection: Some("imaging".into()), path: Some("/scans/1.dcm".into()), ..Object::default() };
    Event::new(Access::ContentRead, Phase::Info, OpId::new(Uuid::from_u64_pair(7, n)), AT)
        .actor(actor)
        .client(Private::new("192.0.2.7"))
        .object(object)
}

async fn write(log: Log, next: Arc<AtomicU64>, until: u64) -> Result<(), Failure> {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= until {
            return Ok(());
        }
        log.append(event(n)).await?;
    }
}

fn main() -> Result<(), Failure> {
    let entries = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let home = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
    let keys = LogKeys { signing: SigningKey::generate(random.as_ref()), openings: AeadKey::generate(random.as_ref()) };
    let (log, _) = Log::open_with(home.path(), "audit.bench", keys, random, Options::default())?;
    let next = Arc::new(AtomicU64::new(0));
    runtime.block_on(async {
        let write = |_| tokio::spawn(write(log.clone(), Arc::clone(&next), entries));
        let tasks: Vec<_> = (0..WRITERS).map(write).collect();
        for task in tasks {
            task.await??;
        }
        Ok::<_, Failure>(())
    })?;
    let order = Event::new(Assurance::Erase, Phase::Intent, OpId::new(Uuid::from_u64_pair(8, 0)), AT);
    let start = Instant::now();
    let erased = log.erase(&Scope::person(ISSUER, SUBJECT), order)?;
    println!("{entries} entries, {} values erased in {:?}", erased.values, start.elapsed());
    let seen = log.entries(entries - 1, 1, &Filter::all())?;
    println!("of the last entry can be seen: {:?}", seen.first().map(|view| view.revealed.keys().collect::<Vec<_>>()));
    runtime.block_on(log.close());
    println!("verified with exit code {}", verify_dir(home.path(), &VerifyOptions::default()).exit_code());
    Ok(())
}
