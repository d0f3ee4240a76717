//! Go's `golang.org/x/mod/sumdb`: what the Go module checksum database is verified with.
//!
//! `tests/foreign/verify.go` is built once a test run, off-line, against Debian's copy of the package.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::program::Program;

/// Where Debian puts Go packages.
const PACKAGES: &str = "/usr/share/gocode";

pub(super) fn start() -> Option<Program> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).as_ref().map(|program| Program::start("go x/mod/sumdb", &mut command(program)))
}

#[expect(clippy::disallowed_methods, reason = "other people's verifiers are programs")]
fn command(program: &Path) -> Command {
    Command::new(program)
}

/// `None` where Go or the package is not installed; a program that does not build is a failure.
fn build() -> Option<PathBuf> {
    let versioned = Path::new("/usr/lib/go-1.19/bin/go");
    let go = if versioned.exists() { versioned } else { Path::new("go") };
    let found = command(go).arg("version").output().is_ok_and(|output| output.status.success());
    if !found || !Path::new(PACKAGES).join("src/golang.org/x/mod/sumdb/tlog").is_dir() {
        return None;
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = place.join(format!("foreign-go-{}", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/verify.go");
    let built = command(go)
        .args(["build", "-o"])
        .args([&program, &source])
        .env("GO111MODULE", "off")
        .env("GOPATH", PACKAGES)
        .env("GOCACHE", place.join("go-cache"))
        .env("GOFLAGS", "")
        .output()
        .expect("run go build");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Some(program)
}
