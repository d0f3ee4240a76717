//! The few places where the two databases must be told the same thing in different words.
//!
//! Everything else is one text. What differs: how a write transaction begins, how one migrator keeps others out, how to
//! ask for the time and for a table's existence, and how a new connection is set up.

use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::DbError;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file in the node's own process.
    Sqlite,
    /// A server that several nodes share.
    Postgres,
}

/// Any number that no other program's advisory lock in the same database is likely to have: the letters "sealane".
const MIGRATION_LOCK: i64 = 0x0073_6561_6c61_6e65;

impl Kind {
    /// Which database a URL speaks of.
    pub(crate) fn of_url(url: &str) -> Result<Self, DbError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Ok(Self::Postgres)
        } else if url.starts_with("sqlite:") {
            // Each connection of a pool would have a database of its own.
            if url.contains(":memory:") || url.contains("mode=memory") {
                return Err(DbError::Url { reason: "an in-memory database forgets everything" });
            }
            Ok(Self::Sqlite)
        } else {
            Err(DbError::Url { reason: "its scheme is neither sqlite nor postgres" })
        }
    }

    /// Which database a connection leads to.
    pub(crate) fn of_connection(db: &AnyConnection) -> Self {
        if db.backend_name() == "SQLite" { Self::Sqlite } else { Self::Postgres }
    }

    /// How a transaction begins that is going to write.
    ///
    /// SQLite: IMMEDIATE takes the write lock at once and waits for it. A deferred transaction that reads first and then
    /// writes fails at once when somebody else has written in between (`SQLITE_BUSY_SNAPSHOT`), whatever the timeout.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Keeps other migrators out until the transaction ends; `None` where the transaction itself does.
    pub(crate) const fn lock_migrations(self) -> Option<(&'static str, i64)> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(("SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)", MIGRATION_LOCK)),
        }
    }

    /// The database's own clock, in microseconds since 1970 UTC.
    pub(crate) const fn clock(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000000 AS BIGINT) AS now",
            Self::Postgres => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now",
        }
    }

    /// How many tables are called `$1`.
    pub(crate) const fn table_count(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name = $1",
            Self::Postgres => {
                "SELECT COUNT(*) AS n FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_name = $1"
            }
        }
    }

    /// Writes all pages of the tables anew, so that none keeps bytes of dropped columns, dropped tables and old rows.
    pub(crate) const fn rewrite(self) -> &'static str {
        match self {
            Self::Sqlite => "VACUUM",
            Self::Postgres => {
                "VACUUM FULL setting, access_rule, peer_contact, task, task_event, unit, expansion, transfer_order,
                             upload, erasure, audit_hold"
            }
        }
    }

    /// Empties the log of what was written last into the tables; `None` where the server does so in its own time.
    pub(crate) const fn empty_log(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("PRAGMA wal_checkpoint(TRUNCATE)"),
            Self::Postgres => None,
        }
    }

    /// Prepares a new connection.
    pub(crate) async fn set_up(self, db: &mut AnyConnection) -> Result<(), sqlx::Error> {
        if self == Self::Postgres {
            return Ok(());
        }
        // The timeout first: switching to WAL is itself something that others may be doing.
        for pragma in [
            "PRAGMA busy_timeout = 15000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
        ] {
            sqlx::raw_sql(pragma).fetch_all(&mut *db).await?;
        }
        Ok(())
    }

    /// Refuses a connection that does not keep the durability that was asked for.
    pub(crate) async fn check(self, db: &mut AnyConnection) -> Result<(), DbError> {
        db.ping().await?;
        if self == Self::Sqlite {
            let row = sqlx::raw_sql("PRAGMA journal_mode").fetch_one(&mut *db).await?;
            let mode: String = row.try_get(0)?;
            if mode != "wal" {
                return Err(DbError::NoWriteAheadLog { mode });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_which_database_it_is() {
        assert_eq!(Kind::of_url("sqlite:///var/lib/sealane/control.db?mode=rwc").unwrap(), Kind::Sqlite);
        assert_eq!(Kind::of_url("postgres://sealane@db/sealane").unwrap(), Kind::Postgres);
        assert_eq!(Kind::of_url("postgresql://sealane@db/sealane").unwrap(), Kind::Postgres);
    }

    #[test]
    fn a_url_of_no_use_is_refused() {
        for url in ["", "mysql://db/x", "/var/lib/control.db", "sqlite::memory:", "sqlite://x?mode=memory"] {
            assert!(matches!(Kind::of_url(url), Err(DbError::Url { .. })), "{url}");
        }
    }
}
