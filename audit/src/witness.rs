//! Witnesses: other parties who confirm that a log only grows, and what a site asks of them.
//!
//! A log signed by its own key alone does not find out the insider who has that key. So others cosign its
//! heads, each after checking that the new head continues the one before (C2SP `tlog-witness`), and a policy
//! (C2SP `tlog-policy`) says whose word counts. All of it is functions over bytes: requests and answers come
//! in and go out as arguments, the network, the clock and the database are the caller's.
//!
//! - [`AddCheckpoint`]: the request; [`consider`]: the witness's decision; [`Advance`]: persisted first, cosigned then.
//! - [`take_cosignature`]: the log's side of the answer.
//! - [`Equivocation`]: two signed heads that cannot both be true, as a file that anybody can check.
//! - [`Policy`]: which cosignatures are enough; [`Exposure`]: what no witness has confirmed yet.
//!
//! **What a witness learns** is in the request and nowhere else: the log's origin, its size, its root, a few
//! hashes of subtrees, and when it was asked. Hashes over salted commitments tell nothing about entries; sizes
//! and times tell how busy a site is. Asking at a fixed pace, not at every entry, hides when.

mod answer;
mod decision;
mod evidence;
mod exposure;
mod policy;
mod request;

pub use answer::{conflict_size, take_cosignature};
pub use decision::{Advance, CosignError, Cosigned, Refusal, Seen, Swap, Swapped, consider};
pub use evidence::{Equivocation, EvidenceError};
pub use exposure::{Exposure, Window};
pub use policy::{Policy, PolicyError, PolicyLog, PolicyWitness, Quorum, Standing, Witnessed};
pub use request::{AddCheckpoint, RequestError};
