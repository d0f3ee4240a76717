//! Collections that a person may see: this site's, then those of each peer.

use axum::extract::State;
use futures_util::future::join_all;
use maud::{Markup, html};
use sealane_model::Problem;
use sealane_model::limits::MAX_PAGE;
use sealane_service::collections::list;
use sealane_service::view::CollectionView;
use sealane_service::{Actor, PageQuery, peers};

use super::address;
use super::layout::{Area, Frame, Page, page};
use super::part::collection_card::collection_card;
use super::part::pager::pager;
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiQuery;
use crate::web::Web;

/// Collections of one peer, or the reason why they cannot be shown.
pub(crate) struct PeerGroup {
    /// The peer's name for people.
    pub(crate) title: String,
    /// Its collections, or what is said instead.
    pub(crate) collections: Result<Vec<CollectionView>, String>,
}

/// The page.
pub(crate) fn collections(
    frame: &Frame,
    here: &[CollectionView],
    first: Option<&str>,
    next: Option<&str>,
    peers: &[PeerGroup],
) -> Page {
    let main = html! {
        h1 { "Collections" }
        section aria-labelledby="here-heading" {
            h2 #here-heading { "At " (frame.site_title) }
            @if here.is_empty() {
                p.note { "No collection of this site is shared with you yet. Ask its owner for an access rule." }
            } @else {
                ul.grid { @for collection in here { (collection_card(collection)) } }
            }
            (pager("collections", first, next))
        }
        @for (number, peer) in peers.iter().enumerate() { (peer_section(number, peer)) }
    };
    page(frame, "Collections", &main)
}

fn peer_section(number: usize, peer: &PeerGroup) -> Markup {
    let heading = format!("peer-{number}-heading");
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) { "At " (peer.title) }
            @match &peer.collections {
                Ok(list) if list.is_empty() => p.note { "This site shares nothing with you." },
                Ok(list) => ul.grid { @for collection in list { (collection_card(collection)) } },
                Err(reason) => p.note.warn { (reason) },
            }
        }
    }
}

/// Show the collections. `GET /collections`.
pub(crate) async fn show(
    State(web): State<Web>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Page, Failure> {
    let here = list(&web.app, &signed_in.caller, &query).await?;
    let peers = if query.after.is_none() { at_peers(&web, &signed_in).await? } else { Vec::new() };
    let next = here.next.as_deref().map(|next| address::list_page("/collections", next));
    let first = query.after.is_some().then_some("/collections");
    let frame = Frame::of(&web, &signed_in, Area::Collections);
    Ok(collections(&frame, &here.items, first, next.as_deref(), &peers))
}

/// Every collection that the person may see, here and at each peer.
pub(crate) async fn everywhere(web: &Web, signed_in: &SignedIn) -> Result<Vec<PeerGroup>, Failure> {
    let most = PageQuery { after: None, limit: Some(MAX_PAGE) };
    let here = list(&web.app, &signed_in.caller, &most).await?;
    let title = web.app.identity().title.clone();
    let mut groups = vec![PeerGroup { title, collections: Ok(here.items) }];
    groups.extend(at_peers(web, signed_in).await?);
    Ok(groups)
}

/// What each peer lets the person see. A peer that cannot be reached is said so, and does not hide the others.
async fn at_peers(web: &Web, signed_in: &SignedIn) -> Result<Vec<PeerGroup>, Failure> {
    let caller = &signed_in.caller;
    let peers = peers::list(&web.app, &Actor::from(caller)).await?;
    let asked = peers.into_iter().map(|peer| async move {
        let found = peers::collections(&web.app, caller, &peer.name).await;
        let said = |problem: Problem| format!("{}: {}", problem.title, problem.next_step.unwrap_or(problem.detail));
        PeerGroup { title: peer.title, collections: found.map_err(said) }
    });
    Ok(join_all(asked).await)
}
