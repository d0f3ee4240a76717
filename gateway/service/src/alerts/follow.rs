//! Alerts as they are raised, for whoever watches.
//!
//! **Promises.** No alert is left out, also where a node whose clock is behind raises one late: the last minute is looked at
//! again each time. Whoever comes back with the last alert that they saw may get some of that minute twice.

use std::collections::BTreeSet;

use sealane_audit::event::Assurance;
use sealane_database::alert::{self, AlertFilter};
use sealane_model::{AlertId, Permit, Problem, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;
use uuid::Uuid;

use super::view;
use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::problem;
use crate::view::AlertView;

/// Alerts of one look.
const MOST: usize = 1_000;
/// What is looked at again: a minute, where ids of version 7 have their milliseconds.
const AGAIN: u128 = 60_000 << 80;

/// Alerts under way.
pub struct Feed {
    app: App,
    last: AlertId,
    seen: BTreeSet<AlertId>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("last", &self.last).finish_non_exhaustive()
    }
}

/// Follow alerts: those after the given one, or those that are raised from now on.
pub async fn follow(app: &App, caller: &Caller, after: Option<AlertId>) -> Result<Feed, Problem> {
    let question = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AlertList);
    let grant = app.permit::<permit::SeeAudit>(question).await?;
    let feed = begin(app, &grant.permit, after).await;
    conclude(grant, feed, Details::none().detail("followed", true)).await
}

async fn begin(app: &App, _permit: &Permit<permit::SeeAudit>, after: Option<AlertId>) -> Result<Feed, Problem> {
    let mut db = app.db().await?;
    let (last, seen) = match after {
        Some(after) => (after, BTreeSet::from([after])),
        None => {
            let newest = alert::list(&mut db, &AlertFilter::default(), None, 1).await.map_err(problem::database)?;
            let last = newest.first().map_or(AlertId::from_uuid(Uuid::nil()), |alert| alert.id);
            let there = alert::newer(&mut db, minute_before(last), MOST).await.map_err(problem::database)?;
            (last, there.into_iter().map(|alert| alert.id).collect())
        }
    };
    Ok(Feed { app: app.clone(), last, seen })
}

impl Feed {
    /// What was raised since the last look, the oldest first.
    pub async fn newer(&mut self) -> Result<Vec<AlertView>, Problem> {
        let mut db = self.app.db().await?;
        let from = minute_before(self.last);
        let found = alert::newer(&mut db, from, MOST).await.map_err(problem::database)?;
        let new: Vec<AlertView> = found.into_iter().filter(|alert| self.seen.insert(alert.id)).map(view).collect();
        self.last = new.iter().map(|alert| alert.id).max().map_or(self.last, |newest| newest.max(self.last));
        let from = minute_before(self.last);
        self.seen.retain(|id| *id > from);
        Ok(new)
    }
}

fn minute_before(id: AlertId) -> AlertId {
    AlertId::from_uuid(Uuid::from_u128(id.uuid().as_u128().saturating_sub(AGAIN)))
}
