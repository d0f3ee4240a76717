//! A lane at its source: check the order, use its ticket, decide and record, open, serve, record how it ended.

use futures_util::future::join_all;
use sealane_audit::event::Transfer;
use sealane_audit::{Object, Outcome, OutcomeRecord};
use sealane_database::lane_ticket;
use sealane_model::permit::Read;
use sealane_model::problem::ProblemKind;
use sealane_model::{Collection, Item, Order, Peer, Problem};
use sealane_policy::{Action, Resource, Subject};
use tokio_util::sync::CancellationToken;

use super::{Caller, Inner, refuse};
use crate::guard::{Ask, Details, Grant};
use crate::lane::error::LaneError;
use crate::lane::frame::FrameKind;
use crate::lane::handshake::Agreed;
use crate::lane::orders::SourceCollection;
use crate::lane::reading::{Readable, ReadableItem};
use crate::lane::sender::{Carried, send};
use crate::message::{LaneOpen, Opened};
use crate::order::{OrderError, check, check_lane, op_of};
use crate::trust::{database_problem, subject_of_order};

/// Why a lane does not open, and whether the log knows already.
enum Refused {
    Recorded(Problem),
    Unrecorded(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Unrecorded(problem)
    }
}

impl From<OrderError> for Refused {
    fn from(error: OrderError) -> Self {
        Self::Unrecorded(error.problem())
    }
}

/// A lane that may open.
struct Admitted {
    source: Readable,
    grants: Vec<Grant<Read>>,
    ended: CancellationToken,
}

impl Inner {
    pub(super) async fn serve_lane(&self, caller: Caller, open: LaneOpen) -> Result<(), LaneError> {
        let checked = check(&open.order, &self.parties(&caller.peer), self.parts.clock.now());
        let admitted = match &checked {
            Ok(order) => self.admit(&caller.peer, &caller.agreed, order, open.lane).await,
            Err(error) => Err(Refused::from(error.clone())),
        };
        let Admitted { source, grants, ended } = match admitted {
            Ok(admitted) => admitted,
            Err(refused) => {
                let task = checked.ok().map(|order| order.task);
                let problem = match refused {
                    Refused::Recorded(problem) => problem,
                    Refused::Unrecorded(problem) => {
                        self.record_refusal(&caller.agreed, Some(&caller.peer), task, problem).await
                    }
                };
                return refuse(caller.connection, problem).await;
            }
        };
        let carried = Carried::default();
        let result = tokio::select! {
            biased;
            () = ended.cancelled() => None,
            result = carry(caller, source, &carried) => Some(result),
        };
        close(grants, result.as_ref(), &carried).await;
        result.unwrap_or(Ok(()))
    }

    /// Everything that must be right before a byte may leave, in order of cost.
    async fn admit(&self, peer: &Peer, agreed: &Agreed, order: &Order, lane: u16) -> Result<Admitted, Refused> {
        let me = self.parts.identity.site;
        if order.source.site != me {
            return Err(OrderError::WrongSites.into());
        }
        check_lane(order, lane)?;
        self.use_ticket(order, lane).await?;
        let SourceCollection { collection, connector, ended } = self.parts.orders.source(peer, order).await?;
        if !collection.class.is_within(peer.ceiling) {
            return Err(above_ceiling(&collection, peer).into());
        }
        let subject = subject_of_order(me, peer, order)?;
        let grants = self.release(peer, agreed, order, lane, &collection, &subject).await?;
        let items = order.items.iter().zip(&grants).map(|(item, grant)| readable(order, item, grant));
        let items = items.collect::<Result<_, Problem>>()?;
        Ok(Admitted { source: Readable { connector, items }, grants, ended })
    }

    async fn use_ticket(&self, order: &Order, lane: u16) -> Result<(), Refused> {
        let mut db = self.parts.database.acquire().await.map_err(|error| database_problem(&error))?;
        let fresh = lane_ticket::use_once(&mut db, order.id, lane, self.parts.clock.now())
            .await
            .map_err(|error| database_problem(&error))?;
        if fresh { Ok(()) } else { Err(OrderError::Replayed { lane }.into()) }
    }

