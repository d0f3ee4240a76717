//! Portable proofs that an entry is in the log: C2SP `tlog-proof`, one file that others check offline.
//!
//! The entry's index, the RFC 6962 inclusion proof, and the (cosigned) checkpoint that the proof leads to.
//! With the entry's bytes and the log's key that is all a verifier needs; which cosigners it wants besides is
//! its policy ([`crate::witness`]). An open log makes proofs ([`crate::Log::proof`]); the tree's own definition
//! in `sealane_crypto::digest::proof` checks them. Reading takes hostile text.

pub(crate) mod path;

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use sealane_crypto::digest::{Digest, ProofError, verify_inclusion};

use crate::note::{Checkpoint, MAX_NOTE_BYTES, NoteError, VerifierKey, hash_line, hash_text, plain_number};

const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 2^64 leaves needs no more.
const MAX_HASHES: usize = 64;

/// Longest extra data taken.
const MAX_EXTRA_BYTES: usize = 16 << 10;

/// Longest proof file taken.
const MAX_BYTES: usize = MAX_NOTE_BYTES + MAX_HASHES * 45 + 2 * MAX_EXTRA_BYTES;

/// A proof that is not in its form, or does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// Not a proof file.
    #[error("not a c2sp.org/tlog-proof@v1 file: {0}; ask the log's site for the proof again")]
    Form(&'static str),
    /// The checkpoint in it is damaged, or not signed by the key given.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The entry is not where the proof says.
    #[error(transparent)]
    Tree(#[from] ProofError),
}

/// That one entry stands at one place of a signed log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// The entry's index, counted from 0.
    pub index: u64,
    /// From the leaf's sibling up to the root's child.
    pub hashes: Vec<Digest>,
    /// The head that the proof leads to.
    pub checkpoint: Checkpoint,
    /// Whatever the application adds. Nothing vouches for it.
    pub extra: Option<Vec<u8>>,
}

impl LogProof {
    /// Checks that the log signed the checkpoint and that the leaf stands at the index under it.
    ///
    /// The leaf is the entry's: `leaf_hash` of its bytes. Cosignatures are checked by a policy.
    ///
    /// # Errors
    /// [`ProofFault`] naming what does not hold.
    pub fn verify(&self, leaf: &Digest, log: &VerifierKey) -> Result<(), ProofFault> {
        self.checkpoint.verify_log(log)?;
        let head = &self.checkpoint;
        Ok(verify_inclusion(leaf, self.index, head.size(), &self.hashes, &head.root())?)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", hash_text(hash))?;
        }
        write!(f, "\n{}", self.checkpoint.text())
    }
}

impl FromStr for LogProof {
    type Err = ProofFault;

    fn from_str(text: &str) -> Result<Self, ProofFault> {
        if text.len() > MAX_BYTES {
            return Err(ProofFault::Form("it is too long"));
        }
        let (proof, note) = text.split_once("\n\n").ok_or(ProofFault::Form("no empty line before the checkpoint"))?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(HEAD) {
            return Err(ProofFault::Form("another first line"));
        }
        let mut line = lines.next();
        let mut extra = None;
        if let Some(data) = line.and_then(|line| line.strip_prefix("extra ")) {
            extra = Some(extra_data(data)?);
            line = lines.next();
        }
        let index = line.and_then(|line| line.strip_prefix("index ")).and_then(plain_number);
        let index = index.ok_or(ProofFault::Form("no index line"))?;
        let hashes = hash_lines(lines).ok_or(ProofFault::Form("a line of the inclusion proof is damaged"))?;
        Ok(Self { index, hashes, checkpoint: Checkpoint::parse(note)?, extra })
    }
}

fn extra_data(data: &str) -> Result<Vec<u8>, ProofFault> {
    let extra = BASE64.decode(data.as_bytes()).ok().filter(|extra| extra.len() <= MAX_EXTRA_BYTES);
    extra.ok_or(ProofFault::Form("the extra line is damaged"))
}

