//! The one way to a permit: decide, record, release.
//!
//! **What for.** Every API call and every lane asks here. The guard puts the question to policy, writes the answer to the
//! audit log, waits until the entry is durable, and only then releases the permit (NIST SP 800-53 AC-25, AU-2, AU-12).
//!
//! **Promises.** No record, no permit: where the log cannot be written, the request is refused. Every recorded intent gets
//! one outcome: by [`Grant::done`], or as interrupted when a grant is dropped, also when a caller goes away while the
//! record is being written. A refusal is recorded as well.
//!
//! **Leaves to others.** The rules (`policy`), the log's durability (`audit`), and closing what a crash left open
//! (recovery at start).

mod ask;
mod grant;
mod items;

use std::sync::Arc;

use sealane_audit::event::PREMISES;
use sealane_audit::{
    AppendError, ClockState, Event, Kind, Log, OpId, Outcome, OutcomeRecord, Phase, Private, Receipt, When,
};
use sealane_crypto::Random;
use sealane_model::id::fresh_uuid;
use sealane_model::problem::{ProblemKind, sentence};
use sealane_model::{Clock, Moment, Problem};
use sealane_policy::{ActionType, Decision, Denied, Effect, Engine, Request};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

pub use ask::Ask;
pub use grant::{Details, Grant};
pub use items::ItemLog;
pub(crate) use items::failed;

/// Events that are recorded in one step, at most: also with the longest paths they fit a segment of the log.
const GROUP: usize = 1_000;

/// The longest text of what a decision rested on: a thousand groups, say.
const MOST_PREMISES: usize = 32 << 10;

/// Decides, records and releases permits. Clones share one log and one engine.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    engine: Engine,
    log: Log,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Owns every append that must go on when its caller goes away.
    pending: TaskTracker,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("pending", &self.0.pending.len()).finish_non_exhaustive()
    }
}

/// Why there is no permit.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Policy says no, or not yet.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The record could not be written, so nothing was done.
    #[error("the audit log cannot be written, so nothing was done")]
    Unrecorded(#[from] AppendError),
}

impl Refusal {
    /// What the caller is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Denied(denied) => denied_problem(denied),
            Self::Unrecorded(_) => unrecorded(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        refusal.problem()
    }
}

/// What a caller is told when the audit log cannot take a record.
#[must_use]
pub fn unrecorded() -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        "audit-unwritable",
        "Nothing was done, because it could not be recorded",
        "The site's audit log cannot be written at the moment, and nothing happens here without a record.",
    )
    .next("Tell the site's administrator: the audit directory must be writable and its disk must have space.")
}

fn denied_problem(denied: &Denied) -> Problem {
    let (kind, title) = match denied.effect {
        // Nothing that the person did: it passes, and tasks go on by themselves.
        Effect::Deny if denied.reason.code == "audit.exposed" => {
            (ProblemKind::Unavailable, "The audit log waits for its witnesses")
        }
        Effect::StepUp => (ProblemKind::StepUp, "A fresh sign-in is needed"),
        Effect::Permit | Effect::Deny => (ProblemKind::Denied, "Policy does not allow this"),
    };
    let detail = sentence(&denied.reason.text);
    let problem = Problem::new(kind, denied.reason.code, title, detail).decided_by(denied.decision);
    let remedies: Vec<&str> = denied.unmet.iter().map(|unmet| unmet.remedy.as_str()).collect();
    if remedies.is_empty() { problem } else { problem.next(sentence(&remedies.join("; "))) }
}

impl Guard {
    /// A guard over one engine and one log.
    #[must_use]
    pub fn new(engine: Engine, log: Log, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self(Arc::new(Inner { engine, log, clock, random, pending: TaskTracker::new() }))
    }

    /// Decide, record, release.
    ///
    /// # Errors
    /// [`Refusal::Denied`] when policy says no (which is recorded), [`Refusal::Unrecorded`] when the log cannot be written.
    pub async fn permit<A: ActionType>(&self, ask: Ask) -> Result<Grant<A>, Refusal> {
        let guard = self.clone();
        // INVARIANT: the record and what follows from it are one task. A caller that goes away meanwhile drops the
        // finished grant, and dropping a grant records that it was interrupted.
        let (answer, decided) = oneshot::channel();
        self.0.pending.spawn(async move {
            // Dropped here, where settling still waits for this task, if nobody is there to take it.
            drop(answer.send(guard.decide_and_record(ask).await));
        });
        decided.await.unwrap_or(Err(Refusal::Unrecorded(AppendError::Closed)))
    }

