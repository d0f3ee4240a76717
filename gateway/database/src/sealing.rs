//! That a database is sealed, under which key, and that no page of it holds what was in clear before.
//!
//! **Promises.** A key that is not the one is told before anything is read or changed. After an upgrade from a version that
//! kept values in clear, tables are written anew and the write-ahead log is emptied before anybody works with the database;
//! if that is cut short, the next start does it.
//!
//! **Leaves to others.** PostgreSQL's own write-ahead log and every backup made before: the administrator's, as
//! docs/operate/control-database.md says.

use sqlx::Row as _;

use crate::cells::Cells;
use crate::dialect::Kind;
use crate::migration::has_table;
use crate::seal::{Cell, Sealer};
use crate::{Database, Db, DbError};

const TABLE: &str = "cell_key";

/// What is sealed to know the key by.
const KNOWN: &str = "sealane control database";

/// Whether the cells of this database are sealed.
pub(crate) async fn is_sealed(db: &mut Db, kind: Kind) -> Result<bool, DbError> {
    has_table(db, kind, TABLE).await
}

/// Writes down by what the key is known. In a database that is new nothing was ever in clear.
pub(crate) async fn note_key(db: &mut Db, sealer: &Sealer, new: bool) -> Result<(), DbError> {
    sqlx::query("INSERT INTO cell_key (singleton, sealed, cleared) VALUES (1, $1, $2)")
        .bind(sealer.seal(Cell::Probe, "", KNOWN)?)
        .bind(i64::from(new))
        .execute(db)
        .await?;
    Ok(())
}

/// Refuses any other key than the one that was noted.
pub(crate) async fn check_key(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let row = sqlx::query("SELECT sealed FROM cell_key WHERE singleton = 1").fetch_one(db).await?;
    match Cells::of(TABLE, &row).open::<String>(sealer, Cell::Probe, "") {
        Ok(known) if known == KNOWN => Ok(()),
        _ => Err(DbError::WrongKey),
    }
}

/// Writes tables anew, where values were in clear before, until it is known that it was done.
pub(crate) async fn clear_pages(database: &Database) -> Result<(), DbError> {
    let kind = database.kind();
    let mut db = database.acquire().await?;
    let row = sqlx::query("SELECT cleared FROM cell_key WHERE singleton = 1").fetch_one(&mut *db).await?;
    if Cells::of(TABLE, &row).flag("cleared")? {
        return Ok(());
    }
    sqlx::raw_sql(kind.rewrite()).execute(&mut *db).await?;
    if let Some(statement) = kind.empty_log() {
        let row = sqlx::raw_sql(statement).fetch_one(&mut *db).await?;
        // Somebody else reads: their view needs the log, and the log may hold what was in clear.
        if row.try_get::<i64, _>(0)? != 0 {
            return Err(DbError::Busy);
        }
    }
    sqlx::query("UPDATE cell_key SET cleared = 1 WHERE singleton = 1").execute(&mut *db).await?;
    Ok(())
}
