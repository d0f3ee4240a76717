//! Keyset pages: a cursor names the last row that was seen, so rows that come and go never shift a page.

use serde::{Deserialize, Serialize};

/// One page of rows and where the next begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Hand this back to get the next page; absent on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page from one row more than asked for: the surplus row says that there is a next page.
    #[must_use]
    pub fn from_surplus(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next }
    }
}
