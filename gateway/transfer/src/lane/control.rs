//! Control connections, dialing side: one request, one reply.
//!
//! What is asked for a person carries a signed assertion of this site, bound to the peer and to one minute.

use std::sync::Arc;

use sealane_crypto::Signed;
use sealane_model::{Clock, Order, PersonAssertion, Problem, SiteId, TaskId};

use super::error::LaneError;
use super::frame::FrameKind;
use super::handshake::{Connection, SILENCE};
use crate::message::{
    Accepted, Assertion, BrowseQuery, ControlReply, ControlRequest, Finished, LogKeys, PersonListing, ProgressReport,
    ReceiptPart, RemoteCollection, WitnessAnswer,
};
use crate::site::SiteIdentity;

/// An open control connection to a peer.
pub struct Control {
    connection: Connection,
    identity: Arc<SiteIdentity>,
    clock: Arc<dyn Clock>,
    peer: SiteId,
    cipher: String,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("peer", &self.peer).field("cipher", &self.cipher).finish_non_exhaustive()
    }
}

impl Control {
    pub(crate) fn over(
        connection: Connection,
        identity: Arc<SiteIdentity>,
        clock: Arc<dyn Clock>,
        peer: SiteId,
        cipher: String,
    ) -> Self {
        Self { connection, identity, clock, peer, cipher }
    }

    /// The cipher suite that protects this connection.
    #[must_use]
    pub fn cipher(&self) -> &str {
        &self.cipher
    }

    /// Offer an order.
    ///
    /// # Errors
    /// [`LaneError::Refused`] with the peer's reason; others when the peer cannot be asked.
    pub async fn offer(&mut self, order: &Signed<Order>) -> Result<Accepted, LaneError> {
        match self.ask(&ControlRequest::Offer(order.clone())).await? {
            ControlReply::Accepted(accepted) => Ok(accepted),
            _ => Err(another_reply()),
        }
    }

    /// What is in a directory of the peer, as this person may see it.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn browse(&mut self, person: &PersonAssertion, query: BrowseQuery) -> Result<PersonListing, LaneError> {
        let person = self.assert(person)?;
        match self.ask(&ControlRequest::Browse { person, query }).await? {
            ControlReply::Listing(listing) => Ok(listing),
            _ => Err(another_reply()),
        }
    }

    /// Which collections of the peer this person may see.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn collections(&mut self, person: &PersonAssertion) -> Result<Vec<RemoteCollection>, LaneError> {
        let person = self.assert(person)?;
        match self.ask(&ControlRequest::Collections { person }).await? {
            ControlReply::Collections(collections) => Ok(collections),
            _ => Err(another_reply()),
        }
    }

    /// Tell how a task goes.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn progress(&mut self, report: ProgressReport) -> Result<(), LaneError> {
        self.tell(&ControlRequest::Progress(report)).await
    }

    /// Tell how a task ended.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn finished(&mut self, finished: Finished) -> Result<(), LaneError> {
        self.tell(&ControlRequest::Finished(finished)).await
    }

    /// Tell that a task was cancelled, and by whom.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn cancel(&mut self, task: TaskId, by: &PersonAssertion) -> Result<(), LaneError> {
        let by = self.assert(by)?;
        self.tell(&ControlRequest::Cancel { task, by }).await
    }

    /// Ask the coordinator for a fresh order.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn renew_order(&mut self, task: TaskId) -> Result<Signed<Order>, LaneError> {
        match self.ask(&ControlRequest::RenewOrder { task }).await? {
            ControlReply::Order(order) => Ok(order),
            _ => Err(another_reply()),
        }
    }

    /// Show what this site recorded of a transfer, and be shown what the peer recorded.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn receipt(&mut self, part: ReceiptPart) -> Result<ReceiptPart, LaneError> {
        match self.ask(&ControlRequest::Receipt(part)).await? {
            ControlReply::Receipt(part) => Ok(part),
            _ => Err(another_reply()),
        }
    }

    /// Ask the peer to cosign the head of a log.
    ///
    /// # Errors
    /// As [`Control::offer`]. That the witness does not cosign is an answer, not an error.
    pub async fn add_checkpoint(&mut self, body: Vec<u8>) -> Result<WitnessAnswer, LaneError> {
        match self.ask(&ControlRequest::AddCheckpoint(body)).await? {
            ControlReply::Witnessed(answer) => Ok(answer),
            _ => Err(another_reply()),
        }
    }

    /// Tell the keys of this site's logs, and hear the peer's.
    ///
    /// # Errors
    /// As [`Control::offer`].
    pub async fn exchange_log_keys(&mut self, ours: Signed<LogKeys>) -> Result<Signed<LogKeys>, LaneError> {
        match self.ask(&ControlRequest::LogKeys(ours)).await? {
            ControlReply::LogKeys(theirs) => Ok(theirs),
            _ => Err(another_reply()),
        }
    }

    /// Close the connection in good order.
    pub async fn close(self) {
        self.connection.close().await;
    }

    async fn tell(&mut self, request: &ControlRequest) -> Result<(), LaneError> {
        match self.ask(request).await? {
            ControlReply::Noted => Ok(()),
            _ => Err(another_reply()),
        }
    }

    async fn ask(&mut self, request: &ControlRequest) -> Result<ControlReply, LaneError> {
        self.connection.say(FrameKind::Request, request).await?;
        match self.connection.expect(FrameKind::Reply, SILENCE).await? {
            ControlReply::Refused(refused) => Err(LaneError::Refused(Problem::from(refused))),
            reply => Ok(reply),
        }
    }

    fn assert(&self, person: &PersonAssertion) -> Result<Signed<Assertion>, LaneError> {
        let issued_at = self.clock.now();
        let assertion = Assertion {
            from: self.identity.site,
            to: self.peer,
            issued_at,
            expires_at: issued_at.after(Assertion::LIFETIME),
            person: person.clone(),
        };
        Signed::seal(&self.identity.signing, Assertion::CONTEXT, &assertion)
            .map_err(|_| LaneError::Protocol("what is known of the person cannot be written"))
    }
}

const fn another_reply() -> LaneError {
    LaneError::Protocol("the peer replies to something else than was asked")
}
