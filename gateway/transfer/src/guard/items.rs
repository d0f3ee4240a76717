//! Entries of the single items of an act: each file that leaves or arrives, each directory that is made.
//!
//! **What for.** "Who received this file" is answered by an entry about the file, not by a tally (NIST SP 800-53 AU-3,
//! AU-12). An item's entry says all that its grant's does: the person, their address, the peer, the class, the purpose.
//!
//! **Promises.** Entries of one call are recorded together and are durable when it returns.
//!
//! **Leaves to others.** When to record: before bytes leave a site, and before a row says that a file arrived.

use sealane_audit::{AppendError, Event, Kind, OpId, Outcome, OutcomeRecord, Phase, Private};
use sealane_model::RemotePath;
use sealane_policy::ActionType;

use super::Guard;
use super::grant::Grant;

/// Makes and records the entries of one grant's items.
#[derive(Clone)]
pub struct ItemLog {
    guard: Guard,
    template: Event,
}

impl std::fmt::Debug for ItemLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemLog").field("op", &self.template.op).finish_non_exhaustive()
    }
}

impl ItemLog {
    pub(super) fn new(guard: Guard, mut intent: Event, op: OpId) -> Self {
        // The decision stands with the intent of the permit: its operation leads there.
        intent.detail.clear();
        intent.detail.insert("permit".to_owned(), intent.op.to_string().into());
        intent.decision = None;
        intent.phase = Phase::Info;
        intent.op = op;
        Self { guard, template: intent }
    }

    /// What was done with one item.
    #[must_use]
    pub fn item(&self, kind: impl Into<Kind>, path: &RemotePath, outcome: OutcomeRecord) -> Event {
        let mut event = self.template.clone().when(self.guard.when()).outcome(outcome);
        event.kind = kind.into();
        event.object.path = Some(Private::new(path.to_text()));
        event
    }

    /// What is about to be done with one item: an operation of its own, whose outcome must follow.
    #[must_use]
    pub fn begin(&self, kind: impl Into<Kind>, path: &RemotePath) -> Event {
        let mut event = self.item(kind, path, OutcomeRecord::done());
        event.outcome = None;
        event.phase = Phase::Intent;
        event.op = self.guard.fresh_op();
        event
    }

    /// The outcome of what was begun.
    #[must_use]
    pub fn end(&self, begun: Event, outcome: OutcomeRecord) -> Event {
        let mut event = begun.when(self.guard.when()).outcome(outcome);
        event.phase = Phase::Outcome;
        event
    }

    /// Records, on a thread that may block.
    ///
    /// # Errors
    /// [`AppendError`]: what was to be recorded must not happen.
    pub fn record(&self, events: Vec<Event>) -> Result<(), AppendError> {
        self.guard.record_all_blocking(events)
    }
}

impl<A: ActionType> Grant<A> {
    /// Records the items of this grant's act under that operation.
    #[must_use]
    pub fn item_log(&self, op: OpId) -> Option<ItemLog> {
        self.intent().map(|intent| ItemLog::new(self.guard().clone(), intent.clone(), op))
    }
}

/// It could not be done with this item, for this reason.
pub(crate) fn failed(code: &str) -> OutcomeRecord {
    OutcomeRecord::new(Outcome::Failed, code, "")
}
