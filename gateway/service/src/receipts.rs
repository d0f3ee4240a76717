//! The proof of a transfer: what this site's log says of it, and the receipt that both sites hold.
//!
//! The receipt is the document of `sealane_audit::exchange`, as it was exchanged and kept: whoever has it verifies it offline
//! with `sealane-verify receipt`. Beside it stands what a person wants to know without that: where in each log, under which
//! head, cosigned by whom; or what is in the way.

use sealane_audit::event::Transfer;
use sealane_audit::{Entry, ExchangeReceipt, LogProof, VerifierKey};
use sealane_database::transfer_receipt::{self, ReceiptState, TransferReceipt};
use sealane_database::{Pooled, peer};
use sealane_model::problem::ProblemKind;
use sealane_model::{Permit, Problem, SiteId, Task, TaskId, TaskRole, Timestamp, permit};
use sealane_transfer::guard::Details;
use sealane_transfer::message::ReceiptPart;

use crate::act::conclude;
use crate::app::App;
use crate::caller::Caller;
use crate::transfers::{one_view, see};
use crate::view::{CosignatureView, ExchangeView, SitePartView, TaskRecordView};
use crate::{audit, problem};

/// What this site's audit log says of a task, and how far the exchange with the other site is.
pub async fn record(app: &App, caller: &Caller, id: TaskId) -> Result<TaskRecordView, Problem> {
    let (grant, task) = see(app, caller, id, Transfer::TaskShow).await?;
    let result = make_record(app, &grant.permit, task).await;
    conclude(grant, result, Details::none().detail("receipt", true)).await
}

/// The receipt of a transfer with another site, as both hold it.
pub async fn document(app: &App, caller: &Caller, id: TaskId) -> Result<String, Problem> {
    let (grant, task) = see(app, caller, id, Transfer::TaskShow).await?;
    let result = held(app, &task).await;
    conclude(grant, result, Details::none().detail("receipt", true)).await
}

async fn held(app: &App, task: &Task) -> Result<String, Problem> {
    let mut db = app.db().await?;
    let Some(row) = transfer_receipt::find(&mut db, task.id).await.map_err(problem::database)? else {
        return Err(if task.state.is_final() { none() } else { early() });
    };
    match (row.state, row.document) {
        (ReceiptState::Held, Some(document)) => Ok(document),
        (ReceiptState::Refused, _) => Err(refused(row.cause.as_deref().unwrap_or("receipt-differs"))),
        (ReceiptState::Owed | ReceiptState::Held, _) => Err(owed(row.cause.as_deref())),
    }
}

async fn make_record(app: &App, permit: &Permit<permit::SeeTask>, task: Task) -> Result<TaskRecordView, Problem> {
    let entries = audit::of_task(app, permit, task.id).await?;
    // Taken last, so that it covers every entry.
    let checkpoint = audit::checkpoint::view(&app.guard().log().checkpoint());
    let mut db = app.db().await?;
    let row = transfer_receipt::find(&mut db, task.id).await.map_err(problem::database)?;
    let exchange = match row {
        Some(row) => Some(exchange(app, &mut db, &task, row).await?),
        None => None,
    };
    drop(db);
    let mut task = one_view(app, task).await?;
    // While the task runs, the source's row does not name the cipher yet; its log does, as each lane opened.
    task.cipher = task.cipher.or_else(|| entries.iter().find_map(|entry| entry.transport.clone()));
    Ok(TaskRecordView { task, entries, checkpoint, exchange })
}

