//! From bytes that arrived to files that are there: verified, durable, named, written down, in this order.
//!
//! **Promises.** A unit's row says that bytes are durable only after they are, and every row is written under the lease's
//! fence. A large file gets its name once all its ranges are durable; a batch's files get theirs together. Each file has an
//! entry of its own in the audit log before a row says that it is there. A crash between name, entry and row is harmless:
//! committing again finds the file in place, and the log then says twice that it was committed.

use std::sync::Arc;

use sealane_connectors::{Commit, Connector, PartFile, Staging, StorageError};
use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::root_of;
use sealane_database::{Unit, UnitState, task, unit};
use sealane_model::{Permit, Progress, RemotePath, permit};

use super::queue::{BatchJob, RunHandle};
use super::run::TaskRun;
use super::stop::{Stop, Trouble};
use super::unit::{FileOutcome, Run, decode, encode};

/// A unit's row as it is to be.
pub(super) struct Row {
    pub(super) number: i64,
    pub(super) state: UnitState,
    pub(super) value: Vec<u8>,
}

/// The permission bits of a file that arrives: its owner, the gateway's account, and no one else. Whether it may be
/// executed is kept.
pub(super) const fn arriving_mode(mode: u32) -> Option<u32> {
    Some(0o600 | (mode & 0o100))
}

/// Whether a storage's refusal is about this one file, not about the storage.
pub(super) const fn is_about_the_file(error: &StorageError) -> bool {
    matches!(
        error,
        StorageError::NotFound
            | StorageError::NotADirectory
            | StorageError::IsADirectory
            | StorageError::AlreadyExists
            | StorageError::NotPermitted
            | StorageError::Refused
            | StorageError::Escapes
            | StorageError::NotRegular(_)
            | StorageError::NameTooLong
            | StorageError::NameNotAllowed
            | StorageError::Reserved
            | StorageError::IsRoot
            | StorageError::PartMissing
            | StorageError::PartSize
            | StorageError::OtherFileSystem
    )
}

impl TaskRun {
    /// Writes units and what they add to the task's progress, in one fenced transaction.
    pub(super) async fn save(&self, rows: &[Row], more: Progress) -> Result<(), Stop> {
        let drawn = self.meter.draw(more);
        let written = async {
            let mut tx = self.engine.parts().database.begin().await?;
            for row in rows {
                unit::save(&mut tx, &self.lease, row.number, row.state, &row.value).await?;
            }
            task::add_progress(&mut tx, self.task.id, &drawn, &self.lease).await?;
            tx.commit().await
        }
        .await;
        match written {
            Ok(()) => {
                self.meter.written(&drawn);
                Ok(())
            }
            Err(error) => {
                self.meter.unwritten(&drawn);
                Err(error.into())
            }
        }
    }

    /// The part file of a large file: the one that is there if some of it is durable, else a fresh one.
    pub(super) async fn part_of(&self, run: &RunHandle) -> Result<Arc<dyn PartFile>, Trouble> {
        let part = run.part.open.get_or_try_init(|| async {
            let begun = self.has_durable_ranges(run).await?;
            let (connector, permit) = (Arc::clone(&self.connector), self.writer(run.item)?);
            let (staging, name, size) = (self.staging.clone(), part_name(run.file), run.expect.size);
            let opened = self
                .writing
                .spawn_blocking(move || connector.create_part(&permit, &staging, &name, size, begun))
                .await?;
            match opened {
                Ok(part) => Ok::<_, Trouble>(Arc::from(part)),
                Err(StorageError::NotFound) if begun => Err(StorageError::PartMissing.into()),
                Err(error) => Err(error.into()),
            }
        });
        part.await.map(Arc::clone)
    }

    async fn has_durable_ranges(&self, run: &RunHandle) -> Result<bool, Trouble> {
        let begun = |value: &Run| value.roots.iter().any(Option::is_some);
        if begun(&*run.value.lock().await) {
            return Ok(true);
        }
        Ok(self.runs_of(run.file).await?.iter().any(|(_, value)| begun(value)))
    }

    async fn runs_of(&self, file: i64) -> Result<Vec<(Unit, Run)>, Stop> {
        let units = {
            let mut db = self.engine.parts().database.acquire().await?;
            unit::of_file(&mut db, self.task.id, file).await?
        };
        units.into_iter().map(|unit| decode(&unit.value).map(|run| (unit, run)).map_err(Stop::from)).collect()
    }

    /// A range is verified and durable: writes that down, and gives the file its name if it was the last.
    pub(super) async fn range_done(&self, run: &RunHandle, index: usize, root: Digest) -> Result<(), Trouble> {
        let complete = {
            let mut value = run.value.lock().await;
            let (_, length) = value.extent(index);
            let mut next = value.clone();
            match next.roots.get_mut(index) {
                Some(slot) => *slot = Some(root),
                None => return Err(Stop::failed("unit-unreadable", "a range is not in its run").into()),
            }
            let row = Row { number: run.number, state: UnitState::Pending, value: encode(&next)? };
            self.save(&[row], Progress { bytes_done: length, ..Progress::default() }).await?;
            *value = next;
            value.is_complete()
        };
        if complete { self.settle(run).await } else { Ok(()) }
    }

    /// Gives a large file its name if all of its runs are durable.
    pub(super) async fn settle(&self, run: &RunHandle) -> Result<(), Trouble> {
        let mut settled = run.part.settled.lock().await;
        if *settled {
            return Ok(());
        }
        let runs = self.runs_of(run.file).await?;
        let Some(roots) = all_roots(&runs) else { return Ok(()) };
        let root = root_of(&roots);
        match self.name_file(run, root).await {
            Ok(()) => {
                self.record_file(run, Ok(root)).await?;
                let rows = done_rows(&runs);
                self.save(&rows, Progress { files_done: 1, ..Progress::default() }).await?;
            }
            Err(Trouble::Storage(error)) if is_about_the_file(&error) => {
                self.write_failure(run, runs, error.code()).await?;
            }
            Err(trouble) => return Err(trouble),
        }
        *settled = true;
        Ok(())
    }

