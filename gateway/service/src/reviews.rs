//! Reviews of the audit log: what has happened since the last one, and somebody's signature under it (NIST SP 800-53 AU-6 a,
//! AU-6(3); 45 CFR 164.308(a)(1)(ii)(D)).
//!
//! **Promises.** A signature binds what was reviewed: of each log the entries from the last review on up to a size, with the
//! root of the tree over that size, or the leaf hash of the last entry where another node keeps the log. Reviews follow each
//! other without a gap. One that is due and not signed is an alert, urgent after twice the period.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sealane_audit::event::{Admin, Assurance, Sharing};
use sealane_audit::{Kind, Private, ProveError};
use sealane_crypto::digest::Digest;
use sealane_database::audit_index::{self, LogPosition};
use sealane_database::audit_review::{self, Review, ReviewRange};
use sealane_database::{alert, setting};
use sealane_model::alert::Alarm;
use sealane_model::id::fresh_uuid;
use sealane_model::problem::ProblemKind;
use sealane_model::{Permit, Problem, ReviewId, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;
use serde_json::json;

use crate::act::{ask, conclude};
use crate::alerts;
use crate::app::App;
use crate::audit::lag;
use crate::caller::{Actor, Caller};
use crate::erasures::words;
use crate::problem;
use crate::view::audit::LogLag;
use crate::view::{AuditStatusView, ReviewCount, ReviewRangeView, ReviewView, ReviewedLog, SignOffReview, SignOffView};

/// From when on the first review is counted.
const SINCE: &str = "audit-review-since";

/// When reviews are due.
#[derive(Debug)]
pub(crate) struct Due {
    last: Option<Review>,
    /// The last review, or when the site began to count.
    since: Timestamp,
}

/// When the last review was, or the site's beginning.
pub(crate) async fn due(app: &App) -> Result<Due, Problem> {
    let mut db = app.db().await?;
    let last = audit_review::last(&mut db).await.map_err(problem::database)?;
    let since = match &last {
        Some(review) => review.signed_at,
        None => match setting::get(&mut db, SINCE).await.map_err(problem::database)? {
            Some(text) => text.parse().map_err(|error| problem::internal("review-since", &error))?,
            None => {
                let now = app.now();
                setting::put(&mut db, SINCE, &now.to_string()).await.map_err(problem::database)?;
                now
            }
        },
    };
    Ok(Due { last, since })
}

impl Due {
    /// The last review, or when the site began to count.
    pub(crate) const fn since(&self) -> Timestamp {
        self.since
    }

    fn at(&self, days: u32) -> Timestamp {
        self.since.after(period(days))
    }

    /// What is late.
    pub(crate) fn alarms(&self, now: Timestamp, days: u32) -> BTreeSet<Alarm> {
        let late = now.since(self.since);
        let found = [(Alarm::ReviewOverdue, period(days)), (Alarm::ReviewLongOverdue, period(days) * 2)];
        found.into_iter().filter(|(_, after)| late > *after).map(|(alarm, _)| alarm).collect()
    }
}

fn period(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

/// How the log stands, for whoever may read it.
pub async fn status(app: &App, caller: &Caller) -> Result<AuditStatusView, Problem> {
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertList);
    let grant = app.permit::<permit::SeeAudit>(question).await?;
    let result = stands(app, &grant.permit).await;
    conclude(grant, result, Details::none()).await
}

/// What has happened since the last review.
pub async fn show(app: &App, caller: &Caller) -> Result<ReviewView, Problem> {
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::ReviewShow);
    let grant = app.permit::<permit::SeeAudit>(question).await?;
    let result = look(app, &grant.permit).await;
    let details = match &result {
        Ok(view) => Details::none().detail("ranges", serde_json::to_value(&view.ranges).unwrap_or_default()),
        Err(_) => Details::none(),
    };
    conclude(grant, result, details).await
}

