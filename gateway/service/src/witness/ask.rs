//! The log's side: one witness is asked for one head.
//!
//! A peer is asked over its lanes, another witness over HTTPS; the words are the same. Where the witness remembers another
//! size, the proof is made from there and asked again. A size beyond this log's own end means that the log was rolled back.

use sealane_audit::note::NoteError;
use sealane_audit::witness::{PolicyWitness, conflict_size, take_cosignature};
use sealane_audit::{Checkpoint, Log, ProveError};
use sealane_database::peer;
use sealane_model::{Peer, Problem, ShortName};
use sealane_transfer::lane::LaneError;
use sealane_transfer::message::WitnessAnswer;
use url::Url;

use super::keys;
use crate::app::App;
use crate::outbound::OutboundError;
use crate::problem;

/// A witness that answers with one conflict after another is not one.
const TRIES: usize = 4;

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwitnessed {
    /// The policy names no address, and no peer has that name.
    #[error("no peer is called '{0}': accept that site, or give the witness an address in the policy")]
    NoPeer(String),
    /// The address in the policy is no URL.
    #[error("the witness's address in the policy is no URL")]
    NoUrl,
    /// The peer was not reached.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// The other witness was not reached.
    #[error(transparent)]
    Http(#[from] OutboundError),
    /// It said no.
    #[error("the witness answered with status {status}: {why}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        why: String,
    },
    /// The witness knows more of this log than this log does.
    #[error(
        "the witness cosigned {known} entries of this log, which has only {size}: the log was restored from an old copy or cut. Keep a copy, and restore the newest"
    )]
    RolledBack {
        /// Entries of the log.
        size: u64,
        /// Entries that the witness cosigned.
        known: u64,
    },
    /// The answer is damaged or by another key.
    #[error(transparent)]
    Answer(#[from] NoteError),
    /// The proof cannot be made.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The database or the log failed.
    #[error("{}: {}", .0.title, .0.detail)]
    Problem(Problem),
}

impl Unwitnessed {
    /// A stable word for it.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::NoPeer(_) | Self::NoUrl => "witness-unknown",
            Self::Lane(_) | Self::Http(_) => "witness-unreachable",
            Self::Refused { .. } => "witness-refused",
            Self::RolledBack { .. } => "log-rolled-back",
            Self::Answer(_) => "witness-answer",
            Self::Prove(_) | Self::Problem(_) => "witness-request",
        }
    }
}

impl From<Problem> for Unwitnessed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// One witness, as this node's log knows it.
pub(super) struct Asked {
    app: App,
    witness: PolicyWitness,
    /// What the witness is believed to have cosigned last.
    old: u64,
}

impl Asked {
    pub(super) const fn new(app: App, witness: PolicyWitness) -> Self {
        Self { app, witness, old: 0 }
    }

    pub(super) fn name(&self) -> &str {
        &self.witness.name
    }

    /// The head, or a newer one where the witness knows more already, with the witness's cosignature.
    pub(super) async fn cosign(&mut self, head: &Checkpoint) -> Result<Checkpoint, Unwitnessed> {
        let mut head = head.clone();
        let mut introduced = false;
        for _ in 0..TRIES {
            let body = request(self.app.guard().log(), &head, self.old.min(head.size())).await?;
            let answer = self.send(body, &mut introduced).await?;
            match answer.status {
                200 => {
                    let cosigned = take_cosignature(&head, &answer.body, &self.witness.key)?;
                    self.old = head.size();
                    return Ok(cosigned);
                }
                409 => {
                    let known = conflict_size(&answer.body).ok_or_else(|| refused(&answer))?;
                    if known > head.size() {
                        head = self.app.guard().log().checkpoint();
                    }
                    if known > head.size() {
                        return Err(Unwitnessed::RolledBack { size: head.size(), known });
                    }
                    self.old = known;
                }
                _ => return Err(refused(&answer)),
            }
        }
        Err(Unwitnessed::Refused { status: 409, why: "it names another size each time".to_owned() })
    }

    async fn send(&self, body: Vec<u8>, introduced: &mut bool) -> Result<WitnessAnswer, Unwitnessed> {
        match &self.witness.url {
            Some(url) => self.over_https(url, body).await,
            None => self.over_a_lane(body, introduced).await,
        }
    }

    async fn over_https(&self, url: &str, body: Vec<u8>) -> Result<WitnessAnswer, Unwitnessed> {
        let url: Url =
            format!("{}/add-checkpoint", url.trim_end_matches('/')).parse().map_err(|_| Unwitnessed::NoUrl)?;
        let (status, body) = self.app.parts().outbound.post_text(&url, body).await?;
        Ok(WitnessAnswer { status, content_type: String::new(), body })
    }

    /// A peer that does not know this log, or not its new key, is told first, once.
    async fn over_a_lane(&self, body: Vec<u8>, introduced: &mut bool) -> Result<WitnessAnswer, Unwitnessed> {
        let peer = self.peer().await?;
        let mut control = self.app.parts().dialer.control(&peer).await?;
        let mut answer = control.add_checkpoint(body.clone()).await?;
        if matches!(answer.status, 403 | 404) && !*introduced {
            *introduced = true;
            let theirs = control.exchange_log_keys(keys::ours(&self.app).await?).await?;
            keys::learn(&self.app, &peer, &theirs).await?;
            answer = control.add_checkpoint(body).await?;
        }
        control.close().await;
        Ok(answer)
    }

    async fn peer(&self) -> Result<Peer, Unwitnessed> {
        let unknown = || Unwitnessed::NoPeer(self.witness.name.clone());
        let name: ShortName = self.witness.name.parse().map_err(|_| unknown())?;
        let mut db = self.app.db().await?;
        peer::find_by_name(&mut db, &name).await.map_err(problem::database)?.ok_or_else(unknown)
    }
}

/// Proofs may read files.
async fn request(log: &Log, head: &Checkpoint, old: u64) -> Result<Vec<u8>, Unwitnessed> {
    let (log, head) = (log.clone(), head.clone());
    let made = tokio::task::spawn_blocking(move || log.witness_request(&head, old)).await;
    Ok(made.map_err(|error| problem::internal("act-broken", &error))??.to_string().into_bytes())
}

fn refused(answer: &WitnessAnswer) -> Unwitnessed {
    let why: String = String::from_utf8_lossy(&answer.body).chars().filter(|c| !c.is_control()).take(300).collect();
    Unwitnessed::Refused { status: answer.status, why }
}
