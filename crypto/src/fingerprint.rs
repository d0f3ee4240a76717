//! A public key's fingerprint: what people compare, what peers pin.
//!
//! **Promises.** The full SHA-256 is what programs compare; [`Fingerprint::short`] (96 bits) is for people reading
//! aloud, and the full text accepts the ways in which people copy it (spaces, colons, dashes, capitals).

use std::fmt;
use std::str::FromStr;

use crate::digest::sha256;
use crate::encoding::{self, ParseError};

/// The SHA-256 of a public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a public key's bytes (raw for Ed25519, SubjectPublicKeyInfo for others).
    #[must_use]
    pub fn of(public_key: &[u8]) -> Self {
        Self(*sha256(public_key).as_bytes())
    }

    /// Takes 32 bytes that are known to be a fingerprint.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Six groups of four digits, for two people to compare by voice.
    #[must_use]
    pub fn short(&self) -> String {
        let groups: Vec<String> = self.0.chunks(2).take(6).map(encoding::hex).collect();
        groups.join("-")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", encoding::hex(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let plain: String =
            text.chars().filter(|c| !matches!(c, ' ' | ':' | '-')).map(|c| c.to_ascii_lowercase()).collect();
        let digits = plain.strip_prefix("sha256").unwrap_or(&plain);
        encoding::parse_hex(digits, "a key fingerprint (sha256: and 64 hexadecimal digits)").map(Self)
    }
}

encoding::text_or_bytes!(Fingerprint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_however_people_copy_it() {
        let fingerprint = Fingerprint::of(b"key");
        let text = fingerprint.to_string();
        let digits = text.trim_start_matches("sha256:").to_uppercase();
        let colons: Vec<String> =
            digits.as_bytes().chunks(2).map(|b| String::from_utf8_lossy(b).into_owned()).collect();
        for copy in [text.clone(), digits, colons.join(":"), format!("SHA256 {}", colons.join(" - "))] {
            assert_eq!(copy.parse::<Fingerprint>(), Ok(fingerprint));
        }
        assert!("sha256:00".parse::<Fingerprint>().is_err());
        assert!(format!("{text}00").parse::<Fingerprint>().is_err());
    }

    #[test]
    fn the_short_form_is_the_beginning_in_six_groups() {
        let fingerprint = Fingerprint::of(b"key");
        let short = fingerprint.short();
        assert_eq!(short.len(), 6 * 4 + 5);
        assert!(fingerprint.to_string().starts_with(&format!("sha256:{}", short.replace('-', ""))));
    }
}
