//! How it stands: this node's log with its witnesses, and this site as a witness of others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealane_audit::event::Admin;
use sealane_audit::witness::Exposure;
use sealane_database::{log_fork, log_key, witnessed_log};
use sealane_model::{Problem, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;

use super::ask::Unwitnessed;
use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::Actor;
use crate::view::{
    ForkView, WitnessIdentityView, WitnessPolicyView, WitnessStanding, WitnessStatusView, WitnessedLogView,
};
use crate::{problem, timestamps};

/// Looks after which too much waiting is told.
const LASTS: u32 = 3;

/// How far this node's log is cosigned. Held in memory: what counts is kept beside the log.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    confirmed: u64,
    confirmed_at: Option<Timestamp>,
    witnesses: BTreeMap<String, Standing>,
    exposure: Option<Exposure>,
    exposed: bool,
    /// Looks in a row that found too much waiting.
    looks: u32,
    /// Whether that was told.
    told: bool,
    warned: bool,
}

#[derive(Debug, Clone, Default)]
struct Standing {
    size: u64,
    at: Option<Timestamp>,
    fault: Option<(&'static str, String)>,
}

impl Progress {
    /// A witness cosigned.
    pub(super) fn cosigned(&self, name: &str, size: u64, at: Timestamp) {
        let was = self.lock().witnesses.insert(name.to_owned(), Standing { size, at: Some(at), fault: None });
        if was.is_some_and(|was| was.fault.is_some()) {
            tracing::info!(witness.name = name, "a witness cosigns again");
        }
    }

    /// A witness did not. Told once, when it begins or changes.
    pub(super) fn failed(&self, name: &str, cause: &Unwitnessed, first: bool) {
        let mut state = self.lock();
        let standing = state.witnesses.entry(name.to_owned()).or_default();
        let other = standing.fault.as_ref().is_none_or(|(code, _)| *code != cause.code());
        standing.fault = Some((cause.code(), cause.to_string()));
        drop(state);
        if matches!(cause, Unwitnessed::RolledBack { .. }) && (first || other) {
            tracing::error!(witness.name = name, code = cause.code(), "{cause}");
        } else if first || other {
            tracing::warn!(
                witness.name = name,
                code = cause.code(),
                "a witness did not cosign; it is asked again: {cause}"
            );
        }
    }

    /// A quorum confirmed so many entries.
    pub(super) fn confirmed(&self, size: u64, at: Timestamp) {
        let mut state = self.lock();
        if size > state.confirmed {
            state.confirmed = size;
            state.confirmed_at = Some(at);
        }
    }

    /// Whether a log of this size is confirmed to its end.
    pub(super) fn covers(&self, size: u64) -> bool {
        self.lock().confirmed == size
    }

    /// Whether it is time for a warning: once, until it is over.
    pub(super) fn warns(&self, waits: bool) -> bool {
        let mut state = self.lock();
        let begins = waits && !state.warned;
        state.warned = waits;
        begins
    }

    /// What waits now; says whether an episode is to be told as begun or as ended. It is told when it lasts: after a
    /// start, what was written before the stop waits until the witnesses have answered once.
    pub(super) fn exposed(&self, exposure: Exposure, exceeds: bool) -> bool {
        let mut state = self.lock();
        state.exposure = Some(exposure);
        state.exposed = exceeds;
        state.looks = if exceeds { state.looks.saturating_add(1) } else { 0 };
        let told = if exceeds { state.told || state.looks >= LASTS } else { false };
        std::mem::replace(&mut state.told, told) != told
    }

    /// Whether too much waits, and that was told.
    pub(super) fn is_told(&self) -> bool {
        self.lock().told
    }

