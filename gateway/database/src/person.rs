//! People who signed in here, or for whom a peer spoke: sealed, found by keyed codes of exactly what they are looked up by.

use sealane_model::person::{Person, PersonId};
use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::seal::{Cell, Lookup, Sealer};
use crate::{Db, DbError};

/// Writes down what the issuer says of somebody today.
///
/// # Errors
/// Those of writing.
pub async fn upsert(db: &mut Db, person: &Person, now: Timestamp) -> Result<(), DbError> {
    write(db, person, now, now).await
}

/// Somebody by issuer and subject.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, id: &PersonId) -> Result<Option<Person>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query("SELECT token, sealed FROM person WHERE token = $1")
        .bind(sealer.person(Lookup::Person, id)?)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// Everybody who has ever signed in here.
///
/// # Errors
/// Those of reading.
pub async fn all(db: &mut Db) -> Result<Vec<Person>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query("SELECT token, sealed FROM person").fetch_all(db).await?;
    let mut people = rows.iter().map(|row| read(&sealer, row)).collect::<Result<Vec<_>, _>>()?;
    people.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(people)
}

/// Everybody for whom some issuer has verified this address: an address alone is nobody's identity.
///
/// # Errors
/// Those of reading.
pub async fn find_by_email(db: &mut Db, email: &str) -> Result<Vec<Person>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query("SELECT token, sealed FROM person WHERE email_token = $1")
        .bind(sealer.code(Lookup::Email, &[email])?)
        .fetch_all(db)
        .await?;
    let mut people: Vec<Person> = rows.iter().map(|row| read(&sealer, row)).collect::<Result<_, _>>()?;
    // Codes have no order that means anything; there are few.
    people.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(people)
}

/// Writes what is known of somebody; the time of the first writing stays.
pub(crate) async fn write(db: &mut Db, person: &Person, first: Timestamp, last: Timestamp) -> Result<(), DbError> {
    let sealer = db.sealer()?;
    let token = sealer.person(Lookup::Person, &person.id)?;
    let email = person.email.as_ref().map(|email| sealer.code(Lookup::Email, &[email])).transpose()?;
    let sealed = sealer.seal(Cell::Person, &token, person)?;
    sqlx::query(
        "INSERT INTO person (token, email_token, sealed, first_seen_at, last_seen_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (token) DO UPDATE
         SET email_token = excluded.email_token, sealed = excluded.sealed, last_seen_at = excluded.last_seen_at",
    )
    .bind(token)
    .bind(email)
    .bind(sealed)
    .bind(first.as_micros())
    .bind(last.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<Person, DbError> {
    let cells = Cells::of("person", row);
    cells.open(sealer, Cell::Person, cells.bytes("token")?)
}