/// Sign that the log was reviewed.
pub async fn sign_off(app: &App, caller: &Caller, signed: SignOffReview) -> Result<SignOffView, Problem> {
    let actor = Actor::from(caller);
    let question = |ranges: &[ReviewRange]| {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|range| json!({ "log": range.log, "first": range.first, "size": range.size, "head": range.head }))
            .collect();
        ask(&actor, Action::SignOffReviews, Resource::site(), Assurance::ReviewSignOff).detail("ranges", ranges)
    };
    let made = async {
        let note = words(signed.note, "note")?;
        Ok((note, ranges(app, signed.reviewed.as_deref()).await?))
    };
    let (note, ranges) = match made.await {
        Ok(made) => made,
        Err(problem) => {
            let grant = app.permit::<permit::SignOffReviews>(question(&[])).await?;
            return conclude(grant, Err(problem), Details::none()).await;
        }
    };
    let id = ReviewId::from_uuid(fresh_uuid(app.clock(), app.random()));
    let question = question(&ranges).detail("review", id.to_string()).private("note", Private::new(note));
    let grant = app.permit::<permit::SignOffReviews>(question).await?;
    let (app, by) = (app.clone(), caller.person.id.clone());
    app.clone()
        .to_its_end(async move {
            let op = grant.op().to_string();
            let review = Review { id, signed_by: by, signed_at: app.now(), op, ranges };
            let result = write(&app, &grant.permit, &review).await;
            conclude(grant, result, Details::none()).await?;
            Ok(signed_view(review))
        })
        .await
}

async fn write(app: &App, _permit: &Permit<permit::SignOffReviews>, review: &Review) -> Result<(), Problem> {
    let mut db = app.db().await?;
    audit_review::insert(&mut db, review).await.map_err(problem::database)
}

async fn stands(app: &App, _permit: &Permit<permit::SeeAudit>) -> Result<AuditStatusView, Problem> {
    let logs = lag::wait(app).await?;
    let due = due(app).await?;
    let due_at = due.at(app.settings().review_days);
    Ok(AuditStatusView {
        logs,
        alarms: app.parts().alerting.noticed().into_iter().collect(),
        exposed: app.parts().witnessing.is_exposed(),
        alerts: alerts::counts(app).await?,
        last_review: due.last.map(signed_view),
        review_due_at: due_at,
        review_overdue: app.now() > due_at,
    })
}

async fn look(app: &App, permit: &Permit<permit::SeeAudit>) -> Result<ReviewView, Problem> {
    let status = stands(app, permit).await?;
    let since = due(app).await?.since;
    let ranges = ranges(app, None).await?;
    let mut db = app.db().await?;
    let (alerts_raised, alerts_closed) = alert::since(&mut db, since).await.map_err(problem::database)?;
    let mut counts: BTreeMap<(String, Option<String>), u64> = BTreeMap::new();
    for log in audit_index::positions(&mut db).await.map_err(problem::database)? {
        let Some(range) = ranges.iter().find(|range| range.log == log.origin) else { continue };
        let tally =
            audit_index::tally(&mut db, log.number, range.first, range.size).await.map_err(problem::database)?;
        // What an intent announces its outcome tells as well.
        for line in tally.into_iter().filter(|line| line.phase != "intent") {
            let count = counts.entry((line.kind, line.outcome)).or_default();
            *count = count.saturating_add(line.entries);
        }
    }
    let total = |which: &dyn Fn(Option<Kind>, Option<&str>) -> bool| {
        let chosen = counts.iter().filter(|((kind, outcome), _)| which(kind.parse().ok(), outcome.as_deref()));
        chosen.map(|(_, count)| count).sum()
    };
    Ok(ReviewView {
        refused: total(&|_, outcome| matches!(outcome, Some("denied" | "step-up"))),
        privileged: total(&|kind, outcome| outcome == Some("done") && kind.is_some_and(is_privileged)),
        exports: total(&|kind, _| matches!(kind, Some(Kind::Assurance(Assurance::AuditExport | Assurance::ReportRun)))),
        counts: counts.into_iter().map(|((kind, outcome), entries)| ReviewCount { kind, outcome, entries }).collect(),
        last: status.last_review,
        due_at: status.review_due_at,
        overdue: status.review_overdue,
        ranges: ranges.into_iter().map(range_view).collect(),
        alerts_raised,
        alerts_closed,
        alerts: status.alerts,
        logs: status.logs,
        alarms: status.alarms,
        exposed: status.exposed,
    })
}

