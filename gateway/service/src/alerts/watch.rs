//! What rules make of entries, as the indexer takes them in.
//!
//! **Promises.** Looking is part of the transaction that takes entries into the index: interrupted anywhere, an entry was
//! seen and counted, or neither. How far rules have looked stands apart from the index, so building that again raises
//! nothing. Nodes that share a database count for one rule one after the other. Entries about alerts raise none.
//!
//! **Counting.** A matching entry joins the open alert of its rule and group when it is within the window of it; else it
//! waits, and when enough wait within the window they become an alert. Bytes are summed up by sixtieths of the window.

use std::collections::BTreeMap;
use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::{EntryView, Kind};
use sealane_database::alert::{self, Alert};
use sealane_database::alert_hit::{self, Hit};
use sealane_database::alert_rule::{self, AlertRule};
use sealane_database::audit_index::{self, IndexedEntry};
use sealane_database::{Db, DbError};
use sealane_model::alert::{AlertState, Grouping, Measure};
use sealane_model::id::fresh_uuid;
use sealane_model::{AlertId, Timestamp};

use super::{hex, people};
use crate::app::App;

/// Sums of bytes are kept for such a part of the window.
const PARTS: u32 = 60;

/// The next entries of a log.
pub(crate) struct Watched<'a> {
    /// The log's number in the index.
    pub(crate) log: i64,
    /// The log's name in its checkpoints.
    pub(crate) origin: &'a str,
    /// They, as the index takes them.
    pub(crate) entries: &'a [IndexedEntry],
    /// They, as they are.
    pub(crate) views: &'a [EntryView],
}

/// A matching entry, or several summed up, with the leaf hash of the last.
struct Match {
    hit: Hit,
    leaf: String,
}

/// Shows entries to the rules. Belongs into the transaction that takes them into the index.
pub(crate) async fn look(app: &App, db: &mut Db, watched: &Watched<'_>) -> Result<(), DbError> {
    let (Some(first), Some(last)) = (watched.entries.first(), watched.entries.last()) else { return Ok(()) };
    let from = audit_index::watched(db, watched.log).await?;
    if last.place < from {
        return Ok(());
    }
    let rules = alert_rule::watching(db).await?;
    let turn = Turn { app, watched, from: from.max(first.place) };
    for rule in &rules {
        let groups = turn.groups(rule);
        // The turn first: what another node has counted meanwhile is seen only after it.
        if groups.is_empty() || !alert_rule::take_turn(db, rule.id).await? {
            continue;
        }
        for (group, matches) in groups {
            if rule.threshold.is_every() {
                turn.raise_each(db, rule, &group, matches).await?;
            } else {
                turn.count(db, rule, &group, matches).await?;
            }
        }
    }
    audit_index::watched_to(db, watched.log, last.place.saturating_add(1)).await
}

struct Turn<'a> {
    app: &'a App,
    watched: &'a Watched<'a>,
    /// What is before it was looked at before.
    from: u64,
}

