//! The rules as they were, who had which role, and the snapshots that nodes decided with.
//!
//! **Promises.** For every state of the rules since this table is kept, [`at`] gives exactly the rules that were in force,
//! so the snapshot of a past decision can be built again and its hash compared. What an erasure took from a past rule is
//! told as such, never left out in silence.
//!
//! **Leaves to others.** Building the snapshot and comparing the hash (`service`); times come in as arguments.

use std::collections::BTreeSet;

use sealane_crypto::Digest;
use sealane_model::id::{CollectionId, RuleId};
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sealane_policy::{Class, GrantRow, Principal};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::access_rule::read_grant;
use crate::cells::{Cells, word};
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError};

const PAST: &str = "access_rule_past";
const SNAPSHOT: &str = "policy_snapshot";
const CLASS: &str = "collection_class";
const ROLES: &str = "role_past";

/// A snapshot that a node decided with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSnapshot {
    /// Its hash.
    pub hash: Digest,
    /// Which state of the rules it was made of.
    pub epoch: i64,
    /// When it was loaded, in seconds since 1970 UTC.
    pub loaded_s: i64,
    /// The hash of the gateway's own tables then.
    pub tables: Digest,
}

/// Somebody with a role, as the configuration names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoleHolder {
    /// The role's name.
    pub role: String,
    /// The person, or whoever has the address.
    pub principal: Principal,
}

/// The rules of a past state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastRules {
    /// Those that had not ended at the time asked for, in order of their ids.
    pub rules: Vec<GrantRow>,
    /// Those that were in force too, and of which an erasure took what they said.
    pub erased: Vec<RuleId>,
}

/// Notes a snapshot that a node decides with from now on. The first one also dates the state in which this history began.
///
/// # Errors
/// Those of writing.
pub async fn note_snapshot(db: &mut Db, snapshot: &KnownSnapshot) -> Result<(), DbError> {
    let began = Timestamp::from_seconds(snapshot.loaded_s);
    sqlx::query("UPDATE policy_epoch_past SET began_at = $1 WHERE began_at IS NULL")
        .bind(began.as_micros())
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO policy_snapshot (hash, epoch, loaded_s, tables) VALUES ($1, $2, $3, $4)
         ON CONFLICT (hash, epoch, loaded_s) DO NOTHING",
    )
    .bind(snapshot.hash.to_string())
    .bind(snapshot.epoch)
    .bind(snapshot.loaded_s)
    .bind(snapshot.tables.to_string())
    .execute(db)
    .await?;
    Ok(())
}

/// The snapshots with this hash: the same rules may have been in force more than once.
///
/// # Errors
/// Those of reading.
pub async fn find_snapshot(db: &mut Db, hash: &Digest) -> Result<Vec<KnownSnapshot>, DbError> {
    let rows = sqlx::query(
        "SELECT hash, epoch, loaded_s, tables FROM policy_snapshot WHERE hash = $1 ORDER BY epoch, loaded_s",
    )
    .bind(hash.to_string())
    .fetch_all(db)
    .await?;
    rows.iter().map(read_snapshot).collect()
}

/// Which state of the rules was in force at a moment. None where the history begins later.
///
/// # Errors
/// Those of reading.
pub async fn epoch_at(db: &mut Db, at: Timestamp) -> Result<Option<i64>, DbError> {
    let row = sqlx::query("SELECT MAX(epoch) AS epoch FROM policy_epoch_past WHERE began_at <= $1")
        .bind(at.as_micros())
        .fetch_one(db)
        .await?;
    Cells::of("policy_epoch_past", &row).opt_int("epoch")
}

/// When the history begins. None on a site that has not started since it is kept.
///
/// # Errors
/// Those of reading.
pub async fn begins(db: &mut Db) -> Result<Option<Timestamp>, DbError> {
    let row = sqlx::query("SELECT MIN(began_at) AS began_at FROM policy_epoch_past").fetch_one(db).await?;
    Cells::of("policy_epoch_past", &row).opt_time("began_at")
}

