//! A writer is killed (SIGKILL) at any moment, also on a full disk: nothing that it acknowledged is lost, nothing is
//! said to be wrong that is not, and what was cut is said in an entry.
//!
//! The writer is this test binary, run again with [`PLACE`] set; acknowledgements come through its standard error.
//! 40 kills in the inner loop, 150 in the full run, 2,000 with `SEALANE_TEST_LONG`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::HEXLOWER;
use sealane_audit::event::Assurance;
use sealane_audit::{AppendError, Filter, Log, LogKeys, OpenError, Receipt, VerifierKey};
use sealane_crypto::aead::AeadKey;
use sealane_crypto::random::SystemRandom;
use sealane_crypto::sign::SigningKey;
use tempfile::TempDir;

use crate::foreign::{Verifier, verifiers};
use crate::mounted::Mounted;
use crate::noise::Noise;
use crate::settings;
use crate::support::{ORIGIN, Site, copy, event, outcome, small};

/// Where the writer's log lies, and its keys: the environment of the writer.
const PLACE: &str = "SEALANE_TEST_WRITER_PLACE";
const KEYS: &str = "SEALANE_TEST_WRITER_KEYS";
const WRITER: &str = "crash::a_writer_left_alone_is_acknowledged_once_for_every_entry";
const WRITERS: u128 = 4;

/// One of several threads that append: single entries, groups, large ones. `tell` hears of every answer.
fn write(log: &Log, writer: u128, most: u128, tell: &(dyn Fn(String) + Sync)) {
    for round in 0..most {
        let n = writer * 1_000_000 + round * 8;
        let answer: Result<Vec<Receipt>, AppendError> = match round % 5 {
            0 => log.append_all_blocking((n..n + 6).map(event).collect()),
            1 => log.append_blocking(outcome(n)).map(|receipt| vec![receipt]),
            2 => log.append_blocking(event(n).detail("list", "x".repeat(20_000))).map(|receipt| vec![receipt]),
            _ => log.append_blocking(event(n)).map(|receipt| vec![receipt]),
        };
        match answer {
            Ok(receipts) => {
                receipts.iter().for_each(|receipt| tell(format!("A {} {}", receipt.index(), receipt.leaf())))
            }
            Err(AppendError::Full) => tell("F".to_owned()),
            Err(error) => tell(format!("E {error}")),
        }
    }
}

fn write_with_all(log: &Log, most: u128, tell: &(dyn Fn(String) + Sync)) {
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || write(log, writer, most, tell));
        }
    });
}

