//! Which page of a listing is wanted.

use sealane_model::limits::MAX_PAGE;
use serde::{Deserialize, Serialize};

const USUAL: usize = 100;

/// A page: after which row it begins, and how many rows it has at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageQuery {
    /// The `next` of the page before; the first page where absent.
    #[serde(default)]
    pub after: Option<String>,
    /// Rows at most: 1 to 1000, 100 where absent.
    #[serde(default)]
    pub limit: Option<usize>,
}

impl PageQuery {
    pub(crate) fn rows(&self) -> usize {
        self.limit.unwrap_or(USUAL).clamp(1, MAX_PAGE)
    }
}
