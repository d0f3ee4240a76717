//! A directory's entries as a table: tick, name, size, time.

use maud::{Markup, html};
use sealane_model::EntryKind;
use sealane_model::bytes::ByteCount;
use sealane_service::view::EntryView;

use super::moment::readable;
use crate::ui::address;

/// The order of the rows that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sort {
    /// By the bytes of the name, as storage lists them.
    #[default]
    Name,
    /// The largest first.
    Size,
    /// The latest first.
    Modified,
}

impl Sort {
    /// From the word in an address.
    pub(crate) fn from_word(word: Option<&str>) -> Self {
        match word {
            Some("size") => Self::Size,
            Some("modified") => Self::Modified,
            _ => Self::Name,
        }
    }

    /// The word in an address.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Modified => "modified",
        }
    }

    /// Put the rows of a page in this order.
    pub(crate) fn arrange(self, entries: &mut [EntryView]) {
        match self {
            Self::Name => {}
            Self::Size => entries.sort_by_key(|entry| std::cmp::Reverse(entry.size)),
            Self::Modified => entries.sort_by_key(|entry| std::cmp::Reverse(entry.modified)),
        }
    }
}

/// What the table needs to know besides its rows.
pub(crate) struct Setting<'a> {
    /// The collection, in the URL form of its reference.
    pub(crate) collection: &'a str,
    /// Whether rows can be chosen for a transfer.
    pub(crate) choosable: bool,
    /// Whether files can be opened.
    pub(crate) readable: bool,
    /// The order of the rows.
    pub(crate) sort: Sort,
    /// The address of this page in each order.
    pub(crate) sorted: &'a dyn Fn(Sort) -> String,
    /// What is in the table.
    pub(crate) caption: &'a str,
}

/// The table.
pub(crate) fn entry_table(setting: &Setting<'_>, entries: &[EntryView]) -> Markup {
    html! {
        div.scroll {
            table {
                caption { (setting.caption) }
                thead {
                    tr {
                        @if setting.choosable { th.tick scope="col" { span.hidden { "Choose" } } }
                        (heading(setting, Sort::Name, "Name", ""))
                        (heading(setting, Sort::Size, "Size", "number"))
                        (heading(setting, Sort::Modified, "Modified", "less"))
                    }
                }
                tbody { @for entry in entries { (row(setting, entry)) } }
            }
        }
    }
}

fn heading(setting: &Setting<'_>, sort: Sort, name: &str, class: &str) -> Markup {
    let current = (setting.sort == sort).then_some(if sort == Sort::Name { "ascending" } else { "descending" });
    html! {
        th.(class) scope="col" aria-sort=[current] { a href=((setting.sorted)(sort)) { (name) } }
    }
}

fn row(setting: &Setting<'_>, entry: &EntryView) -> Markup {
    let transferable = matches!(entry.kind, EntryKind::File | EntryKind::Directory);
    html! {
        tr {
            @if setting.choosable {
                td.tick {
                    @if transferable {
                        label {
                            span.hidden { "Choose " (entry.name) }
                            input type="checkbox" name="item" value=(choice(entry));
                        }
                    }
                }
            }
            th scope="row" { (name(setting, entry)) }
            td.number { @if entry.kind == EntryKind::File { (ByteCount(entry.size)) } }
            td.less { (readable(&entry.modified.to_string())) }
        }
    }
}

fn name(setting: &Setting<'_>, entry: &EntryView) -> Markup {
    html! {
        @match entry.kind {
            EntryKind::Directory => a href=(address::browse(setting.collection, &entry.path)) { (entry.name) "/" },
            EntryKind::File if setting.readable => {
                a href=(address::content(setting.collection, &entry.path)) { (entry.name) }
            },
            EntryKind::File => span { (entry.name) },
            EntryKind::Symlink => span { (entry.name) " " span.badge.plain { "Symbolic link: never followed" } },
            EntryKind::Special => span { (entry.name) " " span.badge.plain { "Special file: never opened" } },
        }
    }
}

/// A row's choice as a form carries it: `d` or `f`, then the path in the escaped form.
fn choice(entry: &EntryView) -> String {
    let kind = if entry.kind == EntryKind::Directory { 'd' } else { 'f' };
    format!("{kind}{}", entry.path.to_text())
}