impl Turn<'_> {
    /// What matches a rule, by what it has in common, in the order of time.
    fn groups(&self, rule: &AlertRule) -> BTreeMap<String, Vec<Match>> {
        let mut groups: BTreeMap<String, Vec<Match>> = BTreeMap::new();
        for (entry, view) in self.watched.entries.iter().zip(self.watched.views) {
            let is_new = entry.place >= self.from && !is_of_alerts(view.entry.kind);
            if is_new && rule.wanted.matches(self.watched.origin, entry) {
                let group = group_of(rule.threshold.by, entry);
                groups.entry(group).or_default().push(self.matching(entry, view));
            }
        }
        for matches in groups.values_mut() {
            matches.sort_by_key(|one| (one.hit.at, one.hit.first));
            if rule.threshold.measure == Measure::Bytes {
                *matches = summed_up(std::mem::take(matches), rule.threshold.within);
            }
        }
        groups.retain(|_, matches| !matches.is_empty());
        groups
    }

    fn matching(&self, entry: &IndexedEntry, view: &EntryView) -> Match {
        let hit = Hit {
            log: self.watched.log,
            first: entry.place,
            last: entry.place,
            at: entry.at,
            entries: 1,
            amount: entry.bytes.unwrap_or(0),
            people: people::of_entry(&self.app.parts().index_key, view),
        };
        Match { hit, leaf: view.leaf.to_string() }
    }

    async fn raise_each(&self, db: &mut Db, rule: &AlertRule, group: &str, matches: Vec<Match>) -> Result<(), DbError> {
        for one in matches {
            let hits = [one.hit];
            let alert = self.alert(rule, group, &one.leaf, &hits);
            alert::raise(db, &alert, &hits).await?;
        }
        Ok(())
    }

    async fn count(&self, db: &mut Db, rule: &AlertRule, group: &str, matches: Vec<Match>) -> Result<(), DbError> {
        let within = rule.threshold.within;
        let (Some(first), Some(last)) = (matches.first(), matches.last()) else { return Ok(()) };
        let (from, to) = (before(first.hit.at, within), last.hit.at.after(within));
        let mut open = alert::open_near(db, rule.id, group, from, to).await?;
        let mut waiting = alert_hit::within(db, rule.id, group, from, to).await?;
        for Match { hit, leaf } in matches {
            let near =
                |alert: &&mut Alert| hit.at >= before(alert.first_at, within) && hit.at <= alert.last_at.after(within);
            if let Some(alert) = open.as_mut().filter(near) {
                alert::join(db, alert, &hit).await?;
                alert.entries = alert.entries.saturating_add(hit.entries);
                alert.first_at = alert.first_at.min(hit.at);
                alert.last_at = alert.last_at.max(hit.at);
                continue;
            }
            let place =
                waiting.partition_point(|other| (other.at, other.log, other.first) <= (hit.at, hit.log, hit.first));
            waiting.insert(place, hit);
            let weights: Vec<(i64, u64)> = waiting.iter().map(|hit| (hit.at.as_micros(), weight(rule, hit))).collect();
            if let Some(enough) = rule.threshold.reached(&weights) {
                let hits: Vec<Hit> = waiting.drain(enough).collect();
                let alert = self.alert(rule, group, &leaf, &hits);
                if alert::raise(db, &alert, &hits).await? {
                    open = Some(alert);
                }
                alert_hit::forget(db, rule.id, group, &hits).await?;
            }
        }
        waiting.retain(|hit| hit.log == self.watched.log && hit.first >= self.from);
        alert_hit::insert(db, rule.id, group, &waiting).await
    }

    fn alert(&self, rule: &AlertRule, group: &str, leaf: &str, hits: &[Hit]) -> Alert {
        let log = self.app.guard().log();
        let times = || hits.iter().map(|hit| hit.at);
        let now = self.app.now();
        Alert {
            id: AlertId::from_uuid(fresh_uuid(self.app.clock(), self.app.random())),
            rule: rule.id,
            rule_name: rule.name.to_string(),
            severity: rule.severity,
            concerns: rule.concerns,
            raised_by: leaf.to_owned(),
            group: group.to_owned(),
            alarm: None,
            raised_at: now,
            first_at: times().min().unwrap_or(now),
            last_at: times().max().unwrap_or(now),
            entries: hits.iter().map(|hit| hit.entries).sum(),
            amount: hits.iter().fold(0, |sum, hit| sum.saturating_add(hit.amount)),
            log: log.origin().to_owned(),
            floor: log.head().0,
            raised_place: None,
            cleared_at: None,
            cleared_place: None,
            state: AlertState::Open,
            acknowledged: None,
            closed: None,
            closed_op: None,
            finding: None,
        }
    }
}

/// What alerts write about themselves would go on for ever.
const fn is_of_alerts(kind: Kind) -> bool {
    matches!(kind, Kind::Assurance(Assurance::AlertRaise | Assurance::AlertClear))
}

fn group_of(by: Grouping, entry: &IndexedEntry) -> String {
    match by {
        Grouping::Person => entry.person.map(|token| hex(&token)),
        Grouping::Client => entry.client.map(|token| hex(&token)),
        Grouping::Collection => entry.collection.clone(),
        Grouping::Anybody => None,
    }
    .unwrap_or_default()
}

fn weight(rule: &AlertRule, hit: &Hit) -> u64 {
    match rule.threshold.measure {
        Measure::Entries => hit.entries,
        Measure::Bytes => hit.amount,
    }
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.as_micros().saturating_sub(micros))
}

/// Many entries about a few bytes each become few sums.
fn summed_up(matches: Vec<Match>, within: Duration) -> Vec<Match> {
    let part = i64::try_from((within / PARTS).max(Duration::from_secs(1)).as_micros()).unwrap_or(i64::MAX);
    let mut sums: Vec<Match> = Vec::new();
    for one in matches.into_iter().filter(|one| one.hit.amount > 0) {
        match sums.last_mut() {
            Some(sum) if one.hit.at.as_micros() / part == sum.hit.at.as_micros() / part => {
                sum.hit.first = sum.hit.first.min(one.hit.first);
                sum.hit.last = sum.hit.last.max(one.hit.last);
                sum.hit.entries += 1;
                sum.hit.amount = sum.hit.amount.saturating_add(one.hit.amount);
                sum.hit.people.extend(one.hit.people);
                sum.hit.people.sort_unstable();
                sum.hit.people.dedup();
                sum.leaf = one.leaf;
            }
            _ => sums.push(one),
        }
    }
    sums
}
