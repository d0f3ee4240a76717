//! Erasing the personal values of a person or collection: their key is destroyed, the log stays as it is.
//!
//! First the order is an entry: who, why, which keys. Then each key is overwritten on disk, durably. What
//! a crash interrupts is finished when the log is next opened, and a key that comes back from a backup is
//! destroyed again, since the log says that it was erased. The work does not depend on how many values
//! there are. Who may order it, and that somebody else agreed, is left to the caller.

use std::io;

use serde_json::Value;

use super::{AppendError, Log};
use crate::event::{Assurance, Event, Phase};
use crate::receipt::Receipt;
use crate::scope::Scope;

/// Member of an order's detail: the ids of the keys to be destroyed.
pub(crate) const ORDERED_KEYS: &str = "opening_keys";

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Personal values that cannot be read any more.
    pub values: u64,
    /// Of the order's entry; its outcome is the caller's to record.
    pub receipt: Receipt,
}

/// Nothing was erased, or not all.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The order could not be recorded: nothing was erased.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The order is recorded and a key could not be overwritten.
    #[error(
        "an opening key could not be destroyed ({0}): check the log's opening-keys/ and its disk, then erase again"
    )]
    Key(#[source] io::Error),
}

impl Log {
    /// Erases all personal values of a scope. `order` says who ordered it and why; its kind, its phase
    /// and which keys are meant are filled in here. Blocks: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`EraseError`]; when a key could not be destroyed, erasing again or opening the log finishes it.
    pub fn erase(&self, scope: &Scope, order: Event) -> Result<Erased, EraseError> {
        let inner = &self.0;
        let keys = inner.ring.keys_of(scope);
        let ids: Vec<Value> = keys.iter().map(|key| key.id().to_string().into()).collect();
        let values: u64 = keys.iter().map(|key| key.values()).sum();
        let order = Event { kind: Assurance::Erase.into(), phase: Phase::Intent, ..order };
        let receipt = self.append_blocking(order.detail(ORDERED_KEYS, ids).detail("values", values))?;
        for key in &keys {
            inner.ring.destroy(inner.random.as_ref(), key).map_err(EraseError::Key)?;
        }
        Ok(Erased { values: keys.iter().map(|key| key.values()).sum(), receipt })
    }
}
