//! Sealed cells: values that can tell of a person stand in the database encrypted, under a key that the database never sees.
//!
//! **What for.** Names, addresses, paths, labels and free texts are what the audit log only commits to; the control database
//! needs them back, for a while. Whoever has its file, a dump or a backup, and not the site's key, learns none of them.
//!
//! **Form.** One byte that says how the rest is to be read, then AES-256-GCM's nonce, ciphertext and tag. Additional data
//! are table, column and the row's key: a cell that is moved to another row or column does not open. Each column has a key
//! of its own, derived from the site's (HKDF-SHA-256) once, when the database is opened. Columns that are looked up by
//! equality have a keyed code beside the sealed value (HMAC-SHA-256, a key each), which the database compares.
//!
//! **Promises.** There is no way round: without a key every function that seals or opens is an error
//! ([`DbError::NoKey`]), and nothing is ever written in clear instead. What does not open is [`DbError::Corrupt`].
//!
//! **Leaves to others.** Where the key is kept, and that it is backed up: the composition root and the administrator.
//! Lengths, times, counts and random ids stay visible; docs/reference/data-map.md says of each column what it can hold.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use sealane_crypto::{AeadKey, MacKey, Random, derive};
use sealane_model::person::PersonId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::DbError;

/// The first byte of every sealed cell: the form above, under the site's only key. A second form or key gets a byte of its own.
const FORM: u8 = 1;

/// A sealed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    AccessRule,
    AlertAcknowledgement,
    AlertClosing,
    AlertRule,
    DeviceFacts,
    DeviceLogin,
    ErasureApproval,
    ErasureRequest,
    HoldPlacing,
    HoldRelease,
    IdempotentAnswer,
    Cursor,
    Login,
    Order,
    PastRoles,
    PastRule,
    PeerContact,
    Person,
    Probe,
    Review,
    Session,
    Setting,
    Task,
    TaskCancel,
    TaskEvent,
    TaskStatus,
    Unit,
    Upload,
}

impl Cell {
    pub(crate) const ALL: [Self; 28] = [
        Self::AccessRule,
        Self::AlertAcknowledgement,
        Self::AlertClosing,
        Self::AlertRule,
        Self::DeviceFacts,
        Self::DeviceLogin,
        Self::ErasureApproval,
        Self::ErasureRequest,
        Self::HoldPlacing,
        Self::HoldRelease,
        Self::IdempotentAnswer,
        Self::Cursor,
        Self::Login,
        Self::Order,
        Self::PastRoles,
        Self::PastRule,
        Self::PeerContact,
        Self::Person,
        Self::Probe,
        Self::Review,
        Self::Session,
        Self::Setting,
        Self::Task,
        Self::TaskCancel,
        Self::TaskEvent,
        Self::TaskStatus,
        Self::Unit,
        Self::Upload,
    ];

    /// Its table and column.
    pub(crate) const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::AccessRule => ("access_rule", "sealed"),
            Self::AlertAcknowledgement => ("alert", "sealed_acknowledgement"),
            Self::AlertClosing => ("alert", "sealed_closing"),
            Self::AlertRule => ("alert_rule", "sealed"),
            Self::DeviceFacts => ("device_login", "sealed_facts"),
            Self::DeviceLogin => ("device_login", "sealed"),
            Self::ErasureApproval => ("erasure", "sealed_approval"),
            Self::ErasureRequest => ("erasure", "sealed_request"),
            Self::HoldPlacing => ("audit_hold", "sealed_placing"),
            Self::HoldRelease => ("audit_hold", "sealed_release"),
            Self::IdempotentAnswer => ("idempotency", "sealed"),
            Self::Cursor => ("expansion", "sealed"),
            Self::Login => ("login", "sealed"),
            Self::Order => ("transfer_order", "sealed"),
            Self::PastRoles => ("role_past", "sealed"),
            Self::PastRule => ("access_rule_past", "sealed"),
            Self::PeerContact => ("peer_contact", "sealed"),
            Self::Person => ("person", "sealed"),
            Self::Probe => ("cell_key", "sealed"),
            Self::Review => ("audit_review", "sealed"),
            Self::Session => ("session", "sealed"),
            Self::Setting => ("setting", "sealed"),
            Self::Task => ("task", "sealed"),
            Self::TaskCancel => ("task", "sealed_cancel"),
            Self::TaskEvent => ("task_event", "sealed"),
            Self::TaskStatus => ("task", "sealed_status"),
            Self::Unit => ("unit", "sealed"),
            Self::Upload => ("upload", "sealed"),
        }
    }

    const fn corrupt(self) -> DbError {
        let (table, column) = self.place();
        DbError::Corrupt { table, column }
    }

    const fn unstorable(self) -> DbError {
        let (table, column) = self.place();
        DbError::Unstorable { table, column }
    }
}

