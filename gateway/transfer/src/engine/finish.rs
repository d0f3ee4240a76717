//! The end of a task: directory times, manifest, and the same outcome at both sites.
//!
//! **Promises.** A task that succeeded has every file under its final name, nothing in staging, and a manifest digest that
//! both sites keep. The other site is told before the task's own row says so, so that a crash in between tells it again; a
//! failure is written first and told until the other site hears it.

use std::sync::Arc;

use sealane_connectors::StorageError;
use sealane_crypto::digest::Digest;
use sealane_database::{Lease, task, task_event, unit};
use sealane_model::bytes::ByteCount;
use sealane_model::{Peer, Progress, Task, TaskState};

use super::Transfers;
use super::ledger::close_if_ended;
use super::manifest::Manifest;
use super::progress::refresh;
use super::retry::{Backoff, Verdict, judge};
use super::run::{Origin, TaskRun, batch_staging};
use super::stop::Stop;
use super::unit::Directory;
use crate::lane::LaneError;
use crate::message::Finished;

/// Units that are read at once.
const PAGE: usize = 8;
/// Staging folders of how many earlier leases are looked for: those of nodes that were killed.
const OLD_LEASES: i64 = 16;
/// Texts on the wire are cut to this.
const MESSAGE: usize = 400;

/// How a task ends.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// Code and message of the failure, if it is one.
    pub(super) failure: Option<(String, String)>,
    manifest: Option<Digest>,
}

impl Ending {
    /// It failed.
    pub(super) const fn failed(code: String, message: String) -> Self {
        Self { failure: Some((code, message)), manifest: None }
    }

    fn state(&self, engine: &Transfers) -> TaskState {
        let at = engine.parts().clock.now();
        match &self.failure {
            None => TaskState::Succeeded { at },
            Some((code, message)) => TaskState::Failed { at, code: code.clone(), message: message.clone() },
        }
    }
}

impl TaskRun {
    /// Everything was fetched: sets the directories' times and sums up.
    pub(super) async fn sum_up(&self) -> Result<Ending, Stop> {
        let mut manifest = Manifest::new();
        let mut after = 0;
        loop {
            let units = {
                let mut db = self.engine.parts().database.acquire().await?;
                unit::page(&mut db, self.task.id, after, PAGE).await?
            };
            if units.is_empty() {
                break;
            }
            for unit in units {
                after = unit.number;
                let directories = manifest.take(&unit)?;
                self.set_times(unit.item, directories).await?;
            }
        }
        if manifest.failed == 0 {
            return Ok(Ending { failure: None, manifest: Some(manifest.digest()) });
        }
        let code = manifest.first_failure.clone().unwrap_or_default();
        let message = format!(
            "{} of {} files and directories could not be taken along; the first because of '{code}'. What arrived whole is \
             in place. Next: look at the events of the task, mend the cause and submit it again.",
            manifest.failed,
            manifest.failed + manifest.files,
        );
        Ok(Ending::failed(code, message))
    }

    async fn set_times(&self, item: u32, directories: Vec<Directory>) -> Result<(), Stop> {
        if directories.is_empty() {
            return Ok(());
        }
        let permit = self.writer(item).map_err(|error| Stop::of_storage(&error))?;
        let connector = Arc::clone(&self.connector);
        let targets: Vec<_> =
            directories.iter().map(|directory| (self.target(item, &directory.path), directory.modified)).collect();
        let unset = tokio::task::spawn_blocking(move || {
            let set = |(target, modified): (Result<_, StorageError>, _)| match target {
                Ok(path) => connector.set_modified(&permit, &path, modified),
                Err(error) => Err(error),
            };
            targets.into_iter().map(set).filter(Result::is_err).count()
        })
        .await?;
        if unset > 0 && self.is_new_failure("directory-time") {
            let message = "The time of a directory could not be set; its contents are complete.";
            self.engine.note(self.task.id, "directory-time", message, false).await?;
        }
        Ok(())
    }

    /// Removes what earlier leases of this task left under way of small files.
    pub(super) async fn sweep_earlier(&self) -> Result<(), Stop> {
        let fence = self.lease.fence;
        self.discard((1..fence).rev().take(usize::try_from(OLD_LEASES).unwrap_or(1)).collect(), false).await
    }

    /// Removes everything that is not under its final name.
    pub(super) async fn sweep_all(&self) -> Result<(), Stop> {
        // A thread that still writes would make its folder again.
        self.writing.close();
        self.writing.wait().await;
        self.discard(vec![self.lease.fence], true).await
    }

