//! A bounded number of keys in memory, those used lately.
//!
//! Two generations: what is used moves to the recent one, and when that is full the older one is dropped.

use std::collections::HashMap;
use std::sync::Arc;

use sealane_crypto::aead::AeadKey;

use super::slot::KeyId;

/// Keys in one generation; a key takes some 700 bytes.
const GENERATION: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Cache {
    recent: HashMap<KeyId, Arc<AeadKey>>,
    older: HashMap<KeyId, Arc<AeadKey>>,
}

impl Cache {
    pub(super) fn get(&mut self, id: KeyId) -> Option<Arc<AeadKey>> {
        if let Some(key) = self.recent.get(&id) {
            return Some(Arc::clone(key));
        }
        let key = self.older.remove(&id)?;
        self.put(id, Arc::clone(&key));
        Some(key)
    }

    pub(super) fn put(&mut self, id: KeyId, key: Arc<AeadKey>) {
        if self.recent.len() >= GENERATION {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(id, key);
    }

    pub(super) fn remove(&mut self, id: KeyId) {
        self.recent.remove(&id);
        self.older.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use sealane_crypto::random::SystemRandom;

    use super::*;

    #[test]
    fn it_stays_bounded_keeps_what_is_used_and_forgets_what_is_removed() {
        let random = SystemRandom::new().expect("randomness");
        let key = Arc::new(AeadKey::generate(&random));
        let mut cache = Cache::default();
        let first = KeyId::draw(&random);
        cache.put(first, Arc::clone(&key));
        for _ in 0..3 * GENERATION {
            cache.put(KeyId::draw(&random), Arc::clone(&key));
            assert!(cache.get(first).is_some());
        }
        assert!(Arc::strong_count(&key) <= 2 * GENERATION + 1);
        cache.remove(first);
        assert!(cache.get(first).is_none());
    }
}
