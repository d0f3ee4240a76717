//! Whichever engine lives answers: a crash and a restart look the same from the other site.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sealane_crypto::Signed;
use sealane_model::{Order, Peer, Problem, TaskId};
use sealane_policy::Subject;
use sealane_transfer::engine::Transfers;
use sealane_transfer::lane::{Orders, SourceCollection};
use sealane_transfer::message::{Accepted, BrowseQuery, Finished, PersonListing, ProgressReport, RemoteCollection};

/// Hands on to the engine of the moment.
pub(crate) struct Current(pub(crate) Arc<Mutex<Option<Transfers>>>);

impl Current {
    fn engine(&self) -> Transfers {
        self.0.lock().unwrap().clone().unwrap()
    }
}

#[async_trait]
impl Orders for Current {
    async fn source(&self, peer: &Peer, order: &Order) -> Result<SourceCollection, Problem> {
        self.engine().source(peer, order).await
    }

    async fn accept_offer(
        &self,
        peer: &Peer,
        subject: Subject,
        order: &Order,
        signed: &Signed<Order>,
    ) -> Result<Accepted, Problem> {
        self.engine().accept_offer(peer, subject, order, signed).await
    }

    async fn renew(&self, peer: &Peer, task: TaskId) -> Result<Signed<Order>, Problem> {
        self.engine().renew(peer, task).await
    }

    async fn progress(&self, peer: &Peer, report: ProgressReport) -> Result<(), Problem> {
        self.engine().progress(peer, report).await
    }

    async fn finished(&self, peer: &Peer, finished: Finished) -> Result<(), Problem> {
        self.engine().finished(peer, finished).await
    }

    async fn cancel(&self, peer: &Peer, task: TaskId, by: Subject) -> Result<(), Problem> {
        Orders::cancel(&self.engine(), peer, task, by).await
    }

    async fn browse(&self, peer: &Peer, subject: Subject, query: BrowseQuery) -> Result<PersonListing, Problem> {
        self.engine().browse(peer, subject, query).await
    }

    async fn collections(&self, peer: &Peer, subject: Subject) -> Result<Vec<RemoteCollection>, Problem> {
        self.engine().collections(peer, subject).await
    }
}