#[test]
fn a_writer_left_alone_is_acknowledged_once_for_every_entry() {
    if let (Some(place), Some(keys)) = (settings::variable(PLACE), settings::variable(KEYS)) {
        return be_the_writer(Path::new(&place), &keys);
    }
    let site = Site::new();
    let log = site.open("log");
    let told = AtomicU64::new(0);
    write_with_all(&log, 10, &|line| {
        assert!(line.starts_with('A'), "{line}");
        told.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(log.head().0, told.load(Ordering::Relaxed));
}

fn be_the_writer(place: &Path, keys: &str) {
    let (signing, openings) = keys.split_once(' ').expect("two keys");
    let decode = |key: &str| HEXLOWER.decode(key.as_bytes()).expect("hex");
    let keys = LogKeys {
        signing: SigningKey::from_pkcs8(&decode(signing)).expect("a key"),
        openings: AeadKey::from_bytes(&decode(openings)).expect("a key"),
    };
    let random = Arc::new(SystemRandom::new().expect("randomness"));
    let (log, _) = Log::open_with(place, ORIGIN, keys, random, small()).expect("open");
    write_with_all(&log, u128::MAX >> 64, &|line| {
        // One write a line, so that a kill leaves whole lines; when nobody listens any more, there is nothing to do.
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    });
}

/// When a writer is killed: after so many answers, and a little later.
struct Moment {
    answers: usize,
    refusals: usize,
    spins: usize,
}

struct Victim {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Victim {
    #[expect(clippy::disallowed_methods, reason = "whoever is killed must be another process")]
    fn start(place: &Path, keys: &LogKeys) -> Self {
        let encoded = [keys.signing.to_pkcs8().expose().clone(), keys.openings.to_bytes().expose().clone()];
        let keys = encoded.map(|key| HEXLOWER.encode(&key)).join(" ");
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", WRITER, "--nocapture"])
            .env(PLACE, place)
            .env(KEYS, keys)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start a writer");
        let said = BufReader::new(child.stderr.take().expect("its standard error"));
        Self { child, said }
    }

    /// What was acknowledged until it died.
    fn kill(mut self, moment: &Moment) -> BTreeMap<u64, String> {
        let mut acknowledged = BTreeMap::new();
        let (mut answers, mut refusals) = (0, 0);
        while answers < moment.answers && refusals < moment.refusals {
            let line = self.line().expect("it writes until it is killed");
            answers += 1;
            refusals += usize::from(line == "F");
            note(&line, &mut acknowledged);
        }
        (0..moment.spins).for_each(|_| std::hint::spin_loop());
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
        while let Some(line) = self.line() {
            note(&line, &mut acknowledged);
        }
        acknowledged
    }

    /// A whole line.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("text");
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    }
}

fn note(line: &str, acknowledged: &mut BTreeMap<u64, String>) {
    let mut words = line.split(' ');
    match (words.next(), words.next().and_then(|index| index.parse().ok()), words.next()) {
        (Some("A"), Some(index), Some(leaf)) => {
            let before = acknowledged.insert(index, leaf.to_owned());
            assert_eq!(before, None, "entry {index} was acknowledged twice");
        }
        (Some("F"), None, None) => {}
        _ => panic!("the writer says: {line}"),
    }
}

/// Opens what a killed writer left, and checks all that was promised.
fn check_left(site: &Site, place: &Path, acknowledged: &BTreeMap<u64, String>) -> bool {
    let left = site.verify(place);
    // It may have died before there was anything to verify.
    assert!(!left.integrity.is_bad() && !left.authenticity.is_bad(), "a kill is no tampering: {left}");
    let (log, recovery) = site.open_with(place, &site.keys, small()).expect("open");
    let said = log.entries(left.entries, 10, &Filter::kind(Assurance::LogRecover)).expect("read");
    assert_eq!(log.head().0, left.entries + u64::try_from(said.len()).expect("few"));
    if recovery.cut_bytes > 0 {
        assert_eq!(said[0].entry.detail["cut_bytes"], recovery.cut_bytes, "what was cut is said");
    }
    if let Some((first, _)) = acknowledged.first_key_value() {
        let entries = log.entries(*first, usize::MAX, &Filter::all()).expect("read");
        let there: BTreeMap<u64, String> =
            entries.iter().map(|view| (view.entry.index, view.leaf.to_string())).collect();
        for (index, leaf) in acknowledged {
            assert_eq!(there.get(index), Some(leaf), "entry {index} was acknowledged");
        }
    }
    drop(log);
    let report = site.verify(place);
    assert!(report.holds(), "a false alarm: {report}");
    !said.is_empty()
}

/// Nobody else raises a false alarm either.
fn check_with_others(site: &Site, place: &Path, verifiers: &mut [Box<dyn Verifier>]) {
    let key = VerifierKey::new(ORIGIN, site.key()).to_string();
    for verifier in verifiers {
        let judged = verifier.judge(place, &key, &[]);
        assert!(judged.is_ok(), "{}: {judged:?}", verifier.name());
    }
}

#[test]
fn writers_killed_at_any_moment_lose_nothing_that_they_acknowledged() {
    let site = Site::new();
    // On a disk a writer spends most of its time waiting for it, and so dies with half a batch written.
    let disk = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("temporary directory");
    let mut verifiers = verifiers();
    let mut noise = Noise::seeded(settings::seed());
    let (mut entries, mut recovered) = (0, 0);
    let kills = settings::times(30, 100, 1000);
    for kill in 0..kills {
        let place = disk.path().join(format!("log-{}", kill / 10));
        let moment = Moment { answers: noise.below(60), refusals: 1, spins: noise.below(300_000) };
        let acknowledged = Victim::start(&place, &site.keys).kill(&moment);
        entries += acknowledged.len();
        recovered += usize::from(check_left(&site, &place, &acknowledged));
        if kill % 10 == 9 {
            check_with_others(&site, &place, &mut verifiers);
            fs::remove_dir_all(&place).expect("remove");
        }
    }
    eprintln!("{kills} kills, {entries} acknowledged entries, {recovered} recoveries said in an entry");
    assert!(entries > 0 && recovered > 0, "no kill struck in the middle of a write: the test tries nothing");
}

#[test]
fn writers_killed_on_a_full_disk_lose_nothing_that_they_acknowledged() {
    let site = Site::new();
    let at = site.path("disk");
    let Some(_disk) = Mounted::small(&at) else {
        eprintln!("not allowed to mount a small file system here: the full disk is not tried");
        return;
    };
    let mut verifiers = verifiers();
    let mut noise = Noise::seeded(settings::seed() ^ 1);
    let mut refused = 0;
    for _ in 0..settings::times(10, 50, 1000) {
        let (place, filler) = (at.join("log"), at.join("filler"));
        // Room for the first segments and the reserve, and for up to a few more.
        fs::write(&filler, vec![1; noise.below(1 << 20)]).expect("fill");
        let moment =
            Moment { answers: 200 + noise.below(400), refusals: 1 + noise.below(8), spins: noise.below(300_000) };
        let acknowledged = Victim::start(&place, &site.keys).kill(&moment);
        refused += usize::from(acknowledged.len() < moment.answers);
        match site.open_with(&place, &site.keys, small()) {
            Ok((log, _)) => drop(log),
            Err(error) => assert!(matches!(error, OpenError::Full(_)), "a full disk is no damage: {error}"),
        }
        // Tiles are derived, and need room that the log itself has taken.
        let elsewhere = site.path("elsewhere");
        copy(&place, &elsewhere);
        check_left(&site, &elsewhere, &acknowledged);
        check_with_others(&site, &elsewhere, &mut verifiers);
        [elsewhere, place].iter().for_each(|path| fs::remove_dir_all(path).expect("remove"));
    }
    assert!(refused > 0, "some writers met the full disk");
}
