//! Evidence of equivocation: two heads that one log signed and that cannot both be of one growing log.
//!
//! Either both have the same size and different roots, or the larger is shown, by a consistency proof of its
//! own tree, to begin with other entries than the smaller. The evidence is a text file that stands by itself:
//! whoever has the log's public key can check it, offline, and nobody without the private key can make it.
//!
//! ```text
//! sealane-equivocation/1
//! prefix <root that the larger head's tree has at the smaller size>     only where the sizes differ,
//! <consistency proof, one hash a line>                                  smaller head first
//!
//! <checkpoint>
//!
//! <checkpoint>
//! ```

use std::fmt;
use std::str::FromStr;

use sealane_crypto::digest::{Digest, ProofError, prefix_root, verify_consistency};

use crate::note::{Checkpoint, MAX_NOTE_BYTES, NoteError, VerifierKey, hash_line, hash_text};
use crate::proof::hash_lines;

const HEAD: &str = "sealane-equivocation/1";

/// Evidence that is damaged or proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Not in the form.
    #[error("not a file of evidence against a log: {0}")]
    Form(&'static str),
    /// A checkpoint is damaged, or not signed by the log's key: it proves nothing against the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The proof in it does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Both heads can be true.
    #[error("the two checkpoints do not contradict each other: they prove nothing against the log")]
    NoContradiction,
}

/// Two signed heads of one log that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivocation {
    first: Checkpoint,
    second: Checkpoint,
    /// Where the sizes differ: what the second's tree has in place of the first, and the proof of that.
    prefix: Option<(Digest, Vec<Digest>)>,
}

impl Equivocation {
    /// Looks whether two heads contradict each other. `proof` leads from the smaller to the larger, as in a
    /// request to a witness or between two heads of one copy of the log; it is not needed for equal sizes.
    ///
    /// A proof from a size that is a power of two leaves that root out, so it cannot show another one; give
    /// the root with [`Equivocation::with_prefix`] where it is known.
    #[must_use]
    pub fn find(one: &Checkpoint, other: &Checkpoint, proof: &[Digest]) -> Option<Self> {
        let (first, second) = if one.size() <= other.size() { (one, other) } else { (other, one) };
        let prefix = if first.size() == second.size() {
            None
        } else {
            let root = prefix_root(first.size(), second.size(), &second.root(), proof).ok()?;
            Some((root, proof.to_vec()))
        };
        Self { first: first.clone(), second: second.clone(), prefix }.contradicts().ok()
    }

    /// As [`Equivocation::find`], where the root that the larger head's tree has at the smaller size is known:
    /// its log's own copy gives both ([`crate::Log::root_at`], [`crate::Log::consistency`]).
    #[must_use]
    pub fn with_prefix(first: &Checkpoint, second: &Checkpoint, root: Digest, proof: Vec<Digest>) -> Option<Self> {
        Self { first: first.clone(), second: second.clone(), prefix: Some((root, proof)) }.contradicts().ok()
    }

    /// Checks the evidence against the log's key: if this passes, the key signed two histories.
    ///
    /// # Errors
    /// [`EvidenceError`] naming why it proves nothing.
    pub fn verify(&self, log: &VerifierKey) -> Result<(), EvidenceError> {
        self.first.verify_log(log)?;
        self.second.verify_log(log)?;
        self.clone().contradicts().map(drop)
    }

    fn contradicts(self) -> Result<Self, EvidenceError> {
        let (first, second) = (&self.first, &self.second);
        let differs = match &self.prefix {
            None => first.size() == second.size() && first.root() != second.root(),
            Some((root, proof)) => {
                // The proof binds the other root to the second head: no tree has two roots at one size.
                verify_consistency(first.size(), root, second.size(), &second.root(), proof)?;
                *root != first.root()
            }
        };
        if differs && first.origin() == second.origin() { Ok(self) } else { Err(EvidenceError::NoContradiction) }
    }

    /// The two heads, the smaller first.
    #[must_use]
    pub const fn heads(&self) -> (&Checkpoint, &Checkpoint) {
        (&self.first, &self.second)
    }
}

/// The file.
impl fmt::Display for Equivocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        if let Some((root, proof)) = &self.prefix {
            writeln!(f, "prefix {}", hash_text(root))?;
            for hash in proof {
                writeln!(f, "{}", hash_text(hash))?;
            }
        }
        write!(f, "\n{}\n{}", self.first.text(), self.second.text())
    }
}

