//! Reviews of the audit log that were signed, and which entries of each log they cover.

use sealane_model::id::ReviewId;
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::{Cells, int};
use crate::pool::Atomic;
use crate::seal::Cell;
use crate::{Db, DbError};

const TABLE: &str = "audit_review";

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// Who signed it.
    pub signed_by: PersonId,
    /// When.
    pub signed_at: Timestamp,
    /// The operation in the audit log.
    pub op: String,
    /// What it covers.
    pub ranges: Vec<ReviewRange>,
}

/// The entries of one log that a review covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRange {
    /// The log's name in its checkpoints.
    pub log: String,
    /// The first.
    pub first: u64,
    /// All before this place.
    pub size: u64,
    /// The tree's root over so many entries; of another node's log, the leaf hash of the last.
    pub head: String,
}

/// Writes one down.
///
/// # Errors
/// Those of writing.
pub async fn insert(db: &mut Db, review: &Review) -> Result<(), DbError> {
    let sealed = db.sealer()?.seal(Cell::Review, review.id.to_string(), &review.signed_by)?;
    let mut tx = Atomic::begin(db).await?;
    sqlx::query("INSERT INTO audit_review (id, sealed, signed_at, op) VALUES ($1, $2, $3, $4)")
        .bind(review.id.to_string())
        .bind(sealed)
        .bind(review.signed_at.as_micros())
        .bind(review.op.as_str())
        .execute(&mut *tx)
        .await?;
    for range in &review.ranges {
        sqlx::query(
            "INSERT INTO audit_review_range (review, log, first_place, size, head) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(review.id.to_string())
        .bind(range.log.as_str())
        .bind(int("audit_review_range", "first_place", range.first)?)
        .bind(int("audit_review_range", "size", range.size)?)
        .bind(range.head.as_str())
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

/// The latest.
///
/// # Errors
/// Those of reading.
pub async fn last(db: &mut Db) -> Result<Option<Review>, DbError> {
    let sealer = db.sealer()?;
    let row =
        sqlx::query("SELECT id, sealed, signed_at, op FROM audit_review ORDER BY signed_at DESC, id DESC LIMIT 1")
            .fetch_optional(&mut *db)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let cells = Cells::of(TABLE, &row);
    let id: ReviewId = cells.parsed("id")?;
    let ranges =
        sqlx::query("SELECT log, first_place, size, head FROM audit_review_range WHERE review = $1 ORDER BY log")
            .bind(id.to_string())
            .fetch_all(db)
            .await?;
    Ok(Some(Review {
        id,
        signed_by: cells.open(&sealer, Cell::Review, id.to_string())?,
        signed_at: cells.time("signed_at")?,
        op: cells.text("op")?,
        ranges: ranges.iter().map(range).collect::<Result<_, _>>()?,
    }))
}

/// Up to which place each log was reviewed, by all reviews together.
///
/// # Errors
/// Those of reading.
pub async fn reviewed(db: &mut Db) -> Result<Vec<(String, u64)>, DbError> {
    let rows = sqlx::query("SELECT log, MAX(size) AS size FROM audit_review_range GROUP BY log").fetch_all(db).await?;
    let read = |row| {
        let cells = Cells::of("audit_review_range", row);
        Ok((cells.text("log")?, cells.number("size")?))
    };
    rows.iter().map(read).collect()
}

fn range(row: &AnyRow) -> Result<ReviewRange, DbError> {
    let cells = Cells::of("audit_review_range", row);
    Ok(ReviewRange {
        log: cells.text("log")?,
        first: cells.number("first_place")?,
        size: cells.number("size")?,
        head: cells.text("head")?,
    })
}
