//! From what was ticked to a transfer: choose where it goes, look it over, start it.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use sealane_model::TaskId;
use sealane_service::CollectionRef;
use sealane_service::view::CollectionView;
use sealane_service::{collections, transfers};

use super::address;
use super::collections::{PeerGroup, everywhere};
use super::draft::Draft;
use super::layout::{Area, Frame, Page, page};
use super::part::class_badge::class_badge;
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::form::Form;
use crate::web::Web;

/// Say where a transfer begins. `GET /transfer`.
pub(crate) async fn start() -> Redirect {
    Redirect::to("/collections")
}

/// Choose the destination. `POST /transfer/destination`.
pub(crate) async fn choose(State(web): State<Web>, signed_in: SignedIn, form: Form) -> Result<Page, Failure> {
    let draft = Draft::from_form(&form)?;
    let source = collection(&web, &signed_in, &draft.source).await?;
    let groups = everywhere(&web, &signed_in).await?;
    let frame = Frame::of(&web, &signed_in, Area::Collections);
    Ok(destination(&frame, &source, &draft, &groups))
}

/// Look it over. `POST /transfer/review`.
pub(crate) async fn review(State(web): State<Web>, signed_in: SignedIn, form: Form) -> Result<Page, Failure> {
    let draft = Draft::from_form(&form)?;
    let submission = TaskId::generate(web.app.clock(), web.app.random());
    // What cannot become a transfer is said here, before the last step.
    draft.task(submission)?;
    let source = collection(&web, &signed_in, &draft.source).await?;
    let target = collection(&web, &signed_in, &draft.destination).await?;
    Ok(overview(&Frame::of(&web, &signed_in, Area::Collections), &source, &target, &draft, submission))
}

/// Start it. `POST /transfer`.
pub(crate) async fn submit(State(web): State<Web>, signed_in: SignedIn, form: Form) -> Result<Redirect, Failure> {
    let submission = form.text("submission_id").parse().map_err(|error: sealane_model::id::IdError| {
        Failure::bad_request(
            "submission",
            "The form is not complete",
            error.to_string(),
            "Go back and review the transfer again.",
        )
    })?;
    let task = Draft::from_form(&form)?.task(submission)?;
    let task = transfers::submit(&web.app, &signed_in.caller, task).await?;
    Ok(Redirect::to(&address::task(task.id)))
}

async fn collection(web: &Web, signed_in: &SignedIn, reference: &str) -> Result<CollectionView, Failure> {
    let reference: CollectionRef = reference.parse().map_err(sealane_model::Problem::from)?;
    Ok(collections::show(&web.app, &signed_in.caller, &reference).await?)
}

pub(crate) fn destination(frame: &Frame, source: &CollectionView, draft: &Draft, groups: &[PeerGroup]) -> Page {
    let main = html! {
        h1 { "Where should it go?" }
        p.lead { (summary(draft)) " from " (source.title) " at " (source.site_title) }
        form method="post" action="/transfer/review" {
            (frame.form_token())
            (draft.source_fields())
            @for group in groups { (targets(group, draft)) }
            div.field {
                label for="directory" { "Directory" }
                input #directory type="text" name="directory" value=(draft.directory) required autocomplete="off"
                    spellcheck="false" aria-describedby="directory-hint";
                small #directory-hint { "From the root of the collection, such as /incoming/2026. It must exist." }
            }
            div.field {
                label for="label" { "Label " span.soft { "(optional)" } }
                input #label type="text" name="label" value=[&draft.label] maxlength="200" autocomplete="off" aria-describedby="label-hint";
                small #label-hint { "How you will find this transfer again. Do not name a person in it." }
            }
            div.field {
                label for="purpose" { "Purpose " span.soft { "(where an access rule asks for it)" } }
                input #purpose type="text" name="purpose" value=[&draft.purpose] maxlength="200" autocomplete="off";
            }
            p.row { button type="submit" { "Review" } }
        }
    };
    page(frame, "Choose a destination", &main)
}

fn targets(group: &PeerGroup, draft: &Draft) -> Markup {
    html! {
        fieldset {
            legend { "Collections at " (group.title) }
            @match &group.collections {
                Ok(list) => {
                    @for target in list.iter().filter(|target| target.may.write && !target.read_only) {
                        label.choice {
                            input type="radio" name="destination" value=(target.reference) required
                                checked[target.reference == draft.destination];
                            span { (target.title) " " code.soft { (target.reference) } }
                            (class_badge(target.class))
                        }
                    }
                    @if !list.iter().any(|target| target.may.write && !target.read_only) {
                        p.soft { "You may write to none of its collections. Their owners can give you an access rule." }
                    }
                },
                Err(reason) => p.note.warn { (reason) },
            }
        }
    }
}

pub(crate) fn overview(
    frame: &Frame,
    source: &CollectionView,
    target: &CollectionView,
    draft: &Draft,
    submission: TaskId,
) -> Page {
    let main = html! {
        h1 { "Review the transfer" }
        div.card {
            dl.facts {
                dt { "What" } dd { (summary(draft)) }
                dt { "From" } dd { (end(source)) }
                dt { "To" } dd { (end(target)) ", directory " code { (draft.directory) } }
                @if let Some(label) = &draft.label { dt { "Label" } dd { (label) } }
                @if let Some(purpose) = &draft.purpose { dt { "Purpose" } dd { (purpose) } }
                dt { "On the way" } dd { (protection(source, target)) }
            }
            details {
                summary { "What moves" }
                ul { @for chosen in &draft.chosen { li { code { (chosen.path.to_text()) } @if chosen.is_directory { " and all in it" } } } }
            }
        }
        p { "Both sites decide by their own rules and record what they decide before a byte moves." }
        form method="post" action="/transfer" {
            (frame.form_token())
            (draft.source_fields())
            (draft.destination_fields())
            input type="hidden" name="submission_id" value=(submission);
            p.row {
                button type="submit" { "Start the transfer" }
                button.quiet type="submit" formaction="/transfer/destination" { "Change" }
            }
        }
    };
    page(frame, "Review the transfer", &main)
}

fn end(collection: &CollectionView) -> Markup {
    html! { (collection.title) " at " (collection.site_title) " " (class_badge(collection.class)) }
}

fn protection(source: &CollectionView, target: &CollectionView) -> &'static str {
    if source.site == target.site {
        "It stays at one site; no network is crossed"
    } else {
        "TLS 1.3, both sites authenticated by pinned keys"
    }
}

fn summary(draft: &Draft) -> String {
    match draft.chosen.as_slice() {
        [only] => only.name(),
        many => format!("{} items", many.len()),
    }
}
