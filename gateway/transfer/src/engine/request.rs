//! A person asks for a transfer.
//!
//! **Promises.** It takes one decision and record for each item, one round trip to the other site, and a row: milliseconds,
//! however many files there are. The other site has agreed, or there is no task and its reason is the answer. The same
//! submission id again gives the same task.

use sealane_audit::event::Transfer as TransferKind;
use sealane_crypto::Signed;
use sealane_database::{DbError, task, task_event};
use sealane_model::limits::{MAX_LANES, ORDER_LIFETIME};
use sealane_model::problem::ProblemKind;
use sealane_model::{
    Class, Collection, CollectionId, Item, Order, OrderId, Peer, PersonAssertion, Place, Problem, Protection,
    RemotePath, Task, TaskId, TaskState, permit,
};
use sealane_policy::{Action, ActionType, Resource, Subject};

use super::accept::insert;
use super::facts::{may_hold, unknown_task, within_ceiling, writable};
use super::mirror::task_of;
use super::{End, NewTransfer, Transfers, ledger};
use crate::guard::{Ask, Details, Grant, unrecorded};
use crate::order::{self, MAX_ITEMS};

/// Bytes of paths that one request may name: an order travels in one frame.
const MAX_PATH_BYTES: usize = 256 << 10;

/// Submits a transfer.
pub(super) async fn submit(engine: &Transfers, new: NewTransfer) -> Result<Task, Problem> {
    let known = submitted_before(engine, &new).await?;
    if let Some(task) = known.as_ref().filter(|task| !wants_sign_in(task)) {
        return Ok(task.clone());
    }
    check_items(&new.items)?;
    let route = Route::of(&new)?;
    route.check_overlap(&new.items)?;
    let order = order_of(engine, &new, &route);
    let reads = decide_read(engine, &new, &route, order.task).await?;
    let writes = decide_write(engine, &new, &route, order.task).await?;
    let begun = match known {
        None => begin(engine, &new, &route, &order).await,
        Some(task) => go_on(engine, &route, &order, task).await,
    };
    close(reads, &begun).await?;
    close(writes, &begun).await?;
    begun
}

async fn close<A: ActionType>(grants: Vec<Grant<A>>, begun: &Result<Task, Problem>) -> Result<(), Problem> {
    for grant in grants {
        grant.ended(begun, Details::none()).await.map_err(|_| unrecorded())?;
    }
    Ok(())
}

async fn submitted_before(engine: &Transfers, new: &NewTransfer) -> Result<Option<Task>, Problem> {
    let Some(id) = new.submission_id else { return Ok(None) };
    match engine.find_task(id).await? {
        Some(task) if task.owner == new.owner.id => Ok(Some(task)),
        Some(_) => Err(bad(
            ProblemKind::Conflict,
            "submission-id-taken",
            "The submission id is taken",
            "Another transfer has this id.",
        )
        .next("Submit with a fresh id.")),
        None => Ok(None),
    }
}

fn bad(kind: ProblemKind, code: &str, title: &str, detail: &str) -> Problem {
    Problem::new(kind, code, title, detail)
}

fn check_items(items: &[Item]) -> Result<(), Problem> {
    if items.is_empty() {
        return Err(bad(ProblemKind::BadRequest, "no-items", "Nothing to transfer", "The request names no item.")
            .next("Name at least one file or directory."));
    }
    let bytes: usize = items.iter().map(|item| item.source.to_text().len() + item.destination.to_text().len()).sum();
    if items.len() > MAX_ITEMS || bytes > MAX_PATH_BYTES {
        let detail = format!("One transfer may name {MAX_ITEMS} items and {} KiB of paths.", MAX_PATH_BYTES >> 10);
        return Err(bad(ProblemKind::TooLarge, "too-many-items", "Too many items", &detail)
            .next("Name a directory that holds them, or split the request."));
    }
    let mut destinations: Vec<&RemotePath> = items.iter().map(|item| &item.destination).collect();
    destinations.sort();
    if destinations.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return Err(bad(
            ProblemKind::BadRequest,
            "same-destination",
            "Two items have one destination",
            "One would replace the other.",
        )
        .next("Give each item its own destination."));
    }
    Ok(())
}

/// The two ends, of which at least one is here.
enum Route<'a> {
    Out(&'a Collection, &'a Peer, CollectionId),
    In(&'a Peer, CollectionId, &'a Collection),
    Within(&'a Collection, &'a Collection),
}

