//! Whom this site knows: peers by their pinned lane key, and people by what their peer says of them.
//!
//! **Promises.** A key belongs to a peer or to nobody. A peer speaks only for people of the identity providers that the
//! administrator listed for it, only up to its ceiling, and never gives anyone a role or a group of this site.

use async_trait::async_trait;
use sealane_crypto::{Fingerprint, Signed};
use sealane_database::{Database, peer};
use sealane_model::problem::ProblemKind;
use sealane_model::{Order, Peer, PersonAssertion, Problem, SiteId, Timestamp};
use sealane_policy::Subject;

use crate::message::{Assertion, Bounded};

/// A person for whom a peer speaks.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The person as policy sees them.
    pub subject: Subject,
    /// Their network address, as the peer saw it: recorded, never judged.
    pub client: Option<String>,
}

/// Finds peers by the key that they proved.
#[async_trait]
pub trait PeerDirectory: Send + Sync {
    /// The peer for which this lane key is pinned.
    async fn by_lane_key(&self, key: &Fingerprint) -> Result<Option<Peer>, Problem>;
}

#[async_trait]
impl PeerDirectory for Database {
    async fn by_lane_key(&self, key: &Fingerprint) -> Result<Option<Peer>, Problem> {
        let mut db = self.acquire().await.map_err(|error| database_problem(&error))?;
        peer::find_by_lane_key(&mut db, key).await.map_err(|error| database_problem(&error))
    }
}

/// What the other end is told when this site's database fails. The cause is logged here, and only here.
pub(crate) fn database_problem(error: &sealane_database::DbError) -> Problem {
    tracing::error!(error = %error, "the database failed while a peer was served");
    Problem::new(
        ProblemKind::Unavailable,
        "database-unavailable",
        "the site cannot answer now",
        "its database does not answer",
    )
    .next("try again in a minute; if it stays so, ask the site's administrator")
}

/// The subject that policy judges when a peer speaks for a person.
///
/// # Errors
/// A problem when the person's identity provider is not among those that the peer may speak for.
pub fn subject_of(peer: &Peer, assertion: &PersonAssertion) -> Result<Subject, Problem> {
    assertion.check().map_err(|_| malformed())?;
    if !peer.issuers.contains(&assertion.person.id.issuer) {
        return Err(Problem::new(
            ProblemKind::Denied,
            "issuer-not-accepted",
            "this site does not accept the person's identity provider from that peer",
            "the administrator listed for whose people each peer may speak, and this identity provider is not among them",
        )
        .next("ask the administrator of the other site to add the identity provider to the peer"));
    }
    Ok(Subject {
        person: Some(assertion.person.id.clone()),
        email: assertion.person.email.clone(),
        // Groups and roles are this site's own: a peer's word for them would be a way to borrow them.
        groups: Vec::new(),
        roles: Vec::new(),
        assurance: assertion.assurance.clone(),
        via_site: Some(peer.descriptor.site.to_string()),
        peer_ceiling: Some(peer.ceiling),
    })
}

/// The subject for whom an order was signed: a person of the peer, or one of this site's own.
///
/// # Errors
/// As [`subject_of`].
pub fn subject_of_order(me: SiteId, peer: &Peer, order: &Order) -> Result<Subject, Problem> {
    if order.coordinator != me {
        return subject_of(peer, &order.person);
    }
    Ok(Subject {
        person: Some(order.person.person.id.clone()),
        email: order.person.person.email.clone(),
        groups: order.person.groups.clone(),
        roles: Vec::new(),
        assurance: order.person.assurance.clone(),
        via_site: None,
        // The data go to the peer or come from it, so its ceiling holds for this site's own people too.
        peer_ceiling: Some(peer.ceiling),
    })
}

/// Opens what a peer asserts of a person, for this site, now.
///
/// # Errors
/// A problem when it is signed by another key, for another site, out of its time, or of a foreign identity provider.
pub fn open_assertion(signed: &Signed<Assertion>, peer: &Peer, me: SiteId, now: Timestamp) -> Result<Visitor, Problem> {
    let assertion = signed.open(&peer.descriptor.signing_key, Assertion::CONTEXT).map_err(|_| malformed())?;
    if assertion.from != peer.descriptor.site || assertion.to != me {
        return Err(refused("assertion-other-site", "it was made by or for another site"));
    }
    let too_long = assertion.expires_at > assertion.issued_at.after(Assertion::LIFETIME);
    let early = assertion.issued_at > now.after(sealane_model::limits::CLOCK_SKEW);
    let late = assertion.expires_at.after(sealane_model::limits::CLOCK_SKEW) <= now;
    if too_long || early || late {
        return Err(refused("assertion-expired", "it is not in its time of one minute"));
    }
    let subject = subject_of(peer, &assertion.person)?;
    Ok(Visitor { subject, client: assertion.person.client })
}

fn malformed() -> Problem {
    refused("assertion-malformed", "it is not signed by the peer, or it cannot be read")
}

fn refused(code: &str, why: &str) -> Problem {
    Problem::new(ProblemKind::Denied, code, "what the other site says of the person is not accepted", why)
        .next("try again; if it stays so, the administrators of both sites compare fingerprints and clocks")
}

#[cfg(test)]
mod tests;
