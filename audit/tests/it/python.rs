//! The Python interpreter for programs that judge what we write.
//!
//! `SEALANE_TEST_PYTHON` names the one of the environment that `tests/run` makes from
//! `tests/python/requirements.txt`. Without it these tests have nobody to ask and say so; with
//! `SEALANE_TEST_REQUIRE_PYTHON` that is a failure.

#[expect(clippy::disallowed_methods, reason = "where the test interpreter is can only come from the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The interpreter for `program`. `None` where there is none and none is required.
pub(crate) fn interpreter(program: &str) -> Option<String> {
    let python = variable("SEALANE_TEST_PYTHON");
    if python.is_none() {
        assert!(
            variable("SEALANE_TEST_REQUIRE_PYTHON").is_none(),
            "{program} needs Python: set SEALANE_TEST_PYTHON to an interpreter with tests/python/requirements.txt installed"
        );
        eprintln!("NOT RUN: {program}: SEALANE_TEST_PYTHON names no interpreter");
    }
    python
}
