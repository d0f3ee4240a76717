//! Goes through an answer page by page, in constant memory.

use std::collections::HashMap;

use sealane_audit::EntryView;
use sealane_database::audit_index::{self, FoundEntry, Key, Search, Wanted};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;

use super::{lag, reveal};
use crate::app::App;
use crate::problem;
use crate::view::audit::{AuditEnd, LogLag};

/// Entries of the first page: it is small, so that the first entries are soon there.
const FIRST: usize = 100;
/// Entries of a page.
const PAGE: usize = 1_000;

/// An entry of an answer.
pub(super) struct Hit {
    /// What the index knows of it.
    pub(super) found: FoundEntry,
    /// The entry itself, where it is of this node's log.
    pub(super) own: Option<EntryView>,
}

/// An answer under way.
pub(super) struct Walk {
    app: App,
    /// How far each log was in the index when the walk began.
    logs: Vec<LogLag>,
    search: Option<Search>,
    after: Option<Key>,
    size: usize,
    left: u64,
    count: u64,
}

impl Walk {
    /// Begins; waits for the index first.
    pub(super) async fn begin(app: &App, wanted: &Wanted, limit: u64) -> Result<Self, Problem> {
        let logs = lag::wait(app).await?;
        let mut db = app.db().await?;
        let search = audit_index::prepare(&mut db, wanted).await.map_err(problem::database)?;
        Ok(Self { app: app.clone(), logs, search, after: None, size: FIRST, left: limit, count: 0 })
    }

    /// Entries given out so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Entries of a log that were not in the index when the walk began.
    pub(super) fn behind(&self, origin: &str) -> u64 {
        self.logs.iter().filter(|log| log.log == origin).map(|log| log.size - log.indexed).sum()
    }

    /// The next entries; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Hit>>, Problem> {
        match self.page().await? {
            Some(entries) => self.read(entries).await.map(Some),
            None => Ok(None),
        }
    }

    /// The places of the next entries, unread; `None` at the end.
    pub(super) async fn next_places(&mut self) -> Result<Option<Vec<u64>>, Problem> {
        Ok(self.page().await?.map(|entries| entries.into_iter().map(|entry| entry.place).collect()))
    }

    async fn page(&mut self) -> Result<Option<Vec<FoundEntry>>, Problem> {
        while self.left > 0
            && let Some(search) = &mut self.search
        {
            let limit = self.size.min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let page = {
                let mut db = self.app.db().await?;
                audit_index::page(&mut db, search, self.after, limit).await.map_err(problem::database)?
            };
            self.after = page.next;
            self.size = PAGE;
            if page.next.is_none() {
                self.search = None;
            }
            if page.entries.is_empty() {
                continue;
            }
            let count = u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
            self.left = self.left.saturating_sub(count);
            self.count = self.count.saturating_add(count);
            return Ok(Some(page.entries));
        }
        Ok(None)
    }

    async fn read(&self, entries: Vec<FoundEntry>) -> Result<Vec<Hit>, Problem> {
        let here = self.app.guard().log().origin();
        let places: Vec<u64> = entries.iter().filter(|entry| entry.origin == here).map(|entry| entry.place).collect();
        let mut own: HashMap<u64, EntryView> = reveal::entries(&self.app, places).await?;
        let hit = |found: FoundEntry| {
            let own = if found.origin == here { own.remove(&found.place) } else { None };
            Hit { found, own }
        };
        Ok(entries.into_iter().map(hit).collect())
    }

    /// What is said at the end: how many, and how far the index is behind.
    ///
    /// # Errors
    /// When the index was emptied meanwhile: entries may be missing, and the question is to be asked again.
    pub(super) async fn end(&self) -> Result<AuditEnd, Problem> {
        let mut db = self.app.db().await?;
        let now = audit_index::positions(&mut db).await.map_err(problem::database)?;
        let fell =
            |then: &LogLag| now.iter().find(|log| log.origin == then.log).is_none_or(|log| log.indexed < then.indexed);
        if self.logs.iter().any(fell) {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "index-rebuilt",
                "The search index was built again meanwhile",
                "Entries may be missing from this answer.",
            )
            .next("Ask again."));
        }
        let not_indexed = self.logs.iter().map(|log| log.size - log.indexed).sum();
        Ok(AuditEnd { count: self.count, not_indexed, logs: self.logs.clone() })
    }
}
