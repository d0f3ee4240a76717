//! A control connection at the listening end: open what is signed, hand it to the engine, reply.

use sealane_crypto::Signed;
use sealane_model::{Order, Peer, Problem};

use super::{Caller, Inner, no_witness};
use crate::lane::error::LaneError;
use crate::lane::frame::{FrameKind, decode};
use crate::lane::handshake::{Agreed, Connection, SILENCE};
use crate::lane::witness::Witness;
use crate::message::{ControlReply, ControlRequest};
use crate::order::check;
use crate::trust::{open_assertion, subject_of_order};

impl Inner {
    pub(super) async fn serve_control(&self, caller: Caller, first: ControlRequest) -> Result<(), LaneError> {
        let Caller { mut connection, agreed, peer } = caller;
        let mut next = Some(first);
        while let Some(request) = next {
            let reply = self.reply(&peer, &agreed, request).await;
            let reply = reply.unwrap_or_else(|problem| ControlReply::Refused(problem.into()));
            connection.say(FrameKind::Reply, &reply).await?;
            next = next_request(&mut connection).await?;
        }
        connection.close().await;
        Ok(())
    }

    async fn reply(&self, peer: &Peer, agreed: &Agreed, request: ControlRequest) -> Result<ControlReply, Problem> {
        let orders = self.parts.orders.as_ref();
        let (me, now) = (self.parts.identity.site, self.parts.clock.now());
        match request {
            ControlRequest::Offer(signed) => self.offered(peer, agreed, &signed).await,
            ControlRequest::Browse { person, query } => {
                let visitor = self.audited(peer, agreed, open_assertion(&person, peer, me, now)).await?;
                orders.browse(peer, visitor, query).await.map(ControlReply::Listing)
            }
            ControlRequest::Collections { person } => {
                let visitor = self.audited(peer, agreed, open_assertion(&person, peer, me, now)).await?;
                orders.collections(peer, visitor).await.map(ControlReply::Collections)
            }
            ControlRequest::Cancel { task, by } => {
                let visitor = self.audited(peer, agreed, open_assertion(&by, peer, me, now)).await?;
                orders.cancel(peer, task, visitor).await.map(|()| ControlReply::Noted)
            }
            ControlRequest::Progress(report) => orders.progress(peer, report).await.map(|()| ControlReply::Noted),
            ControlRequest::Finished(finished) => orders.finished(peer, finished).await.map(|()| ControlReply::Noted),
            ControlRequest::RenewOrder { task } => orders.renew(peer, task).await.map(ControlReply::Order),
            ControlRequest::Receipt(part) => orders.receipt(peer, part).await.map(ControlReply::Receipt),
            ControlRequest::AddCheckpoint(body) => {
                Ok(ControlReply::Witnessed(self.witness()?.add_checkpoint(&body).await))
            }
            ControlRequest::LogKeys(theirs) => {
                self.witness()?.exchange_log_keys(peer, &theirs).await.map(ControlReply::LogKeys)
            }
        }
    }

    fn witness(&self) -> Result<&dyn Witness, Problem> {
        self.parts.witness.as_deref().ok_or_else(no_witness)
    }

    async fn offered(&self, peer: &Peer, agreed: &Agreed, signed: &Signed<Order>) -> Result<ControlReply, Problem> {
        let checked = check(signed, &self.parties(peer), self.parts.clock.now()).map_err(|error| error.problem());
        let order = self.audited(peer, agreed, checked).await?;
        let subject = subject_of_order(self.parts.identity.site, peer, &order);
        let subject = self.audited(peer, agreed, subject).await?;
        self.parts.orders.accept_offer(peer, subject, &order, signed).await.map(ControlReply::Accepted)
    }

    /// The value, or the problem after it was recorded: what fails before the engine is asked is recorded here.
    async fn audited<T>(&self, peer: &Peer, agreed: &Agreed, result: Result<T, Problem>) -> Result<T, Problem> {
        match result {
            Ok(value) => Ok(value),
            Err(problem) => Err(self.record_refusal(agreed, Some(peer), None, problem).await),
        }
    }
}

/// The next request; none where the peer closed, or was silent for long.
async fn next_request(connection: &mut Connection) -> Result<Option<ControlRequest>, LaneError> {
    match connection.hear(SILENCE).await? {
        None => Ok(None),
        Some((FrameKind::Request, body)) => Ok(Some(decode(body)?)),
        Some(_) => Err(LaneError::Protocol("a control connection carries requests only")),
    }
}
