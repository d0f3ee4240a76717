//! How many entries of which kind and outcome a stretch of a log has: what a reviewer begins with.

use std::collections::BTreeSet;

use super::word;
use crate::cells::{Cells, int};
use crate::{Db, DbError};

const TABLE: &str = "audit_entry";

/// So many entries of one kind, phase and outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What kind of event.
    pub kind: String,
    /// `intent`, `outcome` or `info`.
    pub phase: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// How many.
    pub entries: u64,
}

/// Counts the entries of the log with this number from `first` on, before `end`.
///
/// # Errors
/// Those of reading.
pub async fn tally(db: &mut Db, log: i64, first: u64, end: u64) -> Result<Vec<Tally>, DbError> {
    let rows = sqlx::query(
        "SELECT kind, phase, outcome, COUNT(*) AS n FROM audit_entry WHERE log = $1 AND place >= $2 AND place < $3
         GROUP BY kind, phase, outcome",
    )
    .bind(log)
    .bind(int(TABLE, "place", first)?)
    .bind(int(TABLE, "place", end)?)
    .fetch_all(&mut *db)
    .await?;
    let mut counts: Vec<([Option<i64>; 3], u64)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::of(TABLE, row);
        let ids = [cells.opt_int("kind")?, cells.opt_int("phase")?, cells.opt_int("outcome")?];
        counts.push((ids, cells.number("n")?));
    }
    let ids: BTreeSet<i64> = counts.iter().flat_map(|(ids, _)| ids).flatten().copied().collect();
    let words = word::read(db, &ids).await?;
    let read = |([kind, phase, outcome], entries): ([Option<i64>; 3], u64)| {
        let word = |id: Option<i64>| id.and_then(|id| words.get(&id)).cloned();
        let missing = |column| DbError::Corrupt { table: TABLE, column };
        Ok(Tally {
            kind: word(kind).ok_or_else(|| missing("kind"))?,
            phase: word(phase).ok_or_else(|| missing("phase"))?,
            outcome: word(outcome),
            entries,
        })
    };
    counts.into_iter().map(read).collect()
}
