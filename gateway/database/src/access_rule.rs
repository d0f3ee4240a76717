//! Access rules, and the epoch that tells nodes that theirs are old.
//!
//! **Promises.** Every change of the rules moves the epoch in the same transaction. A reader takes the [`epoch`] first and
//! the [`active`] rules after it: then it has at least the rules of that epoch, and a later epoch makes it read again.
//!
//! A rule that goes is kept in the history (`policy_history`), so that the rules of any past moment can be told.
//!
//! Path, principal, purpose and maker of a rule are one sealed cell. Nothing looks rules up by path: policy reads them all into
//! its index, and lists are by id (docs/decisions/0008).
//!
//! **Leaves to others.** What a rule means, and that it has expired: policy decides with the time of each request.
//! [`active`] only leaves out what cannot matter any more.

use std::collections::HashMap;

use sealane_model::access_rule::AccessRule;
use sealane_model::id::{CollectionId, RuleId};
use sealane_model::path::RemotePath;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sealane_policy::{GrantRow, Principal};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::cells::{self, Cells, json};
use crate::pool::Atomic;
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError, policy_history};

const TABLE: &str = "access_rule";

/// What is sealed of a rule.
#[derive(Serialize, Deserialize)]
pub(crate) struct Whose {
    pub(crate) path: RemotePath,
    pub(crate) principal: Principal,
    pub(crate) purpose: Option<String>,
    pub(crate) created_by: Option<PersonId>,
}

/// Adds a rule.
///
/// # Errors
/// [`DbError::Reference`] if its collection is not known, [`DbError::Duplicate`] if its id is.
pub async fn insert(db: &mut Db, rule: &AccessRule) -> Result<(), DbError> {
    let mut tx = Atomic::begin(db).await?;
    bump_epoch(&mut tx, rule.created_at).await?;
    write(&mut tx, rule).await?;
    tx.commit().await
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: RuleId) -> Result<Option<AccessRule>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query(
        "SELECT id, collection, sealed, permissions, deny, expires_s, created_at FROM access_rule WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// A collection's rules, those after the given one, in order of their ids.
///
/// # Errors
/// Those of reading.
pub async fn list(
    db: &mut Db,
    collection: CollectionId,
    after: Option<RuleId>,
    limit: usize,
) -> Result<Vec<AccessRule>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, collection, sealed, permissions, deny, expires_s, created_at
         FROM access_rule WHERE collection = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(collection.to_string())
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// Takes a rule away; says whether it was there.
///
/// # Errors
/// Those of writing.
pub async fn revoke(db: &mut Db, id: RuleId, now: Timestamp) -> Result<bool, DbError> {
    let mut tx = Atomic::begin(db).await?;
    bump_epoch(&mut tx, now).await?;
    let found = find(&mut tx, id).await?;
    let removed = match &found {
        Some(rule) => delete(&mut tx, &rule.grant).await?,
        None => false,
    };
    tx.commit().await?;
    Ok(removed)
}

/// Makes the rules without a maker, those of the configuration file, exactly these. Says whether that changed anything.
///
/// # Errors
/// Those of [`insert`].
pub async fn configure(db: &mut Db, rules: &[AccessRule], now: Timestamp) -> Result<bool, DbError> {
    let mut tx = Atomic::begin(db).await?;
    lock_epoch(&mut tx).await?;
    let mut present: HashMap<RuleId, GrantRow> =
        configured(&mut tx).await?.into_iter().map(|rule| (rule.grant.id, rule.grant)).collect();
    let mut wanted = Vec::new();
    let mut gone = Vec::new();
    for rule in rules {
        match present.remove(&rule.grant.id) {
            Some(grant) if grant == rule.grant => {}
            old => {
                gone.extend(old);
                wanted.push(AccessRule { created_by: None, ..rule.clone() });
            }
        }
    }
    gone.extend(present.into_values());
    let changed = !wanted.is_empty() || !gone.is_empty();
    if changed {
        // Before the rules: those that go and those that come belong to the state that begins here.
        bump_epoch(&mut tx, now).await?;
        for grant in &gone {
            delete(&mut tx, grant).await?;
        }
        for rule in &wanted {
            write(&mut tx, rule).await?;
        }
    }
    tx.commit().await?;
    Ok(changed)
}

/// All rules that have not expired: what policy builds its snapshot from.
///
/// # Errors
/// Those of reading.
pub async fn active(db: &mut Db, now: Timestamp) -> Result<Vec<GrantRow>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, collection, sealed, permissions, deny, expires_s FROM access_rule
         WHERE expires_s IS NULL OR expires_s > $1 ORDER BY id",
    )
    .bind(now.as_seconds())
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read_grant(&sealer, row)).collect()
}