    /// Whether too much waits.
    pub(super) fn is_exposed(&self) -> bool {
        self.lock().exposed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here is left half-written by a panic that would matter: each look writes it anew.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl super::Witnessing {
    /// Whether restricted data are refused because of the witnesses, and it lasts.
    pub(crate) fn is_exposed_for_long(&self) -> bool {
        self.progress.is_told()
    }

    /// Whether restricted data are refused because of the witnesses.
    pub(crate) fn is_exposed(&self) -> bool {
        self.progress.is_exposed()
    }
}

/// What another site's administrator needs in order to have this one as a witness.
pub async fn show(app: &App, actor: &Actor) -> Result<WitnessIdentityView, Problem> {
    let question = ask(actor, Action::ListPeers, Resource::site(), Admin::SettingsShow);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let key = app.parts().witnessing.verifier();
    let shown = WitnessIdentityView {
        key: key.to_string(),
        policy_line: format!("witness {} {key}", app.identity().name),
        url: format!("{}/witness", app.settings().public_url.as_str().trim_end_matches('/')),
        log: app.guard().log().verifier_key().to_string(),
    };
    conclude(grant, Ok(shown), Details::none().detail("settings", "witness")).await
}

/// How this node's log stands with its witnesses, and what this site has witnessed.
pub async fn status(app: &App, actor: &Actor) -> Result<WitnessStatusView, Problem> {
    let question = ask(actor, Action::ListPeers, Resource::site(), Admin::SettingsShow);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let status = read(app).await;
    conclude(grant, status, Details::none().detail("settings", "witness")).await
}

/// Evidence against logs with two histories.
pub async fn evidence(app: &App, actor: &Actor) -> Result<Vec<ForkView>, Problem> {
    let question = ask(actor, Action::ListPeers, Resource::site(), Admin::SettingsShow);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let forks = forks(app).await;
    conclude(grant, forks, Details::none().detail("settings", "witness-evidence")).await
}

async fn forks(app: &App) -> Result<Vec<ForkView>, Problem> {
    let mut db = app.db().await?;
    let mut forks = Vec::new();
    for fork in log_fork::list(&mut db).await.map_err(problem::database)? {
        let key = log_key::find(&mut db, &fork.origin).await.map_err(problem::database)?;
        forks.push(ForkView {
            id: fork.id,
            origin: fork.origin,
            found_at: fork.found_at,
            key: key.map(|key| key.vkey),
            evidence: fork.evidence,
        });
    }
    Ok(forks)
}

async fn read(app: &App) -> Result<WitnessStatusView, Problem> {
    let mut db = app.db().await?;
    let heads = witnessed_log::list(&mut db).await.map_err(problem::database)?;
    let forks = log_fork::list(&mut db).await.map_err(problem::database)?;
    let watched = heads.into_iter().map(|head| WitnessedLogView {
        forked: forks.iter().any(|fork| fork.origin == head.origin),
        origin: head.origin,
        size: head.size,
        at: head.at,
    });
    let timestamp = timestamps::kept(app).await?.pop();
    Ok(WitnessStatusView { policy: policy(app), timestamp, watched: watched.collect() })
}

/// `None` where nobody is asked.
fn policy(app: &App) -> Option<WitnessPolicyView> {
    let settings = app.settings().witness.as_ref().filter(|settings| settings.policy.asks_for_witnesses())?;
    let state = app.parts().witnessing.progress.lock();
    let witnesses = settings.policy.witnesses().map(|witness| {
        let standing = state.witnesses.get(&witness.name).cloned().unwrap_or_default();
        WitnessStanding {
            name: witness.name.clone(),
            size: standing.size,
            at: standing.at,
            code: standing.fault.as_ref().map(|(code, _)| (*code).to_owned()),
            fault: standing.fault.map(|(_, text)| text),
        }
    });
    Some(WitnessPolicyView {
        size: app.guard().log().head().0,
        confirmed: state.confirmed,
        confirmed_at: state.confirmed_at,
        waiting: state.exposure.map(|exposure| exposure.entries),
        waiting_ms: state.exposure.and_then(|exposure| u64::try_from(exposure.age.as_millis()).ok()),
        refused: state.exposed,
        witnesses: witnesses.collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOTHING: Exposure = Exposure { entries: 0, age: Duration::ZERO };

    #[test]
    fn an_episode_begins_once_and_ends_once() {
        let progress = Progress::default();
        let looks = [false, true, true, false, true, true, true, true, false, false];
        let told = looks.map(|exceeds| progress.exposed(NOTHING, exceeds));
        assert_eq!(told, [false, false, false, false, false, false, true, false, true, false]);
        assert!(!progress.is_exposed());
        let warnings = [true, true, false, true].map(|waits| progress.warns(waits));
        assert_eq!(warnings, [true, false, false, true]);
    }

    #[test]
    fn a_log_is_covered_only_to_the_size_that_was_confirmed() {
        let progress = Progress::default();
        progress.confirmed(7, Timestamp::from_seconds(1));
        progress.confirmed(5, Timestamp::from_seconds(2));
        assert!(progress.covers(7));
        assert!(!progress.covers(8) && !progress.covers(5), "a shorter log was rolled back");
    }
}
