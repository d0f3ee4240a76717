//! Renaming what was ticked: a new name for each, within its directory. Nothing is ever put in another's place.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sealane_model::{Component, Problem, RemotePath};
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

/// One entry and what was typed as its new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewName {
    /// The entry.
    pub(crate) chosen: Chosen,
    /// What was typed.
    pub(crate) typed: String,
}

impl NewName {
    /// Where the entry is to be, or why the name cannot be used.
    fn target(&self) -> Result<RemotePath, String> {
        let name = Component::parse_text(&self.typed).map_err(|error| error.to_string())?;
        let parent = self.chosen.path.parent().unwrap_or_else(RemotePath::root);
        parent.try_join(&name).map_err(|error| error.to_string())
    }
}

/// The page that asks for names; those that cannot be used are said so beside their fields.
pub(crate) fn rename(frame: &Frame, collection: &CollectionView, names: &[NewName]) -> Page {
    let reference = collection.url_reference();
    let title = if names.len() == 1 { "Rename an entry".to_owned() } else { format!("Rename {} entries", names.len()) };
    let chosen: Vec<Chosen> = names.iter().map(|name| name.chosen.clone()).collect();
    let main = html! {
        (crumbs_to(collection, "Rename"))
        h1 { (title) }
        form.card method="post" action={ "/collections/" (reference) "/rename" } {
            (frame.form_token())
            @for (number, name) in names.iter().enumerate() { (field(number, name)) }
            p.row {
                button type="submit" { "Rename" }
                a.button.quiet href=(address::browse(&reference, &directory(&chosen))) { "Leave as it is" }
            }
        }
    };
    page(frame, &title, &main)
}

fn field(number: usize, name: &NewName) -> Markup {
    let wrong = name.target().err();
    let (id, note) = (format!("name-{number}"), format!("name-{number}-wrong"));
    html! {
        div.field {
            label for=(id) { "New name of " code { (name.chosen.name()) } }
            input type="hidden" name="item" value=(name.chosen.to_text());
            input id=(id) type="text" name="name" value=(name.typed) required maxlength="1024" autocomplete="off"
                spellcheck="false" aria-invalid=[wrong.as_ref().map(|_| "true")]
                aria-describedby=[wrong.as_ref().map(|_| note.as_str())];
            @if let Some(words) = &wrong { p.wrong id=(note) { "This name cannot be used: " (words) "." } }
        }
    }
}

/// Ask for names. `POST /collections/{collection}/rename/review`.
pub(crate) async fn review(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    form: Form,
) -> Result<Page, Failure> {
    let chosen = Chosen::named_of(&form)?;
    let names: Vec<NewName> = chosen.into_iter().map(|chosen| NewName { typed: chosen.name(), chosen }).collect();
    let collection = collections::show(&web.app, &signed_in.caller, &reference).await?;
    Ok(rename(&Frame::of(&web, &signed_in, Area::Collections), &collection, &names))
}

/// Do it, and tell what became of each. `POST /collections/{collection}/rename`.
pub(crate) async fn submit(
    State(web): State<Web>,
    signed_in: SignedIn,
    CollectionPath(reference): CollectionPath,
    form: Form,
) -> Result<Response, Failure> {
    let chosen = Chosen::named_of(&form)?;
    let typed: Vec<&str> = form.all("name").collect();
    if typed.len() != chosen.len() {
        return Err(incomplete());
    }
    let names: Vec<NewName> =
        chosen.iter().cloned().zip(typed).map(|(chosen, typed)| NewName { chosen, typed: typed.to_owned() }).collect();
    let targets: Result<Vec<RemotePath>, String> = names.iter().map(NewName::target).collect();
    let frame = Frame::of(&web, &signed_in, Area::Collections);
    let Ok(targets) = targets else {
        let collection = collections::show(&web.app, &signed_in.caller, &reference).await?;
        return Ok((StatusCode::BAD_REQUEST, rename(&frame, &collection, &names)).into_response());
    };
    let mut told = Vec::with_capacity(names.len());
    for (name, target) in names.iter().zip(&targets) {
        let from = &name.chosen.path;
        let result: Result<String, Problem> = if from == target {
            Ok("keeps its name.".to_owned())
        } else {
            let renamed = use_case::rename(&web.app, &signed_in.caller, &reference, from, target).await;
            renamed.map(|_| format!("is now called {}.", name.typed))
        };
        told.push(Outcome { name: name.chosen.name(), result });
    }
    let back = address::browse(&reference.to_string().replace('/', "~"), &directory(&chosen));
    Ok(outcomes(&frame, "Renamed", &back, told)?.into_response())
}

fn incomplete() -> Failure {
    Failure::bad_request(
        "names-incomplete",
        "The form is not complete",
        "There is not exactly one new name for each entry.",
        "Go back, tick what you want to rename, and try again.",
    )
}
