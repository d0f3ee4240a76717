//! Waiting for something to become true: asked again and again until a deadline, never a fixed time.

use std::time::{Duration, Instant};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// Ask until there is an answer.
///
/// # Errors
/// When asking fails, or the deadline passes; then the error says what was waited for.
pub fn until<T>(
    what: &str,
    patience: Duration,
    mut ask: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        anyhow::ensure!(Instant::now() < deadline, "waited {patience:?} in vain for {what}");
        std::thread::park_timeout(PAUSE);
    }
}

/// Ask until something is so.
///
/// # Errors
/// As [`until`].
pub fn until_true(what: &str, patience: Duration, mut ask: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    until(what, patience, || Ok(ask()?.then_some(())))
}
