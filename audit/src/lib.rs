//! The append-only audit log and its verifier.
//!
//! What happened on a node, in entries that nobody can quietly rewrite: canonical JSON (RFC 8785) chained
//! by hash, in an RFC 6962 tree whose head is signed for every batch (C2SP checkpoints), on disk before
//! anybody acts. Personal values are salted commitments whose openings lie sealed beside the log,
//! under a key for each person and collection: destroying it erases them and breaks no hash.
//!
//! It promises that a [`Receipt`] means durable, and that an altered, missing or reordered entry is found
//! by [`verify`]. It leaves to others: the clock and the ids (arguments), deciding (`policy`), searching
//! (a derived index), and anchoring checkpoints with other sites.

pub mod canonical;
mod document;
mod entry;
pub mod event;
pub mod exchange;
pub mod export;
mod id;
pub mod log;
pub mod note;
mod opening;
pub mod pack;
pub mod proof;
mod query;
mod receipt;
pub mod reconcile;
mod redact;
mod rotation;
mod scope;
pub mod timestamp;
pub mod verify;
pub mod witness;

pub use entry::{EncodeError, Entry, EntryActor, EntryObject};
pub use event::{Actor, Change, ClockState, DecisionRecord, Event, Kind, Object, Outcome, OutcomeRecord, Phase, When};
pub use exchange::{ExchangeFault, ExchangeReceipt, Recorded, SiteRecord};
pub use id::{DecisionId, OpId};
pub use log::{
    AppendError, EraseError, Erased, KeepError, Log, LogKeys, OpenError, OpenIntent, Options, ProveError, ReadError,
    Recovery,
};
pub use note::{Checkpoint, Cosigner, KeyKind, NoteError, SignatureLine, VerifierKey};
pub use proof::{LogProof, ProofFault};
pub use query::{Absence, EntryView, Filter};
pub use receipt::Receipt;
pub use redact::Private;
pub use rotation::{RotationFault, RotationProof};
pub use scope::Scope;
