//! Checkpoints: the signed head of a log.
//!
//! Three lines (origin, size, base64 root), perhaps further lines that the log signed and that mean nothing
//! here, an empty line, signature lines. The log's own signature and the cosignatures of others are checked
//! apart; lines can be added, and the whole is written again byte for byte.

use std::fmt;

use sealane_crypto::digest::Digest;
use sealane_crypto::sign::{SigningKey, VerifyingKey};

use super::key::{KeyKind, VerifierKey};
use super::{
    MAX_NOTE_BYTES, MAX_SIGNATURES, NoteError, SignatureLine, cosignature, hash_line, hash_text, is_origin,
    plain_number,
};

/// A signed head: so many entries, with this root.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkpoint {
    size: u64,
    root: Digest,
    origin: String,
    /// What was signed, with its last newline.
    body: String,
    lines: Vec<SignatureLine>,
    /// Body, empty line and signature lines.
    text: String,
}

impl Checkpoint {
    /// Signs a head. A log does this for each of its batches; whoever has the key answers for what it signs.
    #[must_use]
    pub fn sign(origin: &str, size: u64, root: Digest, key: &SigningKey) -> Self {
        let body = format!("{origin}\n{size}\n{}\n", hash_text(&root));
        let id = VerifierKey::new(origin, key.verifying_key()).id();
        let line = SignatureLine::new(origin, id, key.sign_raw(body.as_bytes()).as_bytes().to_vec());
        Self::assemble(origin.to_owned(), size, root, body, vec![line])
    }

    /// The head, signed by one more key of its log: the one that takes over.
    pub(crate) fn also_signed(&self, key: &SigningKey) -> Result<Self, NoteError> {
        let id = VerifierKey::new(&self.origin, key.verifying_key()).id();
        let signature = key.sign_raw(self.body.as_bytes()).as_bytes().to_vec();
        self.with_line(SignatureLine::new(&self.origin, id, signature))
    }

