//! The ring of opening keys: one for each person and collection that personal values belong to.
//!
//! A key is made in memory when its scope is first met and is durable before the first record that uses
//! it: [`KeyRing::save`] writes all new keys of a batch at once. It is found by a keyed code of its scope
//! and by its id, a random pseudonym. [`KeyRing::destroy`] overwrites it on disk and forgets it; from then
//! on its values are gone, and the next event of the same scope gets a new key.
//!
//! In memory lie the codes and ids of all keys, some 200 bytes each, and a bounded number of keys themselves.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sealane_crypto::aead::AeadKey;
use sealane_crypto::derive::derive;
use sealane_crypto::mac::MacKey;
use sealane_crypto::random::Random;
use sealane_crypto::secret::Secret;

use super::cache::Cache;
use super::sheet::{self, Sheets, SlotPlace};
use super::slot::{KeyId, SLOT_BYTES, Slot, Token, Wrapper};
use crate::log::AppendError;
use crate::log::guard::Guard;
use crate::log::segment::Allocator;
use crate::scope::Scope;

/// Values under one key; beyond it the scope gets another (NIST SP 800-38D section 8.3: 2^32 at most).
const MOST_VALUES: u64 = 1 << 31;

/// A key, and how many values it seals. Its bytes are in the cache or on disk.
#[derive(Debug)]
pub(crate) struct ScopeKey {
    id: KeyId,
    token: Token,
    /// Where it lies; empty until it is saved.
    place: OnceLock<SlotPlace>,
    values: AtomicU64,
    /// Not for new values.
    retired: AtomicBool,
}

impl ScopeKey {
    fn new(id: KeyId, token: Token, values: u64) -> Self {
        Self { id, token, place: OnceLock::new(), values: AtomicU64::new(values), retired: AtomicBool::new(false) }
    }

    pub(crate) const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn values(&self) -> u64 {
        self.values.load(Ordering::Relaxed)
    }

    /// A value that it seals is durable.
    pub(crate) fn count(&self) {
        self.values.fetch_add(1, Ordering::Relaxed);
    }

    fn is_current(&self) -> bool {
        !self.retired.load(Ordering::Acquire) && self.values() < MOST_VALUES
    }

    fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }
}

/// What a value is sealed with.
#[derive(Debug, Clone)]
pub(crate) struct SealingKey {
    pub(crate) id: KeyId,
    pub(crate) aead: Arc<AeadKey>,
    /// `None` for the site's own key.
    pub(crate) scope: Option<Arc<ScopeKey>>,
}

/// What became of the key of a record.
#[derive(Debug)]
pub(crate) enum Lookup {
    Key(Arc<AeadKey>),
    /// The log destroyed it.
    Erased,
    /// It is neither there nor was it destroyed.
    Missing,
}

#[derive(Debug)]
pub(crate) struct KeyRing {
    directory: PathBuf,
    secret: Secret<Vec<u8>>,
    wrapper: Wrapper,
    tokens: MacKey,
    site: Arc<AeadKey>,
    // Taken in this order, where both are.
    sheets: Mutex<Sheets>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_token: HashMap<Token, Vec<Arc<ScopeKey>>>,
    by_id: HashMap<KeyId, Arc<ScopeKey>>,
    erased: HashSet<KeyId>,
    /// On their way to the sheets, oldest first.
    unsaved: Vec<(Arc<ScopeKey>, Arc<AeadKey>)>,
    cache: Cache,
}

impl Known {
    fn add(&mut self, key: &Arc<ScopeKey>) {
        self.by_token.entry(key.token).or_default().push(Arc::clone(key));
        self.by_id.insert(key.id, Arc::clone(key));
    }

    fn current(&self, token: Token) -> Option<Arc<ScopeKey>> {
        self.by_token.get(&token)?.iter().rev().find(|key| key.is_current()).cloned()
    }

    fn held(&mut self, id: KeyId) -> Option<Arc<AeadKey>> {
        self.cache.get(id).or_else(|| {
            let unsaved = self.unsaved.iter().find(|(key, _)| key.id == id);
            unsaved.map(|(_, aead)| Arc::clone(aead))
        })
    }

