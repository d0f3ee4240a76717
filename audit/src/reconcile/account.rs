//! What one log says of each transfer, gathered entry by entry.

use std::borrow::Cow;
use std::collections::HashMap;

use sealane_crypto::digest::Digest;
use serde::Deserialize;
use serde::de::Error as _;

use super::ReconcileError;
use crate::event::Transfer;

/// What one log says of transfers.
#[derive(Debug, Clone, Default)]
pub struct Account {
    origin: String,
    transfers: HashMap<Box<str>, Said>,
    peers: Vec<String>,
    span: Option<(i64, i64)>,
}

/// What a log says of one transfer.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    peer: Option<usize>,
    /// An intent to let data out or in that has no outcome.
    pub(super) open: bool,
    /// Such an intent, ended or not.
    pub(super) begun: bool,
    pub(super) end: Option<Ended>,
    /// The end stands there again, and differs.
    pub(super) contradicts: bool,
    /// The other site's proof is kept.
    pub(super) receipt: bool,
}

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) at_ns: i64,
    /// `done`, or what else it was.
    pub(super) done: bool,
    pub(super) code: Box<str>,
    pub(super) manifest: Option<Digest>,
    pub(super) files: Option<u64>,
    pub(super) bytes: Option<u64>,
}

/// The members of an entry that matter here; kinds of later versions are passed over.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    phase: Cow<'a, str>,
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow, default)]
    peer: Option<Cow<'a, str>>,
    #[serde(default)]
    object: LineObject<'a>,
    #[serde(default)]
    outcome: Option<LineOutcome<'a>>,
}

#[derive(Default, Deserialize)]
struct LineObject<'a> {
    #[serde(borrow, default)]
    task: Option<Cow<'a, str>>,
    digest: Option<Digest>,
    files: Option<u64>,
    bytes: Option<u64>,
}

#[derive(Deserialize)]
struct LineOutcome<'a> {
    #[serde(borrow, rename = "result")]
    outcome: Cow<'a, str>,
    #[serde(borrow, default)]
    code: Cow<'a, str>,
}

impl Account {
    /// Nothing yet, of the log of this name.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Takes the next entry's bytes.
    ///
    /// # Errors
    /// When they are not an entry.
    pub fn take(&mut self, entry: &[u8]) -> Result<(), serde_json::Error> {
        let line: Line<'_> = serde_json::from_slice(entry)?;
        let at_ns = nanoseconds(&line.at)?;
        let (first, last) = self.span.unwrap_or((at_ns, at_ns));
        self.span = Some((first.min(at_ns), last.max(at_ns)));
        let Some(task) = line.object.task.as_deref() else { return Ok(()) };
        let peer = line.peer.as_deref().map(|peer| self.number(peer));
        if !self.transfers.contains_key(task) {
            self.transfers.insert(task.into(), Said::default());
        }
        if let Some(said) = self.transfers.get_mut(task) {
            said.peer = said.peer.or(peer);
            said.note(&line, at_ns);
        }
        Ok(())
    }

    /// The account of a site with several nodes: what this node's log says, and another's.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let numbers: Vec<usize> = other.peers.iter().map(|peer| self.number(peer)).collect();
        self.span = match (self.span, other.span) {
            (Some((first, last)), Some((other_first, other_last))) => {
                Some((first.min(other_first), last.max(other_last)))
            }
            (span, other) => span.or(other),
        };
        for (task, said) in other.transfers {
            let peer = said.peer.and_then(|number| numbers.get(number)).copied();
            self.transfers.entry(task).or_default().and(said, peer);
        }
        self
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &str> {
        self.transfers.keys().map(AsRef::as_ref)
    }

    pub(super) fn said(&self, task: &str) -> Option<&Said> {
        self.transfers.get(task)
    }

    pub(super) fn peer(&self, said: &Said) -> Option<&str> {
        said.peer.and_then(|number| self.peers.get(number)).map(String::as_str)
    }

    /// When its first and its last entry was written.
    pub(super) const fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    /// The site of the other log: as most transfers that both have say, or the only one that this log names.
    pub(super) fn other_site(&self, other: &Self) -> Result<Option<String>, ReconcileError> {
        let mut common = vec![0_u64; self.peers.len()];
        let mut named = vec![false; self.peers.len()];
        for (task, said) in &self.transfers {
            let Some(number) = said.peer else { continue };
            if let Some(named) = named.get_mut(number) {
                *named = true;
            }
            if let (true, Some(count)) = (other.transfers.contains_key(task), common.get_mut(number)) {
                *count += 1;
            }
        }
        let most = self.peers.iter().zip(common).filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count);
        if let Some((site, _)) = most {
            return Ok(Some(site.clone()));
        }
        let mut only = self.peers.iter().zip(named).filter(|(_, named)| *named).map(|(site, _)| site);
        match (only.next(), only.next()) {
            (site, None) => Ok(site.cloned()),
            _ => Err(ReconcileError::UnknownSite { origin: self.origin.clone() }),
        }
    }

    fn number(&mut self, peer: &str) -> usize {
        // There are as many as a site has peers: few.
        self.peers.iter().position(|known| known == peer).unwrap_or_else(|| {
            self.peers.push(peer.to_owned());
            self.peers.len() - 1
        })
    }
}

impl Said {
    fn note(&mut self, line: &Line<'_>, at_ns: i64) {
        // The task's own intent, and not one of its lanes': a task is one operation, under its own id.
        let own = [Transfer::Release.name(), Transfer::Accept.name()].contains(&line.kind.as_ref())
            && line.object.task.as_deref() == Some(line.op.as_ref());
        let done = line.outcome.as_ref().is_some_and(|outcome| outcome.outcome == "done");
        match line.phase.as_ref() {
            "intent" if own => {
                self.begun = true;
                self.open = true;
            }
            "outcome" if own => self.open = false,
            _ if line.kind == Transfer::Finish.name() => self.ended(Ended {
                at_ns,
                done,
                code: line.outcome.as_ref().map(|outcome| outcome.code.as_ref().into()).unwrap_or_default(),
                manifest: line.object.digest,
                files: line.object.files,
                bytes: line.object.bytes,
            }),
            _ if line.kind == Transfer::Receipt.name() => self.receipt |= done,
            _ => {}
        }
    }

    fn and(&mut self, other: Self, peer: Option<usize>) {
        self.peer = self.peer.or(peer);
        self.open |= other.open;
        self.begun |= other.begun;
        self.contradicts |= other.contradicts;
        self.receipt |= other.receipt;
        if let Some(end) = other.end {
            self.ended(end);
        }
    }

    /// A crash between the end and the task's outcome has the end written twice; it must say the same.
    fn ended(&mut self, end: Ended) {
        match &self.end {
            None => self.end = Some(end),
            Some(before) => self.contradicts |= Ended { at_ns: before.at_ns, ..end } != *before,
        }
    }
}

fn nanoseconds(text: &str) -> Result<i64, serde_json::Error> {
    let at: jiff::Timestamp = text.parse().map_err(serde_json::Error::custom)?;
    i64::try_from(at.as_nanosecond()).map_err(serde_json::Error::custom)
}
