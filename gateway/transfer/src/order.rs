//! Transfer orders on the wire: sealed by the site at which the task was submitted, checked by whoever is asked to act.
//!
//! **Promises.** [`check`] accepts an order only if one of the two sites of this very conversation signed it, it names
//! exactly these two sites, it is in its time of at most 15 minutes, and it demands no weaker protection than a lane
//! gives. Each refusal is a distinct error with cause and next step.
//!
//! **Leaves to others.** That each lane of an order opens once (`database::lane_ticket`), and deciding: an order grants
//! nothing.

use sealane_audit::OpId;
use sealane_crypto::{EnvelopeError, Fingerprint, Signed, SigningKey, VerifyingKey};
use sealane_model::limits::{CLOCK_SKEW, MAX_LANES, ORDER_LIFETIME};
use sealane_model::problem::ProblemKind;
use sealane_model::{Order, Problem, Protection, SiteId, TaskId, Timestamp};

/// Items that one order may name.
pub const MAX_ITEMS: usize = 256;

/// The two ends of the conversation in which an order is shown.
#[derive(Debug, Clone, Copy)]
pub struct Parties {
    /// This site.
    pub me: SiteId,
    /// Its signing key.
    pub my_key: VerifyingKey,
    /// The authenticated peer.
    pub other: SiteId,
    /// Its pinned signing key.
    pub other_key: VerifyingKey,
}

/// Why an order is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Neither of the two sites signed it.
    #[error("the order is signed by {signer}, which is neither of the two sites: a third site's order is not accepted")]
    ThirdSite {
        /// The key that claims to have signed.
        signer: Fingerprint,
    },
    /// The signature does not fit: it was altered.
    #[error("the order's signature does not match: it was altered after it was signed")]
    BadSignature,
    /// Signed, but not an order of this version.
    #[error("the order is signed correctly but cannot be read: the other site may run another version")]
    Malformed,
    /// It was signed for other sites.
    #[error("the order is for other sites than the two that speak here")]
    WrongSites,
    /// It names a coordinator that did not sign it.
    #[error("the order names another coordinator than the site that signed it")]
    WrongCoordinator,
    /// It is over.
    #[error("the order expired at {expired_at}; it is now {now}")]
    Expired {
        /// When it ended.
        expired_at: Timestamp,
        /// The time here.
        now: Timestamp,
    },
    /// It begins in the future.
    #[error("the order was signed at {issued_at}, which is in the future: it is now {now}")]
    NotYet {
        /// When it was signed, by the signer's clock.
        issued_at: Timestamp,
        /// The time here.
        now: Timestamp,
    },
    /// It wants to be good for longer than 15 minutes.
    #[error("the order is valid for longer than 15 minutes")]
    TooLong,
    /// It accepts less protection than a lane must give.
    #[error("the order asks for weaker protection than mutually authenticated TLS 1.3")]
    WeakProtection,
    /// No lane, or more than 32.
    #[error("the order is for {lanes} lanes; 1 to {MAX_LANES} are possible")]
    Lanes {
        /// How many it is for.
        lanes: u16,
    },
    /// A lane that the order does not give.
    #[error("lane {lane} was asked for, but the order gives {lanes}, numbered from 0")]
    TooManyLanes {
        /// Which was asked for.
        lane: u16,
        /// How many there are.
        lanes: u16,
    },
    /// The same order and lane a second time.
    #[error("lane {lane} of this order was opened before: an order opens each lane once")]
    Replayed {
        /// Which lane.
        lane: u16,
    },
    /// No item, or too many.
    #[error("the order names {items} items; 1 to {MAX_ITEMS} are possible")]
    Items {
        /// How many it names.
        items: usize,
    },
    /// It cannot be written.
    #[error("the order cannot be written as JSON")]
    Unwritable,
}

