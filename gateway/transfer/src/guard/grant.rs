//! A permit in use: it must be told how the act ended.
//!
//! INVARIANT: an intent has exactly one outcome. [`Grant::done`] writes it; a grant that is dropped without one writes
//! that the act was interrupted.

use std::collections::BTreeMap;
use std::fmt;

use sealane_audit::{AppendError, Event, OpId, Outcome, OutcomeRecord, Phase, When};
use sealane_crypto::digest::Digest;
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use sealane_policy::{ActionType, Permit};
use serde_json::Value;

use super::Guard;

/// What is known about an act once it ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// Bytes that it concerned.
    pub bytes: Option<u64>,
    /// Files that it concerned.
    pub files: Option<u64>,
    /// Digest of the content or the manifest.
    pub digest: Option<Digest>,
    /// The cipher suite that was actually used.
    pub transport: Option<String>,
    /// More facts, free of personal data.
    pub detail: BTreeMap<String, Value>,
}

impl Details {
    /// Nothing more to say.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// So many bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// So many files.
    #[must_use]
    pub fn files(mut self, files: u64) -> Self {
        self.files = Some(files);
        self
    }

    /// With this digest.
    #[must_use]
    pub fn digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// A fact that is free of personal data.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

/// A permit, and the duty to say how the act ended.
#[must_use = "dropping a grant records that the act was interrupted"]
pub struct Grant<A: ActionType> {
    /// The permit: hand a reference to whatever acts.
    pub permit: Permit<A>,
    guard: Guard,
    op: OpId,
    /// The intent; taken when the outcome is written.
    intent: Option<Event>,
}

impl<A: ActionType> fmt::Debug for Grant<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("permit", &self.permit).field("op", &self.op).finish_non_exhaustive()
    }
}

impl<A: ActionType> Grant<A> {
    pub(super) fn new(permit: Permit<A>, guard: Guard, intent: Event) -> Self {
        Self { permit, guard, op: intent.op, intent: Some(intent) }
    }

    /// The guard that gave it.
    pub(super) const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The intent, until the outcome is written.
    pub(super) const fn intent(&self) -> Option<&Event> {
        self.intent.as_ref()
    }

    /// The operation that intent and outcome share.
    #[must_use]
    pub const fn op(&self) -> OpId {
        self.op
    }

    /// Record how it ended.
    ///
    /// # Errors
    /// [`AppendError`] when the log cannot be written; the act was done, and recovery closes the intent.
    pub async fn done(mut self, outcome: OutcomeRecord, details: Details) -> Result<(), AppendError> {
        match self.close(outcome, details) {
            Some(event) => self.guard.record(event).await.map(drop),
            None => Ok(()),
        }
    }

    /// Record that it was done.
    ///
    /// # Errors
    /// As [`Grant::done`].
    pub async fn succeeded(self, details: Details) -> Result<(), AppendError> {
        self.done(OutcomeRecord::done(), details).await
    }

    /// Record that it failed, with the problem's code. The problem's words must be free of personal data, as all are.
    ///
    /// # Errors
    /// As [`Grant::done`].
    pub async fn failed(self, problem: &Problem, details: Details) -> Result<(), AppendError> {
        let outcome = match problem.kind {
            ProblemKind::Denied => Outcome::Denied,
            ProblemKind::StepUp => Outcome::StepUp,
            _ => Outcome::Failed,
        };
        self.done(OutcomeRecord::new(outcome, problem.code.clone(), problem.title.clone()), details).await
    }

    /// Record the end of an act by its result: done, or failed with its problem.
    ///
    /// # Errors
    /// As [`Grant::done`].
    pub async fn ended<T>(self, result: &Result<T, Problem>, details: Details) -> Result<(), AppendError> {
        match result {
            Ok(_) => self.succeeded(details).await,
            Err(problem) => self.failed(problem, details).await,
        }
    }

    fn close(&mut self, outcome: OutcomeRecord, details: Details) -> Option<Event> {
        let when = self.guard.when();
        self.intent.take().map(|intent| outcome_of(intent, when, outcome, details))
    }
}

impl<A: ActionType> Drop for Grant<A> {
    fn drop(&mut self) {
        let outcome =
            OutcomeRecord::new(Outcome::Interrupted, "interrupted", "the request ended before the act was complete");
        if let Some(event) = self.close(outcome, Details::default()) {
            self.guard.record_unawaited(event);
        }
    }
}

/// The outcome entry that belongs to an intent.
pub(super) fn outcome_of(intent: Event, when: When, outcome: OutcomeRecord, details: Details) -> Event {
    let mut event = intent.outcome(outcome).when(when);
    event.phase = Phase::Outcome;
    event.decision = None;
    event.object.bytes = details.bytes.or(event.object.bytes);
    event.object.files = details.files.or(event.object.files);
    event.object.digest = details.digest.or(event.object.digest);
    event.transport = details.transport.or(event.transport);
    event.detail.extend(details.detail);
    event
}
