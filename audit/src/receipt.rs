//! The proof, inside the process, that an entry is durable and covered by a signed checkpoint.
//!
//! Only the log makes receipts, after its group commit; `policy` releases a permit against one. That is
//! how "no record, no act" becomes a matter of types. Portable proofs for other institutions are
//! inclusion proofs over the same tree, made from `leaf` and `index`.

use sealane_crypto::digest::Digest;

use crate::id::{DecisionId, OpId};

/// One durable entry, acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    index: u64,
    leaf: Digest,
    op: OpId,
    decision: Option<DecisionId>,
    checkpoint_size: u64,
}

impl Receipt {
    pub(crate) const fn new(
        index: u64,
        leaf: Digest,
        op: OpId,
        decision: Option<DecisionId>,
        checkpoint_size: u64,
    ) -> Self {
        Self { index, leaf, op, decision, checkpoint_size }
    }

    /// The entry's place in the log, counted from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// RFC 6962 leaf hash of the entry.
    #[must_use]
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// The operation that the entry belongs to.
    #[must_use]
    pub const fn op(&self) -> OpId {
        self.op
    }

    /// The decision that the entry records, if it records one.
    #[must_use]
    pub const fn decision(&self) -> Option<DecisionId> {
        self.decision
    }

    /// Size of the tree whose signed checkpoint first covered the entry.
    #[must_use]
    pub const fn checkpoint_size(&self) -> u64 {
        self.checkpoint_size
    }
}
