//! What a node notices about its own log, and raises an alert about until it is over (NIST SP 800-53 AU-5).
//!
//! **Promises.** The node looks twice a second. What it notices is in its readiness and its operational log at once, in the
//! queue of alerts as soon as the database takes it, and in the audit log as soon as that can be written. An alarm stands
//! once: a node that starts again goes on with those of its run before.

use std::collections::BTreeSet;
use std::time::Duration;

use sealane_audit::AppendError;
use sealane_database::alert::{self, Alert};
use sealane_model::alert::{Alarm, AlertState, Severity};
use sealane_model::id::fresh_uuid;
use sealane_model::{AlertId, AlertRuleId, Problem, Timestamp};
use sealane_policy::Role;
use tokio_util::sync::CancellationToken;

use super::announce::announce;
use crate::app::App;
use crate::{problem, reviews};

/// Between two looks.
const PACE: Duration = Duration::from_millis(500);
/// What the log has may be so old before it is in the index.
const BEHIND: Duration = Duration::from_secs(60);
/// What alarms that are no single log's are about.
const SITE: &str = "site";

/// Look until the site stops.
pub async fn run(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(PACE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut troubled = false;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let round = look(&app).await;
        if let Err(problem) = &round
            && !troubled
        {
            tracing::warn!(code = %problem.code, "what this node noticed is not in the queue of alerts yet; tried again until it is");
        }
        troubled = round.is_err();
    }
}

/// One look.
pub async fn look(app: &App) -> Result<(), Problem> {
    let mut noticed = of_node(app);
    // Readiness must not wait for a database that may be what is wrong.
    let of_site = app.parts().alerting.noticed().into_iter().filter(|alarm| alarm.is_of_the_site());
    app.parts().alerting.notice(&noticed.iter().copied().chain(of_site).collect());
    let due = reviews::due(app).await?;
    noticed.extend(due.alarms(app.now(), app.settings().review_days));
    app.parts().alerting.notice(&noticed);
    settle(app, &noticed, due.since()).await?;
    announce(app).await.map(drop)
}

/// What can be told without a database.
fn of_node(app: &App) -> BTreeSet<Alarm> {
    let log = app.guard().log();
    let alerting = &app.parts().alerting;
    let health = log.health();
    let unsynchronised = app.clock().moment().synchronisation.is_some_and(|word| !word.synchronised);
    let found = [
        (Alarm::AuditDisk, !log.has_reserve() || matches!(health, Err(AppendError::Full))),
        (Alarm::AuditUnwritable, matches!(health, Err(AppendError::Unwritable { .. } | AppendError::Replaced { .. }))),
        (Alarm::ClockUnsynchronised, unsynchronised),
        (Alarm::IndexLagging, is_behind(app)),
        (Alarm::WitnessExposed, app.parts().witnessing.is_exposed_for_long()),
        (Alarm::SyslogAway, alerting.is_syslog_away()),
    ];
    found.into_iter().filter(|(_, is)| *is).map(|(alarm, _)| alarm).collect()
}

/// Whether what the log had a minute ago is not in the index.
fn is_behind(app: &App) -> bool {
    let (size, indexed, now) = (app.guard().log().head().0, app.parts().indexer.indexed(), app.now());
    app.parts().alerting.waiting_since(size, indexed, now).is_some_and(|since| now.since(since) > BEHIND)
}

/// Raises what is new and clears what is over. What is the site's is over with the next review, and not because another
/// node's clock is a little behind.
async fn settle(app: &App, noticed: &BTreeSet<Alarm>, reviewed_at: Timestamp) -> Result<(), Problem> {
    let origin = app.guard().log().origin();
    let mut db = app.db().await?;
    let standing = alert::standing(&mut db, &[origin, SITE]).await.map_err(problem::database)?;
    let stands = |alarm: &Alarm| standing.iter().any(|alert| alert.alarm.as_ref().is_some_and(|(one, _)| one == alarm));
    for alarm in noticed.iter().filter(|alarm| !stands(alarm)) {
        alert::raise(&mut db, &alert_about(app, *alarm), &[]).await.map_err(problem::database)?;
    }
    for alert in &standing {
        let is_over =
            |alarm: &Alarm| !noticed.contains(alarm) && (!alarm.is_of_the_site() || reviewed_at >= alert.raised_at);
        if alert.alarm.as_ref().is_some_and(|(alarm, _)| is_over(alarm)) {
            alert::clear(&mut db, alert.id, app.now()).await.map_err(problem::database)?;
        }
    }
    Ok(())
}

fn alert_about(app: &App, alarm: Alarm) -> Alert {
    let log = app.guard().log();
    let now = app.now();
    let id = fresh_uuid(app.clock(), app.random());
    let subject = if alarm.is_of_the_site() { SITE } else { log.origin() };
    let concerns = if alarm.is_of_the_site() { Role::ComplianceOfficer } else { Role::Administrator };
    Alert {
        id: AlertId::from_uuid(id),
        rule: AlertRuleId::from_uuid(id),
        rule_name: alarm.word().to_owned(),
        severity: alarm.severity(),
        concerns,
        raised_by: id.to_string(),
        group: String::new(),
        alarm: Some((alarm, subject.to_owned())),
        raised_at: now,
        first_at: now,
        last_at: now,
        entries: 0,
        amount: 0,
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

/// Tells the operational log what begins and what ends.
pub(super) fn tell(before: &BTreeSet<Alarm>, now: &BTreeSet<Alarm>) {
    for alarm in now.difference(before) {
        if alarm.severity() == Severity::Urgent {
            tracing::error!(alarm = alarm.word(), "{}", alarm.in_words());
        } else {
            tracing::warn!(alarm = alarm.word(), "{}", alarm.in_words());
        }
    }
    for alarm in before.difference(now) {
        tracing::info!(alarm = alarm.word(), "over: {}", alarm.in_words());
    }
}

/// Since when what the log had then has not been in the index.
#[derive(Debug, Default)]
pub(super) struct Waiting(Option<(u64, Timestamp)>);

impl Waiting {
    pub(super) fn since(&mut self, size: u64, indexed: u64, now: Timestamp) -> Option<Timestamp> {
        self.0 = match self.0 {
            Some((then, at)) if indexed < then => Some((then, at)),
            _ if indexed < size => Some((size, now)),
            _ => None,
        };
        self.0.map(|(_, at)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_log_is_not_behind_as_long_as_the_index_follows() {
        let at = Timestamp::from_seconds;
        let mut waiting = Waiting::default();
        assert_eq!(waiting.since(10, 10, at(0)), None);
        assert_eq!(waiting.since(20, 10, at(1)), Some(at(1)));
        assert_eq!(waiting.since(30, 15, at(2)), Some(at(1)), "what it had at 1 is not there yet");
        assert_eq!(waiting.since(40, 20, at(3)), Some(at(3)));
        assert_eq!(waiting.since(40, 40, at(4)), None);
    }
}
