//! The loop of a node: look for tasks that nobody moves, lease them, move them, bring them to their end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use sealane_database::{Lease, lease, node, task};
use sealane_model::task::Pause;
use sealane_model::{Task, TaskId, TaskState};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Transfers;
use super::finish::{Ending, write_end};
use super::ledger::close_ended;
use super::progress::refresh;
use super::run::{Grants, TaskRun};
use super::stop::{Stop, sentence};
use super::{ends, failure, lease as tenancy, mirror};
use sealane_audit::{Outcome, OutcomeRecord};

/// How often the loop looks by itself.
const TICK: Duration = Duration::from_secs(1);
/// How often tasks past their deadline are looked for.
const EXPIRE: Duration = Duration::from_secs(60);
/// How long a task rests after a fault of database or audit log.
const REST: Duration = Duration::from_secs(2);

/// Runs until the site stops.
pub(super) async fn run(engine: &Transfers) {
    let shutdown = engine.parts().shutdown.clone();
    let mut turns: JoinSet<(TaskId, Turn)> = JoinSet::new();
    let mut busy: HashMap<TaskId, Option<Instant>> = HashMap::new();
    if let Err(stop) = failure::tell_rest(engine).await {
        tracing::warn!(cause = %stop, "failures that a peer does not know yet could not be looked for");
    }
    let mut expired = None;
    while !shutdown.is_cancelled() {
        if expired.is_none_or(|last: Instant| last.elapsed() > EXPIRE) {
            expired = Some(Instant::now());
            if let Err(stop) = mirror::expire(engine).await {
                tracing::warn!(cause = %stop, "tasks past their deadline could not be looked for");
            }
        }
        busy.retain(|_, rest| rest.is_none_or(|until| until > Instant::now()));
        look_around(engine, &mut turns, &mut busy).await;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = engine.inner.bell.notified() => {}
            () = tokio::time::sleep(TICK) => {}
            Some(ended) = turns.join_next() => settle(ended, &mut busy),
        }
    }
    // Each turn sees the stop, puts its range down and lets go of its lease.
    while turns.join_next().await.is_some() {}
}

/// What the loop does with a task after a turn at it.
enum Turn {
    /// Nothing, or whatever the next look finds.
    Over,
    /// It rests a moment.
    Rests,
}

fn settle(ended: Result<(TaskId, Turn), tokio::task::JoinError>, busy: &mut HashMap<TaskId, Option<Instant>>) {
    match ended {
        Ok((task, Turn::Over)) => drop(busy.remove(&task)),
        Ok((task, Turn::Rests)) => drop(busy.insert(task, Some(Instant::now() + REST))),
        Err(error) => {
            // Which task it was is not known any more: all that do not rest are looked at again; leases keep order.
            tracing::error!(error = %error, "a task's turn ended unexpectedly");
            busy.retain(|_, rest| rest.is_some());
        }
    }
}

async fn look_around(
    engine: &Transfers,
    turns: &mut JoinSet<(TaskId, Turn)>,
    busy: &mut HashMap<TaskId, Option<Instant>>,
) {
    if let Err(problem) = close_ended(engine).await {
        tracing::error!(code = %problem.code, "an outcome could not be recorded yet");
    }
    for watched in engine.hub().watched() {
        if !busy.contains_key(&watched) {
            refresh(engine, watched).await;
        }
    }
    if let Err(problem) = ends::look(engine).await {
        tracing::warn!(code = %problem.code, "the tasks of open lanes could not be looked at");
    }
    match free_tasks(engine).await {
        Ok(free) => {
            for id in free {
                let moving = busy.values().filter(|rest| rest.is_none()).count();
                if moving >= engine.parts().settings.tasks.saturating_add(engine.waiting()) {
                    break;
                }
                if let Entry::Vacant(place) = busy.entry(id) {
                    place.insert(None);
                    let engine = engine.clone();
                    turns.spawn(async move { (id, turn(&engine, id).await) });
                }
            }
        }
        Err(stop) => tracing::warn!(cause = %stop, "the database could not be asked for work"),
    }
}

