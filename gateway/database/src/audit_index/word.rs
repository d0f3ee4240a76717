//! Words that name nobody: kinds, outcomes, codes, issuers, collections, tasks, peers and the like, each kept once.

use std::collections::{BTreeSet, HashMap};

use super::Ids;
use crate::cells::Cells;
use crate::statement::{LONGEST_LIST, Statement};
use crate::{Db, DbError};

const TABLE: &str = "audit_word";

/// The ids of words, new ones included.
pub(super) async fn ids_of(
    db: &mut Db,
    words: &BTreeSet<&str>,
    ids: &mut Ids,
) -> Result<HashMap<String, i64>, DbError> {
    let words: Vec<&str> = words.iter().copied().collect();
    let mut known = find(db, &words).await?;
    let new: Vec<(i64, &str)> =
        words.into_iter().filter(|word| !known.contains_key(*word)).map(|word| (ids.fresh(), word)).collect();
    for rows in new.chunks(LONGEST_LIST) {
        let mut statement = Statement::new("INSERT INTO audit_word (id, word) VALUES ");
        for (position, (id, word)) in rows.iter().enumerate() {
            statement
                .text(if position > 0 { ", (" } else { "(" })
                .bind(*id)
                .text(", ")
                .bind((*word).to_owned())
                .text(")");
        }
        statement.text(" ON CONFLICT DO NOTHING");
        super::entry::all_or_again(statement, rows.len(), db).await?;
    }
    known.extend(new.into_iter().map(|(id, word)| (word.to_owned(), id)));
    Ok(known)
}

/// The ids of those words that are in the index.
pub(super) async fn find(db: &mut Db, words: &[&str]) -> Result<HashMap<String, i64>, DbError> {
    let mut known = HashMap::new();
    for some in words.chunks(LONGEST_LIST) {
        let some: Vec<String> = some.iter().map(|word| (*word).to_owned()).collect();
        let mut statement = Statement::new("SELECT id, word FROM audit_word WHERE word IN ");
        statement.list(&some);
        for row in statement.query().fetch_all(&mut *db).await? {
            let cells = Cells::of(TABLE, &row);
            known.insert(cells.text("word")?, cells.int("id")?);
        }
    }
    Ok(known)
}

/// The words of ids.
pub(super) async fn read(db: &mut Db, ids: &BTreeSet<i64>) -> Result<HashMap<i64, String>, DbError> {
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut words = HashMap::new();
    for some in ids.chunks(LONGEST_LIST) {
        let mut statement = Statement::new("SELECT id, word FROM audit_word WHERE id IN ");
        statement.list(some);
        for row in statement.query().fetch_all(&mut *db).await? {
            let cells = Cells::of(TABLE, &row);
            words.insert(cells.int("id")?, cells.text("word")?);
        }
    }
    Ok(words)
}
