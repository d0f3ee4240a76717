//! Transfers, one a row.

use maud::{Markup, html};
use sealane_model::bytes::ByteCount;
use sealane_service::view::TaskView;

use super::moment::moment;
use super::place::place;
use super::state_badge::state_badge;
use crate::ui::address;

/// The table.
pub(crate) fn task_table(caption: &str, tasks: &[TaskView]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(caption) {
            table {
                caption.hidden { (caption) }
                thead {
                    tr {
                        th scope="col" { "Transfer" }
                        th scope="col" { "State" }
                        th.less scope="col" { "From" }
                        th.less scope="col" { "To" }
                        th.number.less scope="col" { "Data" }
                        th.less scope="col" { "Submitted" }
                    }
                }
                tbody { @for task in tasks { (task_row(task)) } }
            }
        }
    }
}

fn task_row(task: &TaskView) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(address::task(task.id)) { (name(task)) } }
            td { (state_badge(&task.state)) }
            td.less { (place(&task.source)) }
            td.less { (place(&task.destination)) }
            td.number.less { (ByteCount(task.progress.bytes_done)) }
            td.less { (moment(&task.submitted_at.to_string())) }
        }
    }
}

/// What a task is called: its label, else what it moves.
pub(crate) fn name(task: &TaskView) -> String {
    if let Some(label) = &task.label {
        return label.clone();
    }
    match task.items.as_slice() {
        [only] => only.source.to_text(),
        items => format!("{} items", items.len()),
    }
}
