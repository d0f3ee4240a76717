//! Time: by when entries were there, and whether what they say of their own time can be true.
//!
//! The log's own clock proves nothing. Witnesses whom the auditor names saw a head of so many entries at a
//! time of theirs: the entries under it are not younger, and those after it are hardly older. An entry that
//! says otherwise was backdated or postdated, or its node's clock was far off; either way it is told.
//! Timestamps of RFC 3161 are `openssl ts -verify`'s work: see docs/operate/verify.md.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::verdict::Verdict;
use crate::note::Checkpoint;
use crate::witness::{Policy, Quorum};

/// Clocks of nodes and witnesses may differ by so much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// A request to a witness may be under way for so long while the log grows.
const REQUEST_UNDER_WAY: SignedDuration = SignedDuration::from_hours(1);

/// A head that a quorum saw.
struct Confirmed {
    size: u64,
    /// When the quorum was complete.
    since: String,
    by: Vec<String>,
    /// Entries under the head say no later time.
    latest: String,
    /// Entries after the head say no earlier time.
    earliest: String,
}

/// What the policy's witnesses say of the heads of one log.
pub(super) struct Confirmations {
    /// Smallest first.
    heads: Vec<Confirmed>,
    asked: bool,
    forged: Option<Verdict>,
    doubtful: Option<Verdict>,
}

/// What an entry says of its own time.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
}

impl Confirmations {
    pub(super) fn of<'a>(policy: Option<&Policy>, heads: impl Iterator<Item = &'a Checkpoint>) -> Self {
        let mut all = Self { heads: Vec::new(), asked: false, forged: None, doubtful: None };
        let Some(policy) = policy.filter(|policy| policy.asks_for_witnesses()) else { return all };
        all.asked = true;
        for head in heads {
            let standing = policy.evaluate(head);
            if let Some(name) = standing.forged.first() {
                let why =
                    format!("a cosignature on the head of {} entries is not by {name}: it is forged", head.size());
                all.forged.get_or_insert_with(|| Verdict::bad(None, why));
            } else if let Quorum::Met { since_s } = standing.quorum {
                let first_s = standing.witnessed.iter().map(|seen| seen.at_s).min().unwrap_or(since_s);
                let by = standing.witnessed.into_iter().map(|seen| seen.name).collect();
                all.heads.extend(confirmed(head.size(), since_s, first_s, by));
            }
        }
        all.heads.sort_by(|one, other| (one.size, &one.since).cmp(&(other.size, &other.since)));
        all
    }

    /// A line in a trusted witness's name that is not by it.
    pub(super) fn forged(&mut self) -> Option<Verdict> {
        self.forged.take()
    }

    /// Compares what an entry says of its time with the heads before and after it.
    pub(super) fn entry(&mut self, index: u64, bytes: &[u8]) {
        if self.heads.is_empty() || self.doubtful.is_some() {
            return;
        }
        let Ok(Said { at }) = serde_json::from_slice(bytes) else { return };
        let after = self.heads.partition_point(|head| head.size <= index);
        let before = after.checked_sub(1).and_then(|at| self.heads.get(at));
        // Times of one form: they compare as texts.
        if let Some(head) = self.heads.get(after).filter(|head| *at > *head.latest) {
            let why = format!("it says {at}, and witnesses saw it at {}: its time is later than that", head.since);
            self.doubtful = Some(Verdict::bad(index, why));
        } else if let Some(head) = before.filter(|head| *at < *head.earliest) {
            let why = format!("it says {at}, and witnesses saw the log without it at {}: it was backdated", head.since);
            self.doubtful = Some(Verdict::bad(index, why));
        }
    }

    /// The verdict over `size` entries.
    pub(super) fn verdict(self, size: u64) -> Verdict {
        if let Some(doubtful) = self.doubtful {
            return doubtful;
        }
        let Some(head) = self.heads.into_iter().rfind(|head| head.size <= size) else {
            return if self.asked {
                Verdict::bad(None, "no head that is here was cosigned by as many witnesses as were asked for")
            } else {
                Verdict::unknown(
                    "not anchored: name witnesses (--witness, --policy) who vouch for when this was written",
                )
            };
        };
        let (since, by) = (head.since, head.by.join(", "));
        Verdict::ok(format!("the first {} of {size} entries were there by {since}, say {by}", head.size))
    }
}

fn confirmed(size: u64, since_s: u64, first_s: u64, by: Vec<String>) -> Option<Confirmed> {
    let at = |seconds: u64| Timestamp::from_second(i64::try_from(seconds).ok()?).ok();
    let (since, first) = (at(since_s)?, at(first_s)?);
    let latest = first.checked_add(CLOCKS_DIFFER).ok()?;
    let earliest = first.checked_sub(REQUEST_UNDER_WAY).ok()?;
    Some(Confirmed {
        size,
        since: format!("{since:.0}"),
        by,
        latest: format!("{latest:.9}"),
        earliest: format!("{earliest:.9}"),
    })
}
