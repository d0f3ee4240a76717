//! One page of an answer: the next entries after a key, in the order of time, log and place.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::path;
use super::row::{self, FoundEntry, Row};
use super::search::{Search, Subtree};
use crate::cells::{self, Cells};
use crate::statement::{LONGEST_LIST, Statement};
use crate::{Db, DbError};

/// How many directories of a wide subtree are remembered between pages.
const REMEMBERED: usize = 100_000;

/// Where an entry stands in the order of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// When, in microseconds since 1970 UTC.
    pub at: i64,
    /// The log's number in the index.
    pub log: i64,
    /// The entry's index in its log.
    pub place: i64,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Entries, perhaps fewer than asked for.
    pub entries: Vec<FoundEntry>,
    /// After which key to go on; `None` at the end.
    pub next: Option<Key>,
}

/// The next entries of an answer. A page may hold none although there are more: go on until there is no next key.
///
/// # Errors
/// Those of reading.
pub async fn page(db: &mut Db, search: &mut Search, after: Option<Key>, limit: usize) -> Result<Page, DbError> {
    let (rows, next) = rows(db, search, after, limit).await?;
    Ok(Page { entries: row::with_words(db, rows).await?, next })
}

/// An entry of an answer, as far as it counts: ids that are equal mean the same person, address or collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Where it stands.
    pub key: Key,
    /// Who acted.
    pub person: Option<i64>,
    /// From which address.
    pub client: Option<i64>,
    /// In which collection.
    pub collection: Option<i64>,
    /// Bytes concerned.
    pub bytes: u64,
}

/// As [`page`], for counting: without words.
///
/// # Errors
/// Those of reading.
pub async fn marks(
    db: &mut Db,
    search: &mut Search,
    after: Option<Key>,
    limit: usize,
) -> Result<(Vec<Mark>, Option<Key>), DbError> {
    let (rows, next) = rows(db, search, after, limit).await?;
    let mark = |row: &Row| Mark {
        key: row.key,
        person: row.person,
        client: row.client,
        collection: row.collection(),
        bytes: row.bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
    };
    Ok((rows.iter().map(mark).collect(), next))
}

async fn rows(
    db: &mut Db,
    search: &mut Search,
    after: Option<Key>,
    limit: usize,
) -> Result<(Vec<Row>, Option<Key>), DbError> {
    let rows = if search.by_paths.is_empty() {
        by_condition(db, search, after, limit).await?
    } else {
        by_paths(db, search, after, limit).await?
    };
    let next = if rows.len() < limit { None } else { rows.last().map(|row| row.key) };
    Ok((beneath(db, search, rows).await?, next))
}

async fn by_condition(db: &mut Db, search: &Search, after: Option<Key>, limit: usize) -> Result<Vec<Row>, DbError> {
    let mut statement = Statement::new(row::SELECT);
    conditions(&mut statement, search, after);
    in_order(&mut statement, search, limit);
    row::read_all(&statement.query().fetch_all(db).await?)
}

/// The keys of each few paths, merged; then the entries of the first of them.
async fn by_paths(db: &mut Db, search: &Search, after: Option<Key>, limit: usize) -> Result<Vec<Row>, DbError> {
    let mut first: BTreeSet<Key> = BTreeSet::new();
    for paths in &search.by_paths {
        let mut statement = Statement::new("SELECT at, log, place FROM audit_entry WHERE path IN ");
        statement.list(paths).text(" AND ");
        conditions(&mut statement, search, after);
        // Once there is a full page, only what belongs before its last key is of interest.
        if first.len() >= limit
            && let Some(last) = if search.newest_first { first.first() } else { first.last() }
        {
            statement.text(if search.newest_first { " AND at >= " } else { " AND at <= " }).bind(last.at);
        }
        in_order(&mut statement, search, limit);
        for found in statement.query().fetch_all(&mut *db).await? {
            first.insert(row::key(&Cells::of("audit_entry", &found))?);
        }
        while first.len() > limit {
            if search.newest_first {
                first.pop_first()
            } else {
                first.pop_last()
            };
        }
    }
    let mut rows = of_keys(db, &first).await?;
    rows.sort_unstable_by_key(|row| row.key);
    if search.newest_first {
        rows.reverse();
    }
    Ok(rows)
}