/// Which state of the rules this is: it grows with every change.
///
/// # Errors
/// Those of reading.
pub async fn epoch(db: &mut Db) -> Result<i64, DbError> {
    let row = sqlx::query("SELECT epoch FROM policy_epoch WHERE singleton = 1").fetch_one(db).await?;
    Cells::of("policy_epoch", &row).int("epoch")
}

/// Moves the epoch on. The first statement of each change: it also makes changes wait for each other.
pub(crate) async fn bump_epoch(db: &mut Db, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE policy_epoch SET epoch = epoch + 1 WHERE singleton = 1").execute(&mut *db).await?;
    sqlx::query(
        "INSERT INTO policy_epoch_past (epoch, began_at) SELECT epoch, CAST($1 AS BIGINT) FROM policy_epoch WHERE singleton = 1",
    )
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes all rules of a collection away, before it goes itself.
pub(crate) async fn remove_of(db: &mut Db, collection: CollectionId) -> Result<(), DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, collection, sealed, permissions, deny, expires_s FROM access_rule WHERE collection = $1 ORDER BY id",
    )
    .bind(collection.to_string())
    .fetch_all(&mut *db)
    .await?;
    for row in &rows {
        delete(db, &read_grant(&sealer, row)?).await?;
    }
    Ok(())
}

/// Makes other changes wait, without being one: two nodes that start together do not mix their configured rules.
async fn lock_epoch(db: &mut Db) -> Result<(), DbError> {
    sqlx::query("UPDATE policy_epoch SET epoch = epoch WHERE singleton = 1").execute(db).await?;
    Ok(())
}

/// The rules without a maker: those of the configuration file.
///
/// # Errors
/// Those of reading.
pub async fn configured(db: &mut Db) -> Result<Vec<AccessRule>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, collection, sealed, permissions, deny, expires_s, created_at
         FROM access_rule WHERE configured = 1 ORDER BY id",
    )
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

async fn write(db: &mut Db, rule: &AccessRule) -> Result<(), DbError> {
    let grant = &rule.grant;
    let id = grant.id.to_string();
    let whose = Whose {
        path: grant.path.clone(),
        principal: grant.principal.clone(),
        purpose: grant.purpose.clone(),
        created_by: rule.created_by.clone(),
    };
    let sealed = db.sealer()?.seal(Cell::AccessRule, &id, &whose)?;
    sqlx::query(
        "INSERT INTO access_rule (id, collection, sealed, permissions, deny, expires_s, configured, created_at, since_epoch)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, (SELECT epoch FROM policy_epoch WHERE singleton = 1))",
    )
    .bind(id)
    .bind(grant.collection.to_string())
    .bind(sealed)
    .bind(json(TABLE, "permissions", &grant.permissions)?)
    .bind(i64::from(grant.deny))
    .bind(grant.expires_s)
    .bind(i64::from(rule.created_by.is_none()))
    .bind(rule.created_at.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a rule out of force, and keeps what it said. The epoch has moved before.
async fn delete(db: &mut Db, rule: &GrantRow) -> Result<bool, DbError> {
    policy_history::keep(db, rule).await?;
    let done = sqlx::query("DELETE FROM access_rule WHERE id = $1").bind(rule.id.to_string()).execute(db).await?;
    Ok(done.rows_affected() > 0)
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<AccessRule, DbError> {
    let cells = Cells::of(TABLE, row);
    let (grant, created_by) = grant(sealer, cells)?;
    Ok(AccessRule { grant, created_by, created_at: cells.time("created_at")? })
}

/// A rule as policy takes it.
pub(crate) fn read_grant(sealer: &Sealer, row: &AnyRow) -> Result<GrantRow, DbError> {
    Ok(grant(sealer, Cells::of(TABLE, row))?.0)
}

/// A rule as policy takes it, and who made it.
fn grant(sealer: &Sealer, cells: Cells<'_>) -> Result<(GrantRow, Option<PersonId>), DbError> {
    let Whose { path, principal, purpose, created_by } = cells.open(sealer, Cell::AccessRule, cells.text("id")?)?;
    let grant = GrantRow {
        id: cells.parsed("id")?,
        collection: cells.parsed("collection")?,
        path,
        principal,
        permissions: cells.json("permissions")?,
        deny: cells.flag("deny")?,
        expires_s: cells.opt_int("expires_s")?,
        purpose,
    };
    Ok((grant, created_by))
}