    /// Record an event that is no decision, or a decision that was made elsewhere.
    ///
    /// # Errors
    /// [`AppendError`] when the log cannot be written.
    pub async fn record(&self, event: Event) -> Result<Receipt, AppendError> {
        let log = self.0.log.clone();
        let appended = self.0.pending.spawn(async move { log.append(event).await });
        appended.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Record several events together, in groups of which each is recorded whole or not at all. Preparing them is kept off
    /// the asynchronous threads.
    ///
    /// # Errors
    /// [`AppendError`] when the log cannot be written.
    pub async fn record_all(&self, events: Vec<Event>) -> Result<(), AppendError> {
        let guard = self.clone();
        let appended = self.0.pending.spawn_blocking(move || guard.record_all_blocking(events));
        appended.await.unwrap_or(Err(AppendError::Closed))
    }

    /// As [`Guard::record_all`], on a thread that may block.
    ///
    /// # Errors
    /// As [`Guard::record_all`].
    pub fn record_all_blocking(&self, events: Vec<Event>) -> Result<(), AppendError> {
        let mut rest = events;
        while !rest.is_empty() {
            let next = rest.split_off(rest.len().min(GROUP));
            self.0.log.append_all_blocking(std::mem::replace(&mut rest, next))?;
        }
        Ok(())
    }

    /// Now, as the log needs it.
    pub(crate) fn when(&self) -> When {
        when_of(self.0.clock.moment())
    }

    /// An event of now, for [`Guard::record`].
    #[must_use]
    pub fn event(&self, kind: impl Into<Kind>, phase: Phase, op: OpId) -> Event {
        Event::new(kind, phase, op, 0).when(self.when())
    }

    /// A fresh operation id.
    #[must_use]
    pub fn fresh_op(&self) -> OpId {
        OpId::new(fresh_uuid(self.clock(), self.0.random.as_ref()))
    }

    /// The deciding engine: for publishing snapshots and for questions that lead to no act.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    /// Wait until every record that was begun is written: the last step before the log is closed.
    pub async fn settle(&self) {
        self.0.pending.close();
        self.0.pending.wait().await;
    }

    async fn decide_and_record<A: ActionType>(&self, ask: Ask) -> Result<Grant<A>, Refusal> {
        let now = self.0.clock.now();
        let decision = self.0.engine.decide(&Request {
            subject: ask.subject.clone(),
            action: ask.action,
            resource: ask.resource.clone(),
            purpose: ask.purpose.clone(),
            now_s: now.as_seconds(),
        });
        let op = ask.op.unwrap_or_else(|| self.fresh_op());
        let mut event = ask.event(op, self.when());
        if !decision.is_permit() {
            event.phase = Phase::Outcome;
            event.outcome = Some(refused_outcome(&decision));
        }
        let template = event.clone();
        let mut event = event.decision(decision.record());
        event.private.extend(premises(&decision).map(|premises| (PREMISES.to_owned(), premises)));
        let permitted = decision.is_permit();
        let receipt = self.0.log.append(event).await?;
        match decision.release::<A>(&receipt) {
            Ok(permit) => Ok(Grant::new(permit, self.clone(), template)),
            Err(denied) => {
                if permitted {
                    // The caller asked for a kind of permit that this action never gives: the intent is closed as failed.
                    let outcome =
                        OutcomeRecord::new(Outcome::Failed, denied.reason.code, "the permit could not be released");
                    self.record(grant::outcome_of(template, self.when(), outcome, Details::default())).await?;
                }
                Err(Refusal::Denied(denied))
            }
        }
    }

    /// Write a record that nobody waits for: its task is owned by the guard and awaited by [`Guard::settle`].
    fn record_unawaited(&self, event: Event) {
        let log = self.0.log.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(handle) => {
                self.0.pending.spawn_on(
                    async move {
                        if let Err(error) = log.append(event).await {
                            tracing::error!(error = %error, "an interrupted operation could not be recorded");
                        }
                    },
                    &handle,
                );
            }
            Err(_) => {
                if let Err(error) = log.append_blocking(event) {
                    tracing::error!(error = %error, "an interrupted operation could not be recorded");
                }
            }
        }
    }
}

/// A moment in the words of the log.
fn when_of(moment: Moment) -> When {
    let micros = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let clock = moment
        .synchronisation
        .map(|known| ClockState { error_us: known.error.map(micros), synchronised: known.synchronised });
    When { at_ns: moment.utc_nanos, mono_us: Some(micros(moment.monotonic)), clock }
}

/// What is needed to make the decision again from its entry, kept as a personal value of whoever asked.
/// None where it does not fit: a decision is recorded, and takes effect, also where it cannot be made again.
fn premises(decision: &Decision) -> Option<Private> {
    let text = serde_json::to_string(&decision.premises()).ok()?;
    (text.len() <= MOST_PREMISES).then(|| Private::new(text))
}

fn refused_outcome(decision: &Decision) -> OutcomeRecord {
    let outcome = if decision.effect() == Effect::StepUp { Outcome::StepUp } else { Outcome::Denied };
    OutcomeRecord::new(outcome, decision.reason().code, decision.reason().text.clone())
}
