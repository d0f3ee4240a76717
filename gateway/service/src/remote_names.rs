//! Names of peers' collections, as peers told them: so that a task can be shown with names instead of ids.
//!
//! Only a convenience: kept in memory, bounded, never decided with.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sealane_model::{CollectionId, ShortName};
use sealane_transfer::message::RemoteCollection;

const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct RemoteNames(Mutex<HashMap<CollectionId, ShortName>>);

impl RemoteNames {
    pub(crate) fn learn(&self, collections: &[RemoteCollection]) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len().saturating_add(collections.len()) > MOST {
            names.clear();
        }
        names.extend(collections.iter().map(|one| (one.id, one.name.clone())));
    }

    pub(crate) fn of(&self, collection: CollectionId) -> Option<ShortName> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&collection).cloned()
    }
}