    fn forget(&mut self, key: &ScopeKey) {
        if let Some(keys) = self.by_token.get_mut(&key.token) {
            keys.retain(|other| other.id != key.id);
            if keys.is_empty() {
                self.by_token.remove(&key.token);
            }
        }
        self.by_id.remove(&key.id);
        self.unsaved.retain(|(other, _)| other.id != key.id);
        self.cache.remove(key.id);
        self.erased.insert(key.id);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked left whole values behind: each change is one call.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_slot() -> io::Error {
    io::Error::other("an opening key cannot be wrapped")
}

impl KeyRing {
    /// Reads the sheets. `values` says how many values each key id seals in the openings.
    pub(crate) fn open(
        allocator: Arc<Allocator>,
        origin: &str,
        secret: &AeadKey,
        values: &HashMap<KeyId, u64>,
    ) -> io::Result<Self> {
        let secret = secret.to_bytes();
        let site = |key: &[u8]| AeadKey::from_bytes(key).map_err(io::Error::other);
        let ring = Self {
            directory: allocator.directory().to_owned(),
            wrapper: Wrapper {
                key: site(derive(secret.expose(), b"sealane-opening-wrap/1").expose())?,
                origin: origin.to_owned(),
            },
            tokens: MacKey::from_bytes(derive(secret.expose(), b"sealane-opening-token/1").expose()),
            site: Arc::new(site(derive(secret.expose(), b"sealane-opening-site/1").expose())?),
            known: Mutex::default(),
            sheets: Mutex::new(Sheets::open(allocator)?),
            secret,
        };
        ring.learn(values)?;
        Ok(ring)
    }

    fn learn(&self, values: &HashMap<KeyId, u64>) -> io::Result<()> {
        let sheets = locked(&self.sheets);
        let mut known = locked(&self.known);
        let slots = sheet::read(&self.directory)?;
        known.erased =
            slots.iter().filter(|(_, slot)| self.wrapper.proves(slot)).filter_map(|(_, slot)| slot.id()).collect();
        for (place, slot) in slots {
            let Slot::Live { id, token, .. } = slot else { continue };
            if known.erased.contains(&id) || known.by_id.contains_key(&id) {
                // A write that failed half-way was made again elsewhere: a key lies in one place only.
                sheets.overwrite(place, id, Slot::Blank)?;
                continue;
            }
            let key = ScopeKey::new(id, token, values.get(&id).copied().unwrap_or(0));
            // A new cell takes the first value that it is given.
            let _ = key.place.set(place);
            known.add(&Arc::new(key));
        }
        Ok(())
    }

    /// A key for another purpose of the site's, from the same secret.
    pub(crate) fn derive_key(&self, purpose: &str) -> Secret<[u8; 32]> {
        derive(self.secret.expose(), purpose.as_bytes())
    }

    /// How many of these values have a key that is neither here nor erased.
    pub(crate) fn without_key(&self, values: &HashMap<KeyId, u64>) -> u64 {
        let known = locked(&self.known);
        let lost = |id: &KeyId| *id != KeyId::SITE && !known.by_id.contains_key(id) && !known.erased.contains(id);
        values.iter().filter(|(id, _)| lost(id)).map(|(_, count)| count).sum()
    }

    /// The key for new values of a scope, or the site's own. Makes one if there is none.
    pub(crate) fn sealing(&self, random: &dyn Random, scope: Option<&Scope>) -> SealingKey {
        let Some(scope) = scope else {
            return SealingKey { id: KeyId::SITE, aead: Arc::clone(&self.site), scope: None };
        };
        let token = self.token(scope);
        loop {
            let mut known = locked(&self.known);
            let Some(key) = known.current(token) else { return make(&mut known, random, token) };
            let held = known.held(key.id);
            drop(known);
            if let Some(aead) = held.or_else(|| self.load(&key)) {
                return SealingKey { id: key.id, aead, scope: Some(key) };
            }
            // Erased just now, or damaged: its values are what they are, new ones get another key.
            key.retire();
        }
    }

    fn token(&self, scope: &Scope) -> Token {
        let code = self.tokens.code(&[self.wrapper.origin.as_bytes(), &[0], &scope.to_bytes()].concat());
        Token(code.first_chunk().copied().unwrap_or_default())
    }

    fn load(&self, key: &ScopeKey) -> Option<Arc<AeadKey>> {
        let slot = sheet::read_at(&self.directory, *key.place.get()?);
        let aead =
            slot.as_ref().ok().filter(|slot| slot.id() == Some(key.id)).and_then(|slot| self.wrapper.unwrap(slot));
        let mut known = locked(&self.known);
        if !known.by_id.contains_key(&key.id) {
            return None;
        }
        let Some(aead) = aead.map(Arc::new) else {
            tracing::error!(key = %key.id, "an opening key of the audit log cannot be read back");
            return None;
        };
        known.cache.put(key.id, Arc::clone(&aead));
        Some(aead)
    }

    /// The key that a record names.
    pub(crate) fn opening(&self, id: KeyId) -> Lookup {
        if id == KeyId::SITE {
            return Lookup::Key(Arc::clone(&self.site));
        }
        let mut known = locked(&self.known);
        if known.erased.contains(&id) {
            return Lookup::Erased;
        }
        if let Some(aead) = known.held(id) {
            return Lookup::Key(aead);
        }
        let key = known.by_id.get(&id).cloned();
        drop(known);
        key.and_then(|key| self.load(&key)).map_or(Lookup::Missing, Lookup::Key)
    }

    /// Makes every new key durable. Says whether they went to another sheet than the last ones.
    pub(crate) fn save(&self, random: &dyn Random) -> io::Result<bool> {
        if locked(&self.known).unsaved.is_empty() {
            return Ok(false);
        }
        let mut sheets = locked(&self.sheets);
        let before = sheets.path();
        loop {
            let unsaved = locked(&self.known).unsaved.clone();
            if unsaved.is_empty() {
                return Ok(sheets.path() != before);
            }
            let slots: Option<Vec<[u8; SLOT_BYTES]>> = unsaved
                .iter()
                .map(|(key, aead)| Some(self.wrapper.live(random, key.id, key.token, aead)?.to_bytes()))
                .collect();
            let places = sheets.append(&slots.ok_or_else(no_slot)?)?;
            let mut saved = HashSet::new();
            for ((key, _), place) in unsaved.into_iter().zip(places) {
                // The sheets are locked: nobody else gives it a place.
                let _ = key.place.set(place);
                saved.insert(key.id);
            }
            locked(&self.known).unsaved.retain(|(key, _)| !saved.contains(&key.id));
        }
    }

    /// Keys under which values of a scope are sealed: one, rarely more, or none.
    pub(crate) fn keys_of(&self, scope: &Scope) -> Vec<Arc<ScopeKey>> {
        locked(&self.known).by_token.get(&self.token(scope)).cloned().unwrap_or_default()
    }

    /// Destroys a key, durably: overwrites its slot, syncs, and forgets it.
    pub(crate) fn destroy(&self, random: &dyn Random, key: &ScopeKey) -> io::Result<()> {
        // Also when what follows fails half-way, nothing new is sealed under it.
        key.retire();
        let mark = self.wrapper.erased(random, key.id).ok_or_else(no_slot)?;
        let mut sheets = locked(&self.sheets);
        match key.place.get() {
            Some(place) => sheets.overwrite(*place, key.id, mark)?,
            None => sheets.append(&[mark.to_bytes()]).map(drop)?,
        }
        locked(&self.known).forget(key);
        Ok(())
    }

    /// Finishes what the log says was ordered: destroys each of these keys that is still there, also one
    /// that came back from a backup. Gives how many were.
    pub(crate) fn finish(&self, random: &dyn Random, ordered: &HashSet<KeyId>) -> io::Result<u64> {
        let mut finished = 0;
        for id in ordered {
            let live = {
                let known = locked(&self.known);
                if known.erased.contains(id) {
                    continue;
                }
                known.by_id.get(id).cloned()
            };
            match live {
                Some(key) => self.destroy(random, &key)?,
                None => self.mark(random, *id)?,
            }
            finished += 1;
        }
        Ok(finished)
    }

    /// A key whose slot was torn while it was overwritten, or is not there at all.
    fn mark(&self, random: &dyn Random, id: KeyId) -> io::Result<()> {
        let mark = self.wrapper.erased(random, id).ok_or_else(no_slot)?;
        let mut sheets = locked(&self.sheets);
        let torn = sheet::read(&self.directory)?.into_iter().find(|(_, slot)| slot.id() == Some(id));
        match torn {
            Some((place, _)) => sheets.overwrite(place, id, mark)?,
            None => sheets.append(&[mark.to_bytes()]).map(drop)?,
        }
        locked(&self.known).erased.insert(id);
        Ok(())
    }

    /// Allocates the next sheet ahead of need.
    pub(crate) fn reserve(&self) -> io::Result<()> {
        locked(&self.sheets).reserve()
    }

    /// From now on the sheet in use must be this very file.
    pub(crate) fn watch(&self, guard: &Guard) -> Result<(), AppendError> {
        let sheets = locked(&self.sheets);
        guard.watch("sheet of opening keys", sheets.path(), sheets.file())
    }
}

fn make(known: &mut Known, random: &dyn Random, token: Token) -> SealingKey {
    let key = Arc::new(ScopeKey::new(KeyId::draw(random), token, 0));
    let aead = Arc::new(AeadKey::generate(random));
    known.add(&key);
    known.cache.put(key.id, Arc::clone(&aead));
    known.unsaved.push((Arc::clone(&key), Arc::clone(&aead)));
    SealingKey { id: key.id, aead, scope: Some(key) }
}

#[cfg(test)]
impl KeyRing {
    pub(crate) fn for_tests(directory: &std::path::Path) -> Self {
        let allocator = Allocator::new(directory.join("opening-keys"), sheet::SHEET_BYTES).expect("directory");
        Self::open(allocator, "a", &AeadKey::from_bytes(&[7; 32]).expect("key"), &HashMap::new()).expect("open")
    }
}