async fn free_tasks(engine: &Transfers) -> Result<Vec<TaskId>, Stop> {
    let parts = engine.parts();
    let now = parts.clock.now();
    let mut db = parts.database.acquire().await?;
    node::heartbeat(&mut db, parts.node, now).await?;
    let mut free = Vec::new();
    for id in lease::next_free(&mut db, now).await? {
        // A task that waits for its owner's sign-in waits for that, unless they no longer want it.
        let waits = match task::find(&mut db, id).await? {
            Some(task) if task.state == (TaskState::Inactive { reason: Pause::StepUp }) => {
                let over = now >= task.submitted_at.after(parts.settings.deadline);
                !over && task::cancel_requested(&mut db, id).await?.is_none()
            }
            _ => false,
        };
        if !waits {
            free.push(id);
        }
    }
    Ok(free)
}

/// One turn at one task.
async fn turn(engine: &Transfers, id: TaskId) -> Turn {
    match take(engine, id).await {
        Ok(Some((task, lease))) => move_task(engine, task, lease).await,
        Ok(None) => Turn::Over,
        Err(stop) => {
            tracing::warn!(task.id = %id, cause = %stop, "a task could not be taken on");
            Turn::Rests
        }
    }
}

async fn take(engine: &Transfers, id: TaskId) -> Result<Option<(Task, Lease)>, Stop> {
    let parts = engine.parts();
    let mut db = parts.database.acquire().await?;
    let leased = lease::acquire(&mut db, id, parts.node, parts.clock.now(), parts.settings.lease).await?;
    let Some(lease) = leased else { return Ok(None) };
    // Read under the lease: nobody else changes it from here on.
    match task::find(&mut db, id).await?.filter(|task| !task.state.is_final()) {
        Some(task) => Ok(Some((task, lease))),
        None => {
            lease::release(&mut db, &lease).await?;
            Ok(None)
        }
    }
}

async fn move_task(engine: &Transfers, task: Task, lease: Lease) -> Turn {
    let mut running = None;
    let outcome = work(engine, &task, &lease, &mut running).await;
    let before = task.progress;
    let ended = tokio::select! {
        stop = tenancy::keep(engine, &lease) => Err(stop),
        ended = conclude(engine, &task, &lease, running.as_ref().map(|(run, _)| run.as_ref()), outcome) => ended,
    };
    let (turn, record) = match ended {
        Ok((turn, record)) => (turn, record),
        Err(stop) => after_stop(engine, &task, &lease, stop).await,
    };
    if let Some((run, grants)) = running {
        grants.close(&record, &before, &run.meter.progress()).await;
    }
    if let Err(stop) = release(engine, &lease).await {
        tracing::warn!(task.id = %task.id, cause = %stop, "a lease could not be given back; it runs out by itself");
    }
    turn
}

type Running = Option<(std::sync::Arc<TaskRun>, Grants)>;

async fn work(engine: &Transfers, task: &Task, lease: &Lease, running: &mut Running) -> Result<Ending, Stop> {
    let watch = tenancy::watch(engine, lease, task);
    tokio::pin!(watch);
    tenancy::still_wanted(engine, task).await?;
    let (run, grants) = tokio::select! {
        biased;
        stop = &mut watch => return Err(stop),
        prepared = TaskRun::prepare(engine, task.clone(), lease.clone()) => prepared?,
    };
    let (run, _) = running.insert((run, grants));
    let begun = task.progress.files_total > 0 || task.progress.directories > 0;
    let (code, words) = if begun { ("resumed", "The work goes on.") } else { ("started", "The work has begun.") };
    engine.note(task.id, code, words, false).await?;
    if task.state == TaskState::Active {
        run.stand(&TaskState::Active, "moving").await?;
    }
    run.sweep_earlier().await?;
    run.work(&mut watch).await?;
    tokio::select! {
        biased;
        stop = &mut watch => Err(stop),
        ending = async {
            let ending = run.sum_up().await?;
            if ending.failure.is_none() {
                run.sweep_all().await?;
                run.tell_source(&ending).await?;
            }
            Ok(ending)
        } => ending,
    }
}

