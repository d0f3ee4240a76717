//! What the tests read from their environment, in one place, and where the binaries are that they run.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::LazyLock;

use anyhow::Context;

#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment, and only here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the forms are asked for that take hours (`SEALANE_TEST_LONG`).
#[must_use]
pub fn long() -> bool {
    variable("SEALANE_TEST_LONG").is_some()
}

/// Whether rsyslog must be there (`SEALANE_TEST_REQUIRE_RSYSLOG`).
#[must_use]
pub fn requires_rsyslog() -> bool {
    variable("SEALANE_TEST_REQUIRE_RSYSLOG").is_some()
}

/// The seed of everything random in a test: another one in each run, unless `SEALANE_TEST_SEED` says which.
///
/// It is told on standard error, so that a failure can be run again.
#[must_use]
pub fn seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| {
        let given = variable("SEALANE_TEST_SEED").and_then(|text| text.parse().ok());
        given.unwrap_or_else(|| RandomState::new().hash_one(std::process::id()))
    });
    eprintln!("SEALANE_TEST_SEED={} repeats what was random here", *SEED);
    *SEED
}

/// The PostgreSQL server that tests may make databases on (`SEALANE_TEST_POSTGRES`: a URL, or a file that holds one).
///
/// # Errors
/// When the named file cannot be read, or `SEALANE_TEST_REQUIRE_POSTGRES` asks for a server and none is named.
pub fn postgres() -> anyhow::Result<Option<String>> {
    let Some(value) = variable("SEALANE_TEST_POSTGRES") else {
        anyhow::ensure!(
            variable("SEALANE_TEST_REQUIRE_POSTGRES").is_none(),
            "this test needs PostgreSQL: set SEALANE_TEST_POSTGRES to a URL such as postgres://postgres@127.0.0.1:5432/postgres"
        );
        return Ok(None);
    };
    let url = if value.starts_with('/') { std::fs::read_to_string(&value)? } else { value };
    Ok(Some(url.trim().to_owned()))
}

/// The search path of programs, handed on to the processes that tests start.
#[must_use]
pub fn path() -> String {
    variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned())
}

/// A binary of the workspace, built in the same profile as the running test.
///
/// # Errors
/// When it has not been built.
pub fn binary(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let profile = own.ancestors().nth(2).context("the test binary is not in target/<profile>/deps")?;
    let found = profile.join(name);
    anyhow::ensure!(found.is_file(), "{} is missing: run `cargo build -p {package}` first", found.display());
    Ok(found)
}
