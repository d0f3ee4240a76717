//! Breadcrumbs: from the list of collections down to the directory that is shown.

use maud::{Markup, html};
use sealane_model::RemotePath;
use sealane_service::view::CollectionView;

use crate::ui::address;

/// The way down to `path`.
pub(crate) fn crumbs(collection: &CollectionView, path: &RemotePath) -> Markup {
    let reference = collection.url_reference();
    let steps = steps(path);
    let is_root = steps.is_empty();
    html! {
        nav.crumbs aria-label="Breadcrumbs" {
            ol {
                li { a href="/collections" { "Collections" } }
                li { (step(&collection.title, &address::browse(&reference, &RemotePath::root()), is_root)) }
                @for (number, (name, directory)) in steps.iter().enumerate() {
                    li { (step(name, &address::browse(&reference, directory), number + 1 == steps.len())) }
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
