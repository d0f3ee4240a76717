//! Receipts: after a transfer between two sites, each holds proof that the other recorded the same.
//!
//! **What for.** Both sites end a transfer with a `transfer.finish` entry in their logs. The destination then shows the
//! source its entry with the proof that it is in its log, and is shown the source's; neither can later deny or change it.
//!
//! **Promises.** What is owed is a row in the database from before the transfer's outcome is in the log, and is asked for
//! again until the other site has answered, whatever is killed meanwhile. A part is kept only if the site's own key vouches
//! for the log, the log's key signed the head, the proof leads to it, and both entries tell the same task, manifest, files
//! and bytes. The document is beside the log before the log says so, and the log says so before the row does. What is not
//! proven or differs is an error in the log, in the operator's view and on the task, once.
//!
//! When witnesses have cosigned heads that cover the two entries, the parts are exchanged once more, so that the receipt
//! shows that too. A log whose key is another than the pinned one, or whose head contradicts one that was witnessed, proves
//! nothing.
//!
//! **Leaves to others.** The document and its proofs: `sealane_audit::exchange`. Pinned keys: [`crate::peer_log`].

use std::collections::BTreeMap;
use std::time::Duration;

use sealane_audit::event::Transfer as TransferKind;
use sealane_audit::{ExchangeReceipt, LogProof, Object, Outcome, OutcomeRecord, Phase, SiteRecord};
use sealane_crypto::digest::sha256;
use sealane_crypto::{Signed, VerifyingKey};
use sealane_database::transfer_receipt::{self, Held, ReceiptState, TransferReceipt};
use sealane_database::{Pooled, task_event};
use sealane_model::problem::ProblemKind;
use sealane_model::{Peer, Problem, SiteId, Task, TaskId, TaskRole, TaskState};

use super::Transfers;
use super::facts::unknown_task;
use super::ledger::{object_of, other_site};
use crate::guard::unrecorded;
use crate::lane::{Control, LaneError};
use crate::log_key::LogKey;
use crate::message::ReceiptPart;
use crate::order::op_of;

/// How often the loop looks by itself.
const TICK: Duration = Duration::from_secs(1);
/// Receipts that are asked for in one round.
const MOST: usize = 256;
/// After a first attempt that failed; twice as long after each further one.
const FIRST: Duration = Duration::from_secs(1);
/// At most so long.
const LONGEST: Duration = Duration::from_secs(300);
/// Witnesses cosign within a second or two where they are there.
const COSIGNED: Duration = Duration::from_secs(2);
/// How often a receipt that is held is asked for again, for its cosignatures.
const CONFIRMATIONS: u32 = 6;

