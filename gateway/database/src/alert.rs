//! Alerts: what a rule or the site itself noticed, and what people made of it.
//!
//! **Promises.** An entry makes one alert of a rule, however often it is looked at. An alarm stands once for its subject
//! until it clears. States change from the one before only: of two people at once, one does it.
//!
//! **Leaves to others.** Entries in the audit log about all this, and who may.

use sealane_model::alert::{Alarm, AlertState, Finding, Severity};
use sealane_model::id::{AlertId, AlertRuleId};
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sealane_policy::Role;
use sqlx::any::AnyRow;

use crate::alert_hit::Hit;
use crate::audit_index::Token;
use crate::cells::{self, Cells, int, word};
use crate::pool::Atomic;
use crate::statement::Statement;
use crate::{Db, DbError};

const TABLE: &str = "alert";

/// Single entries that are kept of an alert; all of them count.
const MOST_ENTRIES: u64 = 100;

const COLUMNS: &str =
    "SELECT id, rule, rule_name, severity, concerns, raised_by, group_key, alarm, subject, raised_at, first_at,
     last_at, entries, amount, log, floor, raised_place, cleared_at, cleared_place, state, acknowledged_by_issuer,
     acknowledged_by_subject, acknowledged_at, closed_by_issuer, closed_by_subject, closed_at, closed_op, finding
     FROM alert WHERE ";

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The rule that raised it; an id of its own where the site did.
    pub rule: AlertRuleId,
    /// The rule's name at that time, or the alarm's.
    pub rule_name: String,
    /// How grave it is.
    pub severity: Severity,
    /// Whose it is.
    pub concerns: Role,
    /// Leaf hash of the entry that made it enough.
    pub raised_by: String,
    /// What its entries have in common: a keyed token, a collection's id, or nothing.
    pub group: String,
    /// What the site noticed by itself, and about what.
    pub alarm: Option<(Alarm, String)>,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Time of its first entry.
    pub first_at: Timestamp,
    /// Time of its last entry.
    pub last_at: Timestamp,
    /// How many entries.
    pub entries: u64,
    /// Bytes that they are about.
    pub amount: u64,
    /// The log that tells of it.
    pub log: String,
    /// The entry that does is not before this place.
    pub floor: u64,
    /// Where that entry is.
    pub raised_place: Option<u64>,
    /// When it was over.
    pub cleared_at: Option<Timestamp>,
    /// Where the entry about that is.
    pub cleared_place: Option<u64>,
    /// Where it stands.
    pub state: AlertState,
    /// Who looks into it, since when.
    pub acknowledged: Option<(PersonId, Timestamp)>,
    /// Who closed it, when.
    pub closed: Option<(PersonId, Timestamp)>,
    /// The operation in the audit log that closed it.
    pub closed_op: Option<String>,
    /// What it was.
    pub finding: Option<Finding>,
}

/// A stretch of a log in which entries of an alert are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEntry {
    /// The log's name in its checkpoints.
    pub log: String,
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// How many of those in between.
    pub entries: u64,
}

