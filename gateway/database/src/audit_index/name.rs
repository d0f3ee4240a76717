//! Names: keyed tokens of people, and of addresses and purposes, which belong to the person whose they are.
//!
//! An address that two people share is two rows, so that forgetting one of them leaves the other's.

use std::collections::{BTreeSet, HashMap};

use super::{Ids, Token};
use crate::cells::Cells;
use crate::pool::Atomic;
use crate::statement::{LONGEST_LIST, Statement};
use crate::{Db, DbError};

const TABLE: &str = "audit_name";

/// Owner of what belongs to nobody who is known, and of people themselves.
pub(super) const NOBODY: i64 = 0;

/// A name: whose it is, and its token.
pub(super) type Name = (i64, Token);

/// The ids of names, new ones included.
pub(super) async fn ids_of(db: &mut Db, names: &BTreeSet<Name>, ids: &mut Ids) -> Result<HashMap<Name, i64>, DbError> {
    let tokens: BTreeSet<Token> = names.iter().map(|(_, token)| *token).collect();
    let tokens: Vec<Token> = tokens.into_iter().collect();
    let mut known: HashMap<Name, i64> = find(db, &tokens).await?.into_iter().collect();
    let new: Vec<(i64, Name)> =
        names.iter().filter(|name| !known.contains_key(*name)).map(|name| (ids.fresh(), *name)).collect();
    for rows in new.chunks(LONGEST_LIST) {
        let mut statement = Statement::new("INSERT INTO audit_name (id, owner, token) VALUES ");
        for (position, (id, (owner, token))) in rows.iter().enumerate() {
            statement.text(if position > 0 { ", (" } else { "(" });
            statement.bind(*id).text(", ").bind(*owner).text(", ").bind(token.to_vec()).text(")");
        }
        statement.text(" ON CONFLICT DO NOTHING");
        super::entry::all_or_again(statement, rows.len(), db).await?;
    }
    known.extend(new.into_iter().map(|(id, name)| (name, id)));
    Ok(known)
}

/// Everything in the index that has one of these tokens, whosever it is.
pub(super) async fn find(db: &mut Db, tokens: &[Token]) -> Result<Vec<(Name, i64)>, DbError> {
    let mut found = Vec::new();
    for some in tokens.chunks(LONGEST_LIST) {
        let some: Vec<Vec<u8>> = some.iter().map(|token| token.to_vec()).collect();
        let mut statement = Statement::new("SELECT id, owner, token FROM audit_name WHERE token IN ");
        statement.list(&some);
        for row in statement.query().fetch_all(&mut *db).await? {
            let cells = Cells::of(TABLE, &row);
            let token = cells.bytes("token")?.try_into().map_err(|_| cells.corrupt("token"))?;
            found.push(((cells.int("owner")?, token), cells.int("id")?));
        }
    }
    Ok(found)
}

/// Forgets a person with their addresses and purposes; says whether they were known. Their entries stay, and nobody can
/// find them by person any more.
///
/// # Errors
/// Those of writing.
pub async fn forget_person(db: &mut Db, person: Token) -> Result<bool, DbError> {
    let mut tx = Atomic::begin(db).await?;
    let ids: Vec<i64> = find(&mut tx, &[person]).await?.into_iter().map(|(_, id)| id).collect();
    for id in &ids {
        sqlx::query("DELETE FROM audit_name WHERE owner = $1 OR id = $1").bind(*id).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(!ids.is_empty())
}
