//! People who signed in here, or for whom a peer spoke.

use sealane_model::person::{Person, PersonId};
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::{Db, DbError};

/// Writes down what the issuer says of somebody today.
///
/// # Errors
/// Those of writing.
pub async fn upsert(db: &mut Db, person: &Person, now: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO person (issuer, subject, email, name, first_seen_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (issuer, subject) DO UPDATE
         SET email = excluded.email, name = excluded.name, last_seen_at = excluded.last_seen_at",
    )
    .bind(person.id.issuer.as_str())
    .bind(person.id.subject.as_str())
    .bind(person.email.as_deref())
    .bind(person.name.as_deref())
    .bind(now.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody by issuer and subject.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: &PersonId) -> Result<Option<Person>, DbError> {
    let row = sqlx::query("SELECT issuer, subject, email, name FROM person WHERE issuer = $1 AND subject = $2")
        .bind(id.issuer.as_str())
        .bind(id.subject.as_str())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(|row| read("person", row)).transpose()
}

/// Everybody who has ever signed in here.
///
/// # Errors
/// Those of reading.
pub async fn all(db: &mut Db) -> Result<Vec<Person>, DbError> {
    let rows = sqlx::query("SELECT issuer, subject, email, name FROM person").fetch_all(db).await?;
    let mut people = rows.iter().map(|row| read("person", row)).collect::<Result<Vec<_>, _>>()?;
    people.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(people)
}

/// Everybody for whom some issuer has verified this address: an address alone is nobody's identity.
///
/// # Errors
/// Those of reading.
pub async fn find_by_email(db: &mut Db, email: &str) -> Result<Vec<Person>, DbError> {
    let rows = sqlx::query("SELECT issuer, subject, email, name FROM person WHERE email = $1 ORDER BY issuer, subject")
        .bind(email)
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| read("person", row)).collect()
}

pub(crate) fn read(table: &'static str, row: &AnyRow) -> Result<Person, DbError> {
    let cells = Cells::of(table, row);
    Ok(Person {
        id: PersonId { issuer: cells.text("issuer")?, subject: cells.text("subject")? },
        email: cells.opt_text("email")?,
        name: cells.opt_text("name")?,
    })
}
