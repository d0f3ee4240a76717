//! Breadcrumbs: from the list of collections down to the directory that is shown.

use maud::{Markup, html};
use sealane_model::RemotePath;
use sealane_service::view::CollectionView;

use crate::ui::address;

/// The way down to `path`.
pub(crate) fn crumbs(collection: &CollectionView, path: &RemotePath) -> Markup {
    let reference = collection.url_reference();
    let steps: Vec<_> =
        steps(path).into_iter().map(|(name, directory)| (name, address::browse(&reference, &directory))).collect();
    trail(collection, &steps)
}

/// The way to a page about a collection.
pub(crate) fn crumbs_to(collection: &CollectionView, name: &str) -> Markup {
    trail(collection, &[(name.to_owned(), String::new())])
}

/// The way to the collection, then these steps, of which the last is where the person is.
fn trail(collection: &CollectionView, steps: &[(String, String)]) -> Markup {
    let root = address::browse(&collection.url_reference(), &RemotePath::root());
    html! {
        nav.crumbs aria-label="Breadcrumbs" {
            ol {
                li { a href="/collections" { "Collections" } }
                li { (step(&collection.title, &root, steps.is_empty())) }
                @for (number, (name, address)) in steps.iter().enumerate() {
                    li { (step(name, address, number + 1 == steps.len())) }
                }
            }
        }
    }
}

fn step(name: &str, address: &str, is_last: bool) -> Markup {
    html! {
        @if is_last { span aria-current="page" { (name) } } @else { a href=(address) { (name) } }
    }
}

/// Each directory on the way, with its name.
fn steps(path: &RemotePath) -> Vec<(String, RemotePath)> {
    let mut here = RemotePath::root();
    let mut steps = Vec::new();
    for component in path.components() {
        here = here.join(component);
        steps.push((component.to_text(), here.clone()));
    }
    steps
}
