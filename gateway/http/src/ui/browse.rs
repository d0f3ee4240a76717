//! A directory: where you are, what is in it, and what you can do with what you tick.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use sealane_model::{Component, PathError, RemotePath};
use sealane_service::PageQuery;
use sealane_service::view::{CollectionView, Listing};
use sealane_service::{browse as use_case, collections};
use serde::Deserialize;

use super::address;
use super::layout::{Area, Frame, Page, page};
use super::part::class_badge::class_badge;
use super::part::collection_card::access;
use super::part::crumbs::crumbs;
use super::part::entry_table::{Setting, Sort, entry_table};
use super::part::pager::pager;
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiQuery, CollectionPath};
use crate::form::Form;
use crate::web::Web;

/// Entries on one page: as many as a browser shows at once without a wait.
pub(crate) const ENTRIES: usize = 200;

/// The page.
pub(crate) fn browse(
    frame: &Frame,
    collection: &CollectionView,
    listing: &Listing,
    after: Option<&str>,
    sort: Sort,
) -> Page {
    let title = listing.path.file_name().map_or_else(|| collection.title.clone(), |name| name.to_text());
    let main = html! {
        (crumbs(collection, &listing.path))
        h1 { (title) }
        p.row {
            (class_badge(collection.class))
            (access(collection))
            span.soft { code { (collection.reference) } " at " (collection.site_title) }
            @if collection.may.share && !collection.remote {
                a.step href=(address::rules_beneath(&collection.url_reference(), &listing.path)) { "Access rules" }
            }
        }
        @if listing.items.is_empty() {
            p.note { "This directory is empty." }
        } @else {
            (chooser(frame, collection, listing, after, sort))
        }
        @if collection.may.write && !collection.read_only { (new_directory(frame, collection, &listing.path)) }
    };
    page(frame, &title, &main)
}

fn chooser(frame: &Frame, collection: &CollectionView, listing: &Listing, after: Option<&str>, sort: Sort) -> Markup {
    let reference = collection.url_reference();
    let sorted = |sort: Sort| address::browse_page(&reference, &listing.path, after, sort.word());
    let caption = caption(listing, after, sort);
    let setting = Setting {
        collection: &reference,
        choosable: collection.may.read || may_delete(collection),
        readable: collection.may.read,
        sort,
        sorted: &sorted,
        caption: &caption,
    };
    let first = after.map(|_| address::browse_page(&reference, &listing.path, None, sort.word()));
    let next =
        listing.next.as_deref().map(|next| address::browse_page(&reference, &listing.path, Some(next), sort.word()));
    html! {
        form method="post" action="/transfer/destination" data-choose="" {
            (frame.form_token())
            input type="hidden" name="source" value=(collection.reference);
            @if setting.choosable { (actions(collection)) }
            (entry_table(&setting, &listing.items))
        }
        (pager("this directory", first.as_deref(), next.as_deref()))
    }
}

/// What can be done here with what is ticked.
fn actions(collection: &CollectionView) -> Markup {
    let reference = collection.url_reference();
    let address = |action: &str| format!("/collections/{reference}/{action}/review");
    html! {
        p.row {
            @if collection.may.read { button type="submit" { "Transfer what is ticked" } }
            @if may_delete(collection) {
                @if collection.may.write { button.quiet type="submit" formaction=(address("rename")) { "Rename" } }
                button.danger type="submit" formaction=(address("delete")) { "Delete" }
            }
            label.row data-all="" hidden { input type="checkbox"; " All on this page" }
            span.soft data-count="" aria-live="polite" {}
        }
    }
}

/// Whether entries can be deleted from here, and with leave to write renamed: that is for the collection's own site.
const fn may_delete(collection: &CollectionView) -> bool {
    collection.may.delete && !collection.read_only && !collection.remote
}

fn caption(listing: &Listing, after: Option<&str>, sort: Sort) -> String {
    let count = listing.items.len();
    let entries = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
    let paged = after.is_some() || listing.next.is_some();
    match (paged, sort) {
        (false, _) => entries,
        (true, Sort::Name) => format!("{entries} on this page, by name"),
        (true, _) => format!("{entries} on this page, sorted within the page"),
    }
}

fn new_directory(frame: &Frame, collection: &CollectionView, path: &RemotePath) -> Markup {
    html! {
        details {
            summary { "New directory here" }
            form.card method="post" action={ "/collections/" (collection.url_reference()) "/directories" } {
                (frame.form_token())
                input type="hidden" name="parent" value=(path.to_text());
                div.field {
                    label for="new-name" { "Name" }
                    input #new-name type="text" name="name" required maxlength="255" autocomplete="off";
                }
                button type="submit" { "Make directory" }
            }
        }
    }
}

/// Which directory, from which entry on, in which order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrowseQuery {
    #[serde(default = "RemotePath::root")]
    path: RemotePath,
    after: Option<String>,
    sort: Option<String>,
}

/// Show a directory. `GET /collections/{collection}/browse`.
pub(crate) async fn show(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    ApiQuery(query): ApiQuery<BrowseQuery>,
) -> Result<Page, Failure> {
    let caller = &signed_in.caller;
    let collection = collections::show(&web.app, caller, &reference).await?;
    let wanted = PageQuery { after: query.after.clone(), limit: Some(ENTRIES) };
    let mut listing = use_case::list(&web.app, caller, &reference, &query.path, &wanted).await?;
    let sort = Sort::from_word(query.sort.as_deref());
    sort.arrange(&mut listing.items);
    let frame = Frame::of(&web, &signed_in, Area::Collections);
    Ok(browse(&frame, &collection, &listing, query.after.as_deref(), sort))
}

/// Make a directory and show it. `POST /collections/{collection}/directories`.
pub(crate) async fn make_directory(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    form: Form,
) -> Result<Redirect, Failure> {
    let parent = RemotePath::parse_text(form.text("parent")).map_err(unusable)?;
    let name = Component::parse_text(form.text("name")).map_err(unusable)?;
    let made = use_case::make_directory(&web.app, &signed_in.caller, &reference, &parent.join(&name)).await?;
    Ok(Redirect::to(&address::browse(&reference.to_string().replace('/', "~"), &made.path)))
}

fn unusable(error: PathError) -> Failure {
    Failure::bad_request("path", "This name cannot be used", error.to_string(), "Go back and choose another name.")
}
