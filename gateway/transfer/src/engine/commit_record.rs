//! The audit log's entry of every single file that arrives, and of every directory that is made for a task.
//!
//! **Promises.** Entries are durable before a row says what they say. Making thousands of them is kept off the
//! asynchronous threads. A run that cannot record stops, and goes on when it can.

use sealane_audit::event::{Access, Transfer};
use sealane_audit::{Event, OutcomeRecord};
use sealane_connectors::StorageError;
use sealane_crypto::digest::Digest;
use sealane_model::RemotePath;

use super::queue::{BatchJob, RunHandle};
use super::run::TaskRun;
use super::stop::Stop;
use super::unit::{Directory, FileOutcome, SmallFile};
use crate::guard::{ItemLog, failed};

impl TaskRun {
    fn log_of(&self, item: u32) -> Result<ItemLog, Stop> {
        let log = usize::try_from(item).ok().and_then(|item| self.logs.get(item));
        log.cloned().ok_or_else(|| Stop::of_storage(&StorageError::NotPermitted))
    }

    /// A large file has its name, or cannot be taken along.
    pub(super) async fn record_file(&self, run: &RunHandle, arrived: Result<Digest, &str>) -> Result<(), Stop> {
        let log = self.log_of(run.item)?;
        let Ok(path) = self.target(run.item, &run.path) else { return Ok(()) };
        let outcome = arrived.map_or_else(failed, |_| OutcomeRecord::done());
        let mut event = log.item(Transfer::FileCommit, &path, outcome);
        event.object.bytes = Some(run.expect.size);
        event.object.digest = arrived.ok();
        self.record_all(vec![event]).await
    }

    /// The files of a batch have their names, or cannot be taken along. Gives the outcomes back.
    pub(super) async fn record_batch(
        &self,
        job: &BatchJob,
        outcomes: Vec<FileOutcome>,
    ) -> Result<Vec<FileOutcome>, Stop> {
        let log = self.log_of(job.item)?;
        let (files, unit) = (job.batch.files.clone(), job.number);
        let targets: Vec<_> = files.iter().map(|file| self.target(job.item, &file.path).ok()).collect();
        let recorded = tokio::task::spawn_blocking(move || {
            let ended = files.iter().zip(&targets).zip(&outcomes);
            let events = ended.filter_map(|((file, target), outcome)| {
                // A path that cannot be written at this site was refused while it was listed; it names nothing here.
                target.as_ref().map(|target| commit_event(&log, unit, file, target, outcome))
            });
            log.record(events.collect()).map(|()| outcomes)
        });
        recorded.await?.map_err(|_| unrecorded())
    }

    /// The directories of a sheet were made, were there already, or cannot be made.
    pub(super) async fn record_directories(&self, item: u32, made: &[(Directory, bool)]) -> Result<(), Stop> {
        let log = self.log_of(item)?;
        let events = made.iter().filter_map(|(directory, made)| {
            let path = self.target(item, &directory.path).ok()?;
            let outcome = directory.failed.as_deref().map_or_else(OutcomeRecord::done, failed);
            Some(log.item(Access::DirectoryCreate, &path, outcome).detail("made", *made))
        });
        self.record_all(events.collect()).await
    }

    async fn record_all(&self, events: Vec<Event>) -> Result<(), Stop> {
        self.engine.parts().guard.record_all(events).await.map_err(|_| unrecorded())
    }
}

fn commit_event(log: &ItemLog, unit: i64, file: &SmallFile, target: &RemotePath, outcome: &FileOutcome) -> Event {
    let (outcome, digest) = match outcome {
        FileOutcome::Arrived(digest) => (OutcomeRecord::done(), Some(*digest)),
        FileOutcome::Failed(code) => (failed(code), None),
    };
    let mut event = log.item(Transfer::FileCommit, target, outcome).detail("unit", unit);
    event.object.bytes = Some(file.expect.size);
    event.object.digest = digest;
    event
}

fn unrecorded() -> Stop {
    Stop::Unready("the audit log cannot be written".to_owned())
}
