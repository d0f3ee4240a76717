//! Migrations: how the tables came to be, in numbered steps that are applied once and never edited.
//!
//! **Promises.** All pending steps are one transaction, so a database is at a version or not. Nodes that start together
//! migrate one after the other. A step whose text differs from the one that was applied is refused, and so is a database
//! that a later program has migrated. The text of a step is the same for both databases.
//!
//! One step has two texts: between them this program seals what stood in clear (`sealing`), in the same transaction.

use sealane_crypto::digest::sha256;
use sealane_model::time::Timestamp;
use serde::Serialize;
use sqlx::Row as _;

use crate::cells::Cells;
use crate::dialect::Kind;
use crate::seal::Sealer;
use crate::{Database, Db, DbError, clear_rows, sealing};

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
    /// What follows once the rows that the first text made room for are sealed.
    sealed: Option<&'static str>,
}

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration { version: $version, name: $name, sql: include_str!(concat!("../migrations/", $file)), sealed: None }
    };
    ($version:literal, $name:literal, $file:literal, then $rest:literal) => {
        Migration { sealed: Some(include_str!(concat!("../migrations/", $rest))), ..migration!($version, $name, $file) }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "site", "0001_site.sql"),
    migration!(2, "person", "0002_person.sql"),
    migration!(3, "collection", "0003_collection.sql"),
    migration!(4, "peer", "0004_peer.sql"),
    migration!(5, "task", "0005_task.sql"),
    migration!(6, "order", "0006_order.sql"),
    migration!(7, "upload", "0007_upload.sql"),
    migration!(8, "idempotency", "0008_idempotency.sql"),
    migration!(9, "audit_index", "0009_audit_index.sql"),
    migration!(10, "erasure", "0010_erasure.sql"),
    migration!(11, "transfer_receipt", "0011_transfer_receipt.sql"),
    migration!(12, "witness", "0012_witness.sql"),
    migration!(13, "peer_contact", "0013_peer_contact.sql"),
    migration!(14, "alert", "0014_alert.sql"),
    migration!(15, "sealed_cells", "0015_sealed_cells.sql", then "0015_sealed_cells_clear.sql"),
    migration!(16, "receipt_confirmation", "0016_receipt_confirmation.sql"),
    migration!(17, "log_key_rotation", "0017_log_key_rotation.sql"),
    migration!(18, "policy_history", "0018_policy_history.sql"),
];

const TABLE: &str = "schema_migration";

/// A migration that was applied just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
}

/// Where one migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationState {
    /// In the database, in the form that this program carries.
    Applied,
    /// In this program, not in the database yet.
    Pending,
    /// In the database, in another form than this program carries.
    Edited,
    /// In the database, from a later program.
    Unknown,
}

/// One line of `sealane db status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationStatus {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: MigrationState,
    /// When it was applied, by the database's clock.
    pub applied_at: Option<Timestamp>,
}

struct Row {
    version: i64,
    name: String,
    checksum: String,
    applied_at: Timestamp,
}

impl Migration {
    fn checksum(&self) -> String {
        sha256([self.sql, self.sealed.unwrap_or_default()].concat().as_bytes()).to_string()
    }
}

impl Database {
    /// Applies what is pending, and returns it; makes sure that the key is the one that the database is sealed under.
    ///
    /// # Errors
    /// [`DbError::TooNew`] or [`DbError::Edited`] if database and program do not belong together, [`DbError::NoKey`] or
    /// [`DbError::WrongKey`] if database and key do not; nothing is changed then.
    pub async fn migrate(&self) -> Result<Vec<Applied>, DbError> {
        let kind = self.kind();
        let mut tx = self.begin().await?;
        // Before anything else: what cannot be sealed is not begun.
        let sealer = tx.sealer()?;
        if let Some((statement, key)) = kind.lock_migrations() {
            sqlx::query(statement).bind(key).fetch_all(&mut *tx).await?;
        }
        // Asked, and not left to the statement: PostgreSQL would tell the log at each start that the table is there.
        if !has_table(&mut tx, kind, TABLE).await? {
            create_table(&mut tx).await?;
        }
        let rows = rows(&mut tx).await?;
        check(&rows)?;
        if !rows.is_empty() && sealing::is_sealed(&mut tx, kind).await? {
            sealing::check_key(&mut tx, &sealer).await?;
        }
        let mut applied = Vec::new();
        for migration in MIGRATIONS.iter().filter(|m| rows.iter().all(|row| row.version != m.version)) {
            apply(&mut tx, kind, migration, &sealer).await?;
            if migration.sealed.is_some() {
                sealing::note_key(&mut tx, &sealer, rows.is_empty()).await?;
            }
            applied.push(Applied { version: migration.version, name: migration.name });
        }
        tx.commit().await?;
        sealing::clear_pages(self).await?;
        Ok(applied)
    }

