//! The order under which a run opens its lanes, and the next one when it is used up.
//!
//! **Promises.** Each lane of an order is opened once, never in the order's last minute. A site that signed the order signs
//! a fresh one and offers it, so that the other site decides again; else it asks the coordinator, which decides again.

use std::collections::BTreeSet;
use std::time::Duration;

use sealane_crypto::Signed;
use sealane_model::limits::ORDER_LIFETIME;
use sealane_model::{Order, OrderId, Peer, SiteId};

use super::Transfers;
use super::stop::{Stop, Trouble};
use crate::order::{self, Parties};

/// What is left of an order's life must be longer than this.
const MARGIN: Duration = Duration::from_secs(60);

/// The current order of a run.
pub(super) struct OrderBook {
    book: tokio::sync::Mutex<Book>,
}

struct Book {
    order: Order,
    signed: Signed<Order>,
    used: BTreeSet<u16>,
    usable: bool,
}

impl OrderBook {
    /// Begins with an order; `usable` if no lane was ever opened with it.
    pub(super) fn new(order: Order, signed: Signed<Order>, usable: bool) -> Self {
        Self { book: tokio::sync::Mutex::new(Book { order, signed, used: BTreeSet::new(), usable }) }
    }

    /// The order to open this lane with.
    pub(super) async fn ticket(&self, engine: &Transfers, peer: &Peer, lane: u16) -> Result<Signed<Order>, Trouble> {
        let mut book = self.book.lock().await;
        let ends_soon = book.order.expires_at <= engine.parts().clock.now().after(MARGIN);
        if !book.usable || ends_soon || book.used.contains(&lane) {
            let (order, signed) = renew(engine, peer, &book.order).await?;
            *book = Book { order, signed, used: BTreeSet::new(), usable: true };
        }
        book.used.insert(lane);
        Ok(book.signed.clone())
    }

    /// The other site says that this order is over: the next lane needs a fresh one.
    pub(super) async fn spoil(&self) {
        self.book.lock().await.usable = false;
    }
}

async fn renew(engine: &Transfers, peer: &Peer, old: &Order) -> Result<(Order, Signed<Order>), Trouble> {
    let mut control = engine.parts().dialer.control(peer).await?;
    let (order, signed) = if old.coordinator == engine.parts().identity.site {
        let (order, signed) = engine.sign_again(old)?;
        control.offer(&signed).await?;
        (order, signed)
    } else {
        let signed = control.renew_order(old.task).await?;
        let order = order::check(&signed, &engine.parties(peer), engine.parts().clock.now())
            .map_err(|error| Stop::of_failure(&error.problem()))?;
        same_transfer(old, &order)?;
        (order, signed)
    };
    control.close().await;
    engine.keep_order(&signed, &order).await.map_err(|problem| Stop::of_problem(&problem))?;
    engine.take_unused(order.id);
    Ok((order, signed))
}

/// A fresh order may be for another time and another sign-in, never for another transfer.
fn same_transfer(old: &Order, new: &Order) -> Result<(), Stop> {
    let same = old.task == new.task
        && old.coordinator == new.coordinator
        && old.source == new.source
        && old.destination == new.destination
        && old.items == new.items
        && old.person.person.id == new.person.person.id;
    if same {
        return Ok(());
    }
    Err(Stop::failed(
        "order-changed",
        "The other site signed an order for another transfer under this task's id. Next: tell both administrators.",
    ))
}

impl Transfers {
    /// The same order again, from now on.
    pub(super) fn sign_again(&self, old: &Order) -> Result<(Order, Signed<Order>), Stop> {
        let parts = self.parts();
        let now = parts.clock.now();
        let order = Order {
            id: OrderId::generate(parts.clock.as_ref(), parts.random.as_ref()),
            issued_at: now,
            expires_at: now.after(ORDER_LIFETIME),
            ..old.clone()
        };
        let signed =
            order::seal(&order, &parts.identity.signing).map_err(|error| Stop::of_failure(&error.problem()))?;
        Ok((order, signed))
    }

    /// The two ends of a conversation with a peer.
    pub(super) fn parties(&self, peer: &Peer) -> Parties {
        let identity = &self.parts().identity;
        Parties {
            me: identity.site,
            my_key: identity.signing.verifying_key(),
            other: peer.descriptor.site,
            other_key: peer.descriptor.signing_key,
        }
    }

    /// Whether this process has an order of which no lane was opened; from now on it counts as opened.
    pub(super) fn take_unused(&self, order: OrderId) -> bool {
        self.inner.unused_orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&order)
    }

    /// Reads a kept order, whatever the time: it was checked when it came.
    pub(super) fn read_kept(&self, signed: &Signed<Order>, peer: Option<&Peer>) -> Result<Order, Stop> {
        let own = self.parts().identity.signing.verifying_key();
        let key = match peer {
            Some(peer) if *signed.key() == peer.descriptor.signing_key.fingerprint() => peer.descriptor.signing_key,
            _ => own,
        };
        signed.open(&key, Order::CONTEXT).map_err(|_| {
            Stop::failed(
                "order-altered",
                "The task's order is not signed by either site any more. Next: submit the transfer again.",
            )
        })
    }

    /// Whether it is this site.
    pub(super) fn is_here(&self, site: SiteId) -> bool {
        self.parts().identity.site == site
    }
}