/// The rules of a state that had not ended at a moment; of one collection, or of all.
///
/// # Errors
/// Those of reading.
pub async fn at(
    db: &mut Db,
    epoch: i64,
    not_ended_s: i64,
    collection: Option<CollectionId>,
) -> Result<PastRules, DbError> {
    let sealer = db.sealer()?;
    let collection = collection.map(|id| id.to_string());
    // Two statements, and not one with a condition that may be empty: only so the index of collections is used.
    let (in_force, gone) = if collection.is_some() {
        (
            "SELECT id, collection, sealed, permissions, deny, expires_s FROM access_rule
             WHERE since_epoch <= $1 AND (expires_s IS NULL OR expires_s > $2) AND collection = $3",
            "SELECT id, sealed FROM access_rule_past
             WHERE since_epoch <= $1 AND until_epoch > $1 AND (expires_s IS NULL OR expires_s > $2)
               AND collection = $3",
        )
    } else {
        (
            "SELECT id, collection, sealed, permissions, deny, expires_s FROM access_rule
             WHERE since_epoch <= $1 AND (expires_s IS NULL OR expires_s > $2)",
            "SELECT id, sealed FROM access_rule_past
             WHERE since_epoch <= $1 AND until_epoch > $1 AND (expires_s IS NULL OR expires_s > $2)",
        )
    };
    let asked = |statement| {
        let query = sqlx::query(statement).bind(epoch).bind(not_ended_s);
        match &collection {
            Some(collection) => query.bind(collection.clone()),
            None => query,
        }
    };
    let mut past = PastRules::default();
    for row in &asked(in_force).fetch_all(&mut *db).await? {
        past.rules.push(read_grant(&sealer, row)?);
    }
    for row in &asked(gone).fetch_all(db).await? {
        let cells = Cells::of(PAST, row);
        match cells.opt_open(&sealer, Cell::PastRule, cells.text("id")?)? {
            Some(rule) => past.rules.push(rule),
            None => past.erased.push(cells.parsed("id")?),
        }
    }
    past.rules.sort_by_key(|rule| rule.id);
    past.erased.sort_unstable();
    Ok(past)
}

