//! Directories: listed, made, renamed, removed. Listing works for a peer's collections too.

use sealane_audit::event::Access;
use sealane_audit::{Event, Object, OpId, OutcomeRecord, Phase, Private, Scope};
use sealane_connectors::StorageError;
use sealane_model::{Collection, Component, Entry, Permit, Problem, RemotePath, permit};
use sealane_policy::Action;
use sealane_transfer::guard::{Details, ItemLog};

use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::page::PageQuery;
use crate::place::{CollectionRef, Found, ask_about, find, find_here};
use crate::view::{EntryView, Listing, Made, Removed, Renamed};
use crate::{peers, problem};

/// One page of a directory, in the order of the names' bytes.
pub async fn list(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    path: &RemotePath,
    query: &PageQuery,
) -> Result<Listing, Problem> {
    let actor = Actor::from(caller);
    let after = match &query.after {
        Some(text) => {
            Some(Component::parse_text(text).map_err(|error| problem::bad_request("cursor", error.to_string()))?)
        }
        None => None,
    };
    let limit = query.rows();
    let (entries, more) = match find(app, &actor, reference, Access::DirectoryList).await? {
        Found::At(peer, wanted) => peers::browse(app, caller, &peer, &wanted, path, after, limit).await?,
        Found::Here(collection) => {
            let question = ask_about(&actor, Action::ListDirectory, &collection, path, Access::DirectoryList);
            let grant = app.permit_in::<permit::List>(&collection, question).await?;
            let connector = app.connector(&collection).await?;
            let directory = path.clone();
            app.on_storage(grant, move |permit| {
                let listing = connector.list(permit, &directory, after.as_ref(), limit)?;
                let details = Details::none().files(u64::try_from(listing.entries.len()).unwrap_or(u64::MAX));
                Ok(((listing.entries, listing.more, permit.refused_beneath().to_vec()), details))
            })
            .await
            .map(|(entries, more, refused)| (Shown { entries, refused }, more))?
        }
    };
    Ok(entries.page(path.clone(), more))
}

/// Entries, and what beneath them a rule keeps from this person.
pub(crate) struct Shown {
    pub(crate) entries: Vec<Entry>,
    pub(crate) refused: Vec<RemotePath>,
}

impl Shown {
    fn page(&self, path: RemotePath, more: bool) -> Listing {
        let last = self.entries.last().and_then(|entry| entry.path.file_name());
        let is_kept_back = |entry: &&Entry| self.refused.iter().any(|refused| entry.path.starts_with(refused));
        Listing {
            path,
            items: self.entries.iter().filter(|entry| !is_kept_back(entry)).map(EntryView::from).collect(),
            next: last.filter(|_| more).map(Component::to_text),
        }
    }
}

/// One entry.
pub async fn stat(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    path: &RemotePath,
) -> Result<EntryView, Problem> {
    let actor = Actor::from(caller);
    match find(app, &actor, reference, Access::EntryStat).await? {
        Found::At(peer, wanted) => {
            peers::stat(app, caller, &peer, &wanted, path).await.map(|entry| EntryView::from(&entry))
        }
        Found::Here(collection) => {
            let question = ask_about(&actor, Action::StatEntry, &collection, path, Access::EntryStat);
            let grant = app.permit_in::<permit::List>(&collection, question).await?;
            let connector = app.connector(&collection).await?;
            let path = path.clone();
            app.on_storage(grant, move |permit| Ok((EntryView::from(&connector.stat(permit, &path)?), Details::none())))
                .await
        }
    }
}

/// Make a directory; one that is there already is fine. Its parent must be there.
pub async fn make_directory(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    path: &RemotePath,
) -> Result<Made, Problem> {
    let actor = Actor::from(caller);
    let collection = find_here(app, &actor, reference, Access::DirectoryCreate).await?;
    let question = ask_about(&actor, Action::CreateDirectory, &collection, path, Access::DirectoryCreate);
    let grant = app.permit_in::<permit::Write>(&collection, question).await?;
    let connector = app.connector(&collection).await?;
    let path = path.clone();
    app.on_storage(grant, move |permit| {
        let made = connector.make_directory(permit, &path)?;
        Ok((Made { path, made }, Details::none().detail("made", made)))
    })
    .await
}