    async fn name_file(&self, run: &RunHandle, root: Digest) -> Result<(), Trouble> {
        let mode = run.value.lock().await.mode;
        let commit = Commit {
            part: part_name(run.file),
            target: self.target(run.item, &run.path)?,
            size: run.expect.size,
            modified: run.expect.modified,
            mode: arriving_mode(mode),
        };
        let (connector, permit, staging) = (Arc::clone(&self.connector), self.writer(run.item)?, self.staging.clone());
        self.writing.spawn_blocking(move || connector.commit(&permit, &staging, &[commit])).await??;
        tracing::debug!(task.id = %self.task.id, unit = run.number, digest = %root, "a large file is in place");
        Ok(())
    }

    /// A large file cannot be taken along: none of it is fetched any more.
    pub(super) async fn fail_file(&self, run: &RunHandle, code: &str) -> Result<(), Trouble> {
        let mut settled = run.part.settled.lock().await;
        if !*settled {
            self.queue.drop_file(run.file);
            let runs = self.runs_of(run.file).await?;
            self.write_failure(run, runs, code).await?;
            *settled = true;
        }
        Ok(())
    }

    async fn write_failure(&self, run: &RunHandle, runs: Vec<(Unit, Run)>, code: &str) -> Result<(), Stop> {
        self.record_file(run, Err(code)).await?;
        let mut rows = Vec::new();
        for (unit, mut run) in runs {
            run.failed = Some(code.to_owned());
            rows.push(Row { number: unit.number, state: UnitState::Done, value: encode(&run)? });
        }
        self.save(&rows, Progress::default()).await?;
        self.tell_failure(code).await
    }

    /// A batch has ended, each of its files in one way or the other.
    pub(super) async fn batch_done(&self, job: &BatchJob, outcomes: Vec<FileOutcome>) -> Result<(), Trouble> {
        let mut batch = job.batch.clone();
        let outcomes = self.record_batch(job, outcomes).await?;
        let mut more = Progress::default();
        let mut failure = None;
        for (file, outcome) in batch.files.iter_mut().zip(outcomes) {
            match &outcome {
                FileOutcome::Arrived(_) => {
                    more.files_done += 1;
                    more.bytes_done += file.expect.size;
                }
                FileOutcome::Failed(code) => failure = failure.or_else(|| Some(code.clone())),
            }
            file.outcome = Some(outcome);
        }
        let row = Row { number: job.number, state: UnitState::Done, value: encode(&batch)? };
        self.save(&[row], more).await?;
        match failure {
            Some(code) => Ok(self.tell_failure(&code).await?),
            None => Ok(()),
        }
    }

    /// Tells the owner, once for each cause, that something could not be taken along.
    pub(super) async fn tell_failure(&self, code: &str) -> Result<(), Stop> {
        if !self.is_new_failure(code) {
            return Ok(());
        }
        let message =
            format!("A file could not be taken along ({code}); the others go on. The task will end as failed.");
        self.engine.note(self.task.id, code, &message, true).await
    }
}

/// The part file of a large file.
fn part_name(file: i64) -> String {
    format!("f{file}")
}

/// The subtree heads of a whole file; none while a range is missing.
fn all_roots(runs: &[(Unit, Run)]) -> Option<Vec<Digest>> {
    let complete = runs.last().is_some_and(|(_, run)| run.is_last());
    let roots: Option<Vec<Digest>> = runs.iter().flat_map(|(_, run)| run.roots.iter().copied()).collect();
    roots.filter(|_| complete)
}

fn done_rows(runs: &[(Unit, Run)]) -> Vec<Row> {
    let row = |(unit, _): &(Unit, Run)| Row { number: unit.number, state: UnitState::Done, value: unit.value.clone() };
    runs.iter().map(row).collect()
}

/// Commits a group of parts; if one of them cannot be, each by itself. Gives back what became of each.
pub(super) fn commit_group(
    connector: &dyn Connector,
    permit: &Permit<permit::Write>,
    staging: &Staging,
    commits: &[Commit],
) -> Result<Vec<Result<(), String>>, StorageError> {
    match connector.commit(permit, staging, commits) {
        Ok(()) => return Ok(vec![Ok(()); commits.len()]),
        Err(error) if !is_about_the_file(&error) => return Err(error),
        Err(_) => {}
    }
    let mut outcomes = Vec::with_capacity(commits.len());
    for commit in commits {
        outcomes.push(match connector.commit(permit, staging, std::slice::from_ref(commit)) {
            Ok(()) => Ok(()),
            Err(error) if is_about_the_file(&error) => Err(error.code().to_owned()),
            Err(error) => return Err(error),
        });
    }
    Ok(outcomes)
}

impl TaskRun {
    /// Where a path of an item goes.
    pub(super) fn target(&self, item: u32, path: &RemotePath) -> Result<RemotePath, StorageError> {
        let item =
            usize::try_from(item).ok().and_then(|item| self.task.items.get(item)).ok_or(StorageError::NotPermitted)?;
        item.destination.try_append(path).map_err(|_| StorageError::NameTooLong)
    }

    /// The permit to write beneath an item's destination.
    pub(super) fn writer(&self, item: u32) -> Result<Arc<Permit<permit::Write>>, StorageError> {
        let writer = usize::try_from(item).ok().and_then(|item| self.writers.get(item));
        writer.map(Arc::clone).ok_or(StorageError::NotPermitted)
    }
}