    /// Whether its cells are sealed, under whichever key: then the key is never made anew. Needs none. Changes nothing.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn is_sealed(&self) -> Result<bool, DbError> {
        sealing::is_sealed(&mut *self.acquire().await?, self.kind()).await
    }

    /// Where each migration stands. Changes nothing.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn status(&self) -> Result<Vec<MigrationStatus>, DbError> {
        let mut db = self.acquire().await?;
        let rows = if has_table(&mut db, self.kind(), TABLE).await? { rows(&mut db).await? } else { Vec::new() };
        let mut list: Vec<_> = MIGRATIONS.iter().map(|migration| known(migration, &rows)).collect();
        list.extend(rows.into_iter().filter(|row| find(row.version).is_none()).map(|row| MigrationStatus {
            version: row.version,
            name: row.name,
            state: MigrationState::Unknown,
            applied_at: Some(row.applied_at),
        }));
        Ok(list)
    }
}

fn find(version: i64) -> Option<&'static Migration> {
    MIGRATIONS.iter().find(|migration| migration.version == version)
}

fn known(migration: &Migration, rows: &[Row]) -> MigrationStatus {
    let row = rows.iter().find(|row| row.version == migration.version);
    let state = match row {
        None => MigrationState::Pending,
        Some(row) if row.checksum == migration.checksum() => MigrationState::Applied,
        Some(_) => MigrationState::Edited,
    };
    MigrationStatus {
        version: migration.version,
        name: migration.name.to_owned(),
        state,
        applied_at: row.map(|row| row.applied_at),
    }
}

fn check(rows: &[Row]) -> Result<(), DbError> {
    let binary = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let database = rows.iter().map(|row| row.version).max().unwrap_or(0);
    if database > binary {
        return Err(DbError::TooNew { database, binary });
    }
    let edited = |row: &&Row| find(row.version).is_none_or(|migration| migration.checksum() != row.checksum);
    match rows.iter().find(edited) {
        Some(row) => Err(DbError::Edited { version: row.version, name: row.name.clone() }),
        None => Ok(()),
    }
}

pub(crate) async fn has_table(db: &mut Db, kind: Kind, table: &'static str) -> Result<bool, DbError> {
    let row = sqlx::query(kind.table_count()).bind(table).fetch_one(db).await?;
    Ok(row.try_get::<i64, _>("n")? > 0)
}

async fn create_table(db: &mut Db) -> Result<(), DbError> {
    sqlx::query(
        "CREATE TABLE schema_migration (
             version    BIGINT NOT NULL PRIMARY KEY,
             name       TEXT   NOT NULL,
             checksum   TEXT   NOT NULL,
             applied_at BIGINT NOT NULL
         )",
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn rows(db: &mut Db) -> Result<Vec<Row>, DbError> {
    let rows = sqlx::query("SELECT version, name, checksum, applied_at FROM schema_migration ORDER BY version")
        .fetch_all(db)
        .await?;
    let read = |row| {
        let cells = Cells::of(TABLE, row);
        Ok(Row {
            version: cells.int("version")?,
            name: cells.text("name")?,
            checksum: cells.text("checksum")?,
            applied_at: cells.time("applied_at")?,
        })
    };
    rows.iter().map(read).collect()
}

async fn apply(db: &mut Db, kind: Kind, migration: &Migration, sealer: &Sealer) -> Result<(), DbError> {
    sqlx::raw_sql(migration.sql).execute(&mut *db).await?;
    if let Some(rest) = migration.sealed {
        clear_rows::seal_all(db, sealer).await?;
        sqlx::raw_sql(rest).execute(&mut *db).await?;
    }
    let now: i64 = sqlx::query(kind.clock()).fetch_one(&mut *db).await?.try_get("now")?;
    sqlx::query("INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)")
        .bind(migration.version)
        .bind(migration.name)
        .bind(migration.checksum())
        .bind(now)
        .execute(&mut *db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_in_the_order_in_which_they_are_applied() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert!(versions.first() == Some(&1) && versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    }
}
