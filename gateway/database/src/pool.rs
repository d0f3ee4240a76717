//! Connections and transactions.
//!
//! **Promises.** On SQLite write transactions of this process wait for their turn in order of arrival: SQLite itself lets
//! them race with sleeps, which starves some under load. A transaction that is dropped without [`Tx::commit`] is undone.
//!
//! **Asks of callers.** One transaction at a time per asynchronous task: a second one would wait for the first.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sealane_crypto::{AeadKey, Random};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::dialect::Kind;
use crate::seal::Sealer;
use crate::{Db, DbError, Fault};

/// How long a writer waits for its turn, and anybody for a connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection from the pool; goes back when dropped. Dereferences to [`Db`].
#[derive(Debug)]
pub struct Pooled(Db);

impl Deref for Pooled {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.0
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.0
    }
}

/// The site's control database.
#[derive(Clone)]
pub struct Database {
    pool: AnyPool,
    kind: Kind,
    turns: Arc<Semaphore>,
    sealer: Option<Arc<Sealer>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pool's own form would show the URL, which may hold a password.
        f.debug_struct("Database").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Database {
    /// Connects, and makes sure that commits will be durable. The key comes with [`Database::with_key`], the tables with
    /// [`Database::migrate`].
    ///
    /// # Errors
    /// [`DbError::Url`], [`DbError::Unreachable`] or [`DbError::NoWriteAheadLog`], within seconds.
    pub async fn connect(url: &str, pool_size: u32) -> Result<Self, DbError> {
        let kind = Kind::of_url(url)?;
        sqlx::any::install_default_drivers();
        let options = AnyConnectOptions::from_str(url).map_err(|_| DbError::Url { reason: "it is not a URL" })?;
        // A first connection of its own: a pool would go on trying, and hide for long that nobody answers.
        let mut first =
            tokio::time::timeout(PATIENCE, first_connection(kind, &options)).await.map_err(|_| silent())??;
        kind.check(&mut first).await?;
        let pool = AnyPoolOptions::new()
            .max_connections(pool_size.max(1))
            .acquire_timeout(PATIENCE)
            .after_connect(move |db, _| Box::pin(kind.set_up(db)))
            .connect_lazy_with(options);
        let database = Self { pool, kind, turns: Arc::new(Semaphore::new(1)), sealer: None };
        // SQLite removes its write-ahead log with the last connection, so the next one comes before the first goes.
        database.ping().await?;
        first.close().await?;
        Ok(database)
    }

    /// Hands in the site's key, without which nothing can be migrated and no sealed cell written or read.
    #[must_use]
    pub fn with_key(self, key: &AeadKey, random: Arc<dyn Random>) -> Self {
        Self { sealer: Some(Arc::new(Sealer::new(key, random))), ..self }
    }

    /// Which database it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// A connection, for reading and for single writes.
    ///
    /// # Errors
    /// [`DbError::Unreachable`] if none becomes free in time.
    pub async fn acquire(&self) -> Result<Pooled, DbError> {
        Ok(Pooled(self.connection().await?))
    }

    async fn connection(&self) -> Result<Db, DbError> {
        Ok(Db::new(self.pool.acquire().await?, self.sealer.clone()))
    }

    /// A transaction that may write.
    ///
    /// # Errors
    /// [`DbError::Busy`] if other writers take too long, [`DbError::Unreachable`] if no connection becomes free in time.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let turn = match self.kind {
            Kind::Sqlite => Some(self.turn().await?),
            Kind::Postgres => None,
        };
        let mut tx = Tx { inner: self.connection().await?, open: true, _turn: turn };
        tx.inner.begin().await?;
        Ok(tx)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, DbError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        turn.map_err(|_| DbError::Busy)?.map_err(|_| DbError::Busy)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`DbError::Unreachable`] if it does not.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.acquire().await?.ping().await
    }

    /// Waits for connections in use, then closes all.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn first_connection(kind: Kind, options: &AnyConnectOptions) -> Result<AnyConnection, DbError> {
    let unreachable = |error: sqlx::Error| DbError::Unreachable(Fault::of(&error));
    let mut db = AnyConnection::connect_with(options).await.map_err(unreachable)?;
    kind.set_up(&mut db).await.map_err(unreachable)?;
    Ok(db)
}

fn silent() -> DbError {
    DbError::Unreachable(Fault { code: None, message: "it does not answer".to_owned() })
}

/// A transaction. Dereferences to [`Db`]; undone unless committed.
pub struct Tx {
    inner: Db,
    open: bool,
    // Declared after `inner`, so dropped after it: the next writer's turn comes when this one's work is undone.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Tx {
    /// Makes all of it true and durable at once.
    ///
    /// # Errors
    /// Whatever the database says; then nothing of it is true, unless the connection broke in the very moment.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.inner.commit().await?;
        self.open = false;
        Ok(())
    }

    /// Undoes all of it now.
    ///
    /// # Errors
    /// Whatever the database says; it is undone nevertheless.
    pub async fn rollback(mut self) -> Result<(), DbError> {
        self.inner.rollback().await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.open {
            self.inner.forget();
        }
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl Deref for Tx {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.inner
    }
}

/// Several statements as one: in the caller's transaction if it has one open, else in one of their own.
///
/// In the caller's transaction nothing is undone by an error here: the caller drops or rolls back what it began.
pub(crate) struct Atomic<'c> {
    db: &'c mut Db,
    own: bool,
}

impl<'c> Atomic<'c> {
    pub(crate) async fn begin(db: &'c mut Db) -> Result<Self, DbError> {
        let own = !db.is_in_transaction();
        // Made before it begins: if beginning fails half-way, or is given up, it is undone too.
        let atomic = Self { db, own };
        if own {
            atomic.db.begin().await?;
        }
        Ok(atomic)
    }

    pub(crate) async fn commit(mut self) -> Result<(), DbError> {
        if self.own {
            self.db.commit().await?;
            self.own = false;
        }
        Ok(())
    }
}

impl Drop for Atomic<'_> {
    fn drop(&mut self) {
        if self.own {
            self.db.forget();
        }
    }
}

impl Deref for Atomic<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db
    }
}

impl DerefMut for Atomic<'_> {
    fn deref_mut(&mut self) -> &mut Db {
        self.db
    }
}