async fn of_keys(db: &mut Db, keys: &BTreeSet<Key>) -> Result<Vec<Row>, DbError> {
    let mut by_log: HashMap<i64, Vec<i64>> = HashMap::new();
    for key in keys {
        by_log.entry(key.log).or_default().push(key.place);
    }
    let mut rows = Vec::new();
    for (log, places) in by_log {
        for some in places.chunks(LONGEST_LIST) {
            let mut statement = Statement::new(row::SELECT);
            statement.text("log = ").bind(log).text(" AND place IN ").list(some);
            rows.extend(row::read_all(&statement.query().fetch_all(&mut *db).await?)?);
        }
    }
    Ok(rows)
}

fn conditions(statement: &mut Statement, search: &Search, after: Option<Key>) {
    let (mut from, mut until) = (search.from, search.until);
    if let Some(key) = after {
        // The time alone first: an index can begin there.
        if search.newest_first {
            until = until.min(key.at.saturating_add(1));
        } else {
            from = from.max(key.at);
        }
    }
    statement.text("at >= ").bind(from).text(" AND at < ").bind(until);
    if let Some(key) = after {
        statement.text(if search.newest_first { " AND (at, log, place) < (" } else { " AND (at, log, place) > (" });
        statement.bind(key.at).text(", ").bind(key.log).text(", ").bind(key.place).text(")");
    }
    for (position, condition) in search.conditions.iter().enumerate() {
        statement.text(" AND ");
        condition.write(statement, search.driver == Some(position));
    }
}

fn in_order(statement: &mut Statement, search: &Search, limit: usize) {
    statement.text(if search.newest_first {
        " ORDER BY at DESC, log DESC, place DESC LIMIT "
    } else {
        " ORDER BY at, log, place LIMIT "
    });
    statement.bind(cells::limit(limit));
}

/// Leaves out what does not lie in the subtree that is asked for.
async fn beneath(db: &mut Db, search: &mut Search, mut rows: Vec<Row>) -> Result<Vec<Row>, DbError> {
    match &mut search.subtree {
        None => {}
        Some(Subtree::Narrow(paths)) => rows.retain(|row| row.path.is_some_and(|path| paths.contains(&path))),
        Some(Subtree::Wide { root, known }) => {
            let asked: HashSet<i64> = rows.iter().filter_map(|row| row.path).collect();
            climb(db, *root, known, &asked).await?;
            rows.retain(|row| row.path.is_some_and(|path| known.get(&path) == Some(&true)));
            if known.len() > REMEMBERED {
                known.clear();
            }
        }
    }
    Ok(rows)
}

/// Finds out which paths lie beneath `root`, by their parents, all of one depth at a time.
async fn climb(db: &mut Db, root: i64, known: &mut HashMap<i64, bool>, asked: &HashSet<i64>) -> Result<(), DbError> {
    known.insert(root, true);
    let mut parent_of: HashMap<i64, i64> = HashMap::new();
    let mut ahead: Vec<i64> = asked.iter().copied().filter(|path| !known.contains_key(path)).collect();
    while !ahead.is_empty() {
        let found: HashMap<i64, i64> = path::parents(db, &ahead).await?.into_iter().collect();
        let mut higher = HashSet::new();
        for path in ahead {
            match found.get(&path) {
                Some(parent) => {
                    parent_of.insert(path, *parent);
                    if !known.contains_key(parent) && !parent_of.contains_key(parent) {
                        higher.insert(*parent);
                    }
                }
                // A collection's root has no parent, and a path that was forgotten is beneath nothing.
                None => {
                    known.insert(path, false);
                }
            }
        }
        ahead = higher.into_iter().collect();
    }
    for path in asked {
        settle(*path, known, &parent_of);
    }
    Ok(())
}

/// Goes up from a path to one that is known, and writes down what that says of all on the way.
fn settle(path: i64, known: &mut HashMap<i64, bool>, parent_of: &HashMap<i64, i64>) {
    let mut way = Vec::new();
    let mut at = path;
    let answer = loop {
        match (known.get(&at), parent_of.get(&at)) {
            (Some(answer), _) => break *answer,
            (None, Some(parent)) => {
                way.push(at);
                at = *parent;
            }
            (None, None) => break false,
        }
    };
    known.extend(way.into_iter().map(|path| (path, answer)));
}
