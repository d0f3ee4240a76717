//! A small log in a temporary directory, and ways to copy and damage it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealane_audit::event::{Access, Actor};
use sealane_audit::verify::{Options as VerifyOptions, Report, verify_dir};
use sealane_audit::{Event, Log, LogKeys, Object, OpId, OpenError, Options, OutcomeRecord, Phase, Private, Recovery};
use sealane_crypto::aead::AeadKey;
use sealane_crypto::random::{Random, SystemRandom};
use sealane_crypto::sign::{SigningKey, VerifyingKey};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const ORIGIN: &str = "audit.hospital-a.example/n1";
pub(crate) const AT: i64 = 1_700_000_000_000_000_000;

/// A place for logs, in memory where there is such a place, with the keys of one node.
pub(crate) struct Site {
    home: TempDir,
    pub(crate) keys: LogKeys,
    random: Arc<dyn Random>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let shm = Path::new("/dev/shm");
        let home = if shm.is_dir() { TempDir::new_in(shm) } else { TempDir::new() }.expect("temporary directory");
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new().expect("randomness"));
        let keys = new_keys(random.as_ref());
        Self { home, keys, random }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn other_keys(&self) -> LogKeys {
        new_keys(self.random.as_ref())
    }

    pub(crate) fn key(&self) -> VerifyingKey {
        self.keys.signing.verifying_key()
    }

    pub(crate) fn try_open(&self, name: &str) -> Result<(Log, Recovery), OpenError> {
        self.open_with(&self.path(name), &self.keys, small())
    }

    pub(crate) fn open(&self, name: &str) -> Log {
        self.try_open(name).expect("open").0
    }

    pub(crate) fn open_as(&self, name: &str, origin: &str) -> Log {
        let opened = Log::open_with(&self.path(name), origin, self.keys.clone(), Arc::clone(&self.random), small());
        opened.expect("open").0
    }

    pub(crate) fn open_with(
        &self,
        directory: &Path,
        keys: &LogKeys,
        options: Options,
    ) -> Result<(Log, Recovery), OpenError> {
        Log::open_with(directory, ORIGIN, keys.clone(), Arc::clone(&self.random), options)
    }

    /// A closed log of that many entries, one batch each, its blank space cut off so that a test may look
    /// at every byte of it.
    pub(crate) fn finished(&self, name: &str, entries: u128) -> PathBuf {
        let log = self.open(name);
        for n in 0..entries {
            log.append_blocking(event(n)).expect("append");
        }
        drop(log);
        let path = self.path(name);
        compact(&path);
        path
    }

    pub(crate) fn verify(&self, directory: &Path) -> Report {
        verify_dir(directory, &VerifyOptions { key: Some(self.key()), ..VerifyOptions::default() })
    }
}

fn new_keys(random: &dyn Random) -> LogKeys {
    LogKeys { signing: SigningKey::generate(random), openings: AeadKey::generate(random) }
}

pub(crate) fn small() -> Options {
    Options { segment_bytes: 256 << 10, least_free_bytes: 0, opened_at_ns: Some(AT), ..Options::default() }
}

pub(crate) fn op(n: u128) -> OpId {
    OpId::new(Uuid::from_u128(n))
}

/// An intent to read a file, by Ana, with personal values in every place for them.
pub(crate) fn event(n: u128) -> Event {
    Event::new(Access::ContentRead, Phase::Intent, op(n), AT + i64::try_from(n).expect("small"))
        .actor(Actor {
            issuer: "https://idp.hospital-a.example".into(),
            subject: "ana@hospital-a.example".into(),
            acr: Some("mfa".into()),
            amr: vec!["otp".into(), "pwd".into()],
            auth_time_s: Some(AT / 1_000_000_000),
            session: None,
            via_site: None,
        })
        .client(Private::new("192.0.2.7"))
        .object(Object {
            collection: Some("imaging".into()),
            path: Some("/patients/Maria Lopez.dcm".into()),
            task: Some(format!("task-{n}")),
            ..Object::default()
        })
}

/// The outcome of the same.
pub(crate) fn outcome(n: u128) -> Event {
    let mut event = event(n).outcome(OutcomeRecord::done());
    event.phase = Phase::Outcome;
    event
}

pub(crate) fn segment(directory: &Path) -> PathBuf {
    directory.join("seg/00000000.seg")
}

/// Cuts blank space off every segment and removes the empty ones.
pub(crate) fn compact(directory: &Path) {
    for series in ["seg", "openings"] {
        for file in fs::read_dir(directory.join(series)).expect("list") {
            let path = file.expect("file").path();
            let bytes = fs::read(&path).expect("read");
            // Not the last byte that is not zero: a sealed value may end in one that is.
            match frames(&bytes).last() {
                Some(last) => fs::write(&path, &bytes[..last.end]).expect("write"),
                None => fs::remove_file(&path).expect("remove"),
            }
        }
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make");
    for file in fs::read_dir(from).expect("list") {
        let file = file.expect("file");
        let target = to.join(file.file_name());
        if file.file_type().expect("type").is_dir() {
            copy(&file.path(), &target);
        } else {
            match fs::copy(file.path(), target) {
                // A running log renames what it has finished; a copy need not have it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.expect("copy")),
            }
        }
    }
}

/// A frame of a segment: where it lies, whether it is a trailer, its index.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) trailer: bool,
    pub(crate) index: u64,
}

pub(crate) fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut start = 0;
    while let Some(head) = bytes.get(start..start + 16) {
        let word = u32::from_le_bytes(head[..4].try_into().expect("4 bytes"));
        let index = u64::from_le_bytes(head[8..].try_into().expect("8 bytes"));
        let length = usize::try_from(word & 0x7fff_ffff).expect("fits");
        if word == 0 {
            break;
        }
        frames.push(Frame { start, end: start + 16 + length, trailer: word >> 31 == 1, index });
        start += 16 + length;
    }
    frames
}

/// A frame made by somebody who knows the format.
pub(crate) fn forge(trailer: bool, index: u64, body: &[u8]) -> Vec<u8> {
    let word = u32::try_from(body.len()).expect("fits") | if trailer { 1 << 31 } else { 0 };
    let crc = crc32c::crc32c_append(crc32c::crc32c(&word.to_le_bytes()), &index.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, body);
    [&word.to_le_bytes()[..], &crc.to_le_bytes(), &index.to_le_bytes(), body].concat()
}
