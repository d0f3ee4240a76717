//! Entries on their way into the index: a batch of one log's in one transaction with the position that says so.

use std::collections::{BTreeSet, HashMap};

use sealane_model::time::Timestamp;

use super::path::Chain;
use super::{Ids, LogPosition, Token, name, path, word};
use crate::cells::{Cells, int};
use crate::pool::Atomic;
use crate::statement::Statement;
use crate::{Db, DbError};

const TABLE: &str = "audit_entry";

/// Rows of one insert: all of one statement's values stay below what SQLite binds.
const ROWS: [usize; 3] = [64, 8, 1];

/// What the index keeps of an entry. Personal values are keyed tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexedEntry {
    /// Its index in the log.
    pub place: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of event.
    pub kind: String,
    /// Where it stands in its operation.
    pub phase: String,
    /// The operation.
    pub op: [u8; 16],
    /// How it ended.
    pub outcome: Option<String>,
    /// A stable word for that.
    pub code: Option<String>,
    /// The identity provider of who acted.
    pub issuer: Option<String>,
    /// Who acted.
    pub person: Option<Token>,
    /// The peer that spoke for them.
    pub via_site: Option<String>,
    /// Their session's digest.
    pub session: Option<String>,
    /// Their network address.
    pub client: Option<Token>,
    /// Their declared purpose.
    pub purpose: Option<Token>,
    /// The collection's id.
    pub collection: Option<String>,
    /// The path in it: the tokens of the root, of each directory on the way, of itself.
    pub path: Vec<Token>,
    /// The task's id.
    pub task: Option<String>,
    /// Class of the data.
    pub class: Option<String>,
    /// Bytes concerned.
    pub bytes: Option<u64>,
    /// Files concerned.
    pub files: Option<u64>,
    /// Digest of content or manifest.
    pub digest: Option<[u8; 32]>,
    /// The decision.
    pub decision: Option<[u8; 16]>,
    /// The rule that matched.
    pub rule: Option<String>,
    /// Hash of the policy snapshot.
    pub snapshot: Option<String>,
    /// The peer concerned.
    pub peer: Option<String>,
    /// The cipher suite.
    pub transport: Option<String>,
}

impl IndexedEntry {
    fn words(&self) -> impl Iterator<Item = &str> {
        let always = [Some(&self.kind), Some(&self.phase)];
        let often = [
            &self.outcome,
            &self.code,
            &self.issuer,
            &self.via_site,
            &self.session,
            &self.collection,
            &self.task,
            &self.class,
            &self.rule,
            &self.snapshot,
            &self.peer,
            &self.transport,
        ];
        always.into_iter().chain(often.into_iter().map(Option::as_ref)).flatten().map(String::as_str)
    }
}

/// The next entries of a log.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// They, without a gap from where the log stands in the index.
    pub entries: &'a [IndexedEntry],
    /// Leaf hash of the last of them.
    pub tip: &'a str,
    /// Entries that the log has.
    pub size: u64,
    /// When.
    pub now: Timestamp,
}

/// Adds the next entries of a log; `None` if the log no longer stands where `position` says: look again.
///
/// # Errors
/// [`DbError::Busy`] if another node adds the same words at this moment: nothing was added, do it again. Those of writing.
pub async fn append(db: &mut Db, position: &LogPosition, batch: &Batch<'_>) -> Result<Option<LogPosition>, DbError> {
    let mut tx = Atomic::begin(db).await?;
    let count = u64::try_from(batch.entries.len()).unwrap_or(u64::MAX);
    let next = LogPosition {
        indexed: position.indexed.saturating_add(count),
        tip: Some(batch.tip.to_owned()),
        size: batch.size,
        told_at: batch.now,
        ..position.clone()
    };
    let rows = sqlx::query(
        "UPDATE audit_log SET indexed = $3, tip = $4, size = $5, told_at = $6 WHERE number = $1 AND indexed = $2
         RETURNING next_id",
    )
    .bind(position.number)
    .bind(int("audit_log", "indexed", position.indexed)?)
    .bind(int("audit_log", "indexed", next.indexed)?)
    .bind(batch.tip)
    .bind(int("audit_log", "size", batch.size)?)
    .bind(batch.now.as_micros())
    .fetch_all(&mut *tx)
    .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut ids = Ids { number: position.number, next: Cells::of("audit_log", row).int("next_id")? };
    let meanings = Meanings::of(&mut tx, batch.entries, &mut ids).await?;
    let mut rest = batch.entries;
    while !rest.is_empty() {
        let length = ROWS.into_iter().find(|rows| *rows <= rest.len()).unwrap_or(1);
        let (rows, later) = rest.split_at(length);
        insert(&mut tx, position.number, rows, &meanings).await?;
        rest = later;
    }
    sqlx::query("UPDATE audit_log SET next_id = $2 WHERE number = $1")
        .bind(position.number)
        .bind(ids.next)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Some(next))
}

