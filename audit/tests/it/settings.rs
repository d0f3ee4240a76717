//! What these tests read from their environment, in one place.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment, and only here")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the forms are asked for that take long (`SEALANE_TEST_LONG`).
pub(crate) fn long() -> bool {
    variable("SEALANE_TEST_LONG").is_some()
}

/// Whether other people's verifiers must be there (`SEALANE_TEST_REQUIRE_FOREIGN`): the full run sets it.
pub(crate) fn require_foreign() -> bool {
    variable("SEALANE_TEST_REQUIRE_FOREIGN").is_some()
}

/// How often something is tried: in the inner loop, in the full run (which demands everybody's verifiers), in the
/// long one.
pub(crate) fn times(inner: u64, full: u64, long: u64) -> u64 {
    if self::long() {
        long
    } else if require_foreign() {
        full
    } else {
        inner
    }
}

/// The seed of everything random in a test: another one in each run, unless `SEALANE_TEST_SEED` says which.
///
/// It is told on standard error, so that a failure can be run again.
pub(crate) fn seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| {
        let given = variable("SEALANE_TEST_SEED").and_then(|text| text.parse().ok());
        given.unwrap_or_else(|| RandomState::new().hash_one(std::process::id()))
    });
    eprintln!("SEALANE_TEST_SEED={} repeats what was random here", *SEED);
    *SEED
}
