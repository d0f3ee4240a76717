//! What waits for the sequencer: one event, or several that are recorded together, and who is to be told.
//!
//! INVARIANT: the events of a job go into one batch, so all of them are recorded or none.

use tokio::sync::oneshot;

use super::error::AppendError;
use crate::entry::Prepared;
use crate::receipt::Receipt;

/// Where the receipts of several events arrive.
pub(super) type Receipts = oneshot::Receiver<Result<Vec<Receipt>, AppendError>>;

/// Events that wait for their receipts.
#[derive(Debug)]
pub(super) struct Job {
    first: Prepared,
    more: Vec<Prepared>,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    One(oneshot::Sender<Result<Receipt, AppendError>>),
    All(oneshot::Sender<Result<Vec<Receipt>, AppendError>>),
}

impl Job {
    /// One event.
    pub(super) fn one(event: Prepared) -> (Self, oneshot::Receiver<Result<Receipt, AppendError>>) {
        let (answer, receipt) = oneshot::channel();
        (Self { first: event, more: Vec::new(), answer: Answer::One(answer) }, receipt)
    }

    /// Several events; none if there are none.
    pub(super) fn all(events: Vec<Prepared>) -> Option<(Self, Receipts)> {
        let (answer, receipts) = oneshot::channel();
        let mut events = events.into_iter();
        let first = events.next()?;
        Some((Self { first, more: events.collect(), answer: Answer::All(answer) }, receipts))
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Prepared> {
        std::iter::once(&self.first).chain(&self.more)
    }

    pub(super) const fn at_ns(&self) -> i64 {
        self.first.at_ns
    }

    /// Bytes of its entries and openings.
    pub(super) fn bytes(&self) -> usize {
        self.events().map(|event| event.len() + event.opening_bytes()).sum()
    }

    /// Takes its receipts. A caller that gave up waiting has its record and no receipt: no permit comes of it.
    pub(super) fn acknowledge(self, receipts: &mut impl Iterator<Item = Receipt>) {
        match self.answer {
            Answer::One(answer) => {
                if let Some(receipt) = receipts.next() {
                    let _ = answer.send(Ok(receipt));
                }
            }
            Answer::All(answer) => {
                let _ = answer.send(Ok(receipts.take(1 + self.more.len()).collect()));
            }
        }
    }

    /// Says that nothing of it was recorded.
    pub(super) fn refuse(self, error: AppendError) {
        match self.answer {
            Answer::One(answer) => drop(answer.send(Err(error))),
            Answer::All(answer) => drop(answer.send(Err(error))),
        }
    }
}
