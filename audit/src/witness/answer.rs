//! The log's side: what to do with a witness's answer.
//!
//! 200 carries cosignatures, of which only those by the witness that was asked are kept, after they verify;
//! 409 carries the size that the witness knows, from which to ask again. A size beyond the log's own means
//! that the log was rolled back, and the witness remembers what the log forgot.

use crate::note::{Checkpoint, NoteError, SignatureLine, VerifierKey, plain_number};

/// Adds to the checkpoint the cosignature in a witness's answer (status 200).
///
/// # Errors
/// [`NoteError`] when the answer is damaged, or has no valid cosignature by this witness.
pub fn take_cosignature(
    checkpoint: &Checkpoint,
    answer: &[u8],
    witness: &VerifierKey,
) -> Result<Checkpoint, NoteError> {
    let text = std::str::from_utf8(answer).map_err(|_| NoteError::Form("the answer is not UTF-8"))?;
    let lines = SignatureLine::parse_all(text)?;
    let mut cosigned = Err(NoteError::NotSigned(witness.to_string()));
    for line in lines.into_iter().filter(|line| line.name() == witness.name() && line.id() == witness.id()) {
        let with = checkpoint.with_line(line)?;
        with.cosigned_at(witness)?;
        cosigned = Ok(with);
    }
    cosigned
}

/// The size in an answer of status 409.
#[must_use]
pub fn conflict_size(answer: &[u8]) -> Option<u64> {
    std::str::from_utf8(answer).ok()?.strip_suffix('\n').and_then(plain_number)
}

#[cfg(test)]
mod tests {
    use sealane_crypto::digest::sha256;
    use sealane_crypto::secret::Secret;
    use sealane_crypto::sign::SigningKey;

    use super::*;
    use crate::note::Cosigner;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&Secret::new([seed; 32])).expect("seed")
    }

    #[test]
    fn only_true_cosignatures_by_the_witness_that_was_asked_are_taken() {
        let head = Checkpoint::sign("audit.a.example/n1", 7, sha256(b"root"), &key(1));
        let other_head = Checkpoint::sign("audit.a.example/n1", 8, sha256(b"root"), &key(1));
        let asked = Cosigner::new("w.b.example", key(2)).expect("name");
        let stranger = Cosigner::new("w.c.example", key(3)).expect("name");
        let answer = format!("{}\n{}\n", stranger.cosign(&head, 5), asked.cosign(&head, 6));
        let taken = take_cosignature(&head, answer.as_bytes(), asked.verifier()).expect("taken");
        assert_eq!(taken.cosigned_at(asked.verifier()), Ok(6));
        assert!(taken.cosigned_at(stranger.verifier()).is_err());
        for answer in [
            String::new(),
            "\n".to_owned(),
            format!("{}\n", stranger.cosign(&head, 5)),
            format!("{}\n", asked.cosign(&other_head, 5)),
            format!("{}", asked.cosign(&head, 5)),
            "<html>\n".to_owned(),
        ] {
            assert!(take_cosignature(&head, answer.as_bytes(), asked.verifier()).is_err(), "{answer}");
        }
    }

    #[test]
    fn the_size_of_a_conflict_is_a_plain_number() {
        assert_eq!(conflict_size(b"20852014\n"), Some(20_852_014));
        for answer in [&b""[..], b"1", b"01\n", b"-1\n", b"1\n\n", b"\xff\n"] {
            assert_eq!(conflict_size(answer), None, "{answer:?}");
        }
    }
}
