//! A connection, and the keys of the cells that go over it.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Any, Connection as _, Either, Error, Execute, Executor, SqlSafeStr as _, SqlStr};
use sqlx_core::transaction::TransactionManager as _;

use crate::DbError;
use crate::dialect::Kind;
use crate::seal::Sealer;

type Manager = <Any as sqlx::Database>::TransactionManager;

/// A connection: what every function of this package works on. Queries are executed on `&mut Db`.
pub struct Db {
    inner: PoolConnection<Any>,
    sealer: Option<Arc<Sealer>>,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").finish_non_exhaustive()
    }
}

impl Db {
    pub(crate) const fn new(inner: PoolConnection<Any>, sealer: Option<Arc<Sealer>>) -> Self {
        Self { inner, sealer }
    }

    /// What seals and opens the cells of this database.
    pub(crate) fn sealer(&self) -> Result<Arc<Sealer>, DbError> {
        self.sealer.clone().ok_or(DbError::NoKey)
    }

    pub(crate) async fn ping(&mut self) -> Result<(), DbError> {
        Ok(self.inner.ping().await?)
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        Manager::get_transaction_depth(&self.inner) > 0
    }

    /// Begins a transaction that may write. Whoever begins one ends it, or calls [`Self::forget`] when it is dropped.
    pub(crate) async fn begin(&mut self) -> Result<(), DbError> {
        let statement = Kind::of_connection(&self.inner).begin().into_sql_str();
        Ok(Manager::begin(&mut self.inner, Some(statement)).await?)
    }

    pub(crate) async fn commit(&mut self) -> Result<(), DbError> {
        Ok(Manager::commit(&mut self.inner).await?)
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), DbError> {
        Ok(Manager::rollback(&mut self.inner).await?)
    }

    /// Undoes the transaction at the connection's next use, or when it goes back to the pool.
    pub(crate) fn forget(&mut self) {
        Manager::start_rollback(&mut self.inner);
    }
}

impl<'c> Executor<'c> for &'c mut Db {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        (&mut *self.inner).fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        (&mut *self.inner).fetch_optional(query)
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        (&mut *self.inner).prepare_with(sql, parameters)
    }
}
