//! Rows of the time before cells were sealed: read once, between the two texts of migration 15, and sealed.
//!
//! Batches after a key, so that memory holds a few rows of however large a table; one transaction around all of it, the
//! migration's own, so that a database is sealed or not. A row that cannot be read stops the migration and is named:
//! dropping it would lose what somebody relies on, and keeping it in clear is what this is to end.

use sealane_model::id::TaskId;
use sealane_model::person::{Person, PersonId};
use sqlx::any::AnyRow;

use crate::cells::Cells;
use crate::peer_contact::Contact;
use crate::seal::{Cell, Lookup, Sealer};
use crate::{Db, DbError, access_rule, idempotency, person, session, task, task_event, unit, upload};

/// Rows in memory at a time.
const BATCH: usize = 500;

/// Seals every row of every table that had something in clear.
pub(crate) async fn seal_all(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    people(db).await?;
    sessions(db).await?;
    idempotent_requests(db, sealer).await?;
    settings(db, sealer).await?;
    rules(db, sealer).await?;
    contacts(db, sealer).await?;
    tasks(db, sealer).await?;
    events(db, sealer).await?;
    units(db, sealer).await?;
    cursors(db, sealer).await?;
    orders(db, sealer).await?;
    uploads(db, sealer).await?;
    erasures(db, sealer).await?;
    holds(db, sealer).await
}

/// A table's rows in batches after a key: the next batch, and whether it is the last.
async fn batch(db: &mut Db, statement: &'static str, after: &[&str]) -> Result<(Vec<AnyRow>, bool), DbError> {
    let mut query = sqlx::query(statement);
    for part in after {
        query = query.bind((*part).to_owned());
    }
    let rows = query.fetch_all(db).await?;
    let last = rows.len() < BATCH;
    Ok((rows, last))
}

fn person_of(cells: Cells<'_>, issuer: &'static str, subject: &'static str) -> Result<PersonId, DbError> {
    Ok(PersonId { issuer: cells.text(issuer)?, subject: cells.text(subject)? })
}

fn person_if(cells: Cells<'_>, issuer: &'static str, subject: &'static str) -> Result<Option<PersonId>, DbError> {
    cells.opt_text(issuer)?.map(|_| person_of(cells, issuer, subject)).transpose()
}

async fn people(db: &mut Db) -> Result<(), DbError> {
    let mut after = PersonId { issuer: String::new(), subject: String::new() };
    loop {
        let (rows, last) = batch(
            db,
            "SELECT issuer, subject, email, name, first_seen_at, last_seen_at FROM person_clear
             WHERE (issuer, subject) > ($1, $2) ORDER BY issuer, subject LIMIT 500",
            &[&after.issuer, &after.subject],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("person_clear", row);
            let id = person_of(cells, "issuer", "subject")?;
            let found = Person { id: id.clone(), email: cells.opt_text("email")?, name: cells.opt_text("name")? };
            person::write(db, &found, cells.time("first_seen_at")?, cells.time("last_seen_at")?).await?;
            after = id;
        }
        if last {
            return Ok(());
        }
    }
}

