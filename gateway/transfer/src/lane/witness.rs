//! What a lane service needs to know of witnessing: the service's side of the conversation about audit logs.
//!
//! A head is judged by its signatures alone, so it does not matter which peer brings it. Log keys are believed only from
//! the peer whose site signed them.

use async_trait::async_trait;
use sealane_crypto::Signed;
use sealane_model::{Peer, Problem};

use crate::message::{LogKeys, WitnessAnswer};

/// Witnesses the logs of peers.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Considers a request to cosign a head.
    async fn add_checkpoint(&self, body: &[u8]) -> WitnessAnswer;

    /// Pins the keys of a peer's logs, and tells those of this site.
    async fn exchange_log_keys(&self, peer: &Peer, theirs: &Signed<LogKeys>) -> Result<Signed<LogKeys>, Problem>;
}
