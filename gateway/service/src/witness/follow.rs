//! Gets this node's heads cosigned: once a second at most, by all witnesses of the policy side by side.
//!
//! **Promises.** Heads are published at a fixed pace, so that outsiders learn how busy the site is by the second and not by
//! the entry. Each witness has a task of its own, with its own patience; the newest head is what it gets next. When a
//! quorum has cosigned, the log says so in an entry, which stands beyond the witnessed head and proves that what follows it
//! was written later. An entry that would only tell of such an entry is not written: an idle log becomes quiet.

use std::sync::Arc;
use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::witness::{Policy, Quorum, Standing};
use sealane_audit::{Checkpoint, Filter, Kind, Log, OutcomeRecord, Phase};
use sealane_model::Problem;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::ask::{Asked, Unwitnessed};
use super::exposure;
use crate::app::App;
use crate::problem;

/// Heads are published at this pace.
const PACE: Duration = Duration::from_secs(1);
/// After a first failure a witness is asked again after this; then twice as long each time.
const FIRST_AGAIN: Duration = Duration::from_secs(1);
/// No longer than this, for the window may be a minute.
const LONGEST_AGAIN: Duration = Duration::from_secs(16);

/// Follow the log until the site stops. Without a policy there is nothing to do.
pub async fn run(app: App, shutdown: CancellationToken) {
    let Some(settings) = app.settings().witness.clone() else { return };
    let policy = Arc::new(settings.policy.clone());
    let (publish, heads) = watch::channel(app.guard().log().checkpoint());
    let mut witnesses = JoinSet::new();
    for witness in policy.witnesses() {
        let asked = Asked::new(app.clone(), witness.clone());
        witnesses.spawn(follow(app.clone(), Arc::clone(&policy), asked, heads.clone(), shutdown.clone()));
    }
    let mut ticks = tokio::time::interval(PACE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let head = app.guard().log().checkpoint();
        publish.send_if_modified(|published| {
            let moved = published.size() != head.size();
            *published = head;
            moved
        });
        exposure::look(&app, &settings).await;
    }
    while witnesses.join_next().await.is_some() {}
}

/// One witness, until the site stops.
async fn follow(
    app: App,
    policy: Arc<Policy>,
    mut asked: Asked,
    mut heads: watch::Receiver<Checkpoint>,
    shutdown: CancellationToken,
) {
    let mut failures = 0;
    loop {
        let head = heads.borrow_and_update().clone();
        let pause = match attempt(&app, &policy, &mut asked, &head).await {
            Ok(()) => {
                failures = 0;
                None
            }
            Err(cause) => {
                failures += 1;
                app.parts().witnessing.progress.failed(asked.name(), &cause, failures == 1);
                Some(again_after(failures))
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            ended = next(pause, &mut heads) => if ended { return },
        }
    }
}

/// After a failure time passes; after a success the next head is awaited. Says whether there will be none.
async fn next(pause: Option<Duration>, heads: &mut watch::Receiver<Checkpoint>) -> bool {
    match pause {
        Some(pause) => {
            tokio::time::sleep(pause).await;
            false
        }
        None => heads.changed().await.is_err(),
    }
}

fn again_after(failures: u32) -> Duration {
    FIRST_AGAIN.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(8))).min(LONGEST_AGAIN)
}

async fn attempt(app: &App, policy: &Policy, asked: &mut Asked, head: &Checkpoint) -> Result<(), Unwitnessed> {
    let cosigned = asked.cosign(head).await?;
    let (kept, standing) = keep(app.guard().log(), cosigned, policy).await?;
    let progress = &app.parts().witnessing.progress;
    progress.cosigned(asked.name(), kept.size(), app.now());
    if standing.forged.is_empty() && matches!(standing.quorum, Quorum::Met { .. }) {
        note(app, policy, &kept, &standing).await?;
        progress.confirmed(kept.size(), app.now());
    }
    Ok(())
}

async fn keep(log: &Log, cosigned: Checkpoint, policy: &Policy) -> Result<(Checkpoint, Standing), Problem> {
    let (log, policy) = (log.clone(), policy.clone());
    let kept = tokio::task::spawn_blocking(move || {
        let standing = log.keep_cosigned(&cosigned, &policy)?;
        Ok::<_, sealane_audit::KeepError>((cosigned, standing))
    });
    let kept = kept.await.map_err(|error| problem::internal("act-broken", &error))?;
    kept.map_err(|error| problem::internal("cosigned-head-kept", &error))
}

/// Says in the log that a quorum has cosigned a head.
async fn note(app: &App, policy: &Policy, head: &Checkpoint, standing: &Standing) -> Result<(), Problem> {
    let mut noted = app.parts().witnessing.noted.lock().await;
    let before = match *noted {
        Some(size) => size,
        None => noted_at_start(app.guard().log(), head).await?,
    };
    if head.size() <= before {
        *noted = Some(before);
        return Ok(());
    }
    if !is_only_a_note(app.guard().log(), before, head.size()).await? {
        let guard = app.guard();
        let by: Vec<_> = standing.witnessed.iter().map(|one| json!({ "name": one.name, "at_s": one.at_s })).collect();
        let event = guard
            .event(Assurance::CheckpointCosign, Phase::Info, guard.fresh_op())
            .outcome(OutcomeRecord::done())
            .detail("size", head.size())
            .detail("root", head.root().to_string())
            .detail("witnesses", by)
            .detail("cosignatures", cosignatures(policy, head));
        guard.record(event).await.map_err(|error| problem::unrecorded(&error))?;
    }
    *noted = Some(head.size());
    Ok(())
}

/// The lines by witnesses of the policy, as they stand under the head.
fn cosignatures(policy: &Policy, head: &Checkpoint) -> Vec<String> {
    let keys: Vec<_> = policy.witnesses().map(|witness| witness.key.clone()).collect();
    head.with_lines_of(&keys).lines().iter().map(ToString::to_string).collect()
}

/// Up to where an earlier run of this node noted: the entry before the head says so if it is a note.
async fn noted_at_start(log: &Log, head: &Checkpoint) -> Result<u64, Problem> {
    let last = head.size().saturating_sub(1);
    Ok(if is_only_a_note(log, last, head.size()).await? { last } else { 0 })
}

/// Whether between two sizes there is nothing but one note.
async fn is_only_a_note(log: &Log, from: u64, to: u64) -> Result<bool, Problem> {
    if to != from.saturating_add(1) {
        return Ok(false);
    }
    let log = log.clone();
    let read = tokio::task::spawn_blocking(move || log.entries(from, 1, &Filter::all())).await;
    let entries = read.map_err(|error| problem::internal("act-broken", &error))?;
    let entries = entries.map_err(|error| problem::internal("audit-unreadable", &error))?;
    Ok(entries.iter().any(|view| view.entry.kind == Kind::Assurance(Assurance::CheckpointCosign)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_that_is_away_is_asked_again_within_a_quarter_of_the_window() {
        let pauses: Vec<u64> = (1..8).map(|failures| again_after(failures).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 16, 16]);
        assert_eq!(again_after(u32::MAX), LONGEST_AGAIN);
    }
}