    /// Reads a signed checkpoint. No signature is checked here: see [`Checkpoint::verify`].
    ///
    /// # Errors
    /// [`NoteError::Form`] when it is not a checkpoint inside a signed note.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        if text.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Form("longer than a note may be"));
        }
        if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Form("a control character"));
        }
        let (body, signatures) =
            text.split_once("\n\n").ok_or(NoteError::Form("no empty line before the signatures"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| is_origin(line)).ok_or(NoteError::Form("no origin line"))?;
        let size = lines.next().and_then(plain_number).ok_or(NoteError::Form("no size line"))?;
        let root = lines.next().and_then(hash_line).ok_or(NoteError::Form("no root hash line"))?;
        let lines = SignatureLine::parse_all(signatures)?;
        Ok(Self::assemble(origin.to_owned(), size, root, format!("{body}\n"), lines))
    }

    fn assemble(origin: String, size: u64, root: Digest, body: String, lines: Vec<SignatureLine>) -> Self {
        let text = lines.iter().fold(format!("{body}\n"), |text, line| format!("{text}{line}\n"));
        Self { size, root, origin, body, lines, text }
    }

    /// Checks that `key`, under the checkpoint's own origin, signed it.
    ///
    /// # Errors
    /// [`NoteError`] when no line is by this key, or one does not verify.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), NoteError> {
        let key = VerifierKey::new(&self.origin, *key);
        let mut found = false;
        for line in key.lines(&self.lines) {
            key.check(self.body.as_bytes(), line.signature())?;
            found = true;
        }
        if found { Ok(()) } else { Err(NoteError::NotSigned(key.to_string())) }
    }

    /// As [`Checkpoint::verify`], with the key as its log publishes it: the name must be the origin.
    ///
    /// # Errors
    /// As [`Checkpoint::verify`].
    pub fn verify_log(&self, key: &VerifierKey) -> Result<(), NoteError> {
        if key.kind() != KeyKind::Log || key.name() != self.origin {
            return Err(NoteError::NotSigned(key.to_string()));
        }
        self.verify(&key.key())
    }

    /// Checks that this cosigner confirmed the head, and says when: seconds since 1970, the earliest if it
    /// did so more than once.
    ///
    /// # Errors
    /// [`NoteError`] when no line is by this key, or one does not verify.
    pub fn cosigned_at(&self, key: &VerifierKey) -> Result<u64, NoteError> {
        let mut earliest = None;
        let lines = key.lines(&self.lines).filter(|_| key.kind() == KeyKind::Cosigner);
        for line in lines {
            let at_s = cosignature::verify(line, key, &self.body)?;
            earliest = Some(earliest.map_or(at_s, |before: u64| before.min(at_s)));
        }
        earliest.ok_or_else(|| NoteError::NotSigned(key.to_string()))
    }

    /// The checkpoint with one more signature line; it takes the place of an earlier one by the same signer.
    ///
    /// # Errors
    /// [`NoteError::Form`] when the note would be longer than notes may be.
    pub fn with_line(&self, line: SignatureLine) -> Result<Self, NoteError> {
        let mut lines = self.lines.clone();
        lines.retain(|there| !there.same_signer(&line));
        lines.push(line);
        let with = Self::assemble(self.origin.clone(), self.size, self.root, self.body.clone(), lines);
        if with.lines.len() > MAX_SIGNATURES || with.text.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Form("more signature lines than a note may carry"));
        }
        Ok(with)
    }

    /// The checkpoint with the lines that claim to be by these keys, and no others.
    #[must_use]
    pub fn with_lines_of(&self, keys: &[VerifierKey]) -> Self {
        let mut lines = self.lines.clone();
        lines.retain(|line| keys.iter().any(|key| key.lines(std::slice::from_ref(line)).next().is_some()));
        Self::assemble(self.origin.clone(), self.size, self.root, self.body.clone(), lines)
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

    /// What is signed: the lines before the empty one, with the last newline.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The signature lines, verified or not.
    #[must_use]
    pub fn lines(&self) -> &[SignatureLine] {
        &self.lines
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealane_crypto::digest::sha256;
    use sealane_crypto::random::SystemRandom;

    use super::super::Cosigner;
    use super::*;

    fn key() -> SigningKey {
        SigningKey::generate(&SystemRandom::new().expect("randomness"))
    }

    fn signed(size: u64, key: &SigningKey) -> Checkpoint {
        Checkpoint::sign("audit.a.example/n1", size, sha256(b"root"), key)
    }

    #[test]
    fn a_checkpoint_reads_back_and_verifies_with_its_key_only() {
        let (mine, other) = (key(), key());
        let signed = signed(7, &mine);
        let read = Checkpoint::parse(signed.text()).expect("parse");
        assert_eq!(read, signed);
        assert_eq!(read.verify(&mine.verifying_key()), Ok(()));
        assert!(read.verify(&other.verifying_key()).is_err());
        assert_eq!(read.verify_log(&VerifierKey::new(read.origin(), mine.verifying_key())), Ok(()));
        assert!(read.verify_log(&VerifierKey::new("audit.b.example/n1", mine.verifying_key())).is_err());
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
    fn cosignatures_are_checked_apart_from_the_logs_own() {
        let log = key();
        let witnesses = ["w.b.example", "w.c.example"].map(|name| Cosigner::new(name, key()).expect("name"));
        let bare = signed(7, &log);
        let one = bare.with_line(witnesses[0].cosign(&bare, 1_700_000_000)).expect("room");
        let two = one.with_line(witnesses[1].cosign(&one, 1_700_000_001)).expect("room");
        let read = Checkpoint::parse(two.text()).expect("parse");
        assert_eq!(read.text(), two.text());
        assert_eq!(read.verify(&log.verifying_key()), Ok(()));
        assert_eq!(read.cosigned_at(witnesses[0].verifier()), Ok(1_700_000_000));
        assert_eq!(read.cosigned_at(witnesses[1].verifier()), Ok(1_700_000_001));
        let absent = Cosigner::new("w.d.example", key()).expect("name");
        assert!(matches!(read.cosigned_at(absent.verifier()), Err(NoteError::NotSigned(_))));
        let other_name = VerifierKey::cosigner("w.d.example", witnesses[0].verifier().key());
        assert!(read.cosigned_at(&other_name).is_err(), "a line under another name");
        let log_key = VerifierKey::new(read.origin(), log.verifying_key());
        assert!(read.cosigned_at(&log_key).is_err(), "a log's signature is no cosignature");
        assert!(read.verify_log(witnesses[0].verifier()).is_err(), "a cosignature is no log's signature");
    }

    #[test]
    fn a_cosignature_of_another_head_or_time_does_not_verify() {
        let log = key();
        let witness = Cosigner::new("w.b.example", key()).expect("name");
        let (seven, eight) = (signed(7, &log), signed(8, &log));
        let moved = eight.with_line(witness.cosign(&seven, 5)).expect("room");
        assert_eq!(moved.cosigned_at(witness.verifier()), Err(NoteError::BadSignature));
        let line = witness.cosign(&eight, 5);
        let mut later = line.signature().to_vec();
        later[7] += 1;
        let later = SignatureLine::new(line.name(), line.id(), later);
        assert_eq!(eight.with_line(later).expect("room").cosigned_at(witness.verifier()), Err(NoteError::BadSignature));
        let beyond = eight.with_line(witness.cosign(&eight, u64::MAX)).expect("room");
        assert_eq!(beyond.cosigned_at(witness.verifier()), Err(NoteError::BadSignature), "later than 2^63 - 1");
    }

    #[test]
    fn a_newer_line_by_the_same_signer_takes_the_place_of_the_older() {
        let log = key();
        let witness = Cosigner::new("w.b.example", key()).expect("name");
        let bare = signed(7, &log);
        let once = bare.with_line(witness.cosign(&bare, 5)).expect("room");
        let again = once.with_line(witness.cosign(&bare, 9)).expect("room");
        assert_eq!(again.lines().len(), 2);
        assert_eq!(again.cosigned_at(witness.verifier()), Ok(9));
        let both = format!("{}{}\n", again.text(), witness.cosign(&bare, 5));
        let both = Checkpoint::parse(&both).expect("parse");
        assert_eq!(both.cosigned_at(witness.verifier()), Ok(5), "the earliest of several");
    }

    #[test]
    fn a_note_takes_many_lines_and_not_without_end() {
        let log = key();
        let mut checkpoint = signed(7, &log);
        for n in 1..MAX_SIGNATURES {
            let line = SignatureLine::new(&format!("w{n}"), [0; 4], vec![1]);
            checkpoint = checkpoint.with_line(line).expect("room");
        }
        assert_eq!(Checkpoint::parse(checkpoint.text()), Ok(checkpoint.clone()));
        let more = SignatureLine::new("more", [0; 4], vec![1]);
        assert!(Checkpoint::parse(&format!("{}{more}\n", checkpoint.text())).is_err());
        assert!(checkpoint.with_line(more).is_err());
        assert_eq!(checkpoint.verify(&log.verifying_key()), Ok(()));
    }

    #[test]
    fn what_is_not_a_checkpoint_is_refused() {
        let good = signed(7, &key());
        let body = good.body();
        let line = &good.lines()[0];
        for text in [
            String::new(),
            body.to_owned(),
            format!("{body}\n"),
            format!("{body}\n\n{line}\n"),
            format!("{body}\n{line}"),
            format!("{body}\n{line}\n\n"),
            format!("{body}\n{line}\r\n"),
            format!("{body}\n{line} \n"),
            format!("{body}\nno line\n"),
            good.text().replacen("\n7\n", "\n07\n", 1),
            good.text().replacen("\n7\n", "\n+7\n", 1),
            good.text().replacen("\n7\n", "\n18446744073709551616\n", 1),
            good.text().replacen("audit.a.example/n1\n", "\n", 1),
            good.text().replacen("audit.a.example/n1\n", "a b\n", 1),
            good.text().replacen("=\n", "=\t\n", 1),
        ] {
            assert!(matches!(Checkpoint::parse(&text), Err(NoteError::Form(_))), "{text:?}");
        }
    }

    #[test]
    fn further_signed_lines_of_other_logs_are_kept_and_signed() {
        let log = key();
        let plain = signed(7, &log);
        let body = format!("{}Timestamp: 5\n", plain.body());
        let id = VerifierKey::new(plain.origin(), log.verifying_key()).id();
        let line = SignatureLine::new(plain.origin(), id, log.sign_raw(body.as_bytes()).as_bytes().to_vec());
        let read = Checkpoint::parse(&format!("{body}\n{line}\n")).expect("parse");
        assert_eq!((read.body(), read.verify(&log.verifying_key())), (body.as_str(), Ok(())));
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_read_without_panic_and_written_alike(text in "(\\PC|\n){0,200}") {
            if let Ok(read) = Checkpoint::parse(&text) {
                prop_assert_eq!(read.text(), text.as_str());
            }
        }

        #[test]
        fn damaged_checkpoints_are_read_without_panic_and_written_alike(at in any::<prop::sample::Index>(), with in "(\\PC|\n){0,3}") {
            let log = SigningKey::from_seed(&sealane_crypto::secret::Secret::new([7; 32])).expect("seed");
            let mut text: Vec<char> = signed(7, &log).text().chars().collect();
            let at = at.index(text.len());
            text.splice(at..=at, with.chars());
            let text: String = text.into_iter().collect();
            if let Ok(read) = Checkpoint::parse(&text) {
                prop_assert_eq!(read.text(), text.as_str());
            }
        }
    }
}
