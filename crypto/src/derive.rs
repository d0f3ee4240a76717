//! HKDF-SHA-256 (RFC 5869): several keys out of one secret, so that no key serves two purposes.
//!
//! **Promises.** The same secret and purpose give the same key; keys of different purposes say nothing about each
//! other or about the secret. No salt: the secrets here are random keys already (RFC 5869 section 3.1).
//!
//! **Leaves to others.** Naming purposes so that none is used twice; passwords, which are no keys.

use ring::hkdf::{HKDF_SHA256, Salt};

use crate::secret::Secret;

/// Derives 32 bytes for one purpose.
#[must_use]
#[expect(clippy::expect_used, reason = "HKDF refuses only outputs over 8,160 bytes, and this one has 32")]
pub fn derive(secret: &[u8], purpose: &[u8]) -> Secret<[u8; 32]> {
    let mut key = [0; 32];
    Salt::new(HKDF_SHA256, &[])
        .extract(secret)
        .expand(&[purpose], HKDF_SHA256)
        .and_then(|output| output.fill(&mut key))
        .expect("32 bytes are within the limit of HKDF");
    Secret::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex;

    #[test]
    fn the_test_vector_of_rfc_5869_without_salt_and_info() {
        let key = derive(&[0x0b; 22], b"");
        assert_eq!(hex(key.expose()), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        assert_ne!(derive(b"secret", b"one").expose(), derive(b"secret", b"two").expose());
        assert_ne!(derive(b"secret", b"one").expose(), derive(b"Secret", b"one").expose());
    }
}
