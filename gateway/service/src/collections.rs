//! Collections: which there are for a person, and what they are.

use sealane_audit::event::Sharing;
use sealane_database::collection;
use sealane_model::page::Page;
use sealane_model::{Collection, Permit, Problem, RemotePath, ShortName, permit};
use sealane_policy::{Action, Effect, Resource};
use sealane_transfer::guard::Details;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::page::PageQuery;
use crate::place::{CollectionRef, Found, ask_about, find};
use crate::view::{CollectionView, May};
use crate::{peers, problem};

/// Collections of this site that the caller may see, by name.
pub async fn list(app: &App, caller: &Caller, query: &PageQuery) -> Result<Page<CollectionView>, Problem> {
    let actor = Actor::from(caller);
    let after = match &query.after {
        Some(text) => {
            Some(text.parse::<ShortName>().map_err(|error| problem::bad_request("cursor", error.to_string()))?)
        }
        None => None,
    };
    let question = ask(&actor, Action::ListCollections, Resource::site(), Sharing::CollectionList);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let result = visible(app, &grant.permit, &actor, after, query.rows()).await;
    conclude(grant, result, Details::none()).await
}

/// One collection, here or at a peer.
pub async fn show(app: &App, caller: &Caller, reference: &CollectionRef) -> Result<CollectionView, Problem> {
    let actor = Actor::from(caller);
    match find(app, &actor, reference, Sharing::CollectionShow).await? {
        Found::At(peer, wanted) => peers::collection(app, caller, &peer, &wanted).await,
        Found::Here(collection) => {
            let question =
                ask_about(&actor, Action::ShowCollection, &collection, &RemotePath::root(), Sharing::CollectionShow);
            let grant = app.permit_in::<permit::List>(&collection, question).await?;
            conclude(grant, Ok(view(app, &actor, &collection)), Details::none()).await
        }
    }
}

/// Page through all collections until enough are found that the person may see.
async fn visible(
    app: &App,
    _permit: &Permit<permit::SeeSite>,
    actor: &Actor,
    mut after: Option<ShortName>,
    limit: usize,
) -> Result<Page<CollectionView>, Problem> {
    const CHUNK: usize = 200;
    let mut db = app.db().await?;
    let mut found = Vec::new();
    loop {
        let rows = collection::list(&mut db, after.as_ref(), CHUNK).await.map_err(problem::database)?;
        let last_chunk = rows.len() < CHUNK;
        after = rows.last().map(|row| row.name.clone());
        found.extend(rows.into_iter().filter(|row| app.may_know_of(actor, row)));
        if last_chunk || found.len() > limit {
            break;
        }
    }
    let page = Page::from_surplus(found, limit, |row| row.name.to_string());
    Ok(Page { items: page.items.iter().map(|row| view(app, actor, row)).collect(), next: page.next })
}

/// A collection of this site as a person is told of it.
pub(crate) fn view(app: &App, actor: &Actor, collection: &Collection) -> CollectionView {
    CollectionView {
        id: collection.id,
        name: collection.name.clone(),
        reference: collection.name.to_string(),
        title: collection.title.clone(),
        description: collection.description.clone(),
        class: collection.class,
        mode: collection.mode,
        read_only: collection.read_only,
        site: app.identity().name.clone(),
        site_title: app.identity().title.clone(),
        remote: false,
        may: may(app, actor, collection),
    }
}

fn may(app: &App, actor: &Actor, collection: &Collection) -> May {
    let root = RemotePath::root();
    let would = |action| app.would(actor, action, collection, &root);
    let [list, read, write, delete, share] =
        [Action::ListDirectory, Action::ReadContent, Action::WriteContent, Action::DeleteEntry, Action::ManageRules]
            .map(would);
    let yes = |effect| effect == Effect::Permit;
    May {
        list: yes(list),
        read: yes(read),
        write: yes(write) && !collection.read_only,
        delete: yes(delete) && !collection.read_only,
        share: yes(share),
        step_up: [list, read, write, delete, share].contains(&Effect::StepUp),
    }
}
