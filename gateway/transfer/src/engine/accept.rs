//! The other side of an offer: what this site does when a peer asks it to take part.
//!
//! **Promises.** An order grants nothing: this site decides for itself, item by item, for the person whom the peer speaks
//! for, and records that before there is a task. The data's class must be within what the peer is accepted for and within
//! what the destination's collection is declared for. A refused order leaves no task.

use async_trait::async_trait;
use sealane_audit::Kind;
use sealane_audit::event::Transfer as TransferKind;
use sealane_crypto::Signed;
use sealane_database::{DbError, order, task, task_event};
use sealane_model::problem::ProblemKind;
use sealane_model::task::Pause;
use sealane_model::{Collection, Item, Order, Peer, Problem, RemotePath, Task, TaskId, TaskRole, TaskState, permit};
use sealane_policy::{Action, ActionType, Resource, Subject};

use super::facts::{may_hold, unknown_task, within_ceiling};
use super::mirror::task_of;
use super::request::wake;
use super::{Transfers, browse, cancel, exchange, ledger, mirror};
use crate::guard::{Ask, Details, Grant};
use crate::lane::{Orders, SourceCollection};
use crate::message::{Accepted, BrowseQuery, Finished, PersonListing, ProgressReport, ReceiptPart, RemoteCollection};
use crate::trust::{Visitor, subject_of_order};

#[async_trait]
impl Orders for Transfers {
    async fn source(&self, peer: &Peer, order: &Order) -> Result<SourceCollection, Problem> {
        match self.find_task(order.task).await? {
            Some(task) => {
                still_runs(&task)?;
                same_task(&task, order)?;
            }
            // The order was offered a moment ago: the row follows the answer.
            None => self.is_offered(order).await?,
        }
        let collection = self.find_collection(order.source.collection).await?;
        within_ceiling(collection.class, peer)?;
        let connector = self.connector(&collection).await?;
        Ok(SourceCollection { collection, connector, ended: self.ends().of(order.task) })
    }

    async fn accept_offer(
        &self,
        peer: &Peer,
        subject: Subject,
        order: &Order,
        signed: &Signed<Order>,
    ) -> Result<Accepted, Problem> {
        accept(self, peer, subject, order, signed).await
    }

    async fn renew(&self, peer: &Peer, id: TaskId) -> Result<Signed<Order>, Problem> {
        renew(self, peer, id).await
    }

    async fn progress(&self, peer: &Peer, report: ProgressReport) -> Result<(), Problem> {
        mirror::progress(self, peer, report).await
    }

    async fn finished(&self, peer: &Peer, finished: Finished) -> Result<(), Problem> {
        mirror::finished(self, peer, finished).await
    }

    async fn cancel(&self, peer: &Peer, task: TaskId, by: Visitor) -> Result<(), Problem> {
        cancel::for_peer(self, peer, task, &by.subject).await
    }

    async fn browse(&self, peer: &Peer, visitor: Visitor, query: BrowseQuery) -> Result<PersonListing, Problem> {
        browse::browse(self, peer, visitor, query).await
    }

    async fn collections(&self, _peer: &Peer, visitor: Visitor) -> Result<Vec<RemoteCollection>, Problem> {
        browse::collections(self, visitor).await
    }

    async fn receipt(&self, peer: &Peer, part: ReceiptPart) -> Result<ReceiptPart, Problem> {
        exchange::answer(self, peer, part).await
    }
}

async fn accept(
    engine: &Transfers,
    peer: &Peer,
    subject: Subject,
    order: &Order,
    signed: &Signed<Order>,
) -> Result<Accepted, Problem> {
    let here = Here::of(engine, order).await?;
    let known = engine.find_task(order.task).await?;
    if let Some(task) = &known {
        still_runs(task)?;
        same_task(task, order)?;
    }
    let answer = if engine.is_here(order.destination.site) {
        let grants = decide::<permit::Write>(engine, peer, &subject, order, &here, Action::TransferIn).await?;
        take_on(engine, peer, order, signed, &here, known, grants).await
    } else {
        let grants = decide::<permit::Read>(engine, peer, &subject, order, &here, Action::TransferOut).await?;
        take_on(engine, peer, order, signed, &here, known, grants).await
    };
    answer?;
    engine.ring();
    Ok(Accepted { class: here.collection.class, title: here.collection.title })
}

/// This site's end of an order.
struct Here {
    collection: Collection,
    kind: Kind,
    path: fn(&Item) -> &RemotePath,
    other_class: Option<sealane_model::Class>,
}

impl Here {
    async fn of(engine: &Transfers, order: &Order) -> Result<Self, Problem> {
        let kind = TransferKind::OrderReceive.into();
        if engine.is_here(order.destination.site) {
            let collection = engine.find_collection(order.destination.collection).await?;
            Ok(Self { collection, kind, path: |item| &item.destination, other_class: order.class })
        } else {
            let collection = engine.find_collection(order.source.collection).await?;
            Ok(Self { collection, kind, path: |item| &item.source, other_class: None })
        }
    }

    /// What no access rule overrides.
    fn check(&self, engine: &Transfers, peer: &Peer, order: &Order) -> Result<(), Problem> {
        if !engine.is_here(order.destination.site) {
            return within_ceiling(self.collection.class, peer);
        }
        let class = self.other_class.ok_or_else(|| {
            Problem::new(
                ProblemKind::BadRequest,
                "class-unstated",
                "The order does not say what the data are",
                "A site that offers data must name their class.",
            )
            .next("Bring both sites to the same version of Sealane.")
        })?;
        within_ceiling(class, peer)?;
        may_hold(&self.collection, class)
    }
}

