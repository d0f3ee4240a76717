//! A collection, as a card: what it is, of which class, what this person may do with it.

use maud::{Markup, html};
use sealane_model::RemotePath;
use sealane_service::view::{CollectionView, May};

use super::class_badge::class_badge;
use crate::ui::address;

/// The card.
pub(crate) fn collection_card(collection: &CollectionView) -> Markup {
    html! {
        li.card {
            h3 { a.step href=(address::browse(&collection.url_reference(), &RemotePath::root())) { (collection.title) } }
            p.soft { code { (collection.reference) } " · " (collection.site_title) }
            p.row { (class_badge(collection.class)) (access(collection)) }
            @if !collection.description.is_empty() { p { (collection.description) } }
            @if collection.may.share && !collection.remote {
                p { a.step href=(address::rules(&collection.url_reference())) { "Access rules" } }
            }
        }
    }
}

/// What may be done, as a badge.
pub(crate) fn access(collection: &CollectionView) -> Markup {
    let May { list, read, write, step_up, .. } = collection.may;
    let words = match (read, write && !collection.read_only, list) {
        (true, true, _) => "Read and write",
        (true, false, _) => "Read",
        (false, true, _) => "Write",
        (false, false, true) => "Names only",
        (false, false, false) if step_up => "After a fresh sign-in",
        (false, false, false) => "No access",
    };
    html! { span.badge.plain { span.hidden { "Access: " } (words) } }
}
