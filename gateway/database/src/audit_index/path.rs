//! Paths: keyed tokens, each beneath its parent, so that a directory's whole subtree is found from its row.

use std::collections::{BTreeSet, HashMap};

use super::{Ids, Token, word};
use crate::cells::{self, Cells};
use crate::statement::{LONGEST_LIST, Statement};
use crate::{Db, DbError};

const TABLE: &str = "audit_path";

/// Parent of a collection's root.
const NONE: i64 = 0;

/// A path as the index takes it: its collection's word, and the tokens from the root down to itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain<'a> {
    pub(super) collection: i64,
    pub(super) tokens: &'a [Token],
}

/// The ids of paths and all their parents, new ones included.
pub(super) async fn ids_of(db: &mut Db, chains: &[Chain<'_>], ids: &mut Ids) -> Result<HashMap<Token, i64>, DbError> {
    let tokens: BTreeSet<Token> = chains.iter().flat_map(|chain| chain.tokens.iter().copied()).collect();
    let tokens: Vec<Token> = tokens.into_iter().collect();
    let mut known = HashMap::new();
    for some in tokens.chunks(LONGEST_LIST) {
        known.extend(find_all(db, some).await?);
    }
    // By token: nodes that add the same paths at once wait for each other in one order.
    let mut new: Vec<(Token, i64, i64, i64)> = Vec::new();
    for chain in chains {
        let mut parent = NONE;
        for token in chain.tokens {
            parent = *known.entry(*token).or_insert_with(|| {
                let id = ids.fresh();
                new.push((*token, id, chain.collection, parent));
                id
            });
        }
    }
    new.sort_unstable();
    for rows in new.chunks(LONGEST_LIST) {
        let mut statement = Statement::new("INSERT INTO audit_path (id, collection, parent, token) VALUES ");
        for (position, (token, id, collection, parent)) in rows.iter().enumerate() {
            statement.text(if position > 0 { ", (" } else { "(" }).bind(*id).text(", ").bind(*collection);
            statement.text(", ").bind(*parent).text(", ").bind(token.to_vec()).text(")");
        }
        statement.text(" ON CONFLICT DO NOTHING");
        super::entry::all_or_again(statement, rows.len(), db).await?;
    }
    Ok(known)
}

async fn find_all(db: &mut Db, tokens: &[Token]) -> Result<Vec<(Token, i64)>, DbError> {
    let some: Vec<Vec<u8>> = tokens.iter().map(|token| token.to_vec()).collect();
    let mut statement = Statement::new("SELECT id, token FROM audit_path WHERE token IN ");
    statement.list(&some);
    let rows = statement.query().fetch_all(db).await?;
    let read = |row| {
        let cells = Cells::of(TABLE, row);
        let token = cells.bytes("token")?.try_into().map_err(|_| cells.corrupt("token"))?;
        Ok((token, cells.int("id")?))
    };
    rows.iter().map(read).collect()
}

/// The id of one path.
pub(super) async fn find(db: &mut Db, token: Token) -> Result<Option<i64>, DbError> {
    Ok(find_all(db, &[token]).await?.first().map(|(_, id)| *id))
}

/// A directory and what is beneath it, at most `limit` paths.
pub(super) async fn subtree(db: &mut Db, root: i64, limit: usize) -> Result<Vec<i64>, DbError> {
    let rows = sqlx::query(
        "WITH RECURSIVE under (id) AS (
             SELECT id FROM audit_path WHERE id = $1
             UNION ALL
             SELECT path.id FROM audit_path path JOIN under ON path.parent = under.id
         )
         SELECT id FROM under LIMIT $2",
    )
    .bind(root)
    .bind(cells::limit(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Cells::of(TABLE, row).int("id")).collect()
}

/// The parents of some paths.
pub(super) async fn parents(db: &mut Db, paths: &[i64]) -> Result<Vec<(i64, i64)>, DbError> {
    let mut found = Vec::new();
    for some in paths.chunks(LONGEST_LIST) {
        let mut statement = Statement::new("SELECT id, parent FROM audit_path WHERE id IN ");
        statement.list(some);
        for row in statement.query().fetch_all(&mut *db).await? {
            let cells = Cells::of(TABLE, &row);
            found.push((cells.int("id")?, cells.int("parent")?));
        }
    }
    Ok(found)
}

/// Forgets the paths of a collection; says whether there were any. Its entries stay, found by collection only.
///
/// # Errors
/// Those of writing.
pub async fn forget_collection(db: &mut Db, collection: &str) -> Result<bool, DbError> {
    let Some(id) = word::find(db, &[collection]).await?.remove(collection) else { return Ok(false) };
    let done = sqlx::query("DELETE FROM audit_path WHERE collection = $1").bind(id).execute(db).await?;
    Ok(done.rows_affected() > 0)
}