/// The ids behind what a batch says.
struct Meanings {
    words: HashMap<String, i64>,
    names: HashMap<name::Name, i64>,
    paths: HashMap<Token, i64>,
}

impl Meanings {
    async fn of(db: &mut Db, entries: &[IndexedEntry], ids: &mut Ids) -> Result<Self, DbError> {
        let words = word::ids_of(db, &entries.iter().flat_map(IndexedEntry::words).collect(), ids).await?;
        let people = entries.iter().filter_map(|entry| entry.person).map(|person| (name::NOBODY, person)).collect();
        let mut names = name::ids_of(db, &people, ids).await?;
        let theirs = entries.iter().flat_map(|entry| {
            let owner = owner(entry, &names);
            [entry.client, entry.purpose].into_iter().flatten().map(move |token| (owner, token))
        });
        let theirs: BTreeSet<name::Name> = theirs.collect();
        names.extend(name::ids_of(db, &theirs, ids).await?);
        let chains: Vec<Chain<'_>> = entries
            .iter()
            .filter(|entry| !entry.path.is_empty())
            .map(|entry| Chain { collection: id(&words, entry.collection.as_ref()).unwrap_or(0), tokens: &entry.path })
            .collect();
        let paths = path::ids_of(db, &chains, ids).await?;
        Ok(Self { words, names, paths })
    }

    fn word(&self, word: Option<&String>) -> Option<i64> {
        id(&self.words, word)
    }

    fn name(&self, entry: &IndexedEntry, token: Option<Token>) -> Option<i64> {
        self.names.get(&(owner(entry, &self.names), token?)).copied()
    }
}

fn id(words: &HashMap<String, i64>, word: Option<&String>) -> Option<i64> {
    words.get(word?).copied()
}

fn owner(entry: &IndexedEntry, names: &HashMap<name::Name, i64>) -> i64 {
    entry.person.and_then(|person| names.get(&(name::NOBODY, person))).copied().unwrap_or(name::NOBODY)
}

async fn insert(db: &mut Db, log: i64, entries: &[IndexedEntry], meanings: &Meanings) -> Result<(), DbError> {
    let mut statement = Statement::new(
        "INSERT INTO audit_entry (log, place, at, kind, phase, op, outcome, code, issuer, person, via_site, session, client,
             purpose, collection, path, task, class, bytes, files, digest, decision, rule, snapshot, peer, transport)
         VALUES ",
    );
    for (position, entry) in entries.iter().enumerate() {
        statement.text(if position > 0 { ", (" } else { "(" });
        statement.bind(log).text(", ").bind(int(TABLE, "place", entry.place)?).text(", ").bind(entry.at.as_micros());
        for column in [&entry.kind, &entry.phase] {
            statement.text(", ").bind(meanings.word(Some(column)));
        }
        statement.text(", ").bind(entry.op.to_vec());
        for column in [&entry.outcome, &entry.code, &entry.issuer] {
            statement.text(", ").bind(meanings.word(column.as_ref()));
        }
        let person = entry.person.and_then(|token| meanings.names.get(&(name::NOBODY, token)).copied());
        statement.text(", ").bind(person);
        for column in [&entry.via_site, &entry.session] {
            statement.text(", ").bind(meanings.word(column.as_ref()));
        }
        statement.text(", ").bind(meanings.name(entry, entry.client));
        statement.text(", ").bind(meanings.name(entry, entry.purpose));
        statement.text(", ").bind(meanings.word(entry.collection.as_ref()));
        statement.text(", ").bind(entry.path.last().and_then(|token| meanings.paths.get(token).copied()));
        for column in [&entry.task, &entry.class] {
            statement.text(", ").bind(meanings.word(column.as_ref()));
        }
        for number in [entry.bytes, entry.files] {
            // Beyond what the column holds nothing is lost: the log has the number, and no index may stop at it.
            statement.text(", ").bind(number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)));
        }
        statement.text(", ").bind(entry.digest.map(|digest| digest.to_vec()));
        statement.text(", ").bind(entry.decision.map(|decision| decision.to_vec()));
        for column in [&entry.rule, &entry.snapshot, &entry.peer, &entry.transport] {
            statement.text(", ").bind(meanings.word(column.as_ref()));
        }
        statement.text(")");
    }
    statement.query().execute(db).await?;
    Ok(())
}

/// Inserts rows that another node may be inserting too: then all of it is to be done again, with that node's rows in sight.
pub(super) async fn all_or_again(statement: Statement, rows: usize, db: &mut Db) -> Result<(), DbError> {
    let done = statement.query().execute(db).await?;
    if usize::try_from(done.rows_affected()).is_ok_and(|made| made == rows) { Ok(()) } else { Err(DbError::Busy) }
}