/// Keeps a rule that is about to go: it ends with the state of the rules that has just begun.
pub(crate) async fn keep(db: &mut Db, rule: &GrantRow) -> Result<(), DbError> {
    let id = rule.id.to_string();
    let sealed = db.sealer()?.seal(Cell::PastRule, &id, rule)?;
    sqlx::query(
        "INSERT INTO access_rule_past (id, collection, since_epoch, until_epoch, expires_s, sealed)
         SELECT id, collection, since_epoch, (SELECT epoch FROM policy_epoch WHERE singleton = 1), expires_s,
                $2
         FROM access_rule WHERE id = $1",
    )
    .bind(id)
    .bind(sealed)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes the class that a collection's data have from now on, if that is another one than before.
///
/// # Errors
/// Those of writing.
pub async fn note_class(db: &mut Db, collection: CollectionId, class: Class, now: Timestamp) -> Result<(), DbError> {
    if class_at(db, collection, now).await? == Some(class) {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO collection_class (collection, since_at, class) VALUES ($1, $2, $3)
         ON CONFLICT (collection, since_at) DO UPDATE SET class = excluded.class",
    )
    .bind(collection.to_string())
    .bind(now.as_micros())
    .bind(word(CLASS, "class", &class)?)
    .execute(db)
    .await?;
    Ok(())
}

/// The class of a collection's data at a moment. None where it was not there yet.
///
/// # Errors
/// Those of reading.
pub async fn class_at(db: &mut Db, collection: CollectionId, at: Timestamp) -> Result<Option<Class>, DbError> {
    let row = sqlx::query(
        "SELECT class FROM collection_class WHERE collection = $1 AND since_at <= $2 ORDER BY since_at DESC LIMIT 1",
    )
    .bind(collection.to_string())
    .bind(at.as_micros())
    .fetch_optional(db)
    .await?;
    row.map(|row| Cells::of(CLASS, &row).word("class")).transpose()
}

/// Notes who has which role from now on.
///
/// # Errors
/// Those of writing.
pub async fn note_roles(db: &mut Db, holders: &BTreeSet<RoleHolder>, now: Timestamp) -> Result<(), DbError> {
    let sealed = db.sealer()?.seal(Cell::PastRoles, now.as_micros().to_string(), holders)?;
    sqlx::query(
        "INSERT INTO role_past (since_at, sealed) VALUES ($1, $2)
         ON CONFLICT (since_at) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(now.as_micros())
    .bind(sealed)
    .execute(db)
    .await?;
    Ok(())
}

/// Who had which role at a moment. None where that was not kept yet.
///
/// # Errors
/// Those of reading.
pub async fn roles_at(db: &mut Db, at: Timestamp) -> Result<Option<BTreeSet<RoleHolder>>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query("SELECT since_at, sealed FROM role_past WHERE since_at <= $1 ORDER BY since_at DESC LIMIT 1")
        .bind(at.as_micros())
        .fetch_optional(db)
        .await?;
    row.map(|row| read_roles(&sealer, &row)).transpose()
}

/// Erases what past rules said of a person, and which roles they had: those for them, and for the address that is theirs. Returns how many rules.
///
/// # Errors
/// Those of writing.
pub async fn forget_person(
    db: &mut Db,
    person: &PersonId,
    email: Option<&str>,
    now: Timestamp,
) -> Result<u64, DbError> {
    let is_them = |principal: &Principal| match principal {
        Principal::Person(id) => id == person,
        Principal::Email(address) => email.is_some_and(|email| email.eq_ignore_ascii_case(address)),
        _ => false,
    };
    let sealer = db.sealer()?;
    let rows = sqlx::query("SELECT since_at, sealed FROM role_past").fetch_all(&mut *db).await?;
    for row in &rows {
        let cells = Cells::of(ROLES, row);
        let mut holders = read_roles(&sealer, row)?;
        let before = holders.len();
        holders.retain(|holder| !is_them(&holder.principal));
        if holders.len() < before {
            note_roles(db, &holders, cells.time("since_at")?).await?;
        }
    }
    let rows = sqlx::query("SELECT id, since_epoch, sealed FROM access_rule_past WHERE sealed IS NOT NULL")
        .fetch_all(&mut *db)
        .await?;
    let mut forgotten = 0;
    for row in &rows {
        let cells = Cells::of(PAST, row);
        let rule: GrantRow = cells.open(&sealer, Cell::PastRule, cells.text("id")?)?;
        if is_them(&rule.principal) {
            forgotten += erase(db, rule.id, cells.int("since_epoch")?, now).await?;
        }
    }
    Ok(forgotten)
}

/// Erases what past rules of a collection said. Returns how many.
///
/// # Errors
/// Those of writing.
pub async fn forget_collection(db: &mut Db, collection: &str, now: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query(
        "UPDATE access_rule_past SET sealed = NULL, erased_at = $2 WHERE collection = $1 AND sealed IS NOT NULL",
    )
    .bind(collection)
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

async fn erase(db: &mut Db, id: RuleId, since_epoch: i64, now: Timestamp) -> Result<u64, DbError> {
    let done =
        sqlx::query("UPDATE access_rule_past SET sealed = NULL, erased_at = $3 WHERE id = $1 AND since_epoch = $2")
            .bind(id.to_string())
            .bind(since_epoch)
            .bind(now.as_micros())
            .execute(db)
            .await?;
    Ok(done.rows_affected())
}

fn read_roles(sealer: &Sealer, row: &AnyRow) -> Result<BTreeSet<RoleHolder>, DbError> {
    let cells = Cells::of(ROLES, row);
    cells.open(sealer, Cell::PastRoles, cells.int("since_at")?.to_string())
}

fn read_snapshot(row: &AnyRow) -> Result<KnownSnapshot, DbError> {
    let cells = Cells::of(SNAPSHOT, row);
    Ok(KnownSnapshot {
        hash: cells.parsed("hash")?,
        epoch: cells.int("epoch")?,
        loaded_s: cells.int("loaded_s")?,
        tables: cells.parsed("tables")?,
    })
}
