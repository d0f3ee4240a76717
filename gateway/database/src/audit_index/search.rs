//! A question to the index, made ready: words and tokens turned into ids, and the cheapest way chosen.
//!
//! The database is told which condition to go by: the one that fewest entries meet, as far as a short look tells. The
//! others are written so that no index serves them (`+column`), because a planner that guesses wrong reads millions of rows.

use std::collections::{HashMap, HashSet};

use sealane_model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Token, log, name, path, word};
use crate::cells::{self, Cells};
use crate::statement::{LONGEST_LIST, Statement};
use crate::{Db, DbError};

/// Up to so many entries are counted to find the cheapest way.
const LOOK: usize = 2_000;

/// Up to so many paths of a subtree are gone through one by one; a wider one is recognised by the parents of what is found.
const NARROW: usize = 10_000;

/// What is asked for: all that is given must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// The latest first.
    pub newest_first: bool,
    /// Of this log.
    pub origin: Option<String>,
    /// Any of these kinds.
    pub kinds: Vec<String>,
    /// Any of these phases.
    pub phases: Vec<String>,
    /// Any of these outcomes.
    pub outcomes: Vec<String>,
    /// Any of these classes.
    pub classes: Vec<String>,
    /// With this code.
    pub code: Option<String>,
    /// Of people of this identity provider.
    pub issuer: Option<String>,
    /// By any of these people.
    pub people: Option<Vec<Token>>,
    /// By people for whom this peer spoke.
    pub via_site: Option<String>,
    /// In this session.
    pub session: Option<String>,
    /// From this address.
    pub client: Option<Token>,
    /// For this purpose.
    pub purpose: Option<Token>,
    /// In this collection.
    pub collection: Option<String>,
    /// At this path.
    pub path: Option<PathWanted>,
    /// About this task.
    pub task: Option<String>,
    /// Of this operation.
    pub op: Option<[u8; 16]>,
    /// By this decision.
    pub decision: Option<[u8; 16]>,
    /// About content or a manifest of this digest.
    pub digest: Option<[u8; 32]>,
    /// By this rule.
    pub rule: Option<String>,
    /// Under this policy snapshot.
    pub snapshot: Option<String>,
    /// Concerning this peer.
    pub peer: Option<String>,
    /// With this cipher suite.
    pub transport: Option<String>,
}

/// Which place in a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathWanted {
    /// This path.
    At(Token),
    /// This directory and everything beneath it.
    Beneath(Token),
}

/// One column's condition.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    column: Column,
    value: Value,
}

/// A column in its two spellings: one that an index may serve, and one that none can.
#[derive(Debug, Clone, Copy)]
struct Column {
    plain: &'static str,
    opaque: &'static str,
    indexed: bool,
}

#[derive(Debug, Clone)]
enum Value {
    Ids(Vec<i64>),
    Bytes(Vec<u8>),
}

macro_rules! column {
    ($name:literal, $indexed:literal) => {
        Column { plain: $name, opaque: concat!("+", $name), indexed: $indexed }
    };
}

/// A subtree that is asked for.
#[derive(Debug)]
pub(super) enum Subtree {
    /// All of its paths.
    Narrow(HashSet<i64>),
    /// Its root, and what is known so far of other paths: whether they are beneath it.
    Wide { root: i64, known: HashMap<i64, bool> },
}

/// A question, made ready.
#[derive(Debug)]
pub struct Search {
    pub(super) conditions: Vec<Condition>,
    /// Which condition the database goes by; none where time does, or the subtree.
    pub(super) driver: Option<usize>,
    pub(super) subtree: Option<Subtree>,
    /// The paths of the subtree, where the database goes by them.
    pub(super) by_paths: Vec<Vec<i64>>,
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) newest_first: bool,
}

impl Condition {
    pub(super) fn write(&self, statement: &mut Statement, drives: bool) {
        match &self.value {
            // Operations and decisions have a handful of entries each, and a sign before bytes means nothing.
            Value::Bytes(bytes) => statement.text(self.column.plain).text(" = ").bind(bytes.clone()),
            Value::Ids(ids) => {
                statement.text(if drives { self.column.plain } else { self.column.opaque });
                match ids.as_slice() {
                    [id] => statement.text(" = ").bind(*id),
                    ids => statement.text(" IN ").list(ids),
                }
            }
        };
    }
}