async fn sessions(db: &mut Db) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) = batch(
            db,
            "SELECT digest, issuer, subject, group_names, kind, assurance, created_at, expires_at FROM session_clear
             WHERE digest > $1 ORDER BY digest LIMIT 500",
            &[&after],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("session_clear", row);
            after = cells.text("digest")?;
            let written = session::Written {
                digest: &after,
                person: &person_of(cells, "issuer", "subject")?,
                kind: cells.word("kind")?,
                created_at: cells.time("created_at")?,
                expires_at: cells.time("expires_at")?,
            };
            let facts = session::Facts { groups: cells.json("group_names")?, assurance: cells.json("assurance")? };
            session::write(db, written, &facts).await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn idempotent_requests(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = [String::new(), String::new(), String::new()];
    loop {
        let [issuer, subject, key] = &after;
        let (rows, last) = batch(
            db,
            "SELECT key, owner_issuer, owner_subject, request_digest, claimed_at, status, response
             FROM idempotency_clear WHERE (owner_issuer, owner_subject, key) > ($1, $2, $3)
             ORDER BY owner_issuer, owner_subject, key LIMIT 500",
            &[issuer, subject, key],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("idempotency_clear", row);
            let (owner, key) = (person_of(cells, "owner_issuer", "owner_subject")?, cells.text("key")?);
            let token = idempotency::token(sealer, &key, &owner)?;
            let answer = cells.opt_text("response")?;
            let answer = answer.map(|answer| sealer.seal(Cell::IdempotentAnswer, &token, &answer)).transpose()?;
            sqlx::query(
                "INSERT INTO idempotency (token, request_token, claimed_at, status, sealed)
                 VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(token)
            .bind(idempotency::request_token(sealer, &cells.parsed("request_digest")?)?)
            .bind(cells.int("claimed_at")?)
            .bind(cells.opt_int("status")?)
            .bind(answer)
            .execute(&mut *db)
            .await?;
            after = [owner.issuer, owner.subject, key];
        }
        if last {
            return Ok(());
        }
    }
}

async fn settings(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let select = "SELECT key, value FROM setting WHERE key > $1 ORDER BY key LIMIT 500";
        let (rows, last) = batch(db, select, &[&after]).await?;
        for row in &rows {
            let cells = Cells::of("setting", row);
            after = cells.text("key")?;
            let sealed = sealer.seal(Cell::Setting, &after, &cells.text("value")?)?;
            write(db, "UPDATE setting SET sealed = $2 WHERE key = $1", &after, sealed).await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn rules(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) = batch(
            db,
            "SELECT id, path, principal, purpose, created_by_issuer, created_by_subject FROM access_rule
             WHERE id > $1 ORDER BY id LIMIT 500",
            &[&after],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("access_rule", row);
            after = cells.text("id")?;
            let whose = access_rule::Whose {
                path: cells.path("path")?,
                principal: cells.json("principal")?,
                purpose: cells.opt_text("purpose")?,
                created_by: person_if(cells, "created_by_issuer", "created_by_subject")?,
            };
            sqlx::query("UPDATE access_rule SET sealed = $2, configured = $3 WHERE id = $1")
                .bind(after.as_str())
                .bind(sealer.seal(Cell::AccessRule, &after, &whose)?)
                .bind(i64::from(whose.created_by.is_none()))
                .execute(&mut *db)
                .await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn contacts(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) = batch(
            db,
            "SELECT site, organisation, address, phone FROM peer_contact WHERE site > $1 ORDER BY site LIMIT 500",
            &[&after],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("peer_contact", row);
            after = cells.text("site")?;
            let contact = Contact {
                organisation: cells.opt_text("organisation")?,
                address: cells.opt_text("address")?,
                phone: cells.opt_text("phone")?,
            };
            let sealed = sealer.seal(Cell::PeerContact, &after, &contact)?;
            write(db, "UPDATE peer_contact SET sealed = $2 WHERE site = $1", &after, sealed).await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn tasks(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) = batch(
            db,
            "SELECT id, owner_issuer, owner_subject, label, items, purpose, nice_status, failure_message,
                    cancel_requested_by
             FROM task WHERE id > $1 ORDER BY id LIMIT 500",
            &[&after],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("task", row);
            after = cells.text("id")?;
            let about = task::About {
                owner: person_of(cells, "owner_issuer", "owner_subject")?,
                label: cells.opt_text("label")?,
                items: cells.json("items")?,
                purpose: cells.opt_text("purpose")?,
            };
            let says =
                task::Says { nice_status: cells.text("nice_status")?, failure: cells.opt_text("failure_message")? };
            let cancel = cells.opt_text("cancel_requested_by")?;
            sqlx::query(
                "UPDATE task SET owner_token = $2, sealed = $3, sealed_status = $4, sealed_cancel = $5 WHERE id = $1",
            )
            .bind(after.as_str())
            .bind(sealer.person(Lookup::TaskOwner, &about.owner)?)
            .bind(sealer.seal(Cell::Task, &after, &about)?)
            .bind(sealer.seal(Cell::TaskStatus, &after, &says)?)
            .bind(cancel.map(|by| sealer.seal(Cell::TaskCancel, &after, &by)).transpose()?)
            .execute(&mut *db)
            .await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn events(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    each_of_tasks(
        db,
        Numbered {
            table: "task_event",
            number: "sequence",
            select: "SELECT task, sequence, message FROM task_event
                     WHERE task > $1 OR (task = $1 AND sequence > $2) ORDER BY task, sequence LIMIT 500",
            update: "UPDATE task_event SET sealed = $3 WHERE task = $1 AND sequence = $2",
        },
        |cells, task, number| sealer.seal(Cell::TaskEvent, task_event::row_of(task, number), &cells.text("message")?),
    )
    .await
}

async fn units(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    each_of_tasks(
        db,
        Numbered {
            table: "unit",
            number: "number",
            select: "SELECT task, number, value FROM unit
                     WHERE task > $1 OR (task = $1 AND number > $2) ORDER BY task, number LIMIT 500",
            update: "UPDATE unit SET sealed = $3 WHERE task = $1 AND number = $2",
        },
        |cells, task, number| sealer.seal_bytes(Cell::Unit, unit::row_of(task, number), &cells.bytes("value")?),
    )
    .await
}

/// A table whose rows are numbered within a task.
struct Numbered {
    table: &'static str,
    number: &'static str,
    select: &'static str,
    update: &'static str,
}

async fn each_of_tasks(
    db: &mut Db,
    of: Numbered,
    seal: impl Fn(Cells<'_>, TaskId, i64) -> Result<Vec<u8>, DbError>,
) -> Result<(), DbError> {
    let mut after = (String::new(), 0);
    loop {
        let rows = sqlx::query(of.select).bind(after.0.as_str()).bind(after.1).fetch_all(&mut *db).await?;
        for row in &rows {
            let cells = Cells::of(of.table, row);
            after = (cells.text("task")?, cells.int(of.number)?);
            let sealed = seal(cells, cells.parsed("task")?, after.1)?;
            sqlx::query(of.update).bind(after.0.as_str()).bind(after.1).bind(sealed).execute(&mut *db).await?;
        }
        if rows.len() < BATCH {
            return Ok(());
        }
    }
}

async fn cursors(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) =
            batch(db, "SELECT task, after_path FROM expansion WHERE task > $1 ORDER BY task LIMIT 500", &[&after])
                .await?;
        for row in &rows {
            let cells = Cells::of("expansion", row);
            after = cells.text("task")?;
            if let Some(path) = cells.opt_path("after_path")? {
                let sealed = sealer.seal(Cell::Cursor, &after, &path)?;
                write(db, "UPDATE expansion SET sealed = $2 WHERE task = $1", &after, sealed).await?;
            }
        }
        if last {
            return Ok(());
        }
    }
}

async fn orders(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let select = "SELECT id, signed FROM transfer_order WHERE id > $1 ORDER BY id LIMIT 500";
        let (rows, last) = batch(db, select, &[&after]).await?;
        for row in &rows {
            let cells = Cells::of("transfer_order", row);
            after = cells.text("id")?;
            // As it was written: what was signed is never written again.
            let sealed = sealer.seal_bytes(Cell::Order, &after, cells.text("signed")?.as_bytes())?;
            write(db, "UPDATE transfer_order SET sealed = $2 WHERE id = $1", &after, sealed).await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn uploads(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) = batch(
            db,
            "SELECT id, owner_issuer, owner_subject, path FROM upload WHERE id > $1 ORDER BY id LIMIT 500",
            &[&after],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("upload", row);
            after = cells.text("id")?;
            let owner = person_of(cells, "owner_issuer", "owner_subject")?;
            let sealed = sealer.seal(Cell::Upload, &after, &upload::Whose { owner, path: cells.path("path")? })?;
            write(db, "UPDATE upload SET sealed = $2 WHERE id = $1", &after, sealed).await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn erasures(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) = batch(
            db,
            "SELECT id, requested_by_issuer, requested_by_subject, approved_by_issuer, approved_by_subject FROM erasure
             WHERE id > $1 ORDER BY id LIMIT 500",
            &[&after],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("erasure", row);
            after = cells.text("id")?;
            let request = person_of(cells, "requested_by_issuer", "requested_by_subject")?;
            let approval = person_if(cells, "approved_by_issuer", "approved_by_subject")?;
            sqlx::query("UPDATE erasure SET sealed_request = $2, sealed_approval = $3 WHERE id = $1")
                .bind(after.as_str())
                .bind(sealer.seal(Cell::ErasureRequest, &after, &request)?)
                .bind(approval.map(|by| sealer.seal(Cell::ErasureApproval, &after, &by)).transpose()?)
                .execute(&mut *db)
                .await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn holds(db: &mut Db, sealer: &Sealer) -> Result<(), DbError> {
    let mut after = String::new();
    loop {
        let (rows, last) = batch(
            db,
            "SELECT id, placed_by_issuer, placed_by_subject, release_asked_by_issuer, release_asked_by_subject
             FROM audit_hold WHERE id > $1 ORDER BY id LIMIT 500",
            &[&after],
        )
        .await?;
        for row in &rows {
            let cells = Cells::of("audit_hold", row);
            after = cells.text("id")?;
            let placing = person_of(cells, "placed_by_issuer", "placed_by_subject")?;
            let release = person_if(cells, "release_asked_by_issuer", "release_asked_by_subject")?;
            sqlx::query(
                "UPDATE audit_hold SET sealed_placing = $2, sealed_release = $3, release_token = $4 WHERE id = $1",
            )
            .bind(after.as_str())
            .bind(sealer.seal(Cell::HoldPlacing, &after, &placing)?)
            .bind(release.as_ref().map(|by| sealer.seal(Cell::HoldRelease, &after, by)).transpose()?)
            .bind(release.as_ref().map(|by| sealer.person(Lookup::HoldRelease, by)).transpose()?)
            .execute(&mut *db)
            .await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn write(db: &mut Db, update: &'static str, row: &str, sealed: Vec<u8>) -> Result<(), DbError> {
    sqlx::query(update).bind(row).bind(sealed).execute(db).await?;
    Ok(())
}