/// One hash a line; `None` if one is damaged or there are more than any proof needs.
pub(crate) fn hash_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Vec<Digest>> {
    let hashes: Option<Vec<Digest>> = lines.take(MAX_HASHES + 1).map(hash_line).collect();
    hashes.filter(|hashes| hashes.len() <= MAX_HASHES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealane_crypto::digest::{inclusion_proof, leaf_hash, root_of};
    use sealane_crypto::secret::Secret;
    use sealane_crypto::sign::SigningKey;

    use super::*;

    const ORIGIN: &str = "audit.a.example/n1";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&Secret::new([seed; 32])).expect("seed")
    }

    fn proof(size: usize, index: usize) -> (LogProof, Vec<Digest>, VerifierKey) {
        let leaves: Vec<Digest> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let key = key(1);
        let checkpoint = Checkpoint::sign(ORIGIN, size as u64, root_of(&leaves), &key);
        let hashes = inclusion_proof(&leaves, index).expect("in range");
        let log = VerifierKey::new(ORIGIN, key.verifying_key());
        (LogProof { index: index as u64, hashes, checkpoint, extra: None }, leaves, log)
    }

    #[test]
    fn a_proof_reads_back_and_proves_its_own_leaf_only() {
        let (mut proof, leaves, log) = proof(1000, 617);
        proof.extra = Some(b"anything".to_vec());
        let read: LogProof = proof.to_string().parse().expect("parse");
        assert_eq!(read, proof);
        assert_eq!(read.verify(&leaves[617], &log), Ok(()));
        assert!(matches!(read.verify(&leaves[616], &log), Err(ProofFault::Tree(_))));
        let elsewhere = LogProof { index: 616, ..read.clone() };
        assert!(matches!(elsewhere.verify(&leaves[617], &log), Err(ProofFault::Tree(_))));
        let other = VerifierKey::new(ORIGIN, key(2).verifying_key());
        assert!(matches!(read.verify(&leaves[617], &other), Err(ProofFault::Note(NoteError::NotSigned(_)))));
        let other_log = VerifierKey::new("audit.b.example/n1", log.key());
        assert!(read.verify(&leaves[617], &other_log).is_err());
    }

    #[test]
    fn the_only_entry_of_a_log_needs_no_hashes() {
        let (proof, leaves, log) = proof(1, 0);
        let text = proof.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\naudit.a.example/n1\n1\n"), "{text}");
        assert_eq!(text.parse::<LogProof>().expect("parse").verify(&leaves[0], &log), Ok(()));
    }

    #[test]
    fn what_is_not_a_proof_is_refused() {
        let (proof, ..) = proof(3, 1);
        let good = proof.to_string();
        let long = LogProof { hashes: vec![proof.hashes[0]; MAX_HASHES + 1], ..proof.clone() };
        let heavy = LogProof { extra: Some(vec![0; MAX_EXTRA_BYTES + 1]), ..proof };
        for text in [
            String::new(),
            good.replacen("@v1", "@v2", 1),
            good.replacen("index 1", "index 01", 1),
            good.replacen("index 1", "index  1", 1),
            good.replacen("index 1\n", "", 1),
            good.replacen("index 1", "extra !\nindex 1", 1),
            good.replacen("index 1", "index 1\nextra AA==", 1),
            good.replacen("index 1\n", "index 1\nAA==\n", 1),
            good.replacen("\n\n", "\n", 1),
            good.replacen("\n\n", "\n\n\n", 1),
            good.trim_end().to_owned(),
            long.to_string(),
            heavy.to_string(),
        ] {
            assert!(text.parse::<LogProof>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_character_passes_for_another_proof(at in any::<prop::sample::Index>(), with in "\\PC|\n") {
            let (proof, leaves, log) = proof(300, 17);
            let mut text: Vec<char> = proof.to_string().chars().collect();
            let at = at.index(text.len());
            text.splice(at..=at, with.chars());
            let text: String = text.into_iter().collect();
            if let Ok(read) = text.parse::<LogProof>() {
                prop_assert_eq!(&read.to_string(), &text);
                if read != proof {
                    prop_assert!(read.verify(&leaves[17], &log).is_err());
                }
            }
        }

        #[test]
        fn arbitrary_text_is_read_without_panic(text in "(c2sp.org/tlog-proof@v1\n)?(\\PC|\n){0,200}") {
            let _ = text.parse::<LogProof>();
        }
    }
}
