//! Wrong words get exit code 2, a missing sign-in 3; both say what to do next.

use std::process::{Command, Output};

#[expect(clippy::disallowed_methods, reason = "the test runs the binary")]
fn sealane(arguments: &[&str]) -> (i32, String) {
    let home = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_sealane"))
        .args(arguments)
        .env("SEALANE_HOME", home.path())
        .env_remove("SEALANE_SITE")
        .output()
        .unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    let (code, said) = sealane(&["tranfser"]);
    assert_eq!(code, 2);
    assert!(said.contains("transfer"), "a likely command is named: {said}");
}

#[test]
fn a_path_that_escapes_is_a_usage_error() {
    let (code, said) = sealane(&["ls", "imaging:/../etc"]);
    assert_eq!(code, 2);
    assert!(said.contains("'.' and '..' are not allowed"), "{said}");
}

#[test]
fn without_a_sign_in_the_next_step_is_to_sign_in() {
    let (code, said) = sealane(&["ls", "imaging:/"]);
    assert_eq!(code, 3);
    assert!(said.contains("next: sealane login"), "{said}");
}

#[test]
fn a_missing_configuration_file_names_init() {
    let (code, said) = sealane(&["config", "check", "--config", "/nonexistent/sealane.toml"]);
    assert_eq!(code, 1);
    assert!(said.contains("/nonexistent/sealane.toml") && said.contains("sealane init"), "{said}");
}

#[test]
fn a_site_is_made_once_checked_and_has_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("sealane.toml");
    let config = config.to_str().unwrap();
    let init = [
        "init",
        "--config",
        config,
        "--name",
        "a",
        "--title",
        "A",
        "--url",
        "https://a.example",
        "--listen",
        "127.0.0.1:0",
    ];
    let (code, said) = sealane(&init);
    assert_eq!(code, 0, "{said}");
    assert_eq!(sealane(&["config", "check", "--config", config]).0, 0);
    assert_eq!(sealane(&["db", "status", "--config", config]).0, 0);
    let (code, said) = sealane(&init);
    assert_eq!(code, 1);
    assert!(said.contains("initialised once"), "{said}");
}

#[test]
fn a_wrong_answer_to_init_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("sealane.toml");
    let (code, said) = sealane(&[
        "init",
        "--config",
        config.to_str().unwrap(),
        "--name",
        "a",
        "--title",
        "A",
        "--url",
        "http://a.example",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(code, 1);
    assert!(said.contains("https"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
