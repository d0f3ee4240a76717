//! Verifier keys: a public key with its name and what it signs, on one line (`name+id+base64`).
//!
//! The algorithm byte keeps a log's key (0x01) and a cosigner's (0x04) apart, also when name and key
//! are the same: their ids differ, so a signature of one kind is never looked up as the other.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use sealane_crypto::digest::sha256;
use sealane_crypto::sign::{Signature, VerifyingKey};

use super::{NoteError, SignatureLine, is_origin};

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The text of notes: a log's own key (Ed25519, 0x01).
    Log,
    /// Timestamped statements about the checkpoints of others (Ed25519 cosignature, 0x04).
    Cosigner,
}

impl KeyKind {
    const fn algorithm(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Cosigner => 0x04,
        }
    }
}

/// A public key with its name, as C2SP signed notes write it: `name+id+base64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// A log's key under its origin.
    #[must_use]
    pub fn new(origin: &str, key: VerifyingKey) -> Self {
        Self { name: origin.to_owned(), kind: KeyKind::Log, key }
    }

    /// A cosigner's key under the cosigner's name.
    #[must_use]
    pub fn cosigner(name: &str, key: VerifyingKey) -> Self {
        Self { name: name.to_owned(), kind: KeyKind::Cosigner, key }
    }

    /// The log's origin, or the cosigner's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> VerifyingKey {
        self.key
    }

    /// SHA-256(name, newline, algorithm, key), the first four bytes.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let mut bytes = format!("{}\n", self.name).into_bytes();
        bytes.push(self.kind.algorithm());
        bytes.extend_from_slice(self.key.as_bytes());
        let [a, b, c, d, ..] = *sha256(&bytes).as_bytes();
        [a, b, c, d]
    }

    /// The lines that claim to be by this key.
    pub(super) fn lines<'a>(&'a self, lines: &'a [SignatureLine]) -> impl Iterator<Item = &'a SignatureLine> {
        let id = self.id();
        lines.iter().filter(move |line| line.name() == self.name && line.id() == id)
    }

    pub(super) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let signature = <[u8; 64]>::try_from(signature).map_err(|_| NoteError::BadSignature)?;
        self.key.verify_raw(message, &Signature::from_bytes(signature)).map_err(|_| NoteError::BadSignature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = vec![self.kind.algorithm()];
        blob.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&blob))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim_end_matches('\n').splitn(3, '+');
        let name = parts.next().filter(|name| is_origin(name)).ok_or(NoteError::Key("no name"))?;
        let id = parts.next().ok_or(NoteError::Key("no key id"))?;
        let blob = parts.next().and_then(|blob| BASE64.decode(blob.as_bytes()).ok());
        let blob = blob.ok_or(NoteError::Key("the key is not base64"))?;
        let (kind, key) = match blob.split_first() {
            Some((0x01, key)) => (KeyKind::Log, key),
            Some((0x04, key)) => (KeyKind::Cosigner, key),
            _ => return Err(NoteError::Key("neither an Ed25519 key (1) nor one for Ed25519 cosignatures (4)")),
        };
        let key = <[u8; 32]>::try_from(key).map_err(|_| NoteError::Key("an Ed25519 key has 32 bytes"))?;
        let read = Self { name: name.to_owned(), kind, key: VerifyingKey::from_bytes(key) };
        if HEXLOWER.encode(&read.id()) != id {
            return Err(NoteError::Key("the key id does not belong to this name and key"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_verifier_key_of_the_go_note_package_is_read_and_written_alike() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let read: VerifierKey = text.parse().expect("a known good key");
        assert_eq!(read.to_string(), text);
        let note =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let line = "\u{2014} PeterNeumann \
                    x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let line: SignatureLine = line.parse().expect("a known good line");
        assert_eq!(read.lines(std::slice::from_ref(&line)).count(), 1);
        assert_eq!(read.check(note.as_bytes(), line.signature()), Ok(()));
    }

    #[test]
    fn the_example_of_the_specification_verifies() {
        let key: VerifierKey =
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse().expect("a known good key");
        let line: SignatureLine = "\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
            .parse()
            .expect("a known good line");
        assert_eq!(line.id(), key.id());
        assert_eq!(key.check(b"This is an example message.\n", line.signature()), Ok(()));
    }

    #[test]
    fn a_key_of_one_kind_has_another_id_than_the_same_key_of_the_other() {
        let log: VerifierKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().expect("a known good key");
        let cosigner = VerifierKey::cosigner(log.name(), log.key());
        assert_ne!(log.id(), cosigner.id());
        assert_eq!(cosigner.to_string().parse::<VerifierKey>(), Ok(cosigner));
    }

    #[test]
    fn what_is_not_a_verifier_key_is_told_apart() {
        for text in ["", "name", "na me+00000000+AQ==", "a+c74f20a3+!", "a+00000000+BgAA", "PeterNeumann+c74f20a3+AQ=="]
        {
            assert!(matches!(text.parse::<VerifierKey>(), Err(NoteError::Key(_))), "{text}");
        }
        let other_name = "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert!(other_name.parse::<VerifierKey>().is_err());
    }
}
