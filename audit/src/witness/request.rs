//! The `add-checkpoint` request: a head, and the proof that it continues an earlier one.
//!
//! C2SP `tlog-witness`: `old N`, the consistency proof's hashes one a line, an empty line, the checkpoint.
//! The same type writes it at the log and reads it at the witness, from hostile bytes.

use std::fmt;

use sealane_crypto::digest::Digest;

use crate::note::{Checkpoint, MAX_NOTE_BYTES, NoteError, hash_text, plain_number};
use crate::proof::hash_lines;

/// More proof lines no client may send.
const MAX_HASHES: usize = 63;

/// A body that is no `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not in the form.
    #[error("not an add-checkpoint request: {0}")]
    Form(&'static str),
    /// The checkpoint in it is damaged.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A log asks a witness to cosign its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the head that the witness is believed to have cosigned last; 0 if none.
    pub old: u64,
    /// Consistency proof from there to the checkpoint.
    pub proof: Vec<Digest>,
    /// The head to be cosigned.
    pub checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// Longest body that can be a request; a server need not read further.
    pub const MAX_BYTES: usize = MAX_NOTE_BYTES + 32 + MAX_HASHES * 45;

    /// Reads a request's body. Nothing is verified yet: see [`super::consider`].
    ///
    /// # Errors
    /// [`RequestError`] when it is not in the form.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > Self::MAX_BYTES {
            return Err(RequestError::Form("it is too long"));
        }
        let text = std::str::from_utf8(body).map_err(|_| RequestError::Form("it is not UTF-8"))?;
        let (asked, note) = text.split_once("\n\n").ok_or(RequestError::Form("no empty line before the checkpoint"))?;
        let mut lines = asked.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(plain_number);
        let old = old.ok_or(RequestError::Form("no line with the old size"))?;
        let proof = hash_lines(lines).filter(|hashes| hashes.len() <= MAX_HASHES);
        let proof = proof.ok_or(RequestError::Form("the consistency proof is damaged or too long"))?;
        Ok(Self { old, proof, checkpoint: Checkpoint::parse(note)? })
    }
}

/// The body to be sent.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash_text(hash))?;
        }
        write!(f, "\n{}", self.checkpoint.text())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the specification.
    const EXAMPLE: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

    #[test]
    fn the_example_of_the_specification_is_read_and_written_alike() {
        let read = AddCheckpoint::parse(EXAMPLE.as_bytes()).expect("parse");
        assert_eq!((read.old, read.proof.len(), read.checkpoint.size()), (20_852_014, 4, 20_852_163));
        assert_eq!(read.checkpoint.lines().len(), 2);
        assert_eq!(read.to_string(), EXAMPLE);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
        for text in [
            String::new(),
            EXAMPLE.replacen("old 2", "old 02", 1),
            EXAMPLE.replacen("old 2", "old -2", 1),
            EXAMPLE.replacen("old 2", "Old 2", 1),
            EXAMPLE.replacen("old 20852014\n", "", 1),
            EXAMPLE.replacen("PlRN", "PlR", 1),
            EXAMPLE.replacen(hash, &hash.repeat(61), 1),
            EXAMPLE.replacen("\n\n", "\n", 1),
            EXAMPLE.replacen("\n\n", "\n\n\n", 1),
            EXAMPLE.replacen('\n', "\r\n", 1),
            EXAMPLE.trim_end().to_owned(),
        ] {
            assert!(AddCheckpoint::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(AddCheckpoint::parse(b"old 0\n\n\xff").is_err());
        let sixty_three = EXAMPLE.replacen(hash, &hash.repeat(60), 1);
        assert!(AddCheckpoint::parse(sixty_three.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn damaged_requests_are_read_without_panic_and_written_alike(at in 0..EXAMPLE.len(), with in prop::collection::vec(any::<u8>(), 0..3)) {
            let mut body = EXAMPLE.as_bytes().to_vec();
            body.splice(at..=at, with);
            if let Ok(read) = AddCheckpoint::parse(&body) {
                prop_assert_eq!(read.to_string().into_bytes(), body);
            }
        }
    }
}
