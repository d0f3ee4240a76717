//! What the engine knows of a task's ends, gathered once for a run: person, collections, peer, what may flow where.

use std::sync::Arc;

use sealane_connectors::Connector;
use sealane_crypto::Signed;
use sealane_database::{collection, order, peer, storage_gateway, task, task_event};
use sealane_model::problem::ProblemKind;
use sealane_model::{Class, Collection, CollectionId, Order, Peer, Problem, SiteId, Task, TaskId};
use sealane_policy::Subject;

use super::Transfers;
use super::stop::Stop;

/// The person of an order between two collections of this site, as policy sees them.
pub(super) fn own_subject(order: &Order) -> Subject {
    let person = &order.person;
    let mut subject = Subject::person(person.person.id.clone(), person.assurance.clone());
    subject.email.clone_from(&person.person.email);
    subject.groups.clone_from(&person.groups);
    subject
}

/// Refuses data of a class that is above what a peer is accepted for.
pub(super) fn within_ceiling(class: Class, peer: &Peer) -> Result<(), Problem> {
    if class.is_within(peer.ceiling) {
        return Ok(());
    }
    let name = &peer.descriptor.name;
    let detail = format!("The data are {class}, but {name} is accepted here for {} at most.", peer.ceiling);
    Err(Problem::new(ProblemKind::Denied, "peer-ceiling", "That site is not accepted for such data", detail)
        .next("Ask the site's administrator to raise the peer's ceiling, if the agreement with it allows."))
}

/// Refuses data of a class that the destination's collection is not declared for.
pub(super) fn may_hold(destination: &Collection, class: Class) -> Result<(), Problem> {
    if !class.is_within(destination.class) {
        let detail =
            format!("The data are {class}, but the destination's collection is declared {}.", destination.class);
        return Err(Problem::new(
            ProblemKind::Denied,
            "class-ceiling",
            "The destination may not hold such data",
            detail,
        )
        .next("Choose a destination collection of the same class or a stricter one."));
    }
    writable(destination)
}

/// Refuses a collection that nobody can change.
pub(super) fn writable(destination: &Collection) -> Result<(), Problem> {
    if !destination.read_only {
        return Ok(());
    }
    let detail = "The destination's collection is read-only: nobody can change it through Sealane.";
    Err(Problem::new(ProblemKind::Denied, "collection-read-only", "The destination is read-only", detail)
        .next("Choose another destination collection."))
}

/// A task that is not here, or not theirs to know.
pub(super) fn unknown_task() -> Problem {
    Problem::new(ProblemKind::NotFound, "task-unknown", "There is no such task", "No task of this id is known here.")
        .next("List your tasks and check the id.")
}

impl Transfers {
    /// One task.
    pub(super) async fn find_task(&self, id: TaskId) -> Result<Option<Task>, Problem> {
        let mut db = self.parts().database.acquire().await.map_err(|error| error.problem())?;
        task::find(&mut db, id).await.map_err(|error| error.problem())
    }

    /// One peer.
    pub(super) async fn find_peer(&self, site: SiteId) -> Result<Peer, Problem> {
        let mut db = self.parts().database.acquire().await.map_err(|error| error.problem())?;
        let found = peer::find(&mut db, site).await.map_err(|error| error.problem())?;
        found.ok_or_else(|| {
            Problem::new(
                ProblemKind::Denied,
                "peer-unknown",
                "That site is not a peer",
                "It is not accepted here, or no longer.",
            )
            .next("Ask the site's administrator to accept it (sealane peer accept).")
        })
    }

    /// One collection of this site.
    pub(super) async fn find_collection(&self, id: CollectionId) -> Result<Collection, Problem> {
        let mut db = self.parts().database.acquire().await.map_err(|error| error.problem())?;
        let found = collection::find(&mut db, id).await.map_err(|error| error.problem())?;
        found.ok_or_else(|| {
            Problem::new(
                ProblemKind::NotFound,
                "collection-unknown",
                "There is no such collection",
                "It is not at this site.",
            )
            .next("List the collections of the site and choose one.")
        })
    }

    /// The storage of a collection of this site.
    pub(super) async fn connector(&self, collection: &Collection) -> Result<Arc<dyn Connector>, Problem> {
        let gateway = {
            let mut db = self.parts().database.acquire().await.map_err(|error| error.problem())?;
            storage_gateway::find(&mut db, collection.storage_gateway).await.map_err(|error| error.problem())?
        };
        let gateway = gateway.ok_or_else(|| {
            Problem::new(
                ProblemKind::Internal,
                "storage-gateway-unknown",
                "The collection's storage is not configured",
                "Its storage gateway is not there.",
            )
            .next("Tell the site's administrator.")
        })?;
        let (registry, collection) = (Arc::clone(&self.parts().registry), collection.clone());
        let opened = tokio::task::spawn_blocking(move || registry.open(&collection, &gateway)).await;
        match opened {
            Ok(Ok(connector)) => Ok(connector),
            Ok(Err(error)) => Err(error.problem()),
            Err(_) => Err(Problem::new(
                ProblemKind::Internal,
                "internal",
                "A worker stopped",
                "Opening the storage did not end.",
            )),
        }
    }

    /// Keeps an order; the process that made or received it may open its lanes without a fresh one.
    pub(super) async fn keep_order(&self, signed: &Signed<Order>, order: &Order) -> Result<(), Problem> {
        let mut db = self.parts().database.acquire().await.map_err(|error| error.problem())?;
        order::insert(&mut db, signed, order).await.map_err(|error| error.problem())?;
        self.inner.unused_orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(order.id);
        Ok(())
    }

    /// Tells the owner, and whoever watches, what happened.
    pub(super) async fn note(&self, task: TaskId, code: &str, message: &str, is_error: bool) -> Result<(), Stop> {
        let mut db = self.parts().database.acquire().await?;
        task_event::append(&mut db, task, self.parts().clock.now(), code, message, is_error).await?;
        Ok(())
    }
}