/// Reads the file; nothing is verified yet: see [`Equivocation::verify`].
impl FromStr for Equivocation {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        if text.len() > 3 * MAX_NOTE_BYTES {
            return Err(EvidenceError::Form("it is too long"));
        }
        // No checkpoint has a second empty line, so five parts are all that there can be.
        let parts: Vec<&str> = text.split("\n\n").collect();
        let [head, body, lines, other_body, other_lines] = parts.as_slice() else {
            return Err(EvidenceError::Form("it does not hold two checkpoints"));
        };
        let mut head = head.split('\n');
        if head.next() != Some(HEAD) {
            return Err(EvidenceError::Form("another first line"));
        }
        let prefix = head.next().map(|line| {
            let root = line.strip_prefix("prefix ").and_then(hash_line)?;
            Some((root, hash_lines(head)?))
        });
        let prefix = prefix.map(|prefix| prefix.ok_or(EvidenceError::Form("its proof is damaged"))).transpose()?;
        let first = Checkpoint::parse(&format!("{body}\n\n{lines}\n"))?;
        let second = Checkpoint::parse(&format!("{other_body}\n\n{other_lines}"))?;
        Ok(Self { first, second, prefix })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealane_crypto::digest::{consistency_proof, leaf_hash, root_of};
    use sealane_crypto::secret::Secret;
    use sealane_crypto::sign::SigningKey;

    use super::*;

    const ORIGIN: &str = "audit.a.example/n1";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&Secret::new([seed; 32])).expect("seed")
    }

    fn log_key(seed: u8) -> VerifierKey {
        VerifierKey::new(ORIGIN, key(seed).verifying_key())
    }

    /// A history that differs from the honest one from entry `from` on.
    fn leaves(size: usize, from: usize) -> Vec<Digest> {
        (0..size).map(|n| leaf_hash(format!("{n} {}", n >= from).as_bytes())).collect()
    }

    fn head(leaves: &[Digest]) -> Checkpoint {
        Checkpoint::sign(ORIGIN, leaves.len() as u64, root_of(leaves), &key(1))
    }

    #[test]
    fn two_heads_of_one_size_are_evidence_for_whoever_has_the_key() {
        let (honest, forked) = (head(&leaves(9, 9)), head(&leaves(9, 4)));
        let found = Equivocation::find(&honest, &forked, &[]).expect("evidence");
        let read: Equivocation = found.to_string().parse().expect("parse");
        assert_eq!(read, found);
        assert_eq!(read.verify(&log_key(1)), Ok(()));
        assert!(matches!(read.verify(&log_key(2)), Err(EvidenceError::Note(NoteError::NotSigned(_)))));
        assert_eq!(Equivocation::find(&honest, &honest, &[]), None);
    }

    #[test]
    fn nobody_without_the_logs_key_makes_evidence_against_it() {
        let honest = head(&leaves(9, 9));
        let forged = Checkpoint::sign(ORIGIN, 9, root_of(&leaves(9, 4)), &key(2));
        let found = Equivocation::find(&honest, &forged, &[]).expect("contradicting");
        assert!(matches!(found.verify(&log_key(1)), Err(EvidenceError::Note(_))));
        let other_log = Checkpoint::sign("audit.b.example/n1", 9, root_of(&leaves(9, 4)), &key(1));
        assert_eq!(Equivocation::find(&honest, &other_log, &[]), None);
    }

    proptest! {
        #[test]
        fn a_fork_is_proven_between_any_two_sizes_and_growth_never(
            old in 1_usize..70, more in 1_usize..70, fork in any::<prop::sample::Index>()
        ) {
            let new = old + more;
            let first = head(&leaves(old, new));
            let forked = leaves(new, fork.index(old));
            let proof = consistency_proof(&forked, old).unwrap();
            let root = root_of(&forked[..old]);
            let found = Equivocation::with_prefix(&first, &head(&forked), root, proof.clone()).expect("evidence");
            prop_assert_eq!(found.verify(&log_key(1)), Ok(()));
            prop_assert_eq!(&found.to_string().parse::<Equivocation>().expect("parse"), &found);
            let from_request = Equivocation::find(&head(&forked), &first, &proof);
            prop_assert_eq!(from_request.is_some(), !old.is_power_of_two());

            let grown = leaves(new, new);
            let proof = consistency_proof(&grown, old).unwrap();
            prop_assert_eq!(Equivocation::find(&first, &head(&grown), &proof), None);
            prop_assert_eq!(Equivocation::with_prefix(&first, &head(&grown), root, proof), None);
        }

        #[test]
        fn damaged_evidence_is_read_without_panic_and_proves_nothing_else(at in any::<prop::sample::Index>(), with in "\\PC|\n") {
            let forked = leaves(11, 2);
            let proof = consistency_proof(&forked, 7).unwrap();
            let found = Equivocation::find(&head(&leaves(7, 7)), &head(&forked), &proof).expect("evidence");
            let mut text: Vec<char> = found.to_string().chars().collect();
            let at = at.index(text.len());
            text.splice(at..=at, with.chars());
            let text: String = text.into_iter().collect();
            if let Ok(read) = text.parse::<Equivocation>() && read != found {
                prop_assert!(read.verify(&log_key(1)).is_err());
            }
        }
    }
}
