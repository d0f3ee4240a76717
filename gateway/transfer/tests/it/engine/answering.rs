//! Whichever engine lives answers: a crash and a restart look the same from the other site.
//!
//! Receipts can be spoilt on their way, or not be answered at all.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sealane_crypto::Signed;
use sealane_model::problem::ProblemKind;
use sealane_model::{Order, Peer, Problem, TaskId};
use sealane_policy::Subject;
use sealane_transfer::engine::Transfers;
use sealane_transfer::lane::{Orders, SourceCollection};
use sealane_transfer::message::{
    Accepted, BrowseQuery, Finished, PersonListing, ProgressReport, ReceiptPart, RemoteCollection,
};
use sealane_transfer::trust::Visitor;

/// What becomes of receipts between the wire and this site's engine.
#[derive(Clone, Copy)]
pub(crate) struct Receipts {
    /// Nobody answers.
    pub(crate) away: bool,
    /// What is done to the peer's part.
    pub(crate) spoil_question: fn(&mut ReceiptPart),
    /// What is done to this site's part.
    pub(crate) spoil_answer: fn(&mut ReceiptPart),
}

impl Receipts {
    pub(crate) const HONEST: Self = Self { away: false, spoil_question: |_| {}, spoil_answer: |_| {} };
    pub(crate) const AWAY: Self = Self { away: true, ..Self::HONEST };
}

/// Hands on to the engine of the moment.
pub(crate) struct Current {
    pub(crate) engine: Arc<Mutex<Option<Transfers>>>,
    pub(crate) receipts: Arc<Mutex<Receipts>>,
}

impl Current {
    fn engine(&self) -> Transfers {
        self.engine.lock().unwrap().clone().unwrap()
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

    async fn cancel(&self, peer: &Peer, task: TaskId, by: Visitor) -> Result<(), Problem> {
        Orders::cancel(&self.engine(), peer, task, by).await
    }

    async fn browse(&self, peer: &Peer, visitor: Visitor, query: BrowseQuery) -> Result<PersonListing, Problem> {
        self.engine().browse(peer, visitor, query).await
    }

    async fn collections(&self, peer: &Peer, visitor: Visitor) -> Result<Vec<RemoteCollection>, Problem> {
        self.engine().collections(peer, visitor).await
    }

    async fn receipt(&self, peer: &Peer, mut part: ReceiptPart) -> Result<ReceiptPart, Problem> {
        let receipts = *self.receipts.lock().unwrap();
        if receipts.away {
            return Err(Problem::new(ProblemKind::Unavailable, "away", "Nobody is there", "The test says so."));
        }
        (receipts.spoil_question)(&mut part);
        let mut answer = self.engine().receipt(peer, part).await?;
        (receipts.spoil_answer)(&mut answer);
        Ok(answer)
    }
}