impl OrderError {
    /// The stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ThirdSite { .. } => "order-third-site",
            Self::BadSignature => "order-altered",
            Self::Malformed => "order-malformed",
            Self::WrongSites => "order-other-sites",
            Self::WrongCoordinator => "order-other-coordinator",
            Self::Expired { .. } => "order-expired",
            Self::NotYet { .. } => "order-not-yet",
            Self::TooLong => "order-too-long",
            Self::WeakProtection => "order-weak-protection",
            Self::Lanes { .. } | Self::TooManyLanes { .. } => "order-lanes",
            Self::Replayed { .. } => "order-replayed",
            Self::Items { .. } => "order-items",
            Self::Unwritable => "order-unwritable",
        }
    }

    const fn next_step(&self) -> &'static str {
        match self {
            Self::Expired { .. } | Self::Replayed { .. } => {
                "the task goes on by itself with a fresh order; if this repeats, compare the clocks of both sites"
            }
            Self::NotYet { .. } => "set the clocks of both sites by NTP, then try again",
            Self::ThirdSite { .. } | Self::BadSignature | Self::WrongSites | Self::WrongCoordinator => {
                "compare the fingerprints of both sites (sealane peer list); if they agree, treat this as an attack"
            }
            Self::TooLong | Self::WeakProtection | Self::Malformed => "bring both sites to the same version of Sealane",
            Self::Lanes { .. } | Self::TooManyLanes { .. } => "ask for fewer lanes",
            Self::Items { .. } => "split the transfer into several tasks",
            Self::Unwritable => "report this with the task's id",
        }
    }

    /// What the other site, or a person, is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let kind = match self {
            Self::Lanes { .. } | Self::Items { .. } | Self::Malformed => ProblemKind::BadRequest,
            Self::TooManyLanes { .. } => ProblemKind::TooMany,
            Self::Unwritable => ProblemKind::Internal,
            _ => ProblemKind::Denied,
        };
        Problem::new(kind, self.code(), "the transfer order is refused", self.to_string()).next(self.next_step())
    }
}

/// The operation that a task is in the audit logs of both its sites.
#[must_use]
pub const fn op_of(task: TaskId) -> OpId {
    OpId::new(task.uuid())
}

/// Sign an order.
///
/// # Errors
/// [`OrderError`] if no peer would accept it: it is too long, too weak, or names too much.
pub fn seal(order: &Order, key: &SigningKey) -> Result<Signed<Order>, OrderError> {
    within_bounds(order)?;
    Signed::seal(key, Order::CONTEXT, order).map_err(|_| OrderError::Unwritable)
}

/// Verify and judge an order, in the conversation between `parties`, now.
///
/// # Errors
/// [`OrderError`] naming the first thing that is wrong with it.
pub fn check(signed: &Signed<Order>, parties: &Parties, now: Timestamp) -> Result<Order, OrderError> {
    let (signer, key) = if *signed.key() == parties.other_key.fingerprint() {
        (parties.other, &parties.other_key)
    } else if *signed.key() == parties.my_key.fingerprint() {
        (parties.me, &parties.my_key)
    } else {
        return Err(OrderError::ThirdSite { signer: *signed.key() });
    };
    let order = signed.open(key, Order::CONTEXT).map_err(|error| match error {
        EnvelopeError::Malformed | EnvelopeError::Unwritable(_) => OrderError::Malformed,
        EnvelopeError::OtherKey { .. } | EnvelopeError::BadSignature(_) => OrderError::BadSignature,
    })?;
    if order.coordinator != signer {
        return Err(OrderError::WrongCoordinator);
    }
    let ends = (order.source.site, order.destination.site);
    if ends != (parties.me, parties.other) && ends != (parties.other, parties.me) {
        return Err(OrderError::WrongSites);
    }
    within_bounds(&order)?;
    in_time(&order, now)?;
    Ok(order)
}

/// Whether the order gives this lane.
///
/// # Errors
/// [`OrderError::TooManyLanes`] if it does not.
pub const fn check_lane(order: &Order, lane: u16) -> Result<(), OrderError> {
    if lane < order.lanes { Ok(()) } else { Err(OrderError::TooManyLanes { lane, lanes: order.lanes }) }
}

fn within_bounds(order: &Order) -> Result<(), OrderError> {
    match order.protection {
        Protection::MutualTls13 => {}
        Protection::Local => return Err(OrderError::WeakProtection),
    }
    if order.lanes == 0 || order.lanes > MAX_LANES {
        return Err(OrderError::Lanes { lanes: order.lanes });
    }
    if order.items.is_empty() || order.items.len() > MAX_ITEMS {
        return Err(OrderError::Items { items: order.items.len() });
    }
    if order.expires_at > order.issued_at.after(ORDER_LIFETIME) {
        return Err(OrderError::TooLong);
    }
    Ok(())
}

fn in_time(order: &Order, now: Timestamp) -> Result<(), OrderError> {
    if order.issued_at > now.after(CLOCK_SKEW) {
        return Err(OrderError::NotYet { issued_at: order.issued_at, now });
    }
    if order.expires_at <= now {
        return Err(OrderError::Expired { expired_at: order.expires_at, now });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
