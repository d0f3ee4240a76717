//! The verifier that we publish in docs/verify-log.py, written from the specifications, in Python.
//!
//! `tests/it/published.rs` runs it as its readers do; here one process judges many logs.

use std::path::Path;
use std::process::Command;

use super::program::Program;
use crate::python::interpreter;

#[expect(clippy::disallowed_methods, reason = "other people's verifiers are programs")]
pub(super) fn start() -> Option<Program> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(interpreter("docs/verify-log.py")?);
    command.arg(package.join("tests/foreign/verify.py")).arg(package.join("../docs/verify-log.py"));
    Some(Program::start("docs/verify-log.py", &mut command).without_hash_tiles().one_of(4))
}