/// What there is to review of each log: all since the last review, up to what is in the index, or to what was reviewed.
async fn ranges(app: &App, reviewed: Option<&[ReviewedLog]>) -> Result<Vec<ReviewRange>, Problem> {
    let lags = lag::wait(app).await?;
    let mut db = app.db().await?;
    let positions = audit_index::positions(&mut db).await.map_err(problem::database)?;
    let before: BTreeMap<String, u64> =
        audit_review::reviewed(&mut db).await.map_err(problem::database)?.into_iter().collect();
    drop(db);
    if let Some(stray) = reviewed.into_iter().flatten().find(|one| !positions.iter().any(|log| log.origin == one.log)) {
        return Err(problem::bad_request("log-unknown", format!("'{}' is no log of this site.", stray.log)));
    }
    let mut ranges = Vec::with_capacity(positions.len());
    for position in positions {
        let first = before.get(&position.origin).copied().unwrap_or(0);
        let (size, told) = match reviewed {
            None => (indexed(&lags, &position), None),
            Some(reviewed) => match reviewed.iter().find(|one| one.log == position.origin) {
                Some(one) => (one.size, one.head.as_deref()),
                None => continue,
            },
        };
        if size > position.indexed || size < first {
            return Err(problem::bad_request(
                "review-range",
                format!("Of {} entries {first} to {} are there to be reviewed.", position.origin, position.indexed),
            ));
        }
        if size > first {
            let head = head(app, &position, size, told).await?;
            ranges.push(ReviewRange { log: position.origin, first, size, head });
        }
    }
    Ok(ranges)
}

/// As this node's log was when this began, for its index goes on meanwhile; another's as far as it is indexed now.
fn indexed(lags: &[LogLag], position: &LogPosition) -> u64 {
    let own = lags.iter().find(|lag| lag.here && lag.log == position.origin);
    own.map_or(position.indexed, |lag| lag.size.min(position.indexed))
}

/// What binds the first `size` entries of a log. Of another node's log that has grown since, the reviewer says what they
/// were shown: whether that log had such an entry there, its verifiers find out.
async fn head(app: &App, position: &LogPosition, size: u64, told: Option<&str>) -> Result<String, Problem> {
    let log = app.guard().log();
    if position.origin == log.origin() {
        let log = log.clone();
        let root = tokio::task::spawn_blocking(move || log.root_at(size)).await;
        let root = root.map_err(|error| problem::internal("act-broken", &error))?;
        let root = root.map_err(|error: ProveError| problem::internal("audit-unreadable", &error))?.to_string();
        return if told.is_none_or(|told| told == root) { Ok(root) } else { Err(other_head(&position.origin)) };
    }
    match (&position.tip, told) {
        (Some(tip), None) if size == position.indexed => Ok(tip.clone()),
        (Some(tip), Some(told)) if size == position.indexed && told != tip => Err(other_head(&position.origin)),
        (_, Some(told)) if told.parse::<Digest>().is_ok() => Ok(told.to_owned()),
        _ => Err(problem::bad_request(
            "review-range",
            format!("{} is kept by another node, and has grown: say its head too, as it was shown.", position.origin),
        )),
    }
}

fn other_head(log: &str) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "review-head",
        "The log is another one than was shown",
        format!("{log} has another head at that size."),
    )
    .next("Look at the review again: `sealane audit review show`. If it stays so, verify the log: docs/operate/verify.md.")
}

/// Whether an act changes what the site is or what others may do.
const fn is_privileged(kind: Kind) -> bool {
    match kind {
        Kind::Admin(kind) => {
            !matches!(kind, Admin::PeerList | Admin::SettingsShow | Admin::SiteStart | Admin::SiteStop)
        }
        Kind::Sharing(kind) => matches!(
            kind,
            Sharing::CollectionCreate
                | Sharing::CollectionChange
                | Sharing::CollectionRemove
                | Sharing::RuleCreate
                | Sharing::RuleChange
                | Sharing::RuleRemove
        ),
        Kind::Assurance(kind) => matches!(
            kind,
            Assurance::AuditReindex
                | Assurance::EraseRequest
                | Assurance::EraseApprove
                | Assurance::EraseWithdraw
                | Assurance::Erase
                | Assurance::HoldPlace
                | Assurance::HoldRelease
                | Assurance::AlertRuleCreate
                | Assurance::AlertRuleChange
                | Assurance::AlertRuleRemove
        ),
        Kind::Identity(_) | Kind::Access(_) | Kind::Transfer(_) => false,
    }
}

fn signed_view(review: Review) -> SignOffView {
    SignOffView {
        id: review.id,
        signed_by: review.signed_by.subject,
        signed_at: review.signed_at,
        op: review.op,
        ranges: review.ranges.into_iter().map(range_view).collect(),
    }
}

fn range_view(range: ReviewRange) -> ReviewRangeView {
    ReviewRangeView { log: range.log, first: range.first, size: range.size, head: range.head }
}