async fn decide<A: ActionType>(
    engine: &Transfers,
    peer: &Peer,
    subject: &Subject,
    order: &Order,
    here: &Here,
    action: Action,
) -> Result<Vec<Grant<A>>, Problem> {
    let asked = order.items.iter().map(|item| {
        let path = (here.path)(item).clone();
        let resource = Resource::collection(here.collection.id, here.collection.class, path, None);
        let mut ask = Ask::new(subject.clone(), action, resource, here.kind);
        ask.object.task = Some(order.task.to_string());
        ask.client.clone_from(&order.person.client);
        ask.purpose.clone_from(&order.purpose);
        ask.peer = Some(peer.descriptor.site.to_string());
        engine.parts().guard.permit::<A>(ask)
    });
    let mut grants = Vec::new();
    for granted in futures_util::future::join_all(asked).await {
        grants.push(granted.map_err(|refusal| refusal.problem())?);
    }
    Ok(grants)
}

async fn take_on<A: ActionType>(
    engine: &Transfers,
    peer: &Peer,
    order: &Order,
    signed: &Signed<Order>,
    here: &Here,
    known: Option<Task>,
    grants: Vec<Grant<A>>,
) -> Result<(), Problem> {
    let taken = match here.check(engine, peer, order) {
        Ok(()) => keep(engine, order, signed, here, known).await,
        Err(problem) => Err(problem),
    };
    for grant in grants {
        grant.ended(&taken, Details::none()).await.map_err(|_| crate::guard::unrecorded())?;
    }
    taken
}

async fn keep(
    engine: &Transfers,
    order: &Order,
    signed: &Signed<Order>,
    here: &Here,
    known: Option<Task>,
) -> Result<(), Problem> {
    engine.keep_order(signed, order).await?;
    if let Some(task) = known {
        let waits = task.state == TaskState::Inactive { reason: Pause::StepUp };
        return if waits { wake(engine, &task).await } else { Ok(()) };
    }
    let task = task_of(engine, order, None);
    ledger::open(engine, &task, order, Some(here.collection.class.as_str())).await?;
    let inserted =
        insert(engine, &task, "accepted", "This site takes part in a transfer that was submitted at the other site.")
            .await;
    if let Err(problem) = &inserted {
        ledger::withdraw(engine, &task, problem).await?;
    }
    inserted
}

/// Writes a new task and its first event down.
pub(super) async fn insert(engine: &Transfers, task: &Task, code: &str, words: &str) -> Result<(), Problem> {
    let insert = async {
        let mut tx = engine.parts().database.begin().await?;
        task::insert(&mut tx, task).await?;
        task_event::append(&mut tx, task.id, engine.parts().clock.now(), code, words, false).await?;
        tx.commit().await
    };
    insert.await.map_err(|error: DbError| error.problem())
}

/// A peer moves a task that was submitted here: decides again, and signs a fresh order.
async fn renew(engine: &Transfers, peer: &Peer, id: TaskId) -> Result<Signed<Order>, Problem> {
    let task = engine.find_task(id).await?.ok_or_else(unknown_task)?;
    let moved_there = task.role == TaskRole::Source && task.destination.site == peer.descriptor.site;
    if !task.coordinator || !moved_there {
        return Err(unknown_task());
    }
    still_runs(&task)?;
    let old = {
        let mut db = engine.parts().database.acquire().await.map_err(|error| error.problem())?;
        order::current(&mut db, id).await.map_err(|error| error.problem())?.ok_or_else(unknown_task)?
    };
    let old = engine.read_kept(&old, Some(peer)).map_err(|_| unknown_task())?;
    let subject = subject_of_order(engine.parts().identity.site, peer, &old)?;
    let mut here = Here::of(engine, &old).await?;
    here.kind = TransferKind::OrderIssue.into();
    let grants = decide::<permit::Read>(engine, peer, &subject, &old, &here, Action::TransferOut).await?;
    let renewed = match within_ceiling(here.collection.class, peer) {
        Ok(()) => sign_and_keep(engine, &old).await,
        Err(problem) => Err(problem),
    };
    for grant in grants {
        grant.ended(&renewed, Details::none()).await.map_err(|_| crate::guard::unrecorded())?;
    }
    renewed
}

async fn sign_and_keep(engine: &Transfers, old: &Order) -> Result<Signed<Order>, Problem> {
    let (order, signed) = engine.sign_again(old).map_err(|_| {
        Problem::new(
            ProblemKind::Internal,
            "order-unwritable",
            "The order could not be signed",
            "Its form is not valid.",
        )
    })?;
    engine.keep_order(&signed, &order).await?;
    Ok(signed)
}

impl Transfers {
    async fn is_offered(&self, order: &Order) -> Result<(), Problem> {
        let kept = {
            let mut db = self.parts().database.acquire().await.map_err(|error| error.problem())?;
            order::find(&mut db, order.id).await.map_err(|error| error.problem())?
        };
        if self.is_here(order.coordinator) && kept.is_some() { Ok(()) } else { Err(unknown_task()) }
    }
}

fn still_runs(task: &Task) -> Result<(), Problem> {
    if !task.state.is_final() {
        return Ok(());
    }
    let detail = format!("It is {} here.", task.state.word());
    Err(Problem::new(ProblemKind::Conflict, "task-ended", "The task has ended", detail)
        .next("Submit the transfer again."))
}

/// An order must be for the very transfer that the task is.
fn same_task(task: &Task, order: &Order) -> Result<(), Problem> {
    let same = task.source == order.source
        && task.destination == order.destination
        && task.items == order.items
        && task.owner == order.person.person.id;
    if same {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Conflict,
        "task-differs",
        "The task is another transfer",
        "This task's id is taken by a transfer with other ends, items or another owner.",
    )
    .next("Submit the transfer under a fresh id."))
}
