//! Checkpoints: the signed head of a log, in the forms that other people's verifiers read.
//!
//! C2SP `tlog-checkpoint` inside a C2SP `signed-note`: origin, size and base64 root on three lines, an
//! empty line, then one signature line per key. Ed25519 over the three lines (algorithm 0x01). The key's
//! name is the origin. Whether a key is to be trusted is left to the caller.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sealane_crypto::digest::{Digest, sha256};
use sealane_crypto::sign::{Signature, SigningKey, VerifyingKey};

const ED25519: u8 = 0x01;
const DASH: &str = "\u{2014} ";

/// A note or key that is not in the C2SP form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a checkpoint in a signed note.
    #[error("not a signed checkpoint: {0}")]
    Form(&'static str),
    /// No signature by this key under this origin.
    #[error("the checkpoint carries no signature by the key {0}")]
    NotSigned(String),
    /// A signature line names the key but does not verify.
    #[error("the checkpoint's signature does not verify: it was altered, or another key signed it")]
    BadSignature,
    /// Not a verifier key line.
    #[error("not a verifier key of the form name+id+base64: {0}")]
    Key(&'static str),
}

/// A signed head: so many entries, with this root.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Digest,
    text: String,
}

impl Checkpoint {
    /// Signs a head.
    pub(crate) fn sign(origin: &str, size: u64, root: Digest, key: &SigningKey) -> Self {
        let body = format!("{origin}\n{size}\n{}\n", BASE64.encode(root.as_bytes()));
        let mut signed = key_id(origin, &key.verifying_key()).to_vec();
        signed.extend_from_slice(key.sign_raw(body.as_bytes()).as_bytes());
        let text = format!("{body}\n{DASH}{origin} {}\n", BASE64.encode(&signed));
        Self { origin: origin.to_owned(), size, root, text }
    }

    /// Reads a signed checkpoint. The signature is not checked here: see [`Checkpoint::verify`].
    ///
    /// # Errors
    /// [`NoteError::Form`] when it is not a checkpoint inside a signed note.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (body, signatures) =
            text.split_once("\n\n").ok_or(NoteError::Form("no empty line before the signatures"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| is_origin(line)).ok_or(NoteError::Form("no origin line"))?;
        let size = lines.next().and_then(plain_number).ok_or(NoteError::Form("no size line"))?;
        let root = lines.next().and_then(root_line).ok_or(NoteError::Form("no root hash line"))?;
        if lines.next().is_some() {
            return Err(NoteError::Form("lines after the root hash"));
        }
        if !signatures.ends_with('\n') || !signatures.lines().all(|line| line.starts_with(DASH)) {
            return Err(NoteError::Form("a signature line is damaged"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, text: text.to_owned() })
    }

    /// Checks that `key`, under the checkpoint's own origin, signed it.
    ///
    /// # Errors
    /// [`NoteError`] when no line is by this key, or the line does not verify.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), NoteError> {
        let (body, signatures) = self.text.split_once("\n\n").ok_or(NoteError::Form("no signatures"))?;
        let id = key_id(&self.origin, key);
        for line in signatures.lines() {
            let Some((name, blob)) = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')) else { continue };
            let Ok(blob) = BASE64.decode(blob.as_bytes()) else { continue };
            let Some((line_id, signature)) = blob.split_first_chunk::<4>() else { continue };
            if name != self.origin || *line_id != id {
                continue;
            }
            let signature = <[u8; 64]>::try_from(signature).map_err(|_| NoteError::BadSignature)?;
            return key
                .verify_raw(format!("{body}\n").as_bytes(), &Signature::from_bytes(signature))
                .map_err(|_| NoteError::BadSignature);
        }
        Err(NoteError::NotSigned(VerifierKey::new(&self.origin, *key).to_string()))
    }

    /// Which log it is the head of.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries it covers.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// RFC 6962 root over them.
    #[must_use]
    pub const fn root(&self) -> Digest {
        self.root
    }