/// Which alerts are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Of this state.
    pub state: Option<AlertState>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Whose.
    pub concerns: Option<Role>,
}

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
    let mut statement = Statement::new(COLUMNS);
    statement.text("state = 'open' AND rule = ").bind(rule.to_string());
    statement.text(" AND group_key = ").bind(group.to_owned());
    statement.text(" AND last_at >= ").bind(from.as_micros()).text(" AND first_at <= ").bind(to.as_micros());
    statement.text(" ORDER BY id DESC LIMIT 1");
    let row = statement.query().fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
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

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: AlertId) -> Result<Option<Alert>, DbError> {
    let mut statement = Statement::new(COLUMNS);
    statement.text("id = ").bind(id.to_string());
    let row = statement.query().fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// The newest first, those after the given one.
///
/// # Errors
/// Those of reading.
pub async fn list(
    db: &mut Db,
    filter: &AlertFilter,
    after: Option<AlertId>,
    limit: usize,
) -> Result<Vec<Alert>, DbError> {
    let mut statement = Statement::new(COLUMNS);
    statement.text("id < ").bind(after.map_or_else(|| "~".to_owned(), |id| id.to_string()));
    if let Some(state) = &filter.state {
        statement.text(" AND state = ").bind(word(TABLE, "state", state)?);
    }
    if let Some(severity) = filter.severity {
        statement.text(" AND severity = ").bind(severity.word());
    }
    if let Some(role) = filter.concerns {
        statement.text(" AND concerns = ").bind(role.as_str());
    }
    statement.text(" ORDER BY id DESC LIMIT ").bind(cells::limit(limit));
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Those after the given one, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn newer(db: &mut Db, than: AlertId, limit: usize) -> Result<Vec<Alert>, DbError> {
    let mut statement = Statement::new(COLUMNS);
    statement.text("id > ").bind(than.to_string()).text(" ORDER BY id LIMIT ").bind(cells::limit(limit));
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Its entries, as far as they are kept one by one.
///
/// # Errors
/// Those of reading.
pub async fn entries(db: &mut Db, id: AlertId) -> Result<Vec<AlertEntry>, DbError> {
    let rows = sqlx::query(
        "SELECT l.origin, e.first_place, e.last_place, e.entries FROM alert_entry e JOIN audit_log l ON l.number = e.log
         WHERE e.alert = $1 ORDER BY l.origin, e.first_place",
    )
    .bind(id.to_string())
    .fetch_all(db)
    .await?;
    let read = |row| {
        let cells = Cells::of("alert_entry", row);
        Ok(AlertEntry {
            log: cells.text("origin")?,
            first: cells.number("first_place")?,
            last: cells.number("last_place")?,
            entries: cells.number("entries")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Whether an alert is about one of these people.
///
/// # Errors
/// Those of reading.
pub async fn is_about(db: &mut Db, id: AlertId, people: &[Token]) -> Result<bool, DbError> {
    let people: Vec<Vec<u8>> = people.iter().map(|token| token.to_vec()).collect();
    let mut statement = Statement::new("SELECT COUNT(*) AS n FROM alert_person WHERE alert = ");
    statement.bind(id.to_string()).text(" AND token IN ").list(&people);
    let row = statement.query().fetch_one(db).await?;
    Ok(Cells::of("alert_person", &row).int("n")? > 0)
}

/// Forgets whom alerts and what may become one are about, where it is this person: `token` as it stands in the index.
///
/// # Errors
/// Those of writing.
pub async fn forget_person(db: &mut Db, token: Token, group: &str) -> Result<(), DbError> {
    let mut tx = Atomic::begin(db).await?;
    sqlx::query("DELETE FROM alert_person WHERE token = $1").bind(token.as_slice()).execute(&mut *tx).await?;
    for statement in
        ["UPDATE alert SET group_key = '' WHERE group_key = $1", "DELETE FROM alert_hit WHERE group_key = $1"]
    {
        sqlx::query(statement).bind(group).execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Somebody looks into it; `false` if it is not open.
///
/// # Errors
/// Those of writing.
pub async fn acknowledge(db: &mut Db, id: AlertId, by: &PersonId, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE alert SET state = 'acknowledged', acknowledged_by_issuer = $2, acknowledged_by_subject = $3,
             acknowledged_at = $4
         WHERE id = $1 AND state = 'open'",
    )
    .bind(id.to_string())
    .bind(by.issuer.as_str())
    .bind(by.subject.as_str())
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody signs what it was; `false` if nobody looks into it, or it is closed.
///
/// # Errors
/// Those of writing.
pub async fn close(
    db: &mut Db,
    id: AlertId,
    by: &PersonId,
    finding: Finding,
    op: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE alert SET state = 'closed', closed_by_issuer = $2, closed_by_subject = $3, closed_at = $4, finding = $5,
             closed_op = $6
         WHERE id = $1 AND state = 'acknowledged'",
    )
    .bind(id.to_string())
    .bind(by.issuer.as_str())
    .bind(by.subject.as_str())
    .bind(now.as_micros())
    .bind(word(TABLE, "finding", &finding)?)
    .bind(op)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Alarms that have not cleared, about a node's log or about the site.
///
/// # Errors
/// Those of reading.
pub async fn standing(db: &mut Db, subjects: &[&str]) -> Result<Vec<Alert>, DbError> {
    let subjects: Vec<String> = subjects.iter().map(|subject| (*subject).to_owned()).collect();
    let mut statement = Statement::new(COLUMNS);
    statement.text("alarm IS NOT NULL AND cleared_at IS NULL AND subject IN ").list(&subjects);
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// What an alarm was about is over.
///
/// # Errors
/// Those of writing.
pub async fn clear(db: &mut Db, id: AlertId, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE alert SET cleared_at = $2 WHERE id = $1 AND cleared_at IS NULL")
        .bind(id.to_string())
        .bind(now.as_micros())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Alerts of which a log has to tell yet, the oldest first.
///
/// # Errors
/// Those of reading.
pub async fn untold(db: &mut Db, log: &str, limit: usize) -> Result<Vec<Alert>, DbError> {
    let mut statement = Statement::new(COLUMNS);
    statement.text("log = ").bind(log.to_owned());
    statement
        .text(" AND (raised_place IS NULL OR (cleared_at IS NOT NULL AND cleared_place IS NULL)) ORDER BY id LIMIT ");
    statement.bind(cells::limit(limit));
    let rows = statement.query().fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// The entry about it is there.
///
/// # Errors
/// Those of writing.
pub async fn told_raised(db: &mut Db, id: AlertId, place: u64) -> Result<(), DbError> {
    told(db, "UPDATE alert SET raised_place = $2 WHERE id = $1", id, place).await
}

/// The entry about its end is there.
///
/// # Errors
/// Those of writing.
pub async fn told_cleared(db: &mut Db, id: AlertId, place: u64) -> Result<(), DbError> {
    told(db, "UPDATE alert SET cleared_place = $2 WHERE id = $1", id, place).await
}

async fn told(db: &mut Db, statement: &'static str, id: AlertId, place: u64) -> Result<(), DbError> {
    let place = int(TABLE, "raised_place", place)?;
    sqlx::query(statement).bind(id.to_string()).bind(place).execute(db).await?;
    Ok(())
}

/// How many alerts of each state and severity there are, of those that no alarm's end has settled.
///
/// # Errors
/// Those of reading.
pub async fn counts(db: &mut Db) -> Result<Vec<(AlertState, Severity, bool, u64)>, DbError> {
    let rows = sqlx::query(
        "SELECT state, severity, CASE WHEN cleared_at IS NULL THEN 0 ELSE 1 END AS cleared, COUNT(*) AS n FROM alert
         WHERE state <> 'closed'
         GROUP BY state, severity, CASE WHEN cleared_at IS NULL THEN 0 ELSE 1 END",
    )
    .fetch_all(db)
    .await?;
    let read = |row| {
        let cells = Cells::of(TABLE, row);
        Ok((cells.word("state")?, cells.word("severity")?, cells.flag("cleared")?, cells.number("n")?))
    };
    rows.iter().map(read).collect()
}

/// How many were raised and how many closed since a time.
///
/// # Errors
/// Those of reading.
pub async fn since(db: &mut Db, from: Timestamp) -> Result<(u64, u64), DbError> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM alert WHERE raised_at >= $1) AS raised,
                (SELECT COUNT(*) FROM alert WHERE closed_at >= $1) AS closed",
    )
    .bind(from.as_micros())
    .fetch_one(db)
    .await?;
    let cells = Cells::of(TABLE, &row);
    Ok((cells.number("raised")?, cells.number("closed")?))
}

fn read(row: &AnyRow) -> Result<Alert, DbError> {
    let cells = Cells::of(TABLE, row);
    let alarm = match (cells.opt_text("alarm")?, cells.opt_text("subject")?) {
        (Some(_), Some(subject)) => Some((cells.word("alarm")?, subject)),
        (None, None) => None,
        _ => return Err(cells.corrupt("alarm")),
    };
    let opt_number = |column| -> Result<Option<u64>, DbError> {
        cells.opt_int(column)?.map(|place| u64::try_from(place).map_err(|_| cells.corrupt(column))).transpose()
    };
    let finding = match cells.opt_text("finding")? {
        Some(_) => Some(cells.word("finding")?),
        None => None,
    };
    Ok(Alert {
        id: cells.parsed("id")?,
        rule: cells.parsed("rule")?,
        rule_name: cells.text("rule_name")?,
        severity: cells.word("severity")?,
        concerns: cells.parsed("concerns")?,
        raised_by: cells.text("raised_by")?,
        group: cells.text("group_key")?,
        alarm,
        raised_at: cells.time("raised_at")?,
        first_at: cells.time("first_at")?,
        last_at: cells.time("last_at")?,
        entries: cells.number("entries")?,
        amount: cells.number("amount")?,
        log: cells.text("log")?,
        floor: cells.number("floor")?,
        raised_place: opt_number("raised_place")?,
        cleared_at: cells.opt_time("cleared_at")?,
        cleared_place: opt_number("cleared_place")?,
        state: cells.word("state")?,
        acknowledged: person(&cells, ["acknowledged_by_issuer", "acknowledged_by_subject", "acknowledged_at"])?,
        closed: person(&cells, ["closed_by_issuer", "closed_by_subject", "closed_at"])?,
        closed_op: cells.opt_text("closed_op")?,
        finding,
    })
}

fn person(
    cells: &Cells<'_>,
    [issuer, subject, at]: [&'static str; 3],
) -> Result<Option<(PersonId, Timestamp)>, DbError> {
    match (cells.opt_text(issuer)?, cells.opt_text(subject)?, cells.opt_time(at)?) {
        (Some(issuer), Some(subject), Some(at)) => Ok(Some((PersonId { issuer, subject }, at))),
        (None, None, None) => Ok(None),
        _ => Err(cells.corrupt(at)),
    }
}