/// Rename or move within a collection. Decided for the deepest directory that holds both names.
pub async fn rename(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    from: &RemotePath,
    to: &RemotePath,
) -> Result<Renamed, Problem> {
    let actor = Actor::from(caller);
    let collection = find_here(app, &actor, reference, Access::EntryRename).await?;
    let mut question =
        ask_about(&actor, Action::RenameEntry, &collection, &common_ancestor(from, to), Access::EntryRename);
    // What is decided about is the directory that holds both names; which names, is said beside it.
    for (name, path) in [("from", from), ("to", to)] {
        let path = Private::new(path.to_text()).of(Scope::collection(collection.id.to_string()));
        question.private.insert(name.to_owned(), path);
    }
    let grant = app.permit_in::<permit::Write>(&collection, question).await?;
    // So that it is found at both of its places.
    for place in [from, to] {
        let names = renamed(app, &actor, &collection, place, from, to, grant.op());
        app.guard().record(names).await.map_err(|error| problem::unrecorded(&error))?;
    }
    let connector = app.connector(&collection).await?;
    let (from, to) = (from.clone(), to.clone());
    app.on_storage(grant, move |permit: &Permit<permit::Write>| {
        connector.rename(permit, &from, &to)?;
        Ok((Renamed { from, to }, Details::none()))
    })
    .await
}

/// A renaming, as it stands at one of its two places.
fn renamed(
    app: &App,
    actor: &Actor,
    collection: &Collection,
    place: &RemotePath,
    from: &RemotePath,
    to: &RemotePath,
    op: OpId,
) -> Event {
    let id = collection.id.to_string();
    let of_collection = |path: &RemotePath| Private::new(path.to_text()).of(Scope::collection(&id));
    let object = Object {
        collection: Some(id.clone()),
        class: Some(collection.class.to_string()),
        path: Some(Private::new(place.to_text())),
        ..Object::default()
    };
    app.guard()
        .event(Access::EntryRename, Phase::Info, op)
        .actor(actor.recorded())
        .client(actor.client.clone().map(Private::new))
        .object(object)
        .private("from", of_collection(from))
        .private("to", of_collection(to))
}

/// Remove a file, or a directory with `recursive` and all that is in it.
pub async fn remove(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    path: &RemotePath,
    recursive: bool,
) -> Result<Removed, Problem> {
    let actor = Actor::from(caller);
    let collection = find_here(app, &actor, reference, Access::EntryDelete).await?;
    let question = ask_about(&actor, Action::DeleteEntry, &collection, path, Access::EntryDelete);
    let grant = app.permit_in::<permit::Delete>(&collection, question).await?;
    let connector = app.connector(&collection).await?;
    let path = path.clone();
    let items = grant.item_log(grant.op());
    app.on_storage(grant, move |permit| {
        let entries = connector.remove(permit, &path, recursive, &mut |going| record_going(items.as_ref(), going))?;
        Ok((Removed { entries }, Details::none().files(entries).detail("recursive", recursive)))
    })
    .await
}

/// What lies in a directory that is removed has an entry of its own, before it goes.
fn record_going(items: Option<&ItemLog>, going: &[RemotePath]) -> Result<(), StorageError> {
    let log = items.ok_or(StorageError::Unrecorded)?;
    let event = |path| Event { outcome: None, ..log.item(Access::EntryDelete, path, OutcomeRecord::done()) };
    log.record(going.iter().map(event).collect()).map_err(|_| StorageError::Unrecorded)
}

fn common_ancestor(one: &RemotePath, other: &RemotePath) -> RemotePath {
    let mut ancestor = one.parent().unwrap_or_else(RemotePath::root);
    let beside = other.parent().unwrap_or_else(RemotePath::root);
    while !beside.starts_with(&ancestor) {
        ancestor = ancestor.parent().unwrap_or_else(RemotePath::root);
    }
    ancestor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rename_is_decided_for_what_holds_both_names() {
        let path = |text| RemotePath::parse_text(text).unwrap();
        for (from, to, ancestor) in
            [("/a/x", "/a/y", "/a"), ("/a/b/x", "/a/c/y", "/a"), ("/a/x", "/b/x", "/"), ("/x", "/a/b/x", "/")]
        {
            assert_eq!(common_ancestor(&path(from), &path(to)), path(ancestor), "{from} {to}");
        }
    }
}
