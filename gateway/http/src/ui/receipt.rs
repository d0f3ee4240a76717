//! The receipt of a transfer: what moved, and the entries of the audit log that prove it.

use axum::extract::State;
use maud::{Markup, html};
use sealane_model::TaskId;
use sealane_model::bytes::ByteCount;
use sealane_service::transfers;
use sealane_service::view::{AuditEntryView, ReceiptView};

use super::address;
use super::layout::{Area, Frame, Page, page};
use super::part::moment::readable;
use super::part::state_badge::state_badge;
use super::part::task_table::name;
use super::task::facts;
use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::ApiPath;
use crate::web::Web;

/// The page.
pub(crate) fn receipt(frame: &Frame, receipt: &ReceiptView) -> Page {
    let task = &receipt.task;
    let main = html! {
        h1 { "Receipt: " (name(task)) }
        p.row {
            (state_badge(&task.state))
            span.soft { "Transfer " a href=(address::task(task.id)) { code { (task.id) } } }
        }
        section.card aria-labelledby="moved-heading" {
            h2 #moved-heading { "What moved" }
            dl.facts {
                dt { "Files" } dd { (task.progress.files_done) }
                dt { "Data" } dd { (ByteCount(task.progress.bytes_done)) " (" (task.progress.bytes_done) " bytes)" }
                dt { "Directories" } dd { (task.progress.directories) }
            }
            (facts(task))
        }
        section aria-labelledby="entries-heading" {
            h2 #entries-heading { "Audit entries" }
            p { "These entries of " (frame.site_title) "’s log name this transfer. The other site keeps its own." }
            (entries(&receipt.entries))
        }
        section aria-labelledby="checkpoint-heading" {
            h2 #checkpoint-heading { "Signed head of the log" }
            p {
                "It covers " (receipt.checkpoint.size) " entries. " code { "sealane-verify" }
                " checks a copy of the log against it, offline."
            }
            pre tabindex="0" aria-label="Checkpoint" { (receipt.checkpoint.note) }
        }
        p { a.step href={ "/api/v1/tasks/" (task.id) "/receipt" } { "This receipt as JSON" } }
    };
    page(frame, "Receipt", &main)
}

fn entries(entries: &[AuditEntryView]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Audit entries" {
            table {
                caption { (entries.len()) " entries, in the order of the log" }
                thead {
                    tr {
                        th.number scope="col" { "Index" }
                        th scope="col" { "Event" }
                        th scope="col" { "Outcome" }
                        th scope="col" { "When" }
                        th scope="col" { "Peer" }
                        th scope="col" { "Leaf hash" }
                    }
                }
                tbody { @for entry in entries { (row(entry)) } }
            }
        }
    }
}

fn row(entry: &AuditEntryView) -> Markup {
    html! {
        tr {
            td.number { (entry.index) }
            th scope="row" { (entry.kind) " " span.soft { (entry.phase) } }
            td { (outcome(entry)) }
            td { time datetime=(entry.at) { (readable(&entry.at.to_string())) } }
            td { (entry.peer.as_deref().unwrap_or("–")) }
            td { code { (short(&entry.leaf)) } }
        }
    }
}

/// The outcome, and its code where that says more.
fn outcome(entry: &AuditEntryView) -> Markup {
    let code = entry.code.as_deref().filter(|code| *code != "ok");
    html! { (entry.outcome.as_deref().unwrap_or("–")) @if let Some(code) = code { " " span.soft { (code) } } }
}

/// Enough of a hash to find it again; the JSON document has the whole.
fn short(hash: &str) -> String {
    hash.chars().take(12).chain(['…']).collect()
}

/// Show a transfer's receipt. `GET /tasks/{id}/receipt`.
pub(crate) async fn show(
    State(web): State<Web>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<TaskId>,
) -> Result<Page, Failure> {
    let found = transfers::receipt(&web.app, &signed_in.caller, id).await?;
    Ok(receipt(&Frame::of(&web, &signed_in, Area::Tasks), &found))
}
