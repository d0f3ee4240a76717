//! A lane's life: take a job, fetch it, take the next; when it is lost, wait, open again, go on.

use std::sync::Arc;
use std::time::Duration;

use sealane_audit::event::Transfer as TransferKind;
use sealane_audit::{Outcome, OutcomeRecord};
use sealane_model::{Peer, permit};
use sealane_policy::{Action, Resource, Subject};

use super::ledger::object_of;
use super::local::LocalSource;
use super::queue::Job;
use super::receiver::receive;
use super::retry::{Backoff, Verdict, judge};
use super::run::{Origin, TaskRun};
use super::stop::{Stop, Trouble};
use super::supply::Supply;
use crate::guard::{Ask, Details, Grant};

/// A lane that has nothing to fetch for so long is closed; it is opened again when there is.
const IDLE: Duration = Duration::from_secs(30);

/// Works until there is nothing left to fetch, or the run stops.
pub(super) async fn work(run: Arc<TaskRun>, lane: u16) -> Result<(), Stop> {
    let mut supply = None;
    let mut backoff = Backoff::default();
    let ended = work_on(&run, lane, &mut supply, &mut backoff).await;
    if let Some(supply) = supply {
        let halted = Trouble::Stop(Stop::Shutdown);
        let trouble = (ended.is_err() || run.halt.is_cancelled()).then_some(&halted);
        supply.close(trouble).await;
    }
    ended
}

async fn work_on(
    run: &Arc<TaskRun>,
    lane: u16,
    supply: &mut Option<Supply>,
    backoff: &mut Backoff,
) -> Result<(), Stop> {
    loop {
        let next = tokio::select! {
            biased;
            () = run.halt.cancelled() => return Ok(()),
            next = run.queue.next(&run.engine.parts().database) => next?,
            () = tokio::time::sleep(IDLE), if supply.is_some() => {
                // The other end would give up waiting some time later, and that would look like a fault.
                if let Some(supply) = supply.take() {
                    supply.close(None).await;
                }
                continue;
            }
        };
        let Some(job) = next else { return Ok(()) };
        let done = tokio::select! {
            biased;
            () = run.halt.cancelled() => return Ok(()),
            done = attempt(run, lane, supply, &job) => done,
        };
        match done {
            Ok(()) => {
                backoff.worked();
                run.goes_on().await?;
            }
            Err(trouble) => {
                // What is still under way on this lane belongs to the job that failed.
                if let Some(supply) = supply.take() {
                    supply.close(Some(&trouble)).await;
                }
                run.queue.give_back(job).await;
                recover(run, trouble, backoff).await?;
            }
        }
    }
}

async fn attempt(run: &Arc<TaskRun>, lane: u16, supply: &mut Option<Supply>, job: &Job) -> Result<(), Trouble> {
    if !job.needs_source() {
        let Job::Settle(handle) = job else { return Ok(()) };
        return run.settle(handle).await;
    }
    let open = match supply.take() {
        Some(open) => open,
        None => open_supply(run, lane).await?,
    };
    receive(run, supply.insert(open), job).await
}

/// Waits as long as the trouble asks for; an error if no attempt will help.
pub(super) async fn recover(run: &TaskRun, trouble: Trouble, backoff: &mut Backoff) -> Result<(), Stop> {
    match judge(trouble, backoff) {
        Verdict::Stop(stop) => Err(stop),
        Verdict::Again(cause) => {
            let delay = backoff.failed();
            run.stumbles(&cause, backoff.lasts()).await?;
            rest(run, delay).await;
            Ok(())
        }
        Verdict::Renew(cause) => {
            run.book.spoil().await;
            let delay = backoff.failed();
            if backoff.lasts() {
                run.stumbles(&cause, true).await?;
            }
            rest(run, delay).await;
            Ok(())
        }
    }
}

async fn rest(run: &TaskRun, delay: Duration) {
    tokio::select! {
        () = run.halt.cancelled() => {}
        () = tokio::time::sleep(delay) => {}
    }
}

/// Opens the source: a lane to the peer, recorded before and after, or this site's own storage.
pub(super) async fn open_supply(run: &TaskRun, lane: u16) -> Result<Supply, Trouble> {
    match &run.origin {
        Origin::Here(connector, items) => {
            let source = LocalSource::new(Arc::clone(connector), Arc::clone(items));
            Ok(Supply::local(source, Arc::clone(&run.meter)))
        }
        Origin::There(peer) => open_lane(run, peer, lane).await,
    }
}

async fn open_lane(run: &TaskRun, peer: &Peer, lane: u16) -> Result<Supply, Trouble> {
    let order = run.book.ticket(&run.engine, peer, lane).await?;
    let grant = lane_grant(run, peer, lane).await?;
    match run.engine.parts().dialer.lane(peer, &order, lane).await {
        Ok(client) => {
            run.uses_cipher(client.cipher()).await?;
            Ok(Supply::lane(client, grant, Arc::clone(&run.meter)))
        }
        Err(error) => {
            let outcome = OutcomeRecord::new(Outcome::Failed, error.code(), "the lane could not be opened");
            grant.done(outcome, Details::none()).await.map_err(|_| unrecorded())?;
            Err(error.into())
        }
    }
}

/// The site itself opens lanes, to a peer that its administrator accepted.
async fn lane_grant(run: &TaskRun, peer: &Peer, lane: u16) -> Result<Grant<permit::OpenLane>, Trouble> {
    let site = peer.descriptor.site.to_string();
    let mut ask = Ask::new(Subject::peer(site.clone()), Action::OpenLane, Resource::site(), TransferKind::LaneOpen);
    ask.object = object_of(&run.task);
    ask.peer = Some(site);
    let grant: Grant<permit::OpenLane> = run.engine.parts().guard.permit(ask).await.map_err(Stop::from)?;
    tracing::debug!(task.id = %run.task.id, lane, "a lane opens");
    Ok(grant)
}

fn unrecorded() -> Stop {
    Stop::Unready("the audit log cannot be written".to_owned())
}
