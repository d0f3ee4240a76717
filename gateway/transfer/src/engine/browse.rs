//! What people of a peer may see here: directories and collections, decided and recorded like anybody's.

use sealane_audit::event::{Access, Sharing};
use sealane_connectors::StorageError;
use sealane_database::collection;
use sealane_model::limits::MAX_PAGE;
use sealane_model::{Collection, Peer, Permit, Problem, permit};
use sealane_policy::{Action, Resource, Subject};

use super::Transfers;
use crate::guard::{Ask, Details, Grant, unrecorded};
use crate::message::{BrowseQuery, PersonListing, RemoteCollection};
use crate::trust::Visitor;

/// A page of a directory.
pub(super) async fn browse(
    engine: &Transfers,
    peer: &Peer,
    visitor: Visitor,
    query: BrowseQuery,
) -> Result<PersonListing, Problem> {
    let collection = engine.find_collection(query.collection).await?;
    let resource = Resource::collection(collection.id, collection.class, query.path.clone(), None);
    let mut ask = Ask::new(visitor.subject, Action::ListDirectory, resource, Access::DirectoryList);
    ask.client = visitor.client;
    ask.peer = Some(peer.descriptor.site.to_string());
    let grant: Grant<permit::List> = engine.parts().guard.permit(ask).await.map_err(|refusal| refusal.problem())?;
    let listed = list(engine, &collection, &grant.permit, query).await;
    let files = listed.as_ref().map_or(0, |listing| listing.entries.len());
    let details = Details::none().files(u64::try_from(files).unwrap_or(u64::MAX));
    grant.ended(&listed, details).await.map_err(|_| unrecorded())?;
    listed
}

async fn list(
    engine: &Transfers,
    collection: &Collection,
    permit: &Permit<permit::List>,
    query: BrowseQuery,
) -> Result<PersonListing, Problem> {
    let connector = engine.connector(collection).await?;
    let Some(permit) = permit.narrow(&query.path) else { return Err(StorageError::NotPermitted.problem()) };
    let limit = usize::try_from(query.limit).unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
    let listed =
        tokio::task::spawn_blocking(move || connector.list(&permit, &query.path, query.after.as_ref(), limit)).await;
    match listed {
        Ok(Ok(listing)) => Ok(PersonListing { entries: listing.entries, more: listing.more }),
        Ok(Err(error)) => Err(error.problem()),
        Err(_) => Err(Problem::new(
            sealane_model::problem::ProblemKind::Internal,
            "internal",
            "A worker stopped",
            "Listing the directory did not end.",
        )),
    }
}

/// The collections that a person may know of.
pub(super) async fn collections(engine: &Transfers, visitor: Visitor) -> Result<Vec<RemoteCollection>, Problem> {
    let Visitor { subject, client } = visitor;
    let mut ask = Ask::new(subject.clone(), Action::ListCollections, Resource::site(), Sharing::CollectionList);
    ask.client = client;
    let grant: Grant<permit::SeeSite> = engine.parts().guard.permit(ask).await.map_err(|refusal| refusal.problem())?;
    let seen = visible(engine, &subject).await;
    grant.ended(&seen, Details::none()).await.map_err(|_| unrecorded())?;
    seen
}

async fn visible(engine: &Transfers, subject: &Subject) -> Result<Vec<RemoteCollection>, Problem> {
    let all = {
        let mut db = engine.parts().database.acquire().await.map_err(|error| error.problem())?;
        collection::list(&mut db, None, MAX_PAGE).await.map_err(|error| error.problem())?
    };
    let eye = Eye { engine, subject };
    let shown = all.into_iter().filter(|one| eye.may(one, Action::ShowCollection));
    Ok(shown
        .map(|one| RemoteCollection {
            may_read: eye.may(&one, Action::TransferOut),
            may_write: !one.read_only && eye.may(&one, Action::TransferIn),
            id: one.id,
            name: one.name,
            title: one.title,
            class: one.class,
        })
        .collect())
}

/// Asks policy what a person would see; the listing as a whole is what is recorded.
struct Eye<'a> {
    engine: &'a Transfers,
    subject: &'a Subject,
}

impl Eye<'_> {
    fn may(&self, collection: &Collection, action: Action) -> bool {
        let resource = Resource::collection(collection.id, collection.class, sealane_model::RemotePath::root(), None);
        let request = sealane_policy::Request {
            subject: self.subject.clone(),
            action,
            resource,
            purpose: None,
            now_s: self.engine.parts().clock.now().as_seconds(),
        };
        self.engine.parts().guard.engine().decide(&request).is_permit()
    }
}
