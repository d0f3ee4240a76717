//! Who asks: a signed-in person, or the operator at the site's own machine.

use sealane_audit::{Actor as AuditActor, Private};
use sealane_crypto::digest::Digest;
use sealane_model::{Person, PersonId, RequestId, SessionKind, Timestamp};
use sealane_policy::{Assurance, Role, Subject};

/// Where a request comes from, before anybody is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// The network address, as the listener saw it.
    pub address: Option<String>,
    /// The request, for what a person quotes when they ask for help.
    pub request: RequestId,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Client {
    /// The key under which tries are counted. Clients without an address share one.
    pub(crate) fn limit_key(&self) -> &str {
        self.address.as_deref().unwrap_or("no address")
    }
}

/// A signed-in person. Made only by `identity::session::authenticate`.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// What policy knows of them.
    pub subject: Subject,
    /// Their session's digest.
    pub session: Digest,
    /// Browser or command line.
    pub kind: SessionKind,
    /// When their identity provider last saw them prove who they are.
    pub auth_time: Option<Timestamp>,
    /// When the session ends at the latest, whatever they do.
    pub expires_at: Timestamp,
    /// Their network address.
    pub client: Option<String>,
    /// This request.
    pub request: RequestId,
}

/// On whose behalf something is decided and recorded.
#[derive(Debug, Clone)]
pub struct Actor {
    pub(crate) subject: Subject,
    pub(crate) session: Option<Digest>,
    pub(crate) client: Option<String>,
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self { subject: caller.subject.clone(), session: Some(caller.session), client: caller.client.clone() }
    }
}

impl Actor {
    /// The issuer under which the operator stands in the audit log: no identity provider can have it.
    pub const OPERATOR_ISSUER: &'static str = "urn:sealane:operator";

    /// Whoever may read the site's configuration and keys on its own machine, and runs a command there.
    #[must_use]
    pub fn operator() -> Self {
        let person = PersonId::new(Self::OPERATOR_ISSUER, "operator");
        let mut subject = Subject::person(person, Assurance::default());
        subject.roles = vec![Role::Administrator];
        Self { subject, session: None, client: None }
    }

    pub(crate) fn person_signing_in(subject: Subject, client: &Client) -> Self {
        Self { subject, session: None, client: client.address.clone() }
    }

    /// How the audit log names them.
    pub(crate) fn recorded(&self) -> Option<AuditActor> {
        let person = self.subject.person.as_ref()?;
        Some(AuditActor {
            issuer: person.issuer.clone(),
            subject: Private::new(person.subject.clone()),
            acr: self.subject.assurance.acr.clone(),
            amr: self.subject.assurance.amr.clone(),
            auth_time_s: self.subject.assurance.auth_time_s,
            session: self.session.map(|digest| digest.to_string()),
            via_site: self.subject.via_site.clone(),
        })
    }
}
