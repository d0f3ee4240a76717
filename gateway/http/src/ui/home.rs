//! The first page: sign-in for strangers; for people who are signed in, what runs and where to begin.

use axum::extract::State;
use maud::html;
use sealane_service::PageQuery;
use sealane_service::view::{CollectionView, TaskView};
use sealane_service::{collections, transfers};

use super::layout::{Area, Frame, Page, page};
use super::part::collection_card::collection_card;
use super::part::task_table::task_table;
use super::sign_in::sign_in;
use crate::caller::Perhaps;
use crate::error::Failure;
use crate::web::Web;

/// Collections on the first page, at most.
pub(crate) const COLLECTIONS: usize = 6;
/// Transfers on the first page, at most.
pub(crate) const TASKS: usize = 5;

/// The page of a person who is signed in.
pub(crate) fn home(frame: &Frame, collections: &[CollectionView], tasks: &[TaskView]) -> Page {
    let name = frame.viewer.as_ref().map_or("", |viewer| viewer.name.as_str());
    let main = html! {
        h1 { "Welcome, " (name) }
        p.lead { "Choose a collection, tick what you want to send, and follow it to its receipt." }
        section aria-labelledby="tasks-heading" {
            h2 #tasks-heading { "Your latest transfers" }
            @if tasks.is_empty() {
                p.note { "You have not moved anything yet. Open a collection below to begin." }
            } @else {
                (task_table("Your latest transfers", tasks))
                p { a.step href="/tasks" { "All transfers" } }
            }
        }
        section aria-labelledby="collections-heading" {
            h2 #collections-heading { "Collections" }
            @if collections.is_empty() {
                p.note { "No collection is shared with you yet. Ask its owner for an access rule." }
            } @else {
                ul.grid { @for collection in collections { (collection_card(collection)) } }
                p { a.step href="/collections" { "All collections" } }
            }
        }
    };
    page(frame, "Home", &main)
}

/// Show the first page. `GET /`.
pub(crate) async fn show(State(web): State<Web>, Perhaps(signed_in): Perhaps) -> Result<Page, Failure> {
    let Some(signed_in) = signed_in else {
        return Ok(sign_in(&Frame::narrow(&web, Area::Elsewhere), &web.site().providers, "/"));
    };
    let caller = &signed_in.caller;
    let collections = collections::list(&web.app, caller, &first(COLLECTIONS)).await?;
    let tasks = transfers::list(&web.app, caller, &first(TASKS)).await?;
    Ok(home(&Frame::of(&web, &signed_in, Area::Home), &collections.items, &tasks.items))
}

fn first(limit: usize) -> PageQuery {
    PageQuery { after: None, limit: Some(limit) }
}
