//! Lane tickets: each lane of an order opens once, at whichever node.

use sealane_model::id::OrderId;
use sealane_model::time::Timestamp;

use crate::{Db, DbError};

/// Uses a ticket up; `false` if it was used before: a replay.
///
/// # Errors
/// Those of writing.
pub async fn use_once(db: &mut Db, order: OrderId, lane: u16, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO lane_ticket (order_id, lane, used_at) VALUES ($1, $2, $3) ON CONFLICT (order_id, lane) DO NOTHING",
    )
    .bind(order.to_string())
    .bind(i64::from(lane))
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets tickets that were used before `horizon`; returns how many. Only for a horizon at which all orders of that time
/// have expired for certain, clock skew included: a forgotten ticket could be used again.
///
/// # Errors
/// Those of writing.
pub async fn forget(db: &mut Db, horizon: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM lane_ticket WHERE used_at < $1").bind(horizon.as_micros()).execute(db).await?;
    Ok(done.rows_affected())
}
