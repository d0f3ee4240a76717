//! What a site says of a transfer that both have ended: the entry in its log, and the proof that it is there.

use sealane_crypto::Signed;
use sealane_model::TaskId;
use serde::{Deserialize, Serialize};

use super::bounds::{Bounded, OutOfBounds, at_most};
use super::witness::MAX_ROTATIONS;
use crate::log_key::LogKey;

/// Longest entry of an audit log.
const ENTRY: usize = 65_535;
/// Longest proof that is taken: a `tlog-proof` with many cosignatures is far below it.
const PROOF: usize = 128 << 10;

/// One site's part of a transfer's receipt, on its way to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPart {
    /// Which task.
    pub task: TaskId,
    /// Whose log it is, and its key.
    pub log: Signed<LogKey>,
    /// The exact bytes of the `transfer.finish` entry.
    pub entry: String,
    /// That the entry is in the log: a C2SP `tlog-proof`.
    pub proof: String,
    /// That the log's key before this one handed over to it, for each that did: C2SP `tlog-proof`s.
    #[serde(default)]
    pub rotations: Vec<String>,
}

impl Bounded for ReceiptPart {
    fn check(&self) -> Result<(), OutOfBounds> {
        at_most("an entry", self.entry.len(), ENTRY)?;
        at_most("a proof", self.proof.len(), PROOF)?;
        at_most("the proofs of keys", self.rotations.len(), MAX_ROTATIONS)?;
        self.rotations.iter().try_for_each(|proof| at_most("a proof of a key", proof.len(), PROOF))
    }
}
