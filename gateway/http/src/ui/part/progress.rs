//! How far a task is: a bar, figures, and one place that is read aloud.

use maud::{Markup, html};
use sealane_model::bytes::ByteCount;
use sealane_service::view::TaskView;

/// The live region. A script keeps it up to date where there is one; else the page is loaded again.
pub(crate) fn progress(task: &TaskView) -> Markup {
    let now = &task.progress;
    let more = if now.expanded { "" } else { " so far" };
    let stream = (!task.state.is_final()).then(|| format!("/api/v1/tasks/{}/stream", task.id));
    html! {
        section.card aria-labelledby="progress-heading" data-stream=[stream] {
            h2 #progress-heading { "Progress" }
            (bar(task))
            dl.facts {
                @if !task.state.is_final() {
                    dt { "Now" }
                    dd data-field="status" { (task.nice_status) }
                }
                dt { "Files" }
                dd data-field="files" { (now.files_done) " of " (now.files_total) (more) }
                dt { "Data" }
                dd data-field="bytes" { (ByteCount(now.bytes_done)) " of " (ByteCount(now.bytes_total)) (more) }
                @if !task.state.is_final() {
                    dt { "Lanes open" }
                    dd data-field="lanes" { (now.lanes) }
                }
                @if now.skipped > 0 {
                    dt { "Left out" }
                    dd { (now.skipped) @if now.skipped == 1 { " symbolic link or special file" } @else { " symbolic links and special files" } }
                }
            }
            output role="status" {}
        }
    }
}

/// The bar alone. Without a total it is not known how far, and the bar says so by having no value.
pub(crate) fn bar(task: &TaskView) -> Markup {
    let now = &task.progress;
    let (value, max) = if task.state.word() == "SUCCEEDED" { (1, 1) } else { (now.bytes_done, now.bytes_total) };
    html! {
        @if max > 0 {
            progress value=(value) max=(max) aria-label="Data verified" { (percent(value, max)) "%" }
        } @else {
            progress value="0" max="1" aria-label="Data verified" { "0%" }
        }
    }
}

fn percent(value: u64, max: u64) -> u64 {
    u64::try_from(u128::from(value) * 100 / u128::from(max.max(1))).unwrap_or(100)
}
