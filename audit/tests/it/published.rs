//! The verifier in docs/verify-log.py, which shares no code with ours, judges our logs: honest and tampered.

use std::fs;
use std::path::{Path, PathBuf};

use sealane_audit::verify::{Options, verify_dir};
use sealane_audit::{Checkpoint, VerifierKey};

use crate::python::interpreter;
use crate::support::{ORIGIN, Site, copy, event};

const PROGRAM: &str = "docs/verify-log.py";

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PROGRAM)
}

/// Exit code, and a line for each directory.
#[expect(clippy::disallowed_methods, reason = "somebody else's verifier is a program")]
fn judge(arguments: &[&str], directories: &[PathBuf]) -> Option<(Option<i32>, Vec<String>)> {
    let mut command = std::process::Command::new(interpreter(PROGRAM)?);
    let output = command.arg(program()).args(arguments).args(directories).output().expect("run");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    Some((output.status.code(), said.lines().map(str::to_owned).collect()))
}

fn write(site: &Site, name: &str, entries: u128) -> PathBuf {
    let log = site.open(name);
    for first in (0..entries).step_by(100) {
        log.append_all_blocking((first..entries.min(first + 100)).map(event).collect()).expect("append");
    }
    drop(log);
    site.path(name)
}

#[test]
fn it_is_short_enough_to_be_read_before_it_is_trusted() {
    let lines = fs::read_to_string(program()).expect("read").lines().count();
    assert!(lines < 100, "{lines} lines");
}

#[test]
fn honest_logs_of_every_shape_hold_with_our_root() {
    let site = Site::new();
    let logs: Vec<PathBuf> = [0, 1, 2, 3, 7, 255, 256, 257, 600].map(|n| write(&site, &n.to_string(), n)).into();
    let Some((code, said)) = judge(&[], &logs) else { return };
    assert_eq!((code, said.len()), (Some(0), logs.len()), "{said:?}");
    for (log, said) in logs.iter().zip(said) {
        let report = site.verify(log);
        let root = data_encoding::BASE64.encode(report.root.as_bytes());
        assert_eq!(said, format!("{}: ok, {} entries, root {root}", log.display(), report.entries));
    }
}

#[test]
fn another_key_a_rollback_and_a_fork_are_told() {
    let site = Site::new();
    let log = write(&site, "log", 9);
    let (later, forked) = (write(&site, "later", 12).join("checkpoint"), write(&site, "forked", 5).join("checkpoint"));
    let key = VerifierKey::new(ORIGIN, site.key()).to_string();
    let other = VerifierKey::new(ORIGIN, site.other_keys().signing.verifying_key()).to_string();
    let elsewhere = VerifierKey::new("audit.lab-b.example/n1", site.key()).to_string();
    let path = |path: &Path| path.to_str().expect("text").to_owned();
    let anchor = |file: &Path| vec!["--anchor".to_owned(), path(file)];
    let cases = [
        (vec!["--key".to_owned(), key], Some(0), ": ok"),
        (vec!["--key".to_owned(), other], Some(1), "not signed by this key"),
        (vec!["--key".to_owned(), elsewhere], Some(1), "another log"),
        (anchor(&log.join("checkpoint")), Some(0), ": ok"),
        (anchor(&later), Some(2), "rolled back"),
        (anchor(&forked), Some(1), "the root over the first 5 entries"),
        (vec!["--what".to_owned()], Some(64), ""),
    ];
    for (arguments, code, why) in cases {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some((told, said)) = judge(&arguments, std::slice::from_ref(&log)) else { return };
        assert_eq!(told, code, "{arguments:?}: {said:?}");
        assert!(said.concat().contains(why), "{arguments:?}: {said:?}");
    }
}

/// The log as HTTP gives it, with one byte of one file changed, or one file gone.
fn damaged(site: &Site, log: &Path, number: usize, change: impl FnOnce(&Path)) -> PathBuf {
    let at = site.path(&format!("damaged-{number}"));
    copy(&log.join("tile"), &at.join("tile"));
    for file in ["checkpoint", "origin.pub"] {
        fs::copy(log.join(file), at.join(file)).expect("copy");
    }
    change(&at);
    at
}

#[test]
fn it_finds_what_our_verifier_finds_in_the_entries_and_in_the_checkpoint() {
    let site = Site::new();
    let log = write(&site, "log", 300);
    let mut logs = Vec::new();
    for file in ["tile/entries/000", "tile/entries/001.p/44", "checkpoint", "origin.pub"] {
        let length = fs::read(log.join(file)).expect("read").len();
        for part in 0..40 {
            let change = |at: &Path| {
                let mut bytes = fs::read(at.join(file)).expect("read");
                bytes[(length - 1) * part / 40] ^= 1;
                fs::write(at.join(file), bytes).expect("write");
            };
            logs.push(damaged(&site, &log, logs.len(), change));
        }
        logs.push(damaged(&site, &log, logs.len(), |at| fs::remove_file(at.join(file)).expect("remove")));
    }
    let Some((code, said)) = judge(&[], &logs) else { return };
    assert_eq!((code, said.len()), (Some(1), logs.len()));
    for (log, said) in logs.iter().zip(said) {
        let ours = verify_dir(log, &Options::default());
        assert_ne!(ours.exit_code(), 0, "{ours}");
        assert!(said.contains(": tampered: ") || said.contains(": incomplete: "), "{said}, and ours: {ours}");
    }
}

#[test]
fn a_tile_of_hashes_is_not_believed() {
    let site = Site::new();
    let log = write(&site, "log", 300);
    let checkpoint = fs::read_to_string(log.join("checkpoint")).expect("read");
    let root = data_encoding::BASE64.encode(Checkpoint::parse(&checkpoint).expect("checkpoint").root().as_bytes());
    fs::write(log.join("tile/0/000"), "forged").expect("write");
    let Some((code, said)) = judge(&[], &[log]) else { return };
    assert_eq!(code, Some(0));
    assert!(said.concat().ends_with(&root), "{said:?}");
}
