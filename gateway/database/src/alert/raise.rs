//! Alerts come up: raised by entries, joined by more of the same.

use sealane_model::id::{AlertId, AlertRuleId};
use sealane_model::time::Timestamp;

use super::TABLE;
use super::row::{Alert, COLUMNS, read};
use crate::alert_hit::Hit;
use crate::cells::int;
use crate::pool::Atomic;
use crate::statement::Statement;
use crate::{Db, DbError};

/// Single entries that are kept of an alert; all of them count.
const MOST_ENTRIES: u64 = 100;

/// Raises an alert of these entries. `false` if the same entry raised one of the same rule before, or the same alarm stands.
///
/// # Errors
/// Those of writing.
pub async fn raise(db: &mut Db, alert: &Alert, hits: &[Hit]) -> Result<bool, DbError> {
    let mut tx = Atomic::begin(db).await?;
    let (alarm, subject) =
        alert.alarm.clone().map_or((None, None), |(alarm, subject)| (Some(alarm.word()), Some(subject)));
    let done = sqlx::query(
        "INSERT INTO alert (id, rule, rule_name, severity, concerns, raised_by, group_key, alarm, subject, raised_at, first_at,
             last_at, entries, amount, log, floor, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'open') ON CONFLICT DO NOTHING",
    )
    .bind(alert.id.to_string())
    .bind(alert.rule.to_string())
    .bind(alert.rule_name.as_str())
    .bind(alert.severity.word())
    .bind(alert.concerns.as_str())
    .bind(alert.raised_by.as_str())
    .bind(alert.group.as_str())
    .bind(alarm)
    .bind(subject)
    .bind(alert.raised_at.as_micros())
    .bind(alert.first_at.as_micros())
    .bind(alert.last_at.as_micros())
    .bind(int(TABLE, "entries", alert.entries)?)
    .bind(i64::try_from(alert.amount).unwrap_or(i64::MAX))
    .bind(alert.log.as_str())
    .bind(int(TABLE, "floor", alert.floor)?)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    add_entries(&mut tx, alert.id, hits).await?;
    tx.commit().await?;
    Ok(true)
}

/// An alert of a rule and group that nobody has acknowledged and that is near a time: more of the same joins it.
///
/// # Errors
/// Those of reading.
pub async fn open_near(
    db: &mut Db,
    rule: AlertRuleId,
    group: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<Alert>, DbError> {
    let sealer = db.sealer()?;
    let mut statement = Statement::new(COLUMNS);
    statement.text("state = 'open' AND rule = ").bind(rule.to_string());
    statement.text(" AND group_key = ").bind(group.to_owned());
    statement.text(" AND last_at >= ").bind(from.as_micros()).text(" AND first_at <= ").bind(to.as_micros());
    statement.text(" ORDER BY id DESC LIMIT 1");
    let row = statement.query().fetch_optional(db).await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// More of the same joins an alert. What is among its entries already is not counted twice.
///
/// # Errors
/// Those of writing.
pub async fn join(db: &mut Db, alert: &Alert, hit: &Hit) -> Result<(), DbError> {
    let is_new = add_entries(db, alert.id, std::slice::from_ref(hit)).await? > 0;
    if !is_new && alert.entries < MOST_ENTRIES {
        return Ok(());
    }
    sqlx::query(
        "UPDATE alert SET entries = entries + $2, amount = amount + $3,
             first_at = CASE WHEN first_at > $4 THEN $4 ELSE first_at END,
             last_at = CASE WHEN last_at < $4 THEN $4 ELSE last_at END
         WHERE id = $1",
    )
    .bind(alert.id.to_string())
    .bind(int(TABLE, "entries", hit.entries)?)
    .bind(i64::try_from(hit.amount).unwrap_or(i64::MAX))
    .bind(hit.at.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// Adds entries and whom they are about; says how many entries are new and kept.
async fn add_entries(db: &mut Db, id: AlertId, hits: &[Hit]) -> Result<u64, DbError> {
    let mut added = 0;
    for hit in hits {
        let done = sqlx::query(
            "INSERT INTO alert_entry (alert, log, first_place, last_place, entries)
             SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM alert_entry WHERE alert = $1) < $6
             ON CONFLICT (alert, log, first_place) DO NOTHING",
        )
        .bind(id.to_string())
        .bind(hit.log)
        .bind(int("alert_entry", "first_place", hit.first)?)
        .bind(int("alert_entry", "last_place", hit.last)?)
        .bind(int("alert_entry", "entries", hit.entries)?)
        .bind(int("alert_entry", "entries", MOST_ENTRIES)?)
        .execute(&mut *db)
        .await?;
        added += done.rows_affected();
        for person in &hit.people {
            sqlx::query(
                "INSERT INTO alert_person (alert, token) VALUES ($1, $2) ON CONFLICT (alert, token) DO NOTHING",
            )
            .bind(id.to_string())
            .bind(person.as_slice())
            .execute(&mut *db)
            .await?;
        }
    }
    Ok(added)
}
