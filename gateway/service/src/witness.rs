//! Sites watch each other's audit logs: what one of them rewrites, the others notice.
//!
//! **Shape.** As a witness, every site cosigns the heads of its peers' logs, each after a proof that it continues the one
//! before ([`serve`]); their keys are pinned when they are first told, signed by the peer's site ([`keys`]). As a log, a
//! node with a policy asks its witnesses for each new head, once a second at most ([`run`]), and keeps what they sign beside
//! the log. How much waits for them is watched; when it is too much, policy refuses the classes that ask for a witnessed log.
//!
//! **Promises.** What is cosigned was remembered first, durably, in one step. A witness that is away holds up no other. Two
//! idle sites become quiet: cosigning writes nothing into the witness's log, and a head that only says that the one before
//! was cosigned is cosigned without saying so. C2SP `tlog-witness`, `tlog-cosignature`, `tlog-policy`.

mod ask;
mod exposure;
mod follow;
mod fork;
mod keys;
mod serve;
mod settings;
mod status;

use std::time::Duration;

use sealane_audit::witness::AddCheckpoint;
use sealane_audit::{Cosigner, VerifierKey};

pub use follow::run;
pub use serve::{add_checkpoint, add_checkpoint_over_http};
pub use settings::{WitnessSettings, cosigner};
pub use status::{evidence, show, status};

use crate::limiter::Limiter;
use status::Progress;

/// The longest request to a witness.
pub const MAX_REQUEST: usize = AddCheckpoint::MAX_BYTES;

/// What a node knows of its witnesses, and as a witness.
pub(crate) struct Witnessing {
    /// Signs the heads of others.
    cosigner: Cosigner,
    /// Requests over HTTP, by the address that they come from.
    requests: Limiter,
    /// How far this node's log is cosigned.
    progress: Progress,
    /// The size up to which cosignatures are noted in the log; `None` until it was looked up.
    noted: tokio::sync::Mutex<Option<u64>>,
}

impl Witnessing {
    pub(crate) fn new(cosigner: Cosigner) -> Self {
        // Ten logs that each ask twice a second are within it.
        let requests = Limiter::new(1_200, Duration::from_secs(60));
        Self { cosigner, requests, progress: Progress::default(), noted: tokio::sync::Mutex::new(None) }
    }

    /// The key with which this site cosigns.
    pub(crate) const fn verifier(&self) -> &VerifierKey {
        self.cosigner.verifier()
    }
}