/// Asks for what is owed until the site stops.
pub(super) async fn run(engine: &Transfers) {
    let shutdown = engine.parts().shutdown.clone();
    while !shutdown.is_cancelled() {
        let more = tokio::select! {
            // What is cut here is asked for again: each step leaves the database true.
            () = shutdown.cancelled() => return,
            more = round(engine) => more.unwrap_or_else(|problem| {
                tracing::warn!(code = %problem.code, "receipts that are owed could not be looked for");
                false
            }),
        };
        if !more {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = engine.inner.owing.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }
}

/// The end of a task stands in the log at `place`: from now on its receipt is owed, if there are two sites.
pub(super) async fn owe(engine: &Transfers, task: &Task, place: u64) -> Result<(), Problem> {
    let Some(peer) = other_site(engine, task) else { return Ok(()) };
    if !matches!(task.state, TaskState::Succeeded { .. }) {
        return Ok(());
    }
    let ours = to_json(&own_part(engine, task.id, place).await?)?;
    let asks = task.role == TaskRole::Destination;
    let now = engine.parts().clock.now();
    let mut db = acquire(engine).await?;
    transfer_receipt::owe(&mut db, task.id, peer, asks, &ours, now).await.map_err(|error| error.problem())?;
    engine.inner.owing.notify_one();
    Ok(())
}

/// A peer shows its part: checked and kept, and answered with this site's.
pub(super) async fn answer(engine: &Transfers, peer: &Peer, part: ReceiptPart) -> Result<ReceiptPart, Problem> {
    let found = {
        let mut db = acquire(engine).await?;
        transfer_receipt::find(&mut db, part.task).await.map_err(|error| error.problem())?
    };
    let Some(row) = found else { return Err(not_recorded(engine, peer, part.task).await) };
    if row.asks || row.peer != peer.descriptor.site {
        return Err(unknown_task());
    }
    let ours = shown(engine, &row).await?;
    settle(engine, peer, &row, &ours, &part).await?;
    Ok(ours)
}

async fn round(engine: &Transfers) -> Result<bool, Problem> {
    let due = {
        let mut db = acquire(engine).await?;
        let now = engine.parts().clock.now();
        let owed = transfer_receipt::due(&mut db, now, MOST).await.map_err(|error| error.problem())?;
        let held = transfer_receipt::unconfirmed(&mut db, now, CONFIRMATIONS, MOST);
        [owed, held.await.map_err(|error| error.problem())?].concat()
    };
    let more = due.len() >= MOST;
    let mut by_peer: BTreeMap<SiteId, Vec<TransferReceipt>> = BTreeMap::new();
    for row in due {
        by_peer.entry(row.peer).or_default().push(row);
    }
    let asked = by_peer.into_iter().map(|(site, rows)| ask_peer(engine, site, rows));
    for asked in futures_util::future::join_all(asked).await {
        asked?;
    }
    Ok(more)
}

/// Asks one peer for all that is due, over one connection.
async fn ask_peer(engine: &Transfers, site: SiteId, rows: Vec<TransferReceipt>) -> Result<(), Problem> {
    let mut line = None;
    let mut silent = None;
    for row in rows {
        let next_at = engine.parts().clock.now().after(delay(row.tries));
        {
            let mut db = acquire(engine).await?;
            if !transfer_receipt::claim(&mut db, &row, next_at).await.map_err(|error| error.problem())? {
                continue;
            }
        }
        let asked = match &silent {
            // Nobody answers there: the others are put off with the first.
            Some(problem) => Err(Problem::clone(problem)),
            None => ask(engine, site, &row, &mut line).await,
        };
        let Err(problem) = asked else { continue };
        if line.is_none() && silent.is_none() {
            silent = Some(problem.clone());
        }
        hindered(engine, &row, &problem).await?;
    }
    if let Some(line) = line {
        Control::close(line).await;
    }
    Ok(())
}

async fn ask(
    engine: &Transfers,
    site: SiteId,
    row: &TransferReceipt,
    line: &mut Option<Control>,
) -> Result<(), Problem> {
    let peer = engine.find_peer(site).await?;
    let mut control = match line.take() {
        Some(open) => open,
        None => engine.parts().dialer.control(&peer).await.map_err(|error| error.problem())?,
    };
    let ours = shown(engine, row).await?;
    let answer = control.receipt(ours.clone()).await;
    if matches!(answer, Ok(_) | Err(LaneError::Refused(_))) {
        *line = Some(control);
    }
    match answer {
        Ok(part) => settle(engine, &peer, row, &ours, &part).await,
        Err(LaneError::Refused(problem)) if problem.kind == ProblemKind::Integrity => {
            alarm(engine, row, &problem).await?;
            Err(problem)
        }
        Err(error) => Err(error.problem()),
    }
}

/// Keeps the other site's part, or says why it cannot be kept.
async fn settle(
    engine: &Transfers,
    peer: &Peer,
    row: &TransferReceipt,
    ours: &ReceiptPart,
    part: &ReceiptPart,
) -> Result<(), Problem> {
    let (receipt, theirs) = match both(engine, peer, row, ours, part).await {
        Ok(both) => both,
        Err(problem) if problem.kind == ProblemKind::Integrity => {
            alarm(engine, row, &problem).await?;
            return Err(problem);
        }
        Err(problem) => return Err(problem),
    };
    if row.state == ReceiptState::Held && !gains(row, &receipt) {
        return Ok(());
    }
    keep(engine, row, &receipt, &theirs).await
}

/// Whether more of it is cosigned than of the one that is held.
fn gains(row: &TransferReceipt, receipt: &ExchangeReceipt) -> bool {
    let held = row.document.as_ref().and_then(|text| text.parse::<ExchangeReceipt>().ok());
    !row.confirmed && held.is_none_or(|held| receipt.cosigned_parts() > held.cosigned_parts())
}

/// The receipt of both parts, and the other site's.
async fn both(
    engine: &Transfers,
    peer: &Peer,
    row: &TransferReceipt,
    ours: &ReceiptPart,
    part: &ReceiptPart,
) -> Result<(ExchangeReceipt, SiteRecord), Problem> {
    let identity = &engine.parts().identity;
    let ours = record_of(ours, identity.site, &identity.signing.verifying_key())?;
    let theirs = record_of(part, peer.descriptor.site, &peer.descriptor.signing_key)?;
    let logs = engine.peer_logs();
    let pinned = logs.pin(peer, &theirs.key, &part.rotations).await?;
    pinned.allows(&theirs.proof.checkpoint)?;
    logs.compare(&theirs.key, &theirs.proof.checkpoint).await?;
    let receipt =
        if row.asks { ExchangeReceipt::new(theirs.clone(), ours) } else { ExchangeReceipt::new(ours, theirs.clone()) };
    let agreed = receipt.agreed().map_err(|fault| differs(&fault.to_string()))?;
    if agreed.task != row.task.to_string() {
        return Err(differs("The entries are about another task."));
    }
    Ok((receipt, theirs))
}

/// A site's part, proven under the key of a log that the site vouches for.
fn record_of(part: &ReceiptPart, site: SiteId, signing_key: &VerifyingKey) -> Result<SiteRecord, Problem> {
    let key = LogKey::open(&part.log, site, signing_key)?;
    let proof: LogProof = part.proof.parse().map_err(|error| unproven(&error))?;
    let record = SiteRecord { key, entry: part.entry.clone(), proof };
    record.verify(&record.key).map_err(|error| unproven(&error))?;
    Ok(record)
}

async fn keep(
    engine: &Transfers,
    row: &TransferReceipt,
    receipt: &ExchangeReceipt,
    theirs: &SiteRecord,
) -> Result<(), Problem> {
    let (log, task, document) = (engine.parts().guard.log().clone(), row.task.to_string(), receipt.clone());
    let kept = tokio::task::spawn_blocking(move || log.keep_receipt(&task, &document)).await;
    if let Err(error) = kept.map_err(std::io::Error::other).flatten() {
        tracing::error!(task.id = %row.task, error = %error, "a receipt cannot be kept beside the audit log");
        return Err(unrecorded());
    }
    let proof = sha256(theirs.proof.to_string().as_bytes());
    record(engine, row, OutcomeRecord::done(), |object| object.digest = Some(proof), Some(theirs)).await?;
    let (now, document) = (engine.parts().clock.now(), receipt.to_string());
    let held = Held { document: &document, confirmed: receipt.cosigned_parts() == 2, next_at: now.after(COSIGNED) };
    let mut db = acquire(engine).await?;
    if row.state == ReceiptState::Held {
        transfer_receipt::confirm(&mut db, row.task, &held).await.map_err(|error| error.problem())?;
        tracing::info!(task.id = %row.task, peer.site = %row.peer, "witnesses have confirmed the receipt of transfer {}", row.task);
    } else {
        transfer_receipt::hold(&mut db, row.task, &held, now).await.map_err(|error| error.problem())?;
        tracing::info!(task.id = %row.task, peer.site = %row.peer, "both sites hold proof of transfer {}", row.task);
    }
    Ok(())
}

/// Says in the log, on the task and to the operator that the other site did not prove the same.
async fn alarm(engine: &Transfers, row: &TransferReceipt, problem: &Problem) -> Result<(), Problem> {
    if row.state != ReceiptState::Owed {
        tracing::warn!(task.id = %row.task, peer.site = %row.peer, code = %problem.code, "a peer shows another receipt than before");
        return Ok(());
    }
    let outcome = OutcomeRecord::new(Outcome::Failed, problem.code.clone(), problem.title.clone());
    record(engine, row, outcome, |_| {}, None).await?;
    let now = engine.parts().clock.now();
    let told = async {
        let mut tx = engine.parts().database.begin().await?;
        if transfer_receipt::refuse(&mut tx, row.task, &problem.code, now).await? {
            let next = problem.next_step.as_deref().unwrap_or_default();
            let message = format!("{}: {} Next: {next}", problem.title, problem.detail);
            task_event::append(&mut tx, row.task, now, &problem.code, &message, true).await?;
        }
        tx.commit().await
    };
    told.await.map_err(|error: sealane_database::DbError| error.problem())?;
    tracing::error!(task.id = %row.task, peer.site = %row.peer, code = %problem.code, "a peer did not prove that it recorded the same transfer");
    Ok(())
}

async fn record(
    engine: &Transfers,
    row: &TransferReceipt,
    outcome: OutcomeRecord,
    add: impl FnOnce(&mut Object),
    theirs: Option<&SiteRecord>,
) -> Result<(), Problem> {
    let task = engine.find_task(row.task).await?.ok_or_else(unknown_task)?;
    let mut object = object_of(&task);
    add(&mut object);
    let guard = &engine.parts().guard;
    let mut event = guard.event(TransferKind::Receipt, Phase::Info, op_of(row.task));
    event = event.object(object).outcome(outcome).peer(row.peer.to_string());
    if let Some(theirs) = theirs {
        event = event.detail("log", theirs.key.name()).detail("place", theirs.proof.index);
    }
    guard.record(event).await.map(drop).map_err(|_| unrecorded())
}

async fn hindered(engine: &Transfers, row: &TransferReceipt, problem: &Problem) -> Result<(), Problem> {
    tracing::debug!(task.id = %row.task, code = %problem.code, "a receipt stays owed");
    let mut db = acquire(engine).await?;
    transfer_receipt::hindered(&mut db, row.task, &problem.code).await.map_err(|error| error.problem())
}

/// What this site shows now: its entry under the newest head that is cosigned, if it stands in this node's log.
async fn shown(engine: &Transfers, row: &TransferReceipt) -> Result<ReceiptPart, Problem> {
    let kept: ReceiptPart = from_json(&row.ours)?;
    let proof: LogProof = kept.proof.parse().map_err(|error| unshowable(&error))?;
    if proof.checkpoint.origin() != engine.parts().guard.log().origin() {
        return Ok(kept);
    }
    own_part(engine, row.task, proof.index).await
}

/// What this site shows: its own entry, under a key that it vouches for.
async fn own_part(engine: &Transfers, task: TaskId, place: u64) -> Result<ReceiptPart, Problem> {
    let log = engine.parts().guard.log().clone();
    let made = tokio::task::spawn_blocking(move || log.site_record(place)).await;
    let made = made.map_err(|error| unshowable(&error))?.map_err(|error| unshowable(&error))?;
    let log: Signed<LogKey> = LogKey::sign(&engine.parts().identity, &made.key).map_err(|error| unshowable(&error))?;
    let rotations = engine.parts().guard.log().rotations().iter().map(ToString::to_string).collect();
    Ok(ReceiptPart { task, log, entry: made.entry, proof: made.proof.to_string(), rotations })
}

/// Why there is nothing to show of a task yet, or at all.
async fn not_recorded(engine: &Transfers, peer: &Peer, id: TaskId) -> Problem {
    let task = match engine.find_task(id).await {
        Ok(Some(task)) if other_site(engine, &task) == Some(peer.descriptor.site) => task,
        Ok(_) => return unknown_task(),
        Err(problem) => return problem,
    };
    if let TaskState::Failed { code, .. } = &task.state {
        return differs(&format!("One site recorded that the transfer was done, the other that it failed ({code})."));
    }
    let detail = "The transfer's end is not in this site's log yet.";
    Problem::new(ProblemKind::Unavailable, "receipt-early", "The receipt is not there yet", detail)
        .next("It is asked for again by itself.")
}

fn delay(tries: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(tries.min(16))).min(LONGEST)
}

