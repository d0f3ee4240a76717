//! What these tests read from their environment, in one place.

#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment, and only here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether other people's verifiers must be there (`SEALANE_TEST_REQUIRE_FOREIGN`): the full run sets it.
pub(crate) fn require_foreign() -> bool {
    variable("SEALANE_TEST_REQUIRE_FOREIGN").is_some()
}