    /// Decides and records for every item of the order. One item that is refused refuses the lane.
    async fn release(
        &self,
        peer: &Peer,
        agreed: &Agreed,
        order: &Order,
        lane: u16,
        collection: &Collection,
        subject: &Subject,
    ) -> Result<Vec<Grant<Read>>, Refused> {
        let asks = order.items.iter().map(|item| {
            let resource = Resource::collection(collection.id, collection.class, item.source.clone(), None);
            let mut ask = Ask::new(subject.clone(), Action::TransferOut, resource, Transfer::LaneOpen);
            ask.client.clone_from(&order.person.client);
            ask.purpose.clone_from(&order.purpose);
            ask.peer = Some(peer.descriptor.site.to_string());
            ask.transport = Some(agreed.cipher.clone());
            ask.object = Object { task: Some(order.task.to_string()), ..Object::default() };
            self.parts.guard.permit::<Read>(ask.detail("order", order.id.to_string()).detail("lane", lane))
        });
        let mut grants = Vec::with_capacity(order.items.len());
        let mut refused = None;
        for decided in join_all(asks).await {
            match decided {
                Ok(grant) => grants.push(grant),
                Err(refusal) => refused = Some(refusal.problem()),
            }
        }
        let Some(problem) = refused else { return Ok(grants) };
        for grant in grants {
            if grant.failed(&problem, Details::none()).await.is_err() {
                return Err(Refused::Recorded(crate::guard::unrecorded()));
            }
        }
        Err(Refused::Recorded(problem))
    }
}

fn readable(order: &Order, item: &Item, grant: &Grant<Read>) -> Result<ReadableItem, Problem> {
    let log = grant.item_log(op_of(order.task));
    let permit = grant.permit.narrow(&item.source);
    let (permit, log) = permit.zip(log).ok_or_else(|| {
        Problem::new(
            ProblemKind::Denied,
            "not-permitted",
            "Policy does not allow this",
            "an access rule refuses the path",
        )
    })?;
    Ok(ReadableItem { root: item.source.clone(), recursive: item.recursive, permit, log })
}

/// Opens the lane and serves it until the destination closes it.
async fn carry(mut caller: Caller, source: Readable, carried: &Carried) -> Result<(), LaneError> {
    let cipher = caller.agreed.cipher.clone();
    caller.connection.say(FrameKind::Opened, &Opened { cipher }).await?;
    send(caller.connection, source, carried).await
}

/// One outcome for each intent; `result` is none where the task ended first. The bytes stand with the first outcome: the
/// items of a lane share one connection.
async fn close(grants: Vec<Grant<Read>>, result: Option<&Result<(), LaneError>>, carried: &Carried) {
    let mut details = Details::none().bytes(carried.bytes()).files(carried.files());
    for grant in grants {
        let outcome = match result {
            Some(Ok(())) => OutcomeRecord::done(),
            Some(Err(error)) => OutcomeRecord::new(Outcome::Failed, error.code(), "the lane was lost"),
            None => {
                OutcomeRecord::new(Outcome::Interrupted, "task-ended", "the task ended here, and its lanes with it")
            }
        };
        if let Err(error) = grant.done(outcome, std::mem::take(&mut details)).await {
            tracing::error!(error = %error, "the end of a lane could not be recorded");
        }
    }
}

fn above_ceiling(collection: &Collection, peer: &Peer) -> Problem {
    Problem::new(
        ProblemKind::Denied,
        "peer-ceiling",
        "the peer is not accepted for data of this class",
        format!("the collection is {}, the peer is accepted up to {}", collection.class, peer.ceiling),
    )
    .next("the administrator may raise the peer's ceiling, where an agreement with it allows that")
}