async fn exchange(app: &App, db: &mut Pooled, task: &Task, row: TransferReceipt) -> Result<ExchangeView, Problem> {
    let name_of = |site: SiteId, known: Option<&sealane_model::Peer>| match known {
        Some(peer) => peer.descriptor.name.to_string(),
        None => site.to_string(),
    };
    let peers = peer::list(db).await.map_err(problem::database)?;
    let theirs = name_of(row.peer, peers.iter().find(|peer| peer.descriptor.site == row.peer));
    let ours = app.identity().name.to_string();
    let (source, destination) = match task.role {
        // A task within the site has no row.
        TaskRole::Source | TaskRole::Both => (&ours, &theirs),
        TaskRole::Destination => (&theirs, &ours),
    };
    let parts = match &row.document {
        Some(text) => {
            let receipt: ExchangeReceipt =
                text.parse().map_err(|error| problem::internal("receipt-damaged", &error))?;
            let part = |site: &str, it: &sealane_audit::SiteRecord| part(app, site, &it.entry, &it.proof);
            (Some(part(source, &receipt.source)?), Some(part(destination, &receipt.destination)?))
        }
        None => {
            let shown: ReceiptPart =
                serde_json::from_str(&row.ours).map_err(|error| problem::internal("receipt-damaged", &error))?;
            let proof = shown.proof.parse().map_err(|error| problem::internal("receipt-damaged", &error))?;
            let own = Some(part(app, &ours, &shown.entry, &proof)?);
            if task.role == TaskRole::Destination { (None, own) } else { (own, None) }
        }
    };
    Ok(ExchangeView {
        state: row.state.word().to_owned(),
        peer: theirs,
        cause: row.cause,
        since: row.since,
        source: parts.0,
        destination: parts.1,
    })
}

/// One site's part, as far as a person reads it.
fn part(app: &App, site: &str, entry: &str, proof: &LogProof) -> Result<SitePartView, Problem> {
    let entry = Entry::parse(entry.as_bytes()).map_err(|error| problem::internal("receipt-damaged", &error))?;
    let head = &proof.checkpoint;
    let policy = app.settings().witness.as_ref().map(|settings| &settings.policy);
    let known = policy.into_iter().flat_map(|policy| policy.witnesses()).map(|witness| &witness.key);
    let known: Vec<&VerifierKey> = known.chain([app.parts().witnessing.verifier()]).collect();
    let mut cosigned_by: Vec<CosignatureView> = Vec::new();
    for key in known {
        // A line that does not verify is nobody's: it is counted among those that cannot be checked.
        if let Ok(at_s) = head.cosigned_at(key)
            && cosigned_by.iter().all(|one| one.name != key.name())
        {
            let at = Timestamp::from_seconds(i64::try_from(at_s).unwrap_or(i64::MAX));
            cosigned_by.push(CosignatureView { name: key.name().to_owned(), at });
        }
    }
    let others = head.lines().iter().filter(|line| line.name() != head.origin()).count();
    Ok(SitePartView {
        site: site.to_owned(),
        log: head.origin().to_owned(),
        place: proof.index,
        at: Timestamp::from_micros(entry.at_ns.div_euclid(1_000)),
        size: head.size(),
        root: head.root().to_string(),
        unknown_cosignatures: u64::try_from(others.saturating_sub(cosigned_by.len())).unwrap_or(u64::MAX),
        cosigned_by,
    })
}

fn none() -> Problem {
    let detail = "A receipt is made for a transfer between two sites that ended well. What this site recorded is on the task's page.";
    Problem::new(ProblemKind::NotFound, "receipt-none", "There is no receipt of this task", detail)
}

fn early() -> Problem {
    let detail = "The transfer has not ended yet.";
    Problem::new(ProblemKind::Conflict, "receipt-early", "The receipt is not there yet", detail)
        .next("sealane task wait ID, then ask again.")
}

fn owed(cause: Option<&str>) -> Problem {
    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    let detail = format!("The other site has not proven yet that it recorded the same{cause}.");
    Problem::new(ProblemKind::Conflict, "receipt-owed", "The receipt is not there yet", detail)
        .next("It is asked for by itself until it is there; ask again in a minute.")
}

fn refused(cause: &str) -> Problem {
    let detail = format!("What the other site showed differs from this site's record, or is not proven ({cause}).");
    Problem::new(ProblemKind::Integrity, cause, "There is no receipt that both sites hold", detail)
        .next("sealane task events ID says more; the administrators compare both logs with sealane audit reconcile.")
}
