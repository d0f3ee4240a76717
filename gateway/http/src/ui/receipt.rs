//! The receipt of a transfer: what moved, and the entries of the audit log that prove it.

use axum::extract::State;
use maud::{Markup, html};
use sealane_model::TaskId;
use sealane_model::bytes::ByteCount;
use sealane_service::receipts;
use sealane_service::view::{AuditEntryView, CosignatureView, ExchangeView, SitePartView, TaskRecordView};

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
pub(crate) fn receipt(frame: &Frame, record: &TaskRecordView) -> Page {
    let task = &record.task;
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
        @if let Some(exchange) = &record.exchange { (both_sites(task.id, exchange)) }
        section aria-labelledby="entries-heading" {
            h2 #entries-heading { "Audit entries" }
            p { "These entries of " (frame.site_title) "’s log name this transfer. The other site keeps its own." }
            (entries(&record.entries))
        }
        section aria-labelledby="checkpoint-heading" {
            h2 #checkpoint-heading { "Signed head of the log" }
            p {
                "It covers " (record.checkpoint.size) " entries. " code { "sealane-verify" }
                " checks a copy of the log against it, offline."
            }
            pre tabindex="0" aria-label="Checkpoint" { (record.checkpoint.note) }
        }
        p { a.step href={ "/api/v1/tasks/" (task.id) "/record" } { "This site’s record as JSON" } }
    };
    page(frame, "Receipt", &main)
}

/// What both sites have recorded, or what is in the way of knowing.
fn both_sites(task: TaskId, exchange: &ExchangeView) -> Markup {
    let parts = [("Source", &exchange.source), ("Destination", &exchange.destination)];
    html! {
        section.card aria-labelledby="both-heading" {
            h2 #both-heading { "Both sites" }
            p { (standing(exchange)) }
            @if exchange.state == "held" {
                p {
                    a.button href={ "/api/v1/tasks/" (task) "/receipt" } download={ "receipt-" (task) ".json" } {
                        "Download the receipt"
                    }
                    " " span.soft { code { "sealane-verify receipt" } " checks it offline." }
                }
            }
            @for (role, part) in parts {
                h3 { (role) }
                @match part {
                    Some(part) => { (site_part(part)) }
                    None => { p.soft { "The part of " (exchange.peer) " has not come yet." } }
                }
            }
        }
    }
}

fn standing(exchange: &ExchangeView) -> Markup {
    let peer = &exchange.peer;
    html! {
        @match exchange.state.as_str() {
            "held" => { "This site and " (peer) " each hold the other’s proof that it recorded the same transfer." }
            "refused" => {
                "What " (peer) " showed was not accepted"
                @if let Some(cause) = &exchange.cause { " (" code { (cause) } ")" }
                ". Somebody at both sites must look: " code { "sealane audit reconcile" } " compares the logs."
            }
            _ => {
                (peer) " has not proven yet that it recorded the same; it is asked again by itself"
                @if let Some(cause) = &exchange.cause { " (" code { (cause) } ")" } "."
            }
        }
    }
}

fn site_part(part: &SitePartView) -> Markup {
    html! {
        dl.facts {
            dt { "Site" } dd { (part.site) }
            dt { "Log" } dd { code { (part.log) } }
            dt { "Entry" } dd { (part.place) " of " (part.size) }
            dt { "Recorded" } dd { time datetime=(part.at) { (readable(&part.at.to_string())) } }
            dt { "Root" } dd { code { (short(&part.root)) } }
            dt { "Cosigned by" } dd { (cosigners(&part.cosigned_by, part.unknown_cosignatures)) }
        }
    }
}

fn cosigners(known: &[CosignatureView], others: u64) -> Markup {
    html! {
        @if known.is_empty() && others == 0 { "nobody" }
        @for (n, one) in known.iter().enumerate() {
            @if n > 0 { ", " }
            (one.name) " (" time datetime=(one.at) { (readable(&one.at.to_string())) } ")"
        }
        @if others > 0 { @if !known.is_empty() { ", " } (others) " that this site cannot check" }
    }
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
    let found = receipts::record(&web.app, &signed_in.caller, id).await?;
    Ok(receipt(&Frame::of(&web, &signed_in, Area::Tasks), &found))
}