    /// The whole signed note, as published.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checkpoint({} {} {})", self.origin, self.size, self.root)
    }
}

/// A log's public key with its name, as C2SP signed notes write it: `name+id+base64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key under a log's origin.
    #[must_use]
    pub fn new(origin: &str, key: VerifyingKey) -> Self {
        Self { name: origin.to_owned(), key }
    }

    /// The origin that the key signs for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> VerifyingKey {
        self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = HEXLOWER.encode(&key_id(&self.name, &self.key));
        let mut blob = vec![ED25519];
        blob.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{id}+{}", self.name, BASE64.encode(&blob))
    }
}

impl std::str::FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim_end_matches('\n').splitn(3, '+');
        let name = parts.next().filter(|name| is_origin(name)).ok_or(NoteError::Key("no name"))?;
        let id = parts.next().ok_or(NoteError::Key("no key id"))?;
        let blob = parts.next().and_then(|blob| BASE64.decode(blob.as_bytes()).ok());
        let blob = blob.ok_or(NoteError::Key("the key is not base64"))?;
        let Some((&ED25519, key)) = blob.split_first() else {
            return Err(NoteError::Key("not an Ed25519 key"));
        };
        let key = <[u8; 32]>::try_from(key).map_err(|_| NoteError::Key("an Ed25519 key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(key);
        if HEXLOWER.encode(&key_id(name, &key)) != id {
            return Err(NoteError::Key("the key id does not belong to this name and key"));
        }
        Ok(Self { name: name.to_owned(), key })
    }
}

fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let mut bytes = format!("{name}\n").into_bytes();
    bytes.push(ED25519);
    bytes.extend_from_slice(key.as_bytes());
    let [a, b, c, d, ..] = *sha256(&bytes).as_bytes();
    [a, b, c, d]
}

/// A name that signed notes allow: not empty, no space, no `+`, no control character.
pub(crate) fn is_origin(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

fn plain_number(line: &str) -> Option<u64> {
    let number: u64 = line.parse().ok()?;
    (number.to_string() == line).then_some(number)
}

fn root_line(line: &str) -> Option<Digest> {
    let bytes = BASE64.decode(line.as_bytes()).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use sealane_crypto::random::SystemRandom;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::generate(&SystemRandom::new().expect("randomness"))
    }

    #[test]
    fn a_checkpoint_reads_back_and_verifies_with_its_key_only() {
        let (mine, other) = (key(), key());
        let signed = Checkpoint::sign("audit.a.example/n1", 7, sha256(b"root"), &mine);
        let read = Checkpoint::parse(signed.text()).expect("parse");
        assert_eq!(read, signed);
        assert_eq!(read.verify(&mine.verifying_key()), Ok(()));
        assert!(read.verify(&other.verifying_key()).is_err());
    }

    #[test]
    fn a_checkpoint_with_any_byte_changed_does_not_pass() {
        let mine = key();
        let signed = Checkpoint::sign("a", 7, sha256(b"root"), &mine);
        for at in 0..signed.text().len() {
            let mut bytes = signed.text().as_bytes().to_vec();
            bytes[at] ^= 1;
            let passes = String::from_utf8(bytes)
                .ok()
                .and_then(|text| Checkpoint::parse(&text).ok())
                .is_some_and(|read| read.verify(&mine.verifying_key()).is_ok());
            assert!(!passes, "byte {at}");
        }
    }

    #[test]
    fn the_example_verifier_key_of_the_go_note_package_is_read_and_written_alike() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let read: VerifierKey = text.parse().expect("a known good key");
        assert_eq!(read.to_string(), text);
        let note =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let blob = BASE64
            .decode(b"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")
            .expect("base64");
        let signature = Signature::from_bytes(blob[4..].try_into().expect("64 bytes"));
        assert_eq!(key_id(read.name(), &read.key()), blob[..4]);
        assert_eq!(read.key().verify_raw(note.as_bytes(), &signature), Ok(()));
    }
}