impl<'a> Route<'a> {
    fn of(new: &'a NewTransfer) -> Result<Self, Problem> {
        match (&new.source, &new.destination) {
            (End::Here(source), End::There(peer, id)) => Ok(Self::Out(source, peer, *id)),
            (End::There(peer, id), End::Here(destination)) => Ok(Self::In(peer, *id, destination)),
            (End::Here(source), End::Here(destination)) => Ok(Self::Within(source, destination)),
            (End::There(..), End::There(..)) => Err(bad(
                ProblemKind::BadRequest,
                "no-end-here",
                "Neither end is at this site",
                "A transfer is submitted at the site of its source or of its destination.",
            )
            .next("Submit it at one of the two sites.")),
        }
    }

    const fn source(&self) -> Option<&'a Collection> {
        match self {
            Self::Out(source, ..) | Self::Within(source, _) => Some(source),
            Self::In(..) => None,
        }
    }

    const fn destination(&self) -> Option<&'a Collection> {
        match self {
            Self::In(_, _, destination) | Self::Within(_, destination) => Some(destination),
            Self::Out(..) => None,
        }
    }

    const fn peer(&self) -> Option<&'a Peer> {
        match self {
            Self::Out(_, peer, _) | Self::In(peer, ..) => Some(peer),
            Self::Within(..) => None,
        }
    }

    /// A directory that is copied into itself would never end.
    fn check_overlap(&self, items: &[Item]) -> Result<(), Problem> {
        let Self::Within(source, destination) = self else { return Ok(()) };
        let overlaps = |item: &Item| {
            items
                .iter()
                .any(|other| item.destination.starts_with(&other.source) || other.source.starts_with(&item.destination))
        };
        if source.id == destination.id && items.iter().any(overlaps) {
            return Err(bad(
                ProblemKind::BadRequest,
                "into-itself",
                "Source and destination overlap",
                "In one collection, data cannot be copied onto or into what is copied.",
            )
            .next("Choose a destination beside the source."));
        }
        Ok(())
    }

    /// What no access rule overrides, as far as this site can judge it.
    fn check(&self) -> Result<(), Problem> {
        match self {
            Self::Out(source, peer, _) => within_ceiling(source.class, peer),
            Self::In(_, _, destination) => writable(destination),
            Self::Within(source, destination) => may_hold(destination, source.class),
        }
    }
}

fn order_of(engine: &Transfers, new: &NewTransfer, route: &Route<'_>) -> Order {
    let parts = engine.parts();
    let me = parts.identity.site;
    let (source, destination) = match route {
        Route::Out(source, peer, id) => ((me, source.id), (peer.descriptor.site, *id)),
        Route::In(peer, id, destination) => ((peer.descriptor.site, *id), (me, destination.id)),
        Route::Within(source, destination) => ((me, source.id), (me, destination.id)),
    };
    let place = |(site, collection)| Place { site, collection };
    let now = parts.clock.now();
    let lanes = new.lanes.unwrap_or(parts.settings.lanes).clamp(1, MAX_LANES - 1);
    Order {
        id: OrderId::generate(parts.clock.as_ref(), parts.random.as_ref()),
        task: new.submission_id.unwrap_or_else(|| TaskId::generate(parts.clock.as_ref(), parts.random.as_ref())),
        coordinator: me,
        source: place(source),
        destination: place(destination),
        items: new.items.clone(),
        person: PersonAssertion {
            person: new.owner.clone(),
            groups: new.subject.groups.clone(),
            assurance: new.subject.assurance.clone(),
            client: new.client.clone(),
        },
        purpose: new.purpose.clone(),
        class: route.source().map(|source| source.class),
        protection: if route.peer().is_some() { Protection::MutualTls13 } else { Protection::Local },
        // One more than carry data: over the last the source is listed.
        lanes: lanes + 1,
        issued_at: now,
        expires_at: now.after(ORDER_LIFETIME),
    }
}

async fn decide_read(
    engine: &Transfers,
    new: &NewTransfer,
    route: &Route<'_>,
    task: TaskId,
) -> Result<Vec<Grant<permit::Read>>, Problem> {
    let Some(source) = route.source() else { return Ok(Vec::new()) };
    decide(engine, new, route, task, source, Action::TransferOut, |item| &item.source).await
}

async fn decide_write(
    engine: &Transfers,
    new: &NewTransfer,
    route: &Route<'_>,
    task: TaskId,
) -> Result<Vec<Grant<permit::Write>>, Problem> {
    let Some(destination) = route.destination() else { return Ok(Vec::new()) };
    decide(engine, new, route, task, destination, Action::TransferIn, |item| &item.destination).await
}