/// Writes down what follows from how the turn ended.
async fn conclude(
    engine: &Transfers,
    task: &Task,
    lease: &Lease,
    run: Option<&TaskRun>,
    outcome: Result<Ending, Stop>,
) -> Result<(Turn, OutcomeRecord), Stop> {
    let ending = match outcome {
        Ok(ending) => ending,
        Err(Stop::Failed { code, message }) => Ending::failed(code, message),
        Err(Stop::Canceled) => {
            let message = "The task was canceled. What had arrived whole is in place.";
            Ending::failed("canceled".to_owned(), message.to_owned())
        }
        Err(Stop::StepUp(problem)) => {
            wait_for_sign_in(engine, task, lease, &sentence(&problem)).await?;
            return Ok((Turn::Over, OutcomeRecord::new(Outcome::StepUp, problem.code, problem.title)));
        }
        Err(Stop::Shutdown) => {
            engine.note(task.id, "paused", "The site stops; the task goes on when it runs again.", false).await?;
            return Err(Stop::Shutdown);
        }
        Err(stop) => return Err(stop),
    };
    let Some((code, message)) = ending.failure.clone() else {
        write_end(engine, lease, task, &ending).await?;
        return Ok((Turn::Over, OutcomeRecord::done()));
    };
    if let Some(run) = run {
        run.sweep_all().await?;
    }
    write_end(engine, lease, task, &ending).await?;
    let progress = run.map_or(task.progress, |run| run.meter.progress());
    failure::tell_source(engine, task, &ending, progress).await;
    Ok((Turn::Over, OutcomeRecord::new(Outcome::Failed, code, message)))
}

/// The turn ended without the task ending.
async fn after_stop(engine: &Transfers, task: &Task, lease: &Lease, stop: Stop) -> (Turn, OutcomeRecord) {
    tracing::warn!(task.id = %task.id, cause = %stop, "task {} was put down", task.id);
    let (turn, code, words) = match &stop {
        Stop::Shutdown => (Turn::Over, "paused", "the site stops"),
        Stop::Lost => (Turn::Over, "lease-lost", "another node goes on with the task"),
        _ => (Turn::Rests, "interrupted", "the work goes on soon"),
    };
    if let (Turn::Rests, Err(unsaid)) = (&turn, say_interrupted(engine, task, lease, &stop).await) {
        tracing::warn!(task.id = %task.id, cause = %unsaid, "the owner could not be told of an interruption");
    }
    (turn, OutcomeRecord::new(Outcome::Interrupted, code, words))
}

/// Tells the owner, once for as long as it lasts, that something at this site is in the way.
async fn say_interrupted(engine: &Transfers, task: &Task, lease: &Lease, stop: &Stop) -> Result<(), Stop> {
    const NICE: &str = "waiting for this site";
    if task.nice_status != NICE {
        let parts = engine.parts();
        let mut db = parts.database.acquire().await?;
        task::set_state(&mut db, task.id, &TaskState::Active, NICE, parts.clock.now(), Some(lease)).await?;
        drop(db);
        let message = format!("The work was interrupted and goes on by itself: {stop}.");
        engine.note(task.id, "interrupted", &message, true).await?;
    }
    Ok(())
}

async fn wait_for_sign_in(engine: &Transfers, task: &Task, lease: &Lease, why: &str) -> Result<(), Stop> {
    let parts = engine.parts();
    let state = TaskState::Inactive { reason: Pause::StepUp };
    {
        let mut db = parts.database.acquire().await?;
        let nice = "waiting for a fresh sign-in";
        task::set_state(&mut db, task.id, &state, nice, parts.clock.now(), Some(lease)).await?;
    }
    engine.note(task.id, "step-up", why, true).await?;
    refresh(engine, task.id).await;
    Ok(())
}

async fn release(engine: &Transfers, lease: &Lease) -> Result<(), Stop> {
    let mut db = engine.parts().database.acquire().await?;
    lease::release(&mut db, lease).await?;
    Ok(())
}
