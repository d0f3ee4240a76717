//! What people make of alerts, and whom alerts are about.

use sealane_model::alert::Finding;
use sealane_model::id::AlertId;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;

use super::TABLE;
use crate::audit_index::Token;
use crate::cells::{Cells, word};
use crate::pool::Atomic;
use crate::seal::Cell;
use crate::statement::Statement;
use crate::{Db, DbError};

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
    let sealed = db.sealer()?.seal(Cell::AlertAcknowledgement, id.to_string(), by)?;
    let done = sqlx::query(
        "UPDATE alert SET state = 'acknowledged', sealed_acknowledgement = $2, acknowledged_at = $3
         WHERE id = $1 AND state = 'open'",
    )
    .bind(id.to_string())
    .bind(sealed)
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
    let sealed = db.sealer()?.seal(Cell::AlertClosing, id.to_string(), by)?;
    let done = sqlx::query(
        "UPDATE alert SET state = 'closed', sealed_closing = $2, closed_at = $3, finding = $4, closed_op = $5
         WHERE id = $1 AND state = 'acknowledged'",
    )
    .bind(id.to_string())
    .bind(sealed)
    .bind(now.as_micros())
    .bind(word(TABLE, "finding", &finding)?)
    .bind(op)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
