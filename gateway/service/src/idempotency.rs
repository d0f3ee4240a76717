//! A request that is sent twice is carried out once, and answered alike both times.
//!
//! The key is the sender's (`Idempotency-Key`); it belongs to the person who sent it. A key that comes with another request
//! is a conflict. What failed for a passing reason is forgotten, so that sending again tries again.

use sealane_crypto::digest::sha256;
use sealane_database::idempotency::{self, Claim};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use serde::Serialize;

use crate::app::App;
use crate::caller::Caller;
use crate::problem;

const MAX_KEY: usize = 255;

/// What to send back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON.
    pub body: String,
    /// Whether the request had been carried out before.
    pub replayed: bool,
}

/// Carry a request out unless it was carried out before. `request` is what makes two requests the same: method, path, body.
pub async fn once<T: Serialize>(
    app: &App,
    caller: &Caller,
    key: Option<&str>,
    request: &[u8],
    success: u16,
    act: impl Future<Output = Result<T, Problem>> + Send,
) -> Result<Answer, Problem> {
    let Some(key) = key else {
        return answer(act.await?, success);
    };
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(problem::bad_request(
            "idempotency-key",
            "Idempotency-Key must have 1 to 255 printable ASCII characters.",
        ));
    }
    match claim(app, caller, key, request).await? {
        Claim::Replay { response, status } => Ok(Answer { status, body: response, replayed: true }),
        Claim::Conflict => Err(conflict(
            "idempotency-key-reused",
            "This Idempotency-Key was used for another request.",
            "Use a fresh key for each request.",
        )),
        Claim::InProgress => Err(conflict(
            "idempotency-in-progress",
            "The same request is being carried out at this moment.",
            "Send it again in a few seconds to get its answer.",
        )),
        Claim::New => {
            let result = match act.await {
                Ok(value) => answer(value, success),
                Err(problem) => Err(problem),
            };
            settle(app, caller, key, &result).await?;
            result
        }
    }
}

fn answer<T: Serialize>(value: T, status: u16) -> Result<Answer, Problem> {
    let body = serde_json::to_string(&value).map_err(|error| problem::internal("answer-text", &error))?;
    Ok(Answer { status, body, replayed: false })
}

async fn claim(app: &App, caller: &Caller, key: &str, request: &[u8]) -> Result<Claim, Problem> {
    let mut db = app.db().await?;
    idempotency::claim(&mut db, key, &caller.person.id, &sha256(request), app.now()).await.map_err(problem::database)
}

/// Only what was done is remembered: a refusal has changed nothing, and asking again may find another answer.
async fn settle(app: &App, caller: &Caller, key: &str, result: &Result<Answer, Problem>) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let owner = &caller.person.id;
    match result {
        Ok(answer) => {
            idempotency::complete(&mut db, key, owner, answer.status, &answer.body).await.map_err(problem::database)
        }
        Err(_) => idempotency::abandon(&mut db, key, owner).await.map(drop).map_err(problem::database),
    }
}

fn conflict(code: &str, detail: &str, next: &str) -> Problem {
    Problem::new(ProblemKind::Conflict, code, "The request was not carried out", detail).next(next)
}