/// Makes a question ready; `None` if it names something that no entry names.
///
/// # Errors
/// Those of reading.
pub async fn prepare(db: &mut Db, wanted: &Wanted) -> Result<Option<Search>, DbError> {
    let Some(mut conditions) = words(db, wanted).await? else { return Ok(None) };
    let Some(named) = names(db, wanted).await? else { return Ok(None) };
    conditions.extend(named);
    for (column, bytes) in [
        (column!("op", true), wanted.op.map(|id| id.to_vec())),
        (column!("decision", true), wanted.decision.map(|id| id.to_vec())),
        (column!("digest", false), wanted.digest.map(|digest| digest.to_vec())),
    ] {
        conditions.extend(bytes.map(|bytes| Condition { column, value: Value::Bytes(bytes) }));
    }
    let mut beneath = None;
    match wanted.path {
        None => {}
        Some(PathWanted::At(token)) => match path::find(db, token).await? {
            Some(id) => conditions.push(Condition { column: column!("path", true), value: Value::Ids(vec![id]) }),
            None => return Ok(None),
        },
        Some(PathWanted::Beneath(token)) => match path::find(db, token).await? {
            Some(id) => beneath = Some(id),
            None => return Ok(None),
        },
    }
    let mut search = Search {
        conditions,
        driver: None,
        subtree: None,
        by_paths: Vec::new(),
        from: wanted.from.map_or(i64::MIN, Timestamp::as_micros),
        until: wanted.until.map_or(i64::MAX, Timestamp::as_micros),
        newest_first: wanted.newest_first,
    };
    search.choose(db, beneath).await?;
    Ok(Some(search))
}

impl Search {
    async fn choose(&mut self, db: &mut Db, beneath: Option<i64>) -> Result<(), DbError> {
        let mut fewest = None;
        for (position, condition) in self.conditions.iter().enumerate().filter(|(_, one)| one.column.indexed) {
            let count = self.look(db, condition).await?;
            if fewest.is_none_or(|(least, _)| count < least) {
                fewest = Some((count, position));
            }
        }
        self.driver = fewest.map(|(_, position)| position);
        let Some(root) = beneath else { return Ok(()) };
        let mut paths = path::subtree(db, root, NARROW + 1).await?;
        if paths.len() > NARROW {
            self.subtree = Some(Subtree::Wide { root, known: HashMap::new() });
            return Ok(());
        }
        self.subtree = Some(Subtree::Narrow(paths.iter().copied().collect()));
        let few = fewest.is_some_and(|(count, _)| count < LOOK);
        if !few {
            self.driver = None;
            paths.sort_unstable();
            self.by_paths = paths.chunks(LONGEST_LIST).map(<[i64]>::to_vec).collect();
        }
        Ok(())
    }

    /// How many entries meet a condition within the time asked for, counted up to [`LOOK`].
    async fn look(&self, db: &mut Db, condition: &Condition) -> Result<usize, DbError> {
        let mut statement = Statement::new("SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM audit_entry WHERE ");
        condition.write(&mut statement, true);
        statement.text(" AND at >= ").bind(self.from).text(" AND at < ").bind(self.until);
        statement.text(" LIMIT ").bind(cells::limit(LOOK)).text(") look");
        let row = statement.query().fetch_one(db).await?;
        Cells::of("audit_entry", &row).number("n")
    }
}

/// Conditions on words; `None` if one of them is in no entry.
async fn words(db: &mut Db, wanted: &Wanted) -> Result<Option<Vec<Condition>>, DbError> {
    let one = |column, word: &Option<String>| (column, word.iter().cloned().collect::<Vec<_>>());
    let asked = [
        one(column!("task", true), &wanted.task),
        one(column!("session", true), &wanted.session),
        one(column!("peer", true), &wanted.peer),
        (column!("kind", true), wanted.kinds.clone()),
        one(column!("collection", true), &wanted.collection),
        (column!("phase", false), wanted.phases.clone()),
        (column!("outcome", false), wanted.outcomes.clone()),
        (column!("class", false), wanted.classes.clone()),
        one(column!("code", false), &wanted.code),
        one(column!("issuer", false), &wanted.issuer),
        one(column!("via_site", false), &wanted.via_site),
        one(column!("rule", false), &wanted.rule),
        one(column!("snapshot", false), &wanted.snapshot),
        one(column!("transport", false), &wanted.transport),
    ];
    let all: Vec<&str> = asked.iter().flat_map(|(_, words)| words).map(String::as_str).collect();
    let known = word::find(db, &all).await?;
    let mut conditions = Vec::new();
    for (column, words) in asked.iter().filter(|(_, words)| !words.is_empty()) {
        let ids: Vec<i64> = words.iter().filter_map(|word| known.get(word).copied()).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        conditions.push(Condition { column: *column, value: Value::Ids(ids) });
    }
    if let Some(origin) = &wanted.origin {
        let logs = log::positions(db).await?;
        let Some(found) = logs.iter().find(|log| log.origin == *origin) else { return Ok(None) };
        conditions.push(Condition { column: column!("log", false), value: Value::Ids(vec![found.number]) });
    }
    Ok(Some(conditions))
}

/// Conditions on people, their addresses and purposes; `None` if one of them is in no entry.
async fn names(db: &mut Db, wanted: &Wanted) -> Result<Option<Vec<Condition>>, DbError> {
    let asked = [
        (column!("person", true), wanted.people.clone()),
        (column!("client", true), wanted.client.map(|token| vec![token])),
        (column!("purpose", false), wanted.purpose.map(|token| vec![token])),
    ];
    let mut conditions = Vec::new();
    for (column, tokens) in asked {
        let Some(tokens) = tokens else { continue };
        let ids: Vec<i64> = name::find(db, &tokens).await?.into_iter().map(|(_, id)| id).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        conditions.push(Condition { column, value: Value::Ids(ids) });
    }
    Ok(Some(conditions))
}
