//! Deleting what was ticked: look it over, then do it. It cannot be undone, so nothing is deleted by one click.

use axum::extract::State;
use maud::html;
use sealane_service::view::CollectionView;
use sealane_service::{browse as use_case, collections};

use super::address;
use super::draft::{Chosen, directory};
use super::layout::{Area, Frame, Page, page};
use super::part::crumbs::crumbs_to;
use super::part::outcome::{Outcome, outcomes};
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::CollectionPath;
use crate::form::Form;
use crate::web::Web;

/// The page that asks.
pub(crate) fn delete(frame: &Frame, collection: &CollectionView, chosen: &[Chosen]) -> Page {
    let reference = collection.url_reference();
    let question = match chosen {
        [only] => format!("Delete {}?", only.name()),
        many => format!("Delete {} entries?", many.len()),
    };
    let main = html! {
        (crumbs_to(collection, "Delete"))
        h1 { (question) }
        p.note.warn { strong { "This cannot be undone. " } "The audit log keeps that it was done, and by whom; not the content." }
        ul.card.plain {
            @for chosen in chosen { li { code { (chosen.path.to_text()) } @if chosen.is_directory { " and everything in it" } } }
        }
        form.row method="post" action={ "/collections/" (reference) "/delete" } {
            (frame.form_token())
            @for chosen in chosen { input type="hidden" name="item" value=(chosen.to_text()); }
            button.danger type="submit" { "Delete for good" }
            a.button.quiet href=(address::browse(&reference, &directory(chosen))) { "Keep it all" }
        }
    };
    page(frame, &question, &main)
}

/// Ask. `POST /collections/{collection}/delete/review`.
pub(crate) async fn review(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    form: Form,
) -> Result<Page, Failure> {
    let chosen = Chosen::named_of(&form)?;
    let collection = collections::show(&web.app, &signed_in.caller, &reference).await?;
    Ok(delete(&Frame::of(&web, &signed_in, Area::Collections), &collection, &chosen))
}

/// Do it, and tell what became of each. `POST /collections/{collection}/delete`.
pub(crate) async fn submit(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    form: Form,
) -> Result<Page, Failure> {
    let chosen = Chosen::named_of(&form)?;
    let mut told = Vec::with_capacity(chosen.len());
    for each in &chosen {
        let removed = use_case::remove(&web.app, &signed_in.caller, &reference, &each.path, each.is_directory).await;
        let result = removed.map(|removed| match removed.entries {
            1 => "is deleted.".to_owned(),
            entries => format!("is deleted, {entries} entries in all."),
        });
        told.push(Outcome { name: each.name(), result });
    }
    let back = address::browse(&reference.to_string().replace('/', "~"), &directory(&chosen));
    outcomes(&Frame::of(&web, &signed_in, Area::Collections), "Deleted", &back, told)
}
