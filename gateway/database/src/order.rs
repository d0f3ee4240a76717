//! Signed transfer orders, kept exactly as they were signed, and sealed: they name people and paths.

use sealane_crypto::envelope::Signed;
use sealane_model::id::{OrderId, TaskId};
use sealane_model::order::Order;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::seal::{Cell, Sealer};
use crate::{Db, DbError};

/// Keeps an order. The same order again changes nothing: a site may offer it twice.
///
/// # Errors
/// [`DbError::Duplicate`] if another order has its id.
pub async fn insert(db: &mut Db, signed: &Signed<Order>, order: &Order) -> Result<(), DbError> {
    let id = order.id.to_string();
    let sealed = db.sealer()?.seal(Cell::Order, &id, signed)?;
    let kept = sqlx::query(
        "INSERT INTO transfer_order (id, task, sealed, issued_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id)
    .bind(order.task.to_string())
    .bind(sealed)
    .bind(order.issued_at.as_micros())
    .execute(&mut *db)
    .await?;
    if kept.rows_affected() == 1 || find(db, order.id).await?.as_ref() == Some(signed) {
        return Ok(());
    }
    Err(DbError::Duplicate(crate::Fault { code: None, message: "another order has this id".to_owned() }))
}

/// One by its id.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: OrderId) -> Result<Option<Signed<Order>>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query("SELECT id, sealed FROM transfer_order WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// The latest order of a task.
///
/// # Errors
/// Those of reading.
pub async fn current(db: &mut Db, task: TaskId) -> Result<Option<Signed<Order>>, DbError> {
    let sealer = db.sealer()?;
    let row =
        sqlx::query("SELECT id, sealed FROM transfer_order WHERE task = $1 ORDER BY issued_at DESC, id DESC LIMIT 1")
            .bind(task.to_string())
            .fetch_optional(db)
            .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<Signed<Order>, DbError> {
    let cells = Cells::of("transfer_order", row);
    cells.open(sealer, Cell::Order, cells.text("id")?)
}
