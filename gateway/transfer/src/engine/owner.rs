//! For whom a task moves, as the audit log names them: who, how surely that is known, and from where they asked.
//!
//! The order that the site keeps says it for as long as the task lives, also after a restart and also at the other site:
//! so every entry of a task names its person, not only the first.

use sealane_audit::{Actor, Event, Private};
use sealane_database::order;
use sealane_model::{Order, SiteId, Task};

use super::Transfers;
use super::ledger::other_site;

/// The person of a task.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    actor: Actor,
    client: Option<Private>,
}

impl Owner {
    /// The person for whom an order was signed; `me` is this site.
    pub(super) fn of_order(me: SiteId, order: &Order) -> Self {
        let person = &order.person;
        let via_site = (order.coordinator != me).then(|| order.coordinator.to_string());
        let actor = Actor {
            issuer: person.person.id.issuer.clone(),
            subject: Private::new(person.person.id.subject.clone()),
            acr: person.assurance.acr.clone(),
            amr: person.assurance.amr.clone(),
            auth_time_s: person.assurance.auth_time_s,
            session: None,
            via_site,
        };
        Self { actor, client: person.client.clone().map(Private::new) }
    }

    /// What the task's row says, where there is no order to read.
    fn of_row(engine: &Transfers, task: &Task) -> Self {
        let actor = Actor {
            issuer: task.owner.issuer.clone(),
            subject: Private::new(task.owner.subject.clone()),
            acr: None,
            amr: Vec::new(),
            auth_time_s: None,
            session: None,
            via_site: other_site(engine, task).filter(|_| !task.coordinator).map(|site| site.to_string()),
        };
        Self { actor, client: None }
    }

    /// The person of a task, from its order where that can be read.
    pub(super) async fn of_task(engine: &Transfers, task: &Task) -> Self {
        match kept_order(engine, task).await {
            Some(order) => Self::of_order(engine.parts().identity.site, &order),
            None => Self::of_row(engine, task),
        }
    }

    /// The event with its person.
    pub(super) fn of(self, event: Event) -> Event {
        event.actor(self.actor).client(self.client)
    }
}

async fn kept_order(engine: &Transfers, task: &Task) -> Option<Order> {
    let peer = match other_site(engine, task) {
        Some(site) => Some(engine.find_peer(site).await.ok()?),
        None => None,
    };
    let mut db = engine.parts().database.acquire().await.ok()?;
    let signed = order::current(&mut db, task.id).await.ok().flatten()?;
    engine.read_kept(&signed, peer.as_ref()).ok()
}
