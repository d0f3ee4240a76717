//! Sessions, by the digest of their token: who reads this table can impersonate nobody.

use std::collections::HashMap;

use sealane_crypto::digest::Digest;
use sealane_model::person::PersonId;
use sealane_model::session::Session;
use sealane_model::time::Timestamp;
use sealane_policy::Assurance;
use sqlx::any::AnyRow;

use crate::cells::{Cells, json, word};
use crate::{Db, DbError, person};

/// Begins a session. Its person must be known: `person::upsert` first.
///
/// # Errors
/// [`DbError::Reference`] if the person is not known; those of writing.
pub async fn insert(db: &mut Db, session: &Session) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO session (digest, issuer, subject, group_names, kind, assurance, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.digest.to_string())
    .bind(session.person.id.issuer.as_str())
    .bind(session.person.id.subject.as_str())
    .bind(json("session", "group_names", &session.groups)?)
    .bind(word("session", "kind", &session.kind)?)
    .bind(json("session", "assurance", &session.assurance)?)
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
    let row = sqlx::query(
        "SELECT s.digest, s.group_names, s.kind, s.assurance, s.created_at, s.expires_at,
                p.issuer, p.subject, p.email, p.name
         FROM session s JOIN person p ON p.issuer = s.issuer AND p.subject = s.subject
         WHERE s.digest = $1 AND s.expires_at > $2",
    )
    .bind(digest.to_string())
    .bind(now.as_micros())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The groups that people were in when they signed in last, of those whose session lives.
///
/// # Errors
/// Those of reading.
pub async fn groups(db: &mut Db, now: Timestamp) -> Result<HashMap<PersonId, Vec<String>>, DbError> {
    let rows =
        sqlx::query("SELECT issuer, subject, group_names FROM session WHERE expires_at > $1 ORDER BY created_at")
            .bind(now.as_micros())
            .fetch_all(db)
            .await?;
    let mut groups = HashMap::new();
    for row in &rows {
        let cells = Cells::of("session", row);
        let person = PersonId { issuer: cells.text("issuer")?, subject: cells.text("subject")? };
        groups.insert(person, cells.json("group_names")?);
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
    let done = sqlx::query("UPDATE session SET assurance = $2, group_names = $3 WHERE digest = $1 AND expires_at > $4")
        .bind(digest.to_string())
        .bind(json("session", "assurance", assurance)?)
        .bind(json("session", "group_names", groups)?)
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

fn read(row: &AnyRow) -> Result<Session, DbError> {
    let cells = Cells::of("session", row);
    Ok(Session {
        digest: cells.parsed("digest")?,
        person: person::read("session", row)?,
        groups: cells.json("group_names")?,
        kind: cells.word("kind")?,
        assurance: cells.json("assurance")?,
        created_at: cells.time("created_at")?,
        expires_at: cells.time("expires_at")?,
    })
}
