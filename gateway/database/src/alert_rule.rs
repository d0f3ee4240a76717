//! Rules that watch the audit log.
//!
//! **Promises.** What a rule asks for is sealed. It is kept twice: in words without a personal value, for people, and with keyed tokens,
//! as the index takes it. A node that counts for a rule takes its [turn](take_turn) first, so that two nodes never count
//! past each other.

use std::time::Duration;

use sealane_model::ShortName;
use sealane_model::alert::{Grouping, Measure, Severity, Threshold};
use sealane_model::id::AlertRuleId;
use sealane_policy::Role;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::audit_index::Wanted;
use crate::cells::{self, Cells, int, word};
use crate::pool::Atomic;
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError};

const TABLE: &str = "alert_rule";

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRule {
    /// Its id.
    pub id: AlertRuleId,
    /// Its short name, unique at the site.
    pub name: ShortName,
    /// Which entries, in words without a personal value.
    pub question: String,
    /// Which entries, as the index takes it.
    pub wanted: Wanted,
    /// How much of them.
    pub threshold: Threshold,
    /// How grave its alerts are.
    pub severity: Severity,
    /// Whose its alerts are.
    pub concerns: Role,
    /// Whether it came with the program.
    pub built_in: bool,
    /// Whether it is out of use for now.
    pub paused: bool,
}

/// What is sealed of a rule.
#[derive(Serialize, Deserialize)]
struct Asks {
    question: String,
    wanted: Wanted,
}

/// Adds a rule; says whether its name was free.
///
/// # Errors
/// Those of writing.
pub async fn insert(db: &mut Db, rule: &AlertRule) -> Result<bool, DbError> {
    let done = write(
        db,
        rule,
        "INSERT INTO alert_rule (id, name, sealed, measure, at_least, window_us, grouped_by, severity, concerns,
             built_in, paused, turn)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT (name) DO NOTHING",
    )
    .await?;
    Ok(done > 0)
}

/// Writes a rule's new form; what had counted for the old one is forgotten. Says whether it is there.
///
/// # Errors
/// Those of writing.
pub async fn update(db: &mut Db, rule: &AlertRule) -> Result<bool, DbError> {
    let mut tx = Atomic::begin(db).await?;
    let done = write(
        &mut tx,
        rule,
        "UPDATE alert_rule SET name = $2, sealed = $3, measure = $4, at_least = $5, window_us = $6,
             grouped_by = $7, severity = $8, concerns = $9, built_in = $10, paused = $11, turn = turn + 1
         WHERE id = $1",
    )
    .await?;
    sqlx::query("DELETE FROM alert_hit WHERE rule = $1").bind(rule.id.to_string()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(done > 0)
}

async fn write(db: &mut Db, rule: &AlertRule, statement: &'static str) -> Result<u64, DbError> {
    let window = int(TABLE, "window_us", rule.threshold.within.as_micros())?;
    let asks = Asks { question: rule.question.clone(), wanted: rule.wanted.clone() };
    let sealed = db.sealer()?.seal(Cell::AlertRule, rule.id.to_string(), &asks)?;
    let done = sqlx::query(statement)
        .bind(rule.id.to_string())
        .bind(rule.name.as_str())
        .bind(sealed)
        .bind(word(TABLE, "measure", &rule.threshold.measure)?)
        .bind(int(TABLE, "at_least", rule.threshold.at_least)?)
        .bind(window)
        .bind(word(TABLE, "grouped_by", &rule.threshold.by)?)
        .bind(rule.severity.word())
        .bind(rule.concerns.as_str())
        .bind(i64::from(rule.built_in))
        .bind(i64::from(rule.paused))
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// Removes a rule; its alerts stay. Says whether it was there.
///
/// # Errors
/// Those of writing.
pub async fn delete(db: &mut Db, id: AlertRuleId) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM alert_rule WHERE id = $1").bind(id.to_string()).execute(db).await?;
    Ok(done.rows_affected() > 0)
}

/// One by its name.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, name: &ShortName) -> Result<Option<AlertRule>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query(
        "SELECT id, name, sealed, measure, at_least, window_us, grouped_by, severity, concerns, built_in, paused
         FROM alert_rule WHERE name = $1",
    )
    .bind(name.as_str())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// By name, those after the given one.
///
/// # Errors
/// Those of reading.
pub async fn list(db: &mut Db, after: Option<&ShortName>, limit: usize) -> Result<Vec<AlertRule>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, name, sealed, measure, at_least, window_us, grouped_by, severity, concerns, built_in, paused
         FROM alert_rule WHERE name > $1 ORDER BY name LIMIT $2",
    )
    .bind(after.map(ShortName::as_str).unwrap_or_default())
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// All that watch now, by id: whoever takes turns takes them in one order.
///
/// # Errors
/// Those of reading.
pub async fn watching(db: &mut Db) -> Result<Vec<AlertRule>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT id, name, sealed, measure, at_least, window_us, grouped_by, severity, concerns, built_in, paused
         FROM alert_rule WHERE paused = 0 ORDER BY id",
    )
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| read(&sealer, row)).collect()
}

/// Keeps other nodes from counting for this rule until the transaction ends; says whether it still watches.
///
/// # Errors
/// Those of writing.
pub async fn take_turn(db: &mut Db, id: AlertRuleId) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE alert_rule SET turn = turn + 1 WHERE id = $1 AND paused = 0")
        .bind(id.to_string())
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<AlertRule, DbError> {
    let cells = Cells::of(TABLE, row);
    let Asks { question, wanted } = cells.open(sealer, Cell::AlertRule, cells.text("id")?)?;
    let measure: Measure = cells.word("measure")?;
    let by: Grouping = cells.word("grouped_by")?;
    Ok(AlertRule {
        id: cells.parsed("id")?,
        name: cells.parsed("name")?,
        question,
        wanted,
        threshold: Threshold {
            measure,
            at_least: cells.number("at_least")?,
            within: Duration::from_micros(cells.number("window_us")?),
            by,
        },
        severity: cells.word("severity")?,
        concerns: cells.parsed("concerns")?,
        built_in: cells.flag("built_in")?,
        paused: cells.flag("paused")?,
    })
}
