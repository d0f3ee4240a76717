//! Sessions, by the digest of their token: who reads this table can impersonate nobody.

use std::collections::HashMap;

use sealane_crypto::digest::Digest;
use sealane_model::person::{Person, PersonId};
use sealane_model::session::{Session, SessionKind};
use sealane_model::time::Timestamp;
use sealane_policy::Assurance;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::cells::{Cells, word};
use crate::seal::{Cell, Lookup, Sealer};
use crate::{Db, DbError};

/// What is sealed of a session.
#[derive(Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) groups: Vec<String>,
    pub(crate) assurance: Assurance,
}

/// A session as its row has it, but for what is sealed.
pub(crate) struct Written<'s> {
    pub(crate) digest: &'s str,
    pub(crate) person: &'s PersonId,
    pub(crate) kind: SessionKind,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Begins a session. Its person must be known: `person::upsert` first.
///
/// # Errors
/// [`DbError::Reference`] if the person is not known; those of writing.
pub async fn insert(db: &mut Db, session: &Session) -> Result<(), DbError> {
    let digest = session.digest.to_string();
    let written = Written {
        digest: &digest,
        person: &session.person.id,
        kind: session.kind,
        created_at: session.created_at,
        expires_at: session.expires_at,
    };
    let facts = Facts { groups: session.groups.clone(), assurance: session.assurance.clone() };
    write(db, written, &facts).await
}

pub(crate) async fn write(db: &mut Db, session: Written<'_>, facts: &Facts) -> Result<(), DbError> {
    let sealer = db.sealer()?;
    sqlx::query(
        "INSERT INTO session (digest, person, kind, sealed, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(session.digest)
    .bind(sealer.person(Lookup::Person, session.person)?)
    .bind(word("session", "kind", &session.kind)?)
    .bind(sealer.seal(Cell::Session, session.digest, facts)?)
    .bind(session.created_at.as_micros())
    .bind(session.expires_at.as_micros())
    .execute(db)
    .await?;
    Ok(())
}

/// The session that a token opens, unless it has expired.
///
/// # Errors
/// Those of reading.
pub async fn find(db: &mut Db, digest: &Digest, now: Timestamp) -> Result<Option<Session>, DbError> {
    let sealer = db.sealer()?;
    let row = sqlx::query(
        "SELECT s.digest, s.kind, s.sealed, s.created_at, s.expires_at, s.person, p.sealed AS person_sealed
         FROM session s JOIN person p ON p.token = s.person
         WHERE s.digest = $1 AND s.expires_at > $2",
    )
    .bind(digest.to_string())
    .bind(now.as_micros())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(|row| read(&sealer, row)).transpose()
}

/// The groups that people were in when they signed in last, of those whose session lives.
///
/// # Errors
/// Those of reading.
pub async fn groups(db: &mut Db, now: Timestamp) -> Result<HashMap<PersonId, Vec<String>>, DbError> {
    let sealer = db.sealer()?;
    let rows = sqlx::query(
        "SELECT s.digest, s.sealed, s.person, p.sealed AS person_sealed
         FROM session s JOIN person p ON p.token = s.person
         WHERE s.expires_at > $1 ORDER BY s.created_at",
    )
    .bind(now.as_micros())
    .fetch_all(db)
    .await?;
    let mut groups = HashMap::new();
    for row in &rows {
        let cells = Cells::of("session", row);
        let facts: Facts = cells.open(&sealer, Cell::Session, cells.text("digest")?)?;
        groups.insert(person_of(&sealer, cells)?.id, facts.groups);
    }
    Ok(groups)
}

/// Notes that the person has just signed in again, and how (step-up). Says whether the session lives.
///
/// # Errors
/// Those of writing.
pub async fn set_auth(
    db: &mut Db,
    digest: &Digest,
    assurance: &Assurance,
    groups: &[String],
    now: Timestamp,
) -> Result<bool, DbError> {
    let (digest, facts) = (digest.to_string(), Facts { groups: groups.to_vec(), assurance: assurance.clone() });
    let sealed = db.sealer()?.seal(Cell::Session, &digest, &facts)?;
    let done = sqlx::query("UPDATE session SET sealed = $2 WHERE digest = $1 AND expires_at > $3")
        .bind(digest)
        .bind(sealed)
        .bind(now.as_micros())
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends a session; says whether there was one.
///
/// # Errors
/// Those of writing.
pub async fn delete(db: &mut Db, digest: &Digest) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM session WHERE digest = $1").bind(digest.to_string()).execute(db).await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets sessions that have expired; returns how many.
///
/// # Errors
/// Those of writing.
pub async fn delete_expired(db: &mut Db, now: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM session WHERE expires_at <= $1").bind(now.as_micros()).execute(db).await?;
    Ok(done.rows_affected())
}

fn read(sealer: &Sealer, row: &AnyRow) -> Result<Session, DbError> {
    let cells = Cells::of("session", row);
    let Facts { groups, assurance } = cells.open(sealer, Cell::Session, cells.text("digest")?)?;
    let person = person_of(sealer, cells)?;
    Ok(Session {
        digest: cells.parsed("digest")?,
        person,
        groups,
        kind: cells.word("kind")?,
        assurance,
        created_at: cells.time("created_at")?,
        expires_at: cells.time("expires_at")?,
    })
}

/// The person of a session's row that was joined with theirs.
fn person_of(sealer: &Sealer, cells: Cells<'_>) -> Result<Person, DbError> {
    sealer.open(Cell::Person, cells.bytes("person")?, &cells.bytes("person_sealed")?)
}