    async fn discard(&self, fences: Vec<i64>, large_files: bool) -> Result<(), Stop> {
        let Some(permit) = self.writers.first().cloned() else { return Ok(()) };
        let mut stagings: Vec<_> = fences.into_iter().map(|fence| batch_staging(self.task.id, fence)).collect();
        if large_files {
            stagings.push(self.staging.clone());
        }
        let connector = Arc::clone(&self.connector);
        let discarded = tokio::task::spawn_blocking(move || {
            stagings.iter().try_for_each(|staging| connector.discard_staging(&permit, staging))
        })
        .await?;
        if let Err(error) = discarded {
            // The task's end does not depend on it; the folder's name says whose it is.
            tracing::warn!(task.id = %self.task.id, code = error.code(), "a staging folder could not be removed");
        }
        Ok(())
    }

    /// Tells the source how the task ended, again and again until it hears it or refuses to.
    pub(super) async fn tell_source(&self, ending: &Ending) -> Result<(), Stop> {
        let Origin::There(peer) = &self.origin else { return Ok(()) };
        let mut backoff = Backoff::default();
        loop {
            let finished = Finished { cipher: self.cipher(), ..finished_of(&self.task, ending, self.meter.progress()) };
            match tell(&self.engine, peer, finished).await {
                Ok(()) => return self.goes_on().await,
                Err(LaneError::Refused(problem)) if !LaneError::Refused(problem.clone()).is_passing() => {
                    tracing::warn!(task.id = %self.task.id, code = %problem.code, "the source did not take note of the task's end");
                    return Ok(());
                }
                Err(error) => match judge(error.into(), &backoff) {
                    Verdict::Stop(stop) => return Err(stop),
                    Verdict::Again(cause) | Verdict::Renew(cause) => {
                        let delay = backoff.failed();
                        self.stumbles(&cause, backoff.lasts()).await?;
                        tokio::time::sleep(delay).await;
                    }
                },
            }
        }
    }
}

pub(super) async fn tell(engine: &Transfers, peer: &Peer, finished: Finished) -> Result<(), LaneError> {
    let mut control = engine.parts().dialer.control(peer).await?;
    control.finished(finished).await?;
    control.close().await;
    Ok(())
}

pub(super) fn finished_of(task: &Task, ending: &Ending, progress: Progress) -> Finished {
    let (code, message) = ending.failure.clone().unwrap_or_else(|| ("ok".to_owned(), String::new()));
    let progress = Progress { lanes: 0, ..progress };
    Finished {
        task: task.id,
        succeeded: ending.failure.is_none(),
        code,
        message: message.chars().take(MESSAGE).collect(),
        manifest: ending.manifest,
        cipher: task.cipher.clone(),
        files: progress.files_done,
        bytes: progress.bytes_done,
        progress,
    }
}

/// Writes the end down: state, manifest and event in one fenced transaction; then the audit log's outcome.
pub(super) async fn write_end(engine: &Transfers, lease: &Lease, task: &Task, ending: &Ending) -> Result<(), Stop> {
    let now = engine.parts().clock.now();
    let state = ending.state(engine);
    let current = engine.find_task(task.id).await.map_err(|problem| Stop::of_problem(&problem))?;
    let progress = current.map_or(task.progress, |task| task.progress);
    let (code, message) = match &ending.failure {
        None => ("succeeded", arrived_words(&progress)),
        Some((code, message)) => (code.as_str(), message.clone()),
    };
    let nice = if ending.failure.is_none() { "finished" } else { "failed" };
    let mut tx = engine.parts().database.begin().await?;
    if let Some(manifest) = &ending.manifest {
        task::set_manifest(&mut tx, task.id, manifest, Some(lease)).await?;
    }
    let ended = task::set_state(&mut tx, task.id, &state, nice, now, Some(lease)).await?;
    if ended {
        task_event::append(&mut tx, task.id, now, code, &message, ending.failure.is_some()).await?;
    }
    tx.commit().await?;
    if let Err(problem) = close_if_ended(engine, task.id).await {
        tracing::error!(task.id = %task.id, code = %problem.code, "the outcome of a task could not be recorded yet");
    }
    refresh(engine, task.id).await;
    tracing::info!(task.id = %task.id, code, bytes = progress.bytes_done, files = progress.files_done, "task {} ended", task.id);
    Ok(())
}

fn arrived_words(progress: &Progress) -> String {
    format!("{} files ({}) arrived and were verified.", progress.files_done, ByteCount(progress.bytes_done))
}
