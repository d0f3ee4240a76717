//! Rows of entries, and what their numbers mean.

use std::collections::{BTreeSet, HashMap};

use sealane_model::time::Timestamp;
use sqlx::any::AnyRow;

use super::page::Key;
use super::{log, word};
use crate::cells::Cells;
use crate::{Db, DbError};

const TABLE: &str = "audit_entry";

pub(super) const SELECT: &str =
    "SELECT log, place, at, kind, phase, op, outcome, code, issuer, person, via_site, session,
     client, purpose, collection, path, task, class, bytes, files, digest, decision, rule, snapshot, peer, transport
     FROM audit_entry WHERE ";

/// The columns that are ids of words, in the order of [`Row::words`].
const WORDS: [&str; 14] = [
    "kind",
    "phase",
    "outcome",
    "code",
    "issuer",
    "via_site",
    "session",
    "collection",
    "task",
    "class",
    "rule",
    "snapshot",
    "peer",
    "transport",
];

/// A row as it is stored.
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) path: Option<i64>,
    words: [Option<i64>; 14],
    op: Vec<u8>,
    pub(super) person: Option<i64>,
    pub(super) client: Option<i64>,
    purpose: bool,
    pub(super) bytes: Option<i64>,
    files: Option<i64>,
    digest: Option<Vec<u8>>,
    decision: Option<Vec<u8>>,
}

/// An entry as the index knows it. Of personal values it knows only that they were there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// Its log.
    pub origin: String,
    /// Its index in that log.
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
    /// Whether it says who acted.
    pub has_person: bool,
    /// The peer that spoke for them.
    pub via_site: Option<String>,
    /// Their session's digest.
    pub session: Option<String>,
    /// Whether it says from which address.
    pub has_client: bool,
    /// Whether it says for which purpose.
    pub has_purpose: bool,
    /// The collection's id.
    pub collection: Option<String>,
    /// Whether it says at which path.
    pub has_path: bool,
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

impl Row {
    /// The id of the collection's word.
    pub(super) fn collection(&self) -> Option<i64> {
        let [_, _, _, _, _, _, _, collection, ..] = self.words;
        collection
    }
}

pub(super) fn key(cells: &Cells<'_>) -> Result<Key, DbError> {
    Ok(Key { at: cells.int("at")?, log: cells.int("log")?, place: cells.int("place")? })
}

pub(super) fn read_all(rows: &[AnyRow]) -> Result<Vec<Row>, DbError> {
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Row, DbError> {
    let cells = Cells::of(TABLE, row);
    let mut words = [None; 14];
    for (word, column) in words.iter_mut().zip(WORDS) {
        *word = cells.opt_int(column)?;
    }
    Ok(Row {
        key: key(&cells)?,
        path: cells.opt_int("path")?,
        words,
        op: cells.bytes("op")?,
        person: cells.opt_int("person")?,
        client: cells.opt_int("client")?,
        purpose: cells.opt_int("purpose")?.is_some(),
        bytes: cells.opt_int("bytes")?,
        files: cells.opt_int("files")?,
        digest: cells.opt_bytes("digest")?,
        decision: cells.opt_bytes("decision")?,
    })
}

/// Puts words in the place of ids.
pub(super) async fn with_words(db: &mut Db, rows: Vec<Row>) -> Result<Vec<FoundEntry>, DbError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: BTreeSet<i64> = rows.iter().flat_map(|row| row.words).flatten().collect();
    let words = word::read(db, &ids).await?;
    let logs = log::positions(db).await?;
    let origins: HashMap<i64, String> = logs.into_iter().map(|log| (log.number, log.origin)).collect();
    rows.into_iter().map(|row| found(row, &words, &origins)).collect()
}

fn found(row: Row, words: &HashMap<i64, String>, origins: &HashMap<i64, String>) -> Result<FoundEntry, DbError> {
    let corrupt = |column| DbError::Corrupt { table: TABLE, column };
    let [
        kind,
        phase,
        outcome,
        code,
        issuer,
        via_site,
        session,
        collection,
        task,
        class,
        rule,
        snapshot,
        peer,
        transport,
    ] = row.words.map(|id| id.and_then(|id| words.get(&id)).cloned());
    Ok(FoundEntry {
        origin: origins.get(&row.key.log).cloned().ok_or_else(|| corrupt("log"))?,
        place: u64::try_from(row.key.place).map_err(|_| corrupt("place"))?,
        at: Timestamp::from_micros(row.key.at),
        kind: kind.ok_or_else(|| corrupt("kind"))?,
        phase: phase.ok_or_else(|| corrupt("phase"))?,
        op: row.op.try_into().map_err(|_| corrupt("op"))?,
        outcome,
        code,
        issuer,
        has_person: row.person.is_some(),
        via_site,
        session,
        has_client: row.client.is_some(),
        has_purpose: row.purpose,
        collection,
        has_path: row.path.is_some(),
        task,
        class,
        bytes: row.bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        files: row.files.and_then(|files| u64::try_from(files).ok()),
        digest: row.digest.map(|digest| digest.try_into().map_err(|_| corrupt("digest"))).transpose()?,
        decision: row.decision.map(|id| id.try_into().map_err(|_| corrupt("decision"))).transpose()?,
        rule,
        snapshot,
        peer,
        transport,
    })
}
