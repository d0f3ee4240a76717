//! Random values that must not be guessed: session tokens, states, nonces, device codes.
//!
//! 256 bits from the site's randomness in base64url; what the database keeps of them is SHA-256.

use data_encoding::BASE64URL_NOPAD;
use sealane_crypto::digest::{Digest, Sha256};
use sealane_crypto::random::{Random, random_bytes};
use sealane_crypto::secret::Secret;

/// A fresh unguessable text with a prefix that says what it is.
pub(crate) fn fresh(prefix: &str, random: &dyn Random) -> Secret<String> {
    let bytes = Secret::new(random_bytes::<32>(random));
    Secret::new(format!("{prefix}{}", BASE64URL_NOPAD.encode(bytes.expose())))
}

/// What is stored of a secret text. The purpose keeps a value of one kind from standing for another.
pub(crate) fn stored(purpose: &str, parts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"sealane ");
    hash.update(purpose.as_bytes());
    for part in parts {
        hash.update(&[0]);
        hash.update(part.as_bytes());
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use sealane_crypto::random::SystemRandom;

    use super::*;

    #[test]
    fn tokens_have_256_bits_and_never_repeat() {
        let random = SystemRandom::new().unwrap();
        let (one, two) = (fresh("slb_", &random), fresh("slb_", &random));
        assert_eq!(one.expose().len(), 4 + 43);
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn the_same_text_is_stored_differently_for_another_purpose() {
        assert_ne!(stored("session", &["x"]), stored("device", &["x"]));
        assert_ne!(stored("login", &["a", "b"]), stored("login", &["ab"]));
    }
}
