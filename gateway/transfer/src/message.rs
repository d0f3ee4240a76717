//! What two sites say to each other, message by message.
//!
//! **Promises.** Bodies are postcard (no self-description, no recursion); every text and list has a bound that is checked
//! after decoding, and a frame bounds the whole. Decoding never panics and never keeps more memory than the frame's
//! size times a small factor. Orders and assertions travel in signed envelopes, exactly as they were signed.
//!
//! **Leaves to others.** Frames: [`crate::lane::frame`]. Meaning: [`crate::lane`] and [`crate::order`].

mod bounds;
mod control;
mod data;
mod handshake;
mod receipt;
mod refusal;
mod witness;

pub use bounds::{Bounded, OutOfBounds};
pub use control::{
    Accepted, Assertion, BrowseQuery, ControlReply, ControlRequest, Finished, PersonListing, ProgressReport,
    RemoteCollection,
};
pub use data::{
    BATCH_PATH_BYTES, BatchRequest, Expected, FileEnd, FileFailed, LaneOpen, Opened, PLAN_PAGE_BYTES, PlanPage,
    PlanRequest, RangeEnd, RangeRequest, SourceFailed,
};
pub use handshake::{Hello, HelloReply, NONCE_BYTES, VERSION};
pub use receipt::ReceiptPart;
pub use refusal::Refused;
pub use witness::{LogKeys, MAX_LOGS, MAX_ROTATIONS, WitnessAnswer};

#[cfg(test)]
mod tests;
