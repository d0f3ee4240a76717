//! Entries that match a rule and have raised no alert yet: what may still become enough.

use sealane_model::id::AlertRuleId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::audit_index::Token;
use crate::cells::{Cells, int};
use crate::statement::Statement;
use crate::{Db, DbError};

const TABLE: &str = "alert_hit";

/// One entry, or several of one log summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The log's number in the index.
    pub log: i64,
    /// The first entry's index in that log.
    pub first: u64,
    /// The last one's.
    pub last: u64,
    /// When: of several, the first.
    pub at: Timestamp,
    /// How many entries.
    pub entries: u64,
    /// Bytes that they are about.
    pub amount: u64,
    /// Whom they are about.
    pub people: Vec<Token>,
}

/// Hits of one statement: their values stay below what SQLite binds.
const ROWS: usize = 64;

/// Remembers hits.
///
/// # Errors
/// Those of writing.
pub async fn insert(db: &mut Db, rule: AlertRuleId, group: &str, hits: &[Hit]) -> Result<(), DbError> {
    for some in hits.chunks(ROWS) {
        let mut statement = Statement::new(
            "INSERT INTO alert_hit (rule, group_key, log, first_place, last_place, at, entries, amount, people) VALUES ",
        );
        for (position, hit) in some.iter().enumerate() {
            statement.text(if position > 0 { ", (" } else { "(" });
            statement.bind(rule.to_string()).text(", ").bind(group.to_owned()).text(", ").bind(hit.log);
            for (column, place) in [("first_place", hit.first), ("last_place", hit.last)] {
                statement.text(", ").bind(int(TABLE, column, place)?);
            }
            statement.text(", ").bind(hit.at.as_micros());
            statement.text(", ").bind(int(TABLE, "entries", hit.entries)?);
            statement.text(", ").bind(i64::try_from(hit.amount).unwrap_or(i64::MAX));
            statement.text(", ").bind(hit.people.concat()).text(")");
        }
        // After the log of a node was restored from an old copy, it is looked at once more.
        statement.text(" ON CONFLICT (rule, group_key, log, first_place) DO NOTHING");
        statement.query().execute(&mut *db).await?;
    }
    Ok(())
}

/// The hits of a group within a time, in order.
///
/// # Errors
/// Those of reading.
pub async fn within(
    db: &mut Db,
    rule: AlertRuleId,
    group: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Hit>, DbError> {
    let rows = sqlx::query(
        "SELECT log, first_place, last_place, at, entries, amount, people FROM alert_hit
         WHERE rule = $1 AND group_key = $2 AND at >= $3 AND at <= $4 ORDER BY at, log, first_place",
    )
    .bind(rule.to_string())
    .bind(group)
    .bind(from.as_micros())
    .bind(to.as_micros())
    .fetch_all(db)
    .await?;
    rows.iter().map(read).collect()
}

/// Forgets hits that have become an alert.
///
/// # Errors
/// Those of writing.
pub async fn forget(db: &mut Db, rule: AlertRuleId, group: &str, hits: &[Hit]) -> Result<(), DbError> {
    for hit in hits {
        sqlx::query("DELETE FROM alert_hit WHERE rule = $1 AND group_key = $2 AND log = $3 AND first_place = $4")
            .bind(rule.to_string())
            .bind(group)
            .bind(hit.log)
            .bind(int(TABLE, "first_place", hit.first)?)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Forgets what is older than any rule looks back.
///
/// # Errors
/// Those of writing.
pub async fn forget_before(db: &mut Db, horizon: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM alert_hit WHERE at < $1").bind(horizon.as_micros()).execute(db).await?;
    Ok(done.rows_affected())
}

fn read(row: &AnyRow) -> Result<Hit, DbError> {
    let cells = Cells::of(TABLE, row);
    let people = cells.bytes("people")?;
    let (people, rest) = people.as_chunks::<{ size_of::<Token>() }>();
    if !rest.is_empty() {
        return Err(cells.corrupt("people"));
    }
    Ok(Hit {
        log: cells.int("log")?,
        first: cells.number("first_place")?,
        last: cells.number("last_place")?,
        at: cells.time("at")?,
        entries: cells.number("entries")?,
        amount: cells.number("amount")?,
        people: people.to_vec(),
    })
}
