//! The witness's side: a head comes in, a cosignature goes out, or the reason why not.
//!
//! One function for both ways in, the lanes of peers and HTTP. Nobody is trusted here but signatures: whoever brings the
//! head of a known log gets it cosigned if it continues the one that is remembered.

use sealane_audit::VerifierKey;
use sealane_audit::witness::{AddCheckpoint, CosignError, Cosigned, Refusal, Seen, Swap, Swapped, consider};
use sealane_database::witnessed_log::{self, WitnessedHead};
use sealane_database::{DbError, log_key};
use sealane_transfer::message::WitnessAnswer;

use super::fork;
use crate::app::App;
use crate::caller::Client;

const TEXT: &str = "text/plain; charset=utf-8";

/// What is remembered of a log, and with which key it must be signed.
struct Memory {
    keys: Vec<VerifierKey>,
    head: Option<WitnessedHead>,
}

/// Why a head is not cosigned.
type Failure = CosignError<DbError>;

/// A request over HTTP: as [`add_checkpoint`], but not without end from one address.
pub async fn add_checkpoint_over_http(app: &App, client: &Client, body: &[u8]) -> WitnessAnswer {
    if app.parts().witnessing.requests.try_count(client.limit_key(), app.now()) {
        add_checkpoint(app, body).await
    } else {
        plain(429, "too many requests from this address; a log asks once a second at most\n".to_owned())
    }
}

/// Considers a request (C2SP `tlog-witness`, `add-checkpoint`).
pub async fn add_checkpoint(app: &App, body: &[u8]) -> WitnessAnswer {
    match cosign(app, body).await {
        Ok(cosigned) => plain(200, cosigned.body()),
        Err(CosignError::Refused(refusal)) => WitnessAnswer {
            status: refusal.status(),
            content_type: refusal.content_type().to_owned(),
            body: refusal.body().into_bytes(),
        },
        Err(CosignError::Memory(error)) => {
            tracing::error!(%error, "as a witness, this site could not remember a head, so it did not cosign it");
            plain(503, "this witness cannot remember the head now, so it does not cosign it; ask again\n".to_owned())
        }
    }
}

fn plain(status: u16, body: String) -> WitnessAnswer {
    WitnessAnswer { status, content_type: TEXT.to_owned(), body: body.into_bytes() }
}

async fn cosign(app: &App, body: &[u8]) -> Result<Cosigned, Failure> {
    let request = AddCheckpoint::parse(body).map_err(Refusal::from)?;
    let memory = Memory::of(app, request.checkpoint.origin()).await.map_err(CosignError::Memory)?;
    let seen = memory.head.as_ref().map(|head| Seen { size: head.size, root: head.root });
    match consider(&request, &memory.keys, seen) {
        Ok(advance) => {
            let now_s = u64::try_from(app.now().as_seconds()).unwrap_or_default();
            advance.remember_then_cosign(&app.parts().witnessing.cosigner, now_s, |swap| remember(app, swap)).await
        }
        Err(refusal) => {
            // Its signature was verified before either of the two is answered.
            if let (Refusal::Inconsistent(_) | Refusal::Conflict { .. }, Some(head)) = (&refusal, &memory.head) {
                fork::look(app, head, &request, &memory.keys).await;
            }
            if let Refusal::NotSigned(_) = &refusal
                && let Err(problem) = app.peer_logs().note_retired(&request.checkpoint).await
            {
                tracing::error!(code = %problem.code, "the use of a key that was given up could not be recorded");
            }
            Err(refusal.into())
        }
    }
}

impl Memory {
    async fn of(app: &App, origin: &str) -> Result<Self, DbError> {
        let mut db = app.database().acquire().await?;
        let pinned = log_key::of_peer(&mut db, origin).await?;
        let keys = pinned.and_then(|key| key.vkey.parse().ok()).into_iter().collect();
        Ok(Self { keys, head: witnessed_log::find(&mut db, origin).await? })
    }
}

/// Compares and persists in one transaction, committed before anything is signed.
async fn remember(app: &App, swap: Swap) -> Result<Swapped, DbError> {
    let Swap { origin, expected, next, note } = swap;
    let next = WitnessedHead { origin, size: next.size, root: next.root, note: note.text().to_owned(), at: app.now() };
    let mut tx = app.database().begin().await?;
    if witnessed_log::advance(&mut tx, expected.map(|seen| (seen.size, seen.root)), &next).await? {
        tx.commit().await?;
        return Ok(Swapped::Done);
    }
    let now = witnessed_log::find(&mut tx, &next.origin).await?;
    Ok(Swapped::Lost { size: now.map_or(0, |head| head.size) })
}
