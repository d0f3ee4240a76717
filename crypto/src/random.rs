//! Randomness as an argument.
//!
//! **What for.** Keys, nonces, salts and tokens are drawn through [`Random`], so that a test can hand in known bytes
//! and the product hands in the operating system's generator.
//!
//! **Promises.** [`SystemRandom`] never returns predictable bytes: construction proves that the generator answers, and
//! a later failure makes the caller wait, not continue.

use ring::rand::SecureRandom;
use thiserror::Error;

/// A source of bytes that nobody can predict.
pub trait Random: Send + Sync {
    /// Fills `out` completely.
    fn fill(&self, out: &mut [u8]);
}

/// Draws an array of `N` bytes.
#[must_use]
pub fn random_bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

/// The operating system gave no random bytes.
#[derive(Debug, Error)]
#[error(
    "the operating system gives no random bytes, so no key can be made; check that getrandom is allowed in this sandbox"
)]
pub struct RandomnessUnavailable;

/// The operating system's generator (`getrandom` on Linux).
#[derive(Clone, Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// Opens the generator and checks that it answers.
    ///
    /// # Errors
    /// [`RandomnessUnavailable`] when the operating system refuses.
    pub fn new() -> Result<Self, RandomnessUnavailable> {
        let inner = ring::rand::SystemRandom::new();
        inner.fill(&mut [0; 32]).map_err(|_| RandomnessUnavailable)?;
        Ok(Self(inner))
    }
}

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) {
        // INVARIANT: no caller ever continues with bytes that were not drawn. `getrandom` fails after a first success
        // only for passing reasons (an interrupted call), so asking again is right and ends.
        while self.0.fill(out).is_err() {
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_from_the_operating_system_differ() {
        let random = SystemRandom::new().unwrap();
        assert_ne!(random_bytes::<32>(&random), random_bytes::<32>(&random));
    }
}
