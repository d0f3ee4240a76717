//! Which collection is meant, and whether a person may know of it.
//!
//! A collection is named by its short name, its id, or for a peer's by `site/name`; `site~name` is the same in one segment
//! of a URL. What does not exist and what is not a person's to know of are told in the same words, and both are recorded.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sealane_audit::Kind;
use sealane_connectors::Connector;
use sealane_database::{collection, peer, storage_gateway};
use sealane_model::{Collection, CollectionId, Peer, PersonAssertion, Problem, RemotePath, ShortName};
use sealane_policy::{Action, ActionType, Decision, Effect, Request, Resource};
use sealane_transfer::guard::{Ask, Grant, Refusal};

use crate::act::{ask, blocking, refused};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::problem;

/// A collection as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionRef {
    site: Option<ShortName>,
    which: Which,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    Id(CollectionId),
    Name(ShortName),
}

/// A text that names no collection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a collection: use its name ('ukb-imaging'), its id, or 'site/name' for one of a peer")]
pub struct RefError;

impl From<RefError> for Problem {
    fn from(error: RefError) -> Self {
        problem::bad_request("collection-reference", error.to_string())
    }
}

impl FromStr for CollectionRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let (site, rest) = match text.split_once(['/', '~']) {
            Some((site, rest)) => (Some(site.parse().map_err(|_| RefError)?), rest),
            None => (None, text),
        };
        let which = match rest.parse::<CollectionId>() {
            Ok(id) => Which::Id(id),
            Err(_) => Which::Name(rest.parse().map_err(|_| RefError)?),
        };
        Ok(Self { site, which })
    }
}

impl fmt::Display for CollectionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(site) = &self.site {
            write!(f, "{site}/")?;
        }
        match &self.which {
            Which::Id(id) => id.fmt(f),
            Which::Name(name) => name.fmt(f),
        }
    }
}

impl CollectionRef {
    /// The id, where one is given and no other site is named.
    pub(crate) const fn id_here(&self) -> Option<CollectionId> {
        match (&self.site, &self.which) {
            (None, Which::Id(id)) => Some(*id),
            _ => None,
        }
    }

    /// The name, where one is given and no other site is named.
    pub(crate) const fn name_here(&self) -> Option<&ShortName> {
        match (&self.site, &self.which) {
            (None, Which::Name(name)) => Some(name),
            _ => None,
        }
    }
}

impl From<CollectionId> for CollectionRef {
    fn from(id: CollectionId) -> Self {
        Self { site: None, which: Which::Id(id) }
    }
}

/// Where a named collection is.
#[derive(Debug)]
pub(crate) enum Found {
    Here(Box<Collection>),
    At(Box<Peer>, Wanted),
}

/// A collection of a peer, as it was named.
#[derive(Debug, Clone)]
pub(crate) struct Wanted(Which);

impl Wanted {
    pub(crate) const fn by_id(id: CollectionId) -> Self {
        Self(Which::Id(id))
    }

    pub(crate) const fn id(&self) -> Option<CollectionId> {
        match &self.0 {
            Which::Id(id) => Some(*id),
            Which::Name(_) => None,
        }
    }

    pub(crate) fn is(&self, id: CollectionId, name: &ShortName) -> bool {
        match &self.0 {
            Which::Id(wanted) => *wanted == id,
            Which::Name(wanted) => wanted == name,
        }
    }
}

/// Find out where a collection is. What is unknown is recorded as asked for.
pub(crate) async fn find(
    app: &App,
    actor: &Actor,
    reference: &CollectionRef,
    kind: impl Into<Kind>,
) -> Result<Found, Problem> {
    let mut db = app.db().await?;
    let found = match &reference.site {
        Some(site) if *site != app.identity().name => {
            let peer = peer::find_by_name(&mut db, site).await.map_err(problem::database)?;
            peer.map(|peer| Found::At(Box::new(peer), Wanted(reference.which.clone())))
        }
        _ => {
            let collection = match &reference.which {
                Which::Id(id) => collection::find(&mut db, *id).await,
                Which::Name(name) => collection::find_by_name(&mut db, name).await,
            };
            collection.map_err(problem::database)?.map(|collection| Found::Here(Box::new(collection)))
        }
    };
    drop(db);
    match found {
        Some(found) => Ok(found),
        None => {
            app.record_miss(actor, kind, "collection-unknown").await?;
            Err(problem::collection_unknown())
        }
    }
}

