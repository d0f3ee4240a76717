//! What a lane service needs to know of tasks: the engine's side of the conversation with peers.
//!
//! By the time a method is called, the peer is authenticated, its clock agrees, and signatures, expiry and sites of
//! orders and assertions are checked. `subject` or `visitor` is the person for whom the peer speaks, as policy sees
//! them ([`crate::trust`]). Deciding with it, and recording, is the implementation's duty, save where it says otherwise.

use std::sync::Arc;

use async_trait::async_trait;
use sealane_connectors::Connector;
use sealane_crypto::Signed;
use sealane_model::{Collection, Order, Peer, Problem, TaskId};
use sealane_policy::Subject;
use tokio_util::sync::CancellationToken;

use crate::message::{Accepted, BrowseQuery, Finished, PersonListing, ProgressReport, ReceiptPart, RemoteCollection};
use crate::trust::Visitor;

/// The collection that an order takes data from.
#[derive(Clone)]
pub struct SourceCollection {
    /// The collection.
    pub collection: Collection,
    /// Opens its storage.
    pub connector: Arc<dyn Connector>,
    /// Cancelled when the order's task is cancelled or ends here: its lanes end with it.
    pub ended: CancellationToken,
}

impl std::fmt::Debug for SourceCollection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceCollection").field("collection", &self.collection.id).finish_non_exhaustive()
    }
}

/// What peers ask of the engine.
#[async_trait]
pub trait Orders: Send + Sync {
    /// A lane is about to open: which collection serves this order, if its task still runs here.
    ///
    /// The lane service decides and records the release itself, item by item, with the collection's class.
    async fn source(&self, peer: &Peer, order: &Order) -> Result<SourceCollection, Problem>;

    /// A peer offers an order that it signed: decide for this end (write at the destination, read at the source), record,
    /// and keep the order and the task's row.
    async fn accept_offer(
        &self,
        peer: &Peer,
        subject: Subject,
        order: &Order,
        signed: &Signed<Order>,
    ) -> Result<Accepted, Problem>;

    /// A peer that moves a task coordinated here asks for a fresh order.
    async fn renew(&self, peer: &Peer, task: TaskId) -> Result<Signed<Order>, Problem>;

    /// A peer that moves a task tells how it goes.
    async fn progress(&self, peer: &Peer, report: ProgressReport) -> Result<(), Problem>;

    /// A peer that moved a task tells how it ended.
    async fn finished(&self, peer: &Peer, finished: Finished) -> Result<(), Problem>;

    /// A task was cancelled at the peer, by this person.
    async fn cancel(&self, peer: &Peer, task: TaskId, by: Visitor) -> Result<(), Problem>;

    /// What is in a directory, as this person may see it.
    async fn browse(&self, peer: &Peer, visitor: Visitor, query: BrowseQuery) -> Result<PersonListing, Problem>;

    /// Which collections this person may see.
    async fn collections(&self, peer: &Peer, visitor: Visitor) -> Result<Vec<RemoteCollection>, Problem>;

    /// A peer shows what it recorded of a transfer: check it, keep it, and show what this site recorded.
    async fn receipt(&self, peer: &Peer, part: ReceiptPart) -> Result<ReceiptPart, Problem>;
}
