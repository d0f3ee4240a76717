//! What a rule would have found in the past days, without saving it: the same counting, over the search index.

use std::collections::HashMap;
use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_database::audit_index::{self, Mark, Wanted};
use sealane_model::alert::{Grouping, Measure, Threshold};
use sealane_model::{Permit, Problem, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;

use super::form::{LONGEST_WINDOW, checked, understand};
use crate::act::{ask, conclude};
use crate::app::App;
use crate::audit::{Understood, lag};
use crate::caller::{Actor, Caller};
use crate::problem;
use crate::view::{TrialAlert, TrialView, TryAlertRule};

/// Entries of a page.
const PAGE: usize = 1_000;
/// Alerts that are told one by one.
const TOLD: usize = 100;
/// Over so many days at most.
const MOST_DAYS: u32 = 3_650;

/// Try a rule on what has happened.
pub async fn try_out(app: &App, caller: &Caller, wanted: TryAlertRule) -> Result<TrialView, Problem> {
    let understood = understand(app, &wanted.question).await;
    let mut question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AuditRead)
        .detail("filter", wanted.question.recorded(understood.is_ok()))
        .detail("rule-trial-days", wanted.days);
    if let Ok(understood) = &understood {
        question.private.extend(understood.named.clone());
    }
    let grant = app.permit::<permit::SeeAudit>(question).await?;
    let result = match (understood, checked(wanted.threshold)) {
        (Ok(understood), Ok(threshold)) => find(app, &grant.permit, understood, &threshold, wanted.days).await,
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    };
    let details = match &result {
        Ok(found) => Details::none().detail("entries", found.entries).detail("alerts", found.alerts),
        Err(_) => Details::none(),
    };
    conclude(grant, result, details).await
}

async fn find(
    app: &App,
    _permit: &Permit<permit::SeeAudit>,
    understood: Understood,
    threshold: &Threshold,
    days: u32,
) -> Result<TrialView, Problem> {
    if days == 0 || days > MOST_DAYS {
        return Err(problem::bad_request("rule-trial-days", format!("A rule is tried on 1 to {MOST_DAYS} past days.")));
    }
    let back = i64::from(days) * 24 * 3600 * 1_000_000;
    let now = app.now();
    let from = Timestamp::from_micros(now.as_micros().saturating_sub(back));
    let until = now.after(Duration::from_micros(1));
    let wanted = Wanted { from: Some(from), until: Some(until), newest_first: false, ..understood.wanted };
    let logs = lag::wait(app).await?;
    let not_indexed = logs.iter().map(|log| log.size - log.indexed).sum();
    let mut trial = Trial {
        threshold,
        groups: HashMap::new(),
        found: TrialView { entries: 0, alerts: 0, first: Vec::new(), not_indexed },
    };
    let mut db = app.db().await?;
    let Some(mut search) = audit_index::prepare(&mut db, &wanted).await.map_err(problem::database)? else {
        return Ok(trial.found);
    };
    let mut after = None;
    loop {
        let (marks, next) = audit_index::marks(&mut db, &mut search, after, PAGE).await.map_err(problem::database)?;
        marks.iter().for_each(|mark| trial.take(mark));
        if next.is_none() {
            return Ok(trial.found);
        }
        after = next;
    }
}

/// Counting under way, in the order of time.
struct Trial<'a> {
    threshold: &'a Threshold,
    groups: HashMap<Option<i64>, Group>,
    found: TrialView,
}

#[derive(Default)]
struct Group {
    /// Time and weight of what waits.
    waiting: Vec<(i64, u64)>,
    /// Bytes of the same.
    bytes: Vec<u64>,
    /// The end of the last alert, and its place among those that are told.
    last: Option<(i64, Option<usize>)>,
}

impl Trial<'_> {
    fn take(&mut self, mark: &Mark) {
        let threshold = self.threshold;
        let weight = match threshold.measure {
            Measure::Entries => 1,
            Measure::Bytes => mark.bytes,
        };
        self.found.entries += 1;
        let key = match threshold.by {
            Grouping::Person => mark.person,
            Grouping::Client => mark.client,
            Grouping::Collection => mark.collection,
            Grouping::Anybody => None,
        };
        let within = i64::try_from(threshold.within.min(LONGEST_WINDOW).as_micros()).unwrap_or(i64::MAX);
        let group = self.groups.entry(key).or_default();
        let at = mark.key.at;
        // As long as nobody has acknowledged an alert, more of the same joins it.
        if let Some((end, told)) = &mut group.last
            && !threshold.is_every()
            && at - *end <= within
        {
            *end = at;
            if let Some(alert) = told.and_then(|told| self.found.first.get_mut(told)) {
                alert.last_at = Timestamp::from_micros(at);
                alert.entries += 1;
                alert.bytes = alert.bytes.saturating_add(mark.bytes);
            }
            return;
        }
        let old = group.waiting.partition_point(|(before, _)| at - before > within);
        group.waiting.drain(..old);
        group.bytes.drain(..old);
        group.waiting.push((at, weight));
        group.bytes.push(mark.bytes);
        let Some(enough) = threshold.reached(&group.waiting) else { return };
        self.found.alerts += 1;
        let taken: Vec<(i64, u64)> = group.waiting.drain(enough.clone()).collect();
        let bytes = group.bytes.drain(enough).fold(0_u64, u64::saturating_add);
        let told = (self.found.first.len() < TOLD).then(|| {
            self.found.first.push(TrialAlert {
                first_at: Timestamp::from_micros(taken.first().map_or(at, |(first, _)| *first)),
                last_at: Timestamp::from_micros(at),
                entries: u64::try_from(taken.len()).unwrap_or(u64::MAX),
                bytes,
            });
            self.found.first.len() - 1
        });
        group.last = Some((at, told));
    }
}