/// A collection of this site, for what can be done here only.
pub(crate) async fn find_here(
    app: &App,
    actor: &Actor,
    reference: &CollectionRef,
    kind: impl Into<Kind>,
) -> Result<Collection, Problem> {
    match find(app, actor, reference, kind).await? {
        Found::Here(collection) => Ok(*collection),
        Found::At(peer, _) => Err(problem::bad_request(
            "collection-elsewhere",
            "This collection is at a peer; from here it can be browsed, and data can be transferred from and to it.",
        )
        .next(format!("Sign in at {} for anything else.", peer.descriptor.url))),
    }
}

pub(crate) fn resource(collection: &Collection, path: &RemotePath) -> Resource {
    Resource::collection(collection.id, collection.class, path.clone(), None)
}

/// A question about a path of a collection.
pub(crate) fn ask_about(
    actor: &Actor,
    action: Action,
    collection: &Collection,
    path: &RemotePath,
    kind: impl Into<Kind>,
) -> Ask {
    ask(actor, action, resource(collection, path), kind)
}

impl App {
    /// As `permit`, for a place in a collection: whoever may not even know of the collection is told that there is none.
    pub(crate) async fn permit_in<A: ActionType>(
        &self,
        collection: &Collection,
        question: Ask,
    ) -> Result<Grant<A>, Problem> {
        let actor = Actor { subject: question.subject.clone(), session: None, client: None };
        match self.guard().permit(question).await {
            Ok(grant) => Ok(grant),
            Err(Refusal::Denied(_)) if !self.may_know_of(&actor, collection) => Err(problem::collection_unknown()),
            Err(refusal) => Err(refused(&refusal)),
        }
    }

    /// Whether somebody may know that a collection exists: a question that leads to no act, so nothing is recorded.
    pub(crate) fn may_know_of(&self, actor: &Actor, collection: &Collection) -> bool {
        let decision = self.decision(actor, Action::ShowCollection, collection, &RemotePath::root());
        // Whom nothing but the audit log's witnesses keeps out may know of it at other times, and is told what they wait for.
        decision.effect() != Effect::Deny || decision.reason().code == "audit.exposed"
    }

    /// What policy would say.
    pub(crate) fn would(&self, actor: &Actor, action: Action, collection: &Collection, path: &RemotePath) -> Effect {
        self.decision(actor, action, collection, path).effect()
    }

    fn decision(&self, actor: &Actor, action: Action, collection: &Collection, path: &RemotePath) -> Decision {
        let request = Request {
            subject: actor.subject.clone(),
            action,
            resource: resource(collection, path),
            purpose: None,
            now_s: self.now().as_seconds(),
        };
        self.guard().engine().decide(&request)
    }

    /// The connector of a collection of this site.
    pub(crate) async fn connector(&self, collection: &Collection) -> Result<Arc<dyn Connector>, Problem> {
        let mut db = self.db().await?;
        let gateway = storage_gateway::find(&mut db, collection.storage_gateway).await.map_err(problem::database)?;
        drop(db);
        let gateway = gateway.ok_or_else(|| problem::internal("storage-gateway-gone", &collection.id))?;
        let registry = Arc::clone(&self.parts().registry);
        let collection = collection.clone();
        blocking(move || registry.open(&collection, &gateway)).await
    }
}

/// What this site says of a caller when it asks a peer on their behalf.
pub(crate) fn assertion(caller: &Caller) -> PersonAssertion {
    PersonAssertion {
        person: caller.person.clone(),
        groups: caller.subject.groups.clone(),
        assurance: caller.subject.assurance.clone(),
        client: caller.client.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_is_named_in_three_ways() {
        let id = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";
        for text in ["ukb-imaging", id, "hospital-a/ukb-imaging", "hospital-a~ukb-imaging"] {
            let reference: CollectionRef = text.parse().unwrap();
            assert_eq!(reference.to_string(), text.replace('~', "/"));
        }
        assert!(matches!(id.parse::<CollectionRef>().unwrap().which, Which::Id(_)));
    }

    #[test]
    fn what_names_no_collection_is_refused() {
        for text in ["", "/", "a/", "/a", "a/b/c", "A", "a b", "../a"] {
            assert_eq!(text.parse::<CollectionRef>(), Err(RefError), "{text:?}");
        }
    }
}