/// What rows are found by, without saying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lookup {
    Email,
    HoldRelease,
    IdempotencyKey,
    Person,
    Request,
    TaskOwner,
    UserCode,
}

impl Lookup {
    const ALL: [Self; 7] = [
        Self::Email,
        Self::HoldRelease,
        Self::IdempotencyKey,
        Self::Person,
        Self::Request,
        Self::TaskOwner,
        Self::UserCode,
    ];

    /// Its table and column; sessions refer to their person by the person's own code.
    pub(crate) const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Email => ("person", "email_token"),
            Self::HoldRelease => ("audit_hold", "release_token"),
            Self::IdempotencyKey => ("idempotency", "token"),
            Self::Person => ("person", "token"),
            Self::Request => ("idempotency", "request_token"),
            Self::TaskOwner => ("task", "owner_token"),
            Self::UserCode => ("device_login", "token"),
        }
    }
}

/// Seals, opens, and makes codes.
pub(crate) struct Sealer {
    cells: HashMap<Cell, AeadKey>,
    lookups: HashMap<Lookup, MacKey>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer([redacted])")
    }
}

impl Sealer {
    pub(crate) fn new(key: &AeadKey, random: Arc<dyn Random>) -> Self {
        let root = key.to_bytes();
        let of = |(table, column): (&str, &str), purpose: &str| {
            derive(root.expose(), format!("sealane database {purpose} v1\0{table}\0{column}").as_bytes())
        };
        let cells = Cell::ALL.into_iter().filter_map(|cell| {
            // Every 32 bytes are a key; a column without one would refuse to be written and read.
            AeadKey::from_bytes(of(cell.place(), "cell").expose()).ok().map(|key| (cell, key))
        });
        let lookups =
            Lookup::ALL.into_iter().map(|lookup| (lookup, MacKey::from_bytes(of(lookup.place(), "code").expose())));
        Self { cells: cells.collect(), lookups: lookups.collect(), random }
    }

    /// Seals bytes for one row.
    pub(crate) fn seal_bytes(&self, cell: Cell, row: impl AsRef<[u8]>, value: &[u8]) -> Result<Vec<u8>, DbError> {
        let key = self.cells.get(&cell).ok_or_else(|| cell.unstorable())?;
        let mut sealed = vec![FORM];
        sealed.append(&mut key.seal(self.random.as_ref(), &belongs(cell, row.as_ref()), value));
        Ok(sealed)
    }

    /// Seals a value's JSON form for one row.
    pub(crate) fn seal<T: Serialize + ?Sized>(
        &self,
        cell: Cell,
        row: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<Vec<u8>, DbError> {
        let json = serde_json::to_vec(value).map_err(|_| cell.unstorable())?;
        self.seal_bytes(cell, row, &json)
    }

    /// Opens what was sealed for this row.
    pub(crate) fn open_bytes(&self, cell: Cell, row: impl AsRef<[u8]>, sealed: &[u8]) -> Result<Vec<u8>, DbError> {
        let key = self.cells.get(&cell).ok_or_else(|| cell.corrupt())?;
        let Some((&FORM, body)) = sealed.split_first() else { return Err(cell.corrupt()) };
        key.open(&belongs(cell, row.as_ref()), body).map_err(|_| cell.corrupt())
    }

    /// Opens, and reads the JSON form.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        cell: Cell,
        row: impl AsRef<[u8]>,
        sealed: &[u8],
    ) -> Result<T, DbError> {
        // The parser's words could repeat a value, so they are not kept.
        serde_json::from_slice(&self.open_bytes(cell, row, sealed)?).map_err(|_| cell.corrupt())
    }

