//! What can go wrong with the database, in words that help.
//!
//! INVARIANT: no value of any row gets into an error, neither in its text nor in its `Debug` form. The driver's own errors
//! would carry some (PostgreSQL's detail line quotes the key of a duplicate), so they are reduced to a [`Fault`] at once.

use sealane_model::Problem;
use sealane_model::id::SiteId;
use sealane_model::problem::ProblemKind;

/// What the database said, without values: its code and its one-line message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", code.as_ref().map(|code| format!(" (code {code})")).unwrap_or_default())]
pub struct Fault {
    /// SQLSTATE on PostgreSQL, the extended result code on SQLite.
    pub code: Option<String>,
    /// What it said.
    pub message: String,
}

impl Fault {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(inner) => {
                Self { code: inner.code().map(Into::into), message: inner.message().to_owned() }
            }
            sqlx::Error::Io(inner) => Self::said(inner.to_string()),
            sqlx::Error::Tls(_) => Self::said("the TLS connection to the database failed"),
            sqlx::Error::PoolTimedOut => Self::said("no connection became free in time"),
            sqlx::Error::PoolClosed => Self::said("the connections are closed: the site is stopping"),
            sqlx::Error::WorkerCrashed => Self::said("the database worker stopped"),
            _ => Self::said("the driver and the database did not understand each other"),
        }
    }

    fn said(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into() }
    }
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database's address is not one that Sealane can use.
    #[error(
        "the database URL cannot be used: {reason}; expected sqlite:///path/control.db?mode=rwc or postgres://user@host/name"
    )]
    Url {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No connection can be had.
    #[error("the database cannot be reached: {0}; check that it runs and that the URL in the configuration is right")]
    Unreachable(#[source] Fault),
    /// The file system does not let SQLite keep its write-ahead log.
    #[error(
        "SQLite cannot keep a write-ahead log there (journal mode is '{mode}'): put the database file on a local disk"
    )]
    NoWriteAheadLog {
        /// The journal mode that SQLite insists on.
        mode: String,
    },
    /// Another writer held the database for too long.
    #[error("the database was busy for too long; the request was not carried out and can be repeated")]
    Busy,
    /// Nobody handed in the key of the sealed cells.
    #[error("the database's cells are sealed and no key was given: load the site's key 'database' first")]
    NoKey,
    /// The key is not the one that the cells were sealed under.
    #[error(
        "the site's key 'database' is not the one that this database is sealed under: nothing was read or changed; put back \
         the key file database.key of this site from your backup, or the database that belongs to this key"
    )]
    WrongKey,
    /// A later version of Sealane has been here.
    #[error(
        "the database is at version {database}, this program knows versions up to {binary}: a newer Sealane has migrated it; \
         start that version or later, or restore the database from a backup made before"
    )]
    TooNew {
        /// The highest version that the database has.
        database: i64,
        /// The highest version that this program knows.
        binary: i64,
    },
    /// A migration that was applied is not the one that this program carries.
    #[error(
        "migration {version} '{name}' was applied in another form than this program carries: program and database do not \
         belong together; restore the database or run the version that migrated it"
    )]
    Edited {
        /// Its number.
        version: i64,
        /// Its name in the database.
        name: String,
    },
    /// A stored value is not what it must be.
    #[error(
        "the database holds a value in {table}.{column} that cannot be read: restore it from a backup, or report this"
    )]
    Corrupt {
        /// In which table.
        table: &'static str,
        /// In which column.
        column: &'static str,
    },
    /// A value has no stored form.
    #[error("a value for {table}.{column} cannot be stored: it is too large or has no text form")]
    Unstorable {
        /// In which table.
        table: &'static str,
        /// In which column.
        column: &'static str,
    },
    /// Another row has that key or name already.
    #[error("that exists already: {0}")]
    Duplicate(#[source] Fault),
    /// A row that is referred to is not there, or is still referred to.
    #[error("something that this refers to does not exist, or is still in use: {0}")]
    Reference(#[source] Fault),
    /// The row that was to be changed is not there.
    #[error("there is no such row in {table}")]
    Gone {
        /// In which table.
        table: &'static str,
    },
    /// Another node holds the task's lease now; nothing was written.
    #[error("this node no longer holds the task: another one has taken it over, and nothing was written")]
    Fenced,
    /// The database belongs to another site.
    #[error(
        "the database belongs to site {database}: the configuration names another site; correct the URL or the site id"
    )]
    OtherSite {
        /// Whose it is.
        database: SiteId,
    },
    /// Anything else that the database refused.
    #[error("the database refused: {0}")]
    Query(#[source] Fault),
}

impl DbError {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy)
    }

    /// What a caller of the API is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Unreachable(_) | Self::Busy => Problem::new(
                ProblemKind::Unavailable,
                "database-unavailable",
                "The database is not available",
                self.to_string(),
            )
            .next("Try again in a moment; if it lasts, tell the administrator."),
            Self::Duplicate(_) => {
                Problem::new(ProblemKind::Conflict, "exists-already", "It exists already", "The name or id is taken.")
                    .next("Choose another name.")
            }
            Self::Reference(_) => Problem::new(
                ProblemKind::Conflict,
                "in-use",
                "It is in use, or refers to what is not there",
                "Nothing was changed.",
            ),
            _ => Problem::new(ProblemKind::Internal, "database", "The database failed", self.to_string())
                .next("Tell the administrator and quote the reference."),
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        let fault = Fault::of(&error);
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Duplicate(fault),
            sqlx::Error::Database(inner) if inner.is_foreign_key_violation() => Self::Reference(fault),
            sqlx::Error::Database(inner) if is_busy(inner.code().as_deref()) => Self::Busy,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unreachable(fault),
            sqlx::Error::Database(inner) if is_unreachable(inner.code().as_deref()) => Self::Unreachable(fault),
            _ => Self::Query(fault),
        }
    }
}

/// SQLite's `SQLITE_BUSY` with its extended forms; PostgreSQL's deadlock and serialization failures.
fn is_busy(code: Option<&str>) -> bool {
    matches!(code, Some("5" | "261" | "517" | "773" | "40P01" | "40001" | "55P03"))
}

/// PostgreSQL: shutting down, starting up, too many connections (SQLSTATE classes 57P and 53).
fn is_unreachable(code: Option<&str>) -> bool {
    matches!(code, Some("57P01" | "57P02" | "57P03" | "53300"))
}
