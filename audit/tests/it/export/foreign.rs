//! Runs a Python program of ours that asks somebody else's library about an export.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the program says of these bytes. `None` where there is no interpreter and none is required.
#[expect(clippy::disallowed_methods, reason = "this test starts a program, no gateway does")]
pub(super) fn ask(program: &str, arguments: &[&str], input: &[u8]) -> Option<String> {
    let python = crate::python::interpreter(program)?;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python").join(program);
    let mut child = Command::new(python)
        .arg(program)
        .args(arguments)
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the interpreter");
    let mut pipe = child.stdin.take().expect("stdin");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().expect("wait");
    // A program that ends early with a verdict need not have read all; its verdict is what counts.
    let _ = writer.join().expect("writer");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{said}");
    Some(said)
}