    /// The code of a value that has several parts.
    pub(crate) fn code(&self, lookup: Lookup, parts: &[&str]) -> Result<Vec<u8>, DbError> {
        let (table, column) = lookup.place();
        let key = self.lookups.get(&lookup).ok_or(DbError::Unstorable { table, column })?;
        let mut message = Vec::with_capacity(128);
        for part in parts {
            // Each part with its length, so that no two lists of parts make one message.
            message.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        Ok(key.code(&message).to_vec())
    }

    /// The code of a person.
    pub(crate) fn person(&self, lookup: Lookup, person: &PersonId) -> Result<Vec<u8>, DbError> {
        self.code(lookup, &[&person.issuer, &person.subject])
    }
}

fn belongs(cell: Cell, row: &[u8]) -> Vec<u8> {
    let (table, column) = cell.place();
    let mut place = Vec::with_capacity(96);
    for part in [&[FORM][..], table.as_bytes(), column.as_bytes()] {
        place.extend_from_slice(part);
        place.push(0);
    }
    place.extend_from_slice(row);
    place
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sealane_crypto::SystemRandom;

    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&AeadKey::from_bytes(&[byte; 32]).unwrap(), Arc::new(SystemRandom::new().unwrap()))
    }

    #[test]
    fn a_cell_opens_only_where_it_belongs() {
        let (ours, others) = (sealer(1), sealer(2));
        let sealed = ours.seal(Cell::Task, "row", "Ana").unwrap();
        assert_eq!(sealed.first(), Some(&FORM));
        assert_eq!(ours.open::<String>(Cell::Task, "row", &sealed).unwrap(), "Ana");
        let corrupt = |found: Result<Vec<u8>, DbError>| matches!(found, Err(DbError::Corrupt { .. }));
        assert!(corrupt(ours.open_bytes(Cell::Task, "other", &sealed)), "moved to another row");
        assert!(corrupt(ours.open_bytes(Cell::Upload, "row", &sealed)), "moved to another column");
        assert!(corrupt(others.open_bytes(Cell::Task, "row", &sealed)), "another key");
        let mut later = sealed.clone();
        later[0] = 2;
        assert!(corrupt(ours.open_bytes(Cell::Task, "row", &later)), "another form");
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(corrupt(ours.open_bytes(Cell::Task, "row", &flipped)), "byte {at}");
        }
        assert!(corrupt(ours.open_bytes(Cell::Task, "row", &[])), "nothing");
    }

    #[test]
    fn equal_values_are_sealed_differently_and_coded_alike() {
        let (ours, others) = (sealer(1), sealer(2));
        assert_ne!(ours.seal(Cell::Task, "row", "Ana").unwrap(), ours.seal(Cell::Task, "row", "Ana").unwrap());
        let code = |sealer: &Sealer, lookup, parts: &[&str]| sealer.code(lookup, parts).unwrap();
        assert_eq!(code(&ours, Lookup::Email, &["a@b"]), code(&ours, Lookup::Email, &["a@b"]));
        assert_ne!(code(&ours, Lookup::Email, &["a@b"]), code(&ours, Lookup::UserCode, &["a@b"]));
        assert_ne!(code(&ours, Lookup::Email, &["a@b"]), code(&others, Lookup::Email, &["a@b"]));
        assert_ne!(code(&ours, Lookup::Person, &["ab", "c"]), code(&ours, Lookup::Person, &["a", "bc"]));
    }

    #[test]
    fn every_column_has_a_key_of_its_own() {
        let cells: HashSet<_> = Cell::ALL.iter().map(|cell| cell.place()).collect();
        let lookups: HashSet<_> = Lookup::ALL.iter().map(|lookup| lookup.place()).collect();
        assert_eq!((cells.len(), lookups.len()), (Cell::ALL.len(), Lookup::ALL.len()));
        assert!(cells.is_disjoint(&lookups));
        let ours = sealer(1);
        assert_eq!((ours.cells.len(), ours.lookups.len()), (cells.len(), lookups.len()));
    }

    #[test]
    fn nothing_of_the_keys_prints() {
        assert_eq!(format!("{:?}", sealer(7)), "Sealer([redacted])");
    }
}