async fn decide<A: ActionType>(
    engine: &Transfers,
    new: &NewTransfer,
    route: &Route<'_>,
    task: TaskId,
    collection: &Collection,
    action: Action,
    path: fn(&Item) -> &RemotePath,
) -> Result<Vec<Grant<A>>, Problem> {
    let subject = Subject { peer_ceiling: route.peer().map(|peer| peer.ceiling), ..new.subject.clone() };
    let asked = new.items.iter().map(|item| {
        let resource = Resource::collection(collection.id, collection.class, path(item).clone(), None);
        let mut ask = Ask::new(subject.clone(), action, resource, TransferKind::Submit);
        ask.object.task = Some(task.to_string());
        ask.client.clone_from(&new.client);
        ask.session = new.session;
        ask.purpose.clone_from(&new.purpose);
        ask.peer = route.peer().map(|peer| peer.descriptor.site.to_string());
        engine.parts().guard.permit::<A>(ask)
    });
    let mut grants = Vec::new();
    for granted in futures_util::future::join_all(asked).await {
        grants.push(granted.map_err(|refusal| refusal.problem())?);
    }
    Ok(grants)
}

/// A task that waits, and that was submitted here, can be submitted again: with the person's present sign-in.
const fn wants_sign_in(task: &Task) -> bool {
    task.coordinator && matches!(task.state, TaskState::Inactive { .. })
}

/// Lets a waiting task go on under a fresh order.
async fn go_on(engine: &Transfers, route: &Route<'_>, order: &Order, task: Task) -> Result<Task, Problem> {
    if task.source != order.source || task.destination != order.destination || task.items != order.items {
        return Err(bad(
            ProblemKind::Conflict,
            "submission-id-taken",
            "The submission id is taken",
            "Your transfer of this id has other ends or items.",
        )
        .next("Submit with a fresh id."));
    }
    route.check()?;
    let signed = seal(engine, route, order)?;
    engine.keep_order(&signed, order).await?;
    if let Some(peer) = route.peer() {
        offer(engine, peer, &signed).await?;
    }
    wake(engine, &task).await?;
    engine.ring();
    engine.find_task(task.id).await?.ok_or_else(unknown_task)
}

/// A waiting task is active again.
pub(super) async fn wake(engine: &Transfers, task: &Task) -> Result<(), Problem> {
    let wake = async {
        let now = engine.parts().clock.now();
        let mut tx = engine.parts().database.begin().await?;
        task::set_state(&mut tx, task.id, &TaskState::Active, "queued", now, None).await?;
        task_event::append(&mut tx, task.id, now, "signed-in", "The person signed in again.", false).await?;
        tx.commit().await
    };
    wake.await.map_err(|error: DbError| error.problem())
}

/// Takes the task on, once the other site agreed.
async fn begin(engine: &Transfers, new: &NewTransfer, route: &Route<'_>, order: &Order) -> Result<Task, Problem> {
    route.check()?;
    let signed = seal(engine, route, order)?;
    let task = task_of(engine, order, new.label.clone());
    let class = route.destination().or(route.source()).map(|collection| collection.class.as_str());
    ledger::open(engine, &task, order, class).await?;
    let begun = agree_and_insert(engine, route, order, &signed, &task).await;
    match begun {
        Ok(()) => {
            engine.ring();
            Ok(task)
        }
        Err(problem) => {
            ledger::withdraw(engine, &task, &problem).await?;
            Err(problem)
        }
    }
}

fn seal(engine: &Transfers, route: &Route<'_>, order: &Order) -> Result<Signed<Order>, Problem> {
    let key = &engine.parts().identity.signing;
    if route.peer().is_some() {
        return order::seal(order, key).map_err(|error| error.problem());
    }
    // Within one site no lane is opened: the order is kept as the record of who asked for what.
    Signed::seal(key, Order::CONTEXT, order).map_err(|_| order::OrderError::Unwritable.problem())
}

async fn agree_and_insert(
    engine: &Transfers,
    route: &Route<'_>,
    order: &Order,
    signed: &Signed<Order>,
    task: &Task,
) -> Result<(), Problem> {
    // Kept before it is offered: the other site may open its lanes before its answer is here.
    engine.keep_order(signed, order).await?;
    if let Some(peer) = route.peer() {
        let class = offer(engine, peer, signed).await?;
        if let Route::In(peer, _, destination) = route {
            within_ceiling(class, peer)?;
            may_hold(destination, class)?;
        }
    }
    insert(engine, task, "submitted", "The transfer was submitted, and both ends agreed to it.").await
}

async fn offer(engine: &Transfers, peer: &Peer, signed: &Signed<Order>) -> Result<Class, Problem> {
    let offered = async {
        let mut control = engine.parts().dialer.control(peer).await?;
        let accepted = control.offer(signed).await?;
        control.close().await;
        Ok::<_, crate::lane::LaneError>(accepted.class)
    };
    offered.await.map_err(|error| error.problem())
}
