//! HMAC-SHA-256 (FIPS 198-1): a name for a value that only the holder of a key can compute or recognise.
//!
//! **What for.** Looking personal values up without storing them: an unkeyed hash of a name can be guessed, a keyed
//! one cannot, and it says nothing once its key is gone.
//!
//! **Promises.** Equal messages give equal codes under one key; without the key a code tells nothing of its message.
//!
//! **Leaves to others.** Marking where one part of a message ends and the next begins.

use std::fmt;

use ring::hmac;

/// Bytes of a code.
pub const MAC_BYTES: usize = 32;

/// A key for HMAC-SHA-256.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// Takes a secret of any length; 32 random bytes are right.
    #[must_use]
    pub fn from_bytes(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The code of a message.
    #[must_use]
    pub fn code(&self, message: &[u8]) -> [u8; MAC_BYTES] {
        let code = hmac::sign(&self.0, message);
        let mut bytes = [0; MAC_BYTES];
        bytes.iter_mut().zip(code.as_ref()).for_each(|(to, from)| *to = *from);
        bytes
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex;

    #[test]
    fn the_first_test_vector_of_rfc_4231() {
        let code = MacKey::from_bytes(&[0x0b; 20]).code(b"Hi There");
        assert_eq!(hex(&code), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn a_key_does_not_print() {
        assert_eq!(format!("{:?}", MacKey::from_bytes(b"k")), "MacKey([redacted])");
    }
}
