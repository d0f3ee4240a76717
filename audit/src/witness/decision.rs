//! What a witness answers, and in which order it may do so.
//!
//! [`consider`] checks a request against the log's keys and what the witness remembers. What passes is an
//! [`Advance`], and the only way from there to a cosignature goes through the memory: the caller's own
//! compare-and-persist runs first, and only its success signs. So two requests at once cannot both win, and
//! a witness that crashes remembers at least what it has signed. (C2SP `tlog-witness`, `add-checkpoint`.)

use sealane_crypto::digest::{Digest, ProofError, sha256, verify_consistency};

use super::request::{AddCheckpoint, RequestError};
use crate::note::{Checkpoint, Cosigner, NoteError, SignatureLine, VerifierKey};

/// What a witness remembers of a log: the newest head that it cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
}

/// Why a witness does not cosign. Each is one HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: not a request.
    #[error(transparent)]
    Malformed(#[from] RequestError),
    /// 404: no key is known for this origin.
    #[error("this witness does not know the log {0:?}; its administrator adds the log's key")]
    UnknownLog(String),
    /// 403: no signature by a known key of the log, or one that does not verify.
    #[error("{0}; this witness cosigns only what the log's known key signed")]
    NotSigned(NoteError),
    /// 400: the proof would go backwards.
    #[error("the old size {old} is larger than the checkpoint's {size}")]
    Backwards {
        /// Old size asked for.
        old: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// 409: the witness remembers another size. The answer's body is that size.
    #[error("the newest head that this witness cosigned has {size} entries; ask again with a proof from there")]
    Conflict {
        /// The size that it remembers; 0 if it never cosigned a head of this log.
        size: u64,
    },
    /// 422: the new head does not continue the old one.
    #[error("the head does not continue the one that this witness cosigned: {0}")]
    Inconsistent(ProofError),
}

impl Refusal {
    /// The HTTP status that says so.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Backwards { .. } => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent(_) => 422,
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Self::Conflict { size } => format!("{size}\n"),
            other => format!("{other}\n"),
        }
    }

    /// The media type of the body.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "text/x.tlog.size",
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// Checks a request. `keys` are the log keys that the witness trusts, of every log; `remembered` is what it
/// has persisted for the request's origin.
///
/// # Errors
/// [`Refusal`], which is the answer.
pub fn consider(request: &AddCheckpoint, keys: &[VerifierKey], remembered: Option<Seen>) -> Result<Advance, Refusal> {
    let head = &request.checkpoint;
    signed(head, keys)?;
    if request.old > head.size() {
        return Err(Refusal::Backwards { old: request.old, size: head.size() });
    }
    let known = remembered.unwrap_or_else(|| Seen { size: 0, root: sha256(&[]) });
    if request.old != known.size {
        return Err(Refusal::Conflict { size: known.size });
    }
    // INVARIANT: the empty tree has one root; without this a log could begin twice.
    if head.size() == 0 && head.root() != sha256(&[]) {
        return Err(Refusal::Inconsistent(ProofError::Mismatch));
    }
    verify_consistency(known.size, &known.root, head.size(), &head.root(), &request.proof)
        .map_err(Refusal::Inconsistent)?;
    Ok(Advance { remembered, head: head.with_lines_of(keys) })
}

/// By one known key of the origin at least; a line that claims to be by a known key and is not spoils it.
fn signed(head: &Checkpoint, keys: &[VerifierKey]) -> Result<(), Refusal> {
    let mut answer = Err(Refusal::UnknownLog(head.origin().to_owned()));
    for key in keys.iter().filter(|key| key.name() == head.origin()) {
        match head.verify_log(key) {
            Ok(()) => answer = Ok(()),
            Err(NoteError::NotSigned(by)) => {
                answer = answer.or(Err(Refusal::NotSigned(NoteError::NotSigned(by))));
            }
            Err(error) => return Err(Refusal::NotSigned(error)),
        }
    }
    answer
}

/// A head that may be cosigned once the witness remembers it.
#[derive(Debug)]
#[must_use = "nothing is cosigned until it is remembered"]
pub struct Advance {
    remembered: Option<Seen>,
    head: Checkpoint,
}

/// What the witness's memory must do in one step: if it still holds `expected` for the origin, hold `next`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    /// The log.
    pub origin: String,
    /// What the decision rests on; `None` if nothing was remembered.
    pub expected: Option<Seen>,
    /// What is to be remembered, durably.
    pub next: Seen,
    /// The head as the log signed it: kept, it becomes one half of the evidence should the log ever fork.
    pub note: Checkpoint,
}

/// What became of a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swapped {
    /// The next head is durable.
    Done,
    /// Another request was faster; this size is remembered now.
    Lost {
        /// Entries of the head that is remembered.
        size: u64,
    },
}

/// A head was not cosigned after all.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignError<E> {
    /// Another request was faster: the answer is a conflict.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The witness's memory failed: answer 503, nothing was signed.
    #[error("the witness cannot remember the head, so it does not cosign it")]
    Memory(#[source] E),
}

/// A cosigned head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness's line.
    pub line: SignatureLine,
    /// The head with that line, for whoever asks the witness what it cosigned.
    pub checkpoint: Checkpoint,
}

impl Cosigned {
    /// The body of the answer of status 200.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{}\n", self.line)
    }
}

impl Advance {
    /// Remembers the head, then cosigns it: `swap` compares and persists in one step, and only when it says
    /// [`Swapped::Done`] is there a cosignature. `now_s` is the time in seconds since 1970.
    ///
    /// # Errors
    /// [`CosignError`]: another request was faster, or the memory failed. Nothing was signed.
    pub async fn remember_then_cosign<E, F, Fut>(
        self,
        cosigner: &Cosigner,
        now_s: u64,
        swap: F,
    ) -> Result<Cosigned, CosignError<E>>
    where
        F: FnOnce(Swap) -> Fut,
        Fut: Future<Output = Result<Swapped, E>>,
    {
        let next = Seen { size: self.head.size(), root: self.head.root() };
        let origin = self.head.origin().to_owned();
        // Also when nothing changes: the cosignature says "the largest that I have seen", which must still be so.
        match swap(Swap { origin, expected: self.remembered, next, note: self.head.clone() }).await {
            Ok(Swapped::Done) => {}
            Ok(Swapped::Lost { size }) => return Err(Refusal::Conflict { size }.into()),
            Err(error) => return Err(CosignError::Memory(error)),
        }
        let line = cosigner.cosign(&self.head, now_s);
        let checkpoint = self.head.with_line(line.clone());
        let checkpoint = checkpoint.map_err(|error| Refusal::Malformed(RequestError::Note(error)))?;
        Ok(Cosigned { line, checkpoint })
    }
}
