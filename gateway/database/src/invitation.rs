//! Invitations that were used: each is good for one acceptance.

use sealane_model::id::InvitationId;
use sealane_model::time::Timestamp;

use crate::{Db, DbError};

/// Whether it was used.
///
/// # Errors
/// Those of reading.
pub async fn used(db: &mut Db, id: InvitationId) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT id FROM invitation WHERE id = $1").bind(id.to_string()).fetch_optional(db).await?;
    Ok(row.is_some())
}

/// Uses it up; `false` if somebody did so before.
///
/// # Errors
/// Those of writing.
pub async fn mark_used(db: &mut Db, id: InvitationId, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("INSERT INTO invitation (id, used_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
        .bind(id.to_string())
        .bind(now.as_micros())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
