//! Reading the cells of a row, and writing values into cells.
//!
//! Rows are read by hand, without derives: each failure names table and column, and no failure carries the value.

use std::str::FromStr;

use sealane_model::path::RemotePath;
use sealane_model::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::DbError;
use crate::seal::{Cell, Sealer};

/// One row of one table.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'r> {
    table: &'static str,
    row: &'r AnyRow,
}

impl<'r> Cells<'r> {
    pub(crate) const fn of(table: &'static str, row: &'r AnyRow) -> Self {
        Self { table, row }
    }

    pub(crate) const fn corrupt(&self, column: &'static str) -> DbError {
        DbError::Corrupt { table: self.table, column }
    }

    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>, DbError> {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, DbError> {
        self.opt_text(column)?.ok_or_else(|| self.corrupt(column))
    }

    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, DbError> {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64, DbError> {
        self.opt_int(column)?.ok_or_else(|| self.corrupt(column))
    }

    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, DbError> {
        T::try_from(self.int(column)?).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, DbError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt(column)),
        }
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, DbError> {
        self.int(column).map(Timestamp::from_micros)
    }

    pub(crate) fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>, DbError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_micros))
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, DbError> {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn opt_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>, DbError> {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, DbError> {
        self.text(column)?.parse().map_err(|_| self.corrupt(column))
    }

    pub(crate) fn opt_parsed<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, DbError> {
        let text = self.opt_text(column)?;
        text.map(|text| text.parse().map_err(|_| self.corrupt(column))).transpose()
    }

    pub(crate) fn path(&self, column: &'static str) -> Result<RemotePath, DbError> {
        RemotePath::parse_text(&self.text(column)?).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn opt_path(&self, column: &'static str) -> Result<Option<RemotePath>, DbError> {
        let text = self.opt_text(column)?;
        text.map(|text| RemotePath::parse_text(&text).map_err(|_| self.corrupt(column))).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, DbError> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.corrupt(column))
    }

    /// What is sealed in a cell of this row.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        sealer: &Sealer,
        cell: Cell,
        row: impl AsRef<[u8]>,
    ) -> Result<T, DbError> {
        let (_, column) = cell.place();
        sealer.open(cell, row, &self.bytes(column)?)
    }

    /// What is sealed in a cell of this row, if there is something in it.
    pub(crate) fn opt_open<T: DeserializeOwned>(
        &self,
        sealer: &Sealer,
        cell: Cell,
        row: impl AsRef<[u8]>,
    ) -> Result<Option<T>, DbError> {
        let (_, column) = cell.place();
        self.opt_bytes(column)?.map(|sealed| sealer.open(cell, row, &sealed)).transpose()
    }

    /// A word of a closed set, as its type's serde form spells it.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, DbError> {
        let word = serde_json::Value::String(self.text(column)?);
        serde_json::from_value(word).map_err(|_| self.corrupt(column))
    }
}

/// The JSON text of a value.
pub(crate) fn json<T: Serialize + ?Sized>(
    table: &'static str,
    column: &'static str,
    value: &T,
) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|_| DbError::Unstorable { table, column })
}

/// The word of a value whose serde form is one word.
pub(crate) fn word<T: Serialize>(table: &'static str, column: &'static str, value: &T) -> Result<String, DbError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(DbError::Unstorable { table, column }),
    }
}

/// A number as BIGINT.
pub(crate) fn int<T: TryInto<i64>>(table: &'static str, column: &'static str, value: T) -> Result<i64, DbError> {
    value.try_into().map_err(|_| DbError::Unstorable { table, column })
}

/// A limit as BIGINT.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