fn differs(why: &str) -> Problem {
    Problem::new(ProblemKind::Integrity, "receipt-differs", "The sites recorded different transfers", why)
        .next("Compare the two sites' logs with sealane audit reconcile, together with the other site's administrator.")
}

fn unproven(error: &dyn std::fmt::Display) -> Problem {
    let title = "The other site did not prove what it recorded";
    Problem::new(
        ProblemKind::Integrity,
        "receipt-unproven",
        title,
        sealane_model::problem::sentence(&error.to_string()),
    )
    .next("Ask the other site's administrator to verify its audit log (sealane-verify log).")
}

fn unshowable(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(error = %error, "the end of a transfer cannot be proven from the audit log");
    unrecorded()
}

fn to_json(part: &ReceiptPart) -> Result<String, Problem> {
    serde_json::to_string(part).map_err(|error| unshowable(&error))
}

fn from_json(text: &str) -> Result<ReceiptPart, Problem> {
    serde_json::from_str(text).map_err(|error| unshowable(&error))
}

async fn acquire(engine: &Transfers) -> Result<Pooled, Problem> {
    engine.parts().database.acquire().await.map_err(|error| error.problem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_asked_for_after_one_second_and_at_least_every_five_minutes() {
        let delays: Vec<u64> = (0..12).map(|tries| delay(tries).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(delay(u32::MAX), LONGEST);
    }
}
