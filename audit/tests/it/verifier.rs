//! `sealane-verify`, as an auditor runs it.

use std::fs;
use std::path::Path;
use std::process::Output;

use sealane_audit::VerifierKey;

use crate::support::{ORIGIN, Site, segment};

#[expect(clippy::disallowed_methods, reason = "the verifier is a program, and this is its test")]
pub(crate) fn run(arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_sealane-verify")).args(arguments).output().expect("run")
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn an_honest_log_passes_with_the_key_in_any_form() {
    let site = Site::new();
    let directory = site.finished("log", 5);
    let key = site.key();
    let line = VerifierKey::new(ORIGIN, key).to_string();
    for form in [key.to_string(), key.fingerprint().to_string(), line] {
        let output = run(&["log", text(&directory), "--key", &form]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("signed by the given key") && said.contains("not anchored"), "{said}");
    }
    assert_eq!(run(&["log", text(&directory)]).status.code(), Some(0));
}

#[test]
fn one_changed_byte_is_exit_1_with_the_entry_named_in_text_and_json() {
    let site = Site::new();
    let directory = site.finished("log", 5);
    let file = segment(&directory);
    let mut bytes = fs::read(&file).expect("read");
    bytes[40] ^= 1;
    fs::write(&file, bytes).expect("write");
    let output = run(&["log", text(&directory)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("integrity     BAD      entry 0: "));
    let output = run(&["log", text(&directory), "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["integrity"]["verdict"], "bad");
    assert_eq!(report["integrity"]["entry"], 0);
}

#[test]
fn exit_codes_tell_tampered_incomplete_and_unverifiable_apart() {
    let site = Site::new();
    let directory = site.finished("log", 3);
    let anchor = site.path("anchor");
    fs::copy(directory.join("checkpoint"), &anchor).expect("copy");
    assert_eq!(run(&["log", text(&directory), "--anchor", text(&anchor)]).status.code(), Some(0));

    let early = site.finished("early", 2);
    assert_eq!(run(&["log", text(&early), "--anchor", text(&anchor)]).status.code(), Some(2), "rolled back");
    let other = site.finished("other", 4);
    assert_eq!(run(&["log", text(&other), "--anchor", text(&anchor)]).status.code(), Some(1), "another history");
    fs::remove_file(directory.join("origin.pub")).expect("remove");
    assert_eq!(run(&["log", text(&directory)]).status.code(), Some(3));
    fs::remove_file(directory.join("checkpoint")).expect("remove");
    assert_eq!(run(&["log", text(&directory)]).status.code(), Some(2));
}

#[test]
fn wrong_usage_is_an_exit_code_of_its_own_and_says_how() {
    let wrong = [
        &[][..],
        &["what"],
        &["log"],
        &["log", "a", "b"],
        &["log", "a", "--key"],
        &["log", "a", "--key", "?"],
        &["log", "a", "--anchor", "/nonexistent"],
        &["log", "a", "--what"],
    ];
    for arguments in wrong {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.starts_with("error: ") && said.contains("usage: "), "{said}");
    }
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["log", "/nonexistent"]).status.code(), Some(2), "a log that is not there is incomplete");
}

#[test]
fn a_log_of_another_name_is_refused_where_the_name_is_known_though_the_same_key_signed_it() {
    let site = Site::new();
    drop(site.open_as("sibling", "audit.hospital-a.example/n2"));
    let sibling = site.path("sibling");
    let line = |origin: &str| VerifierKey::new(origin, site.key()).to_string();
    let code = |key: &str| run(&["log", text(&sibling), "--key", key]).status.code();
    assert_eq!(code(&line("audit.hospital-a.example/n2")), Some(0));
    assert_eq!(code(&site.key().to_string()), Some(0), "the key alone says no name");
    assert_eq!(code(&line(ORIGIN)), Some(1));
    fs::remove_file(sibling.join("origin.pub")).expect("remove");
    assert_eq!(code(&line(ORIGIN)), Some(1));
}
