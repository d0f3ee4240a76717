//! From a plan to units: the source is listed while its first files already move.
//!
//! **Promises.** Listing can be interrupted anywhere: units, and the cursor behind the last path that is in one, are written
//! in one fenced transaction, after the directories among them were made. Memory holds one sheet of units, whatever the
//! number of files. Links and special files are counted as skipped, never followed.

use std::sync::Arc;

use sealane_connectors::{Connector, StorageError};
use sealane_database::{Unit, UnitKind, UnitState, task, unit};
use sealane_model::limits::{BATCH_BYTES, BATCH_FILES, SMALL_FILE_BYTES};
use sealane_model::{Entry, EntryKind, Permit, Progress, RemotePath, TaskId, permit};

use super::committer::is_about_the_file;
use super::mover::{open_supply, recover};
use super::retry::Backoff;
use super::run::TaskRun;
use super::stop::{Stop, Trouble};
use super::supply::Supply;
use super::unit::{Batch, Directories, Directory, FileOutcome, Run, SmallFile, encode};
use crate::message::{BATCH_PATH_BYTES, Expected};

/// Entries on one sheet, at most: what is listed again after a crash.
const SHEET_ENTRIES: usize = 4 * BATCH_FILES;
/// Runs of large files on one sheet, at most.
const SHEET_RUNS: usize = 64;
/// What a path costs in a batch request beside its bytes.
const PATH_OVERHEAD: usize = 64;

/// Lists the source from where it was left to its end.
pub(super) async fn expand(run: Arc<TaskRun>) -> Result<(), Stop> {
    let mut supply = None;
    let mut backoff = Backoff::default();
    loop {
        let listed = tokio::select! {
            biased;
            () = run.halt.cancelled() => return close(supply, Some(Trouble::Stop(Stop::Shutdown))).await,
            listed = list(&run, &mut supply, &mut backoff) => listed,
        };
        match listed {
            Ok(()) => {
                run.queue.listed();
                return close(supply, None).await;
            }
            Err(trouble) => {
                if let Some(supply) = supply.take() {
                    supply.close(Some(&trouble)).await;
                }
                recover(&run, trouble, &mut backoff).await?;
            }
        }
    }
}

async fn close(supply: Option<Supply>, trouble: Option<Trouble>) -> Result<(), Stop> {
    if let Some(supply) = supply {
        supply.close(trouble.as_ref()).await;
    }
    Ok(())
}

async fn list(run: &TaskRun, supply: &mut Option<Supply>, backoff: &mut Backoff) -> Result<(), Trouble> {
    let (cursor, last) = {
        let mut db = run.engine.parts().database.acquire().await?;
        (unit::cursor(&mut db, run.task.id).await?, unit::last_number(&mut db, run.task.id).await?)
    };
    let (mut item, mut after) = match cursor {
        Some(cursor) if cursor.finished => return Ok(()),
        Some(cursor) => (cursor.item, cursor.after),
        None => (0, None),
    };
    let items = u32::try_from(run.task.items.len()).unwrap_or(u32::MAX);
    let mut number = last.unwrap_or(0);
    let open = open_supply(run, run.planning_lane()).await?;
    let supply = supply.insert(open);
    while item < items {
        if after.is_none() {
            run.make_parents(item).await?;
        }
        supply.plan(item, after.take()).await?;
        let mut sheet = Sheet::new(run.task.id, item, number);
        while let Some(page) = supply.next_plan_page().await? {
            for entry in page {
                sheet.add(run, entry)?;
                if sheet.is_full() {
                    sheet.flush(run, false).await?;
                }
            }
            backoff.worked();
        }
        sheet.flush(run, true).await?;
        number = sheet.number;
        item += 1;
    }
    Ok(())
}

/// Units under way that are not yet in the database.
struct Sheet {
    task: TaskId,
    item: u32,
    /// The number of the last unit that was cut.
    number: i64,
    entries: usize,
    last: Option<RemotePath>,
    directories: Directories,
    batch: Batch,
    batch_bytes: u64,
    batch_path_bytes: usize,
    cut: Vec<Cut>,
    more: Progress,
}

/// A unit that is complete, before it has a number.
enum Cut {
    Batch(Batch),
    File(Vec<Run>),
}

impl Sheet {
    fn new(task: TaskId, item: u32, number: i64) -> Self {
        Self {
            task,
            item,
            number,
            entries: 0,
            last: None,
            directories: Directories::default(),
            batch: Batch::default(),
            batch_bytes: 0,
            batch_path_bytes: 0,
            cut: Vec::new(),
            more: Progress::default(),
        }
    }

    fn is_full(&self) -> bool {
        self.entries >= SHEET_ENTRIES || self.cut.len() >= SHEET_RUNS
    }

    fn add(&mut self, run: &TaskRun, entry: Entry) -> Result<(), Stop> {
        if entry.path.is_root() {
            check_root(run, self.item, &entry)?;
        }
        self.entries += 1;
        self.last = Some(entry.path.clone());
        match entry.kind {
            EntryKind::Directory => {
                self.directories.directories.push(Directory {
                    path: entry.path,
                    modified: entry.modified,
                    failed: None,
                });
            }
            EntryKind::Symlink | EntryKind::Special => self.more.skipped += 1,
            EntryKind::File => self.add_file(run, entry),
        }
        Ok(())
    }

    fn add_file(&mut self, run: &TaskRun, entry: Entry) {
        self.more.files_total += 1;
        self.more.bytes_total = self.more.bytes_total.saturating_add(entry.size);
        let target = run.target(self.item, &entry.path);
        let too_long = target.err().map(|error| FileOutcome::Failed(error.code().to_owned()));
        if entry.size > SMALL_FILE_BYTES && too_long.is_none() {
            self.cut.push(Cut::File(Run::of_file(&entry)));
            return;
        }
        let path_bytes = path_bytes(&entry.path);
        let full = self.batch.files.len() >= BATCH_FILES
            || self.batch_bytes + entry.size > BATCH_BYTES
            || self.batch_path_bytes + path_bytes > BATCH_PATH_BYTES;
        if full {
            self.cut_batch();
        }
        if too_long.is_none() {
            self.batch_bytes += entry.size;
        }
        self.batch_path_bytes += path_bytes;
        let expect = Expected::of(&entry);
        self.batch.files.push(SmallFile { path: entry.path, expect, mode: entry.mode, outcome: too_long });
    }

    fn cut_batch(&mut self) {
        if !self.batch.files.is_empty() {
            self.cut.push(Cut::Batch(std::mem::take(&mut self.batch)));
        }
        self.batch_bytes = 0;
        self.batch_path_bytes = 0;
    }

    /// Makes the directories, then writes units and cursor down.
    async fn flush(&mut self, run: &TaskRun, end_of_item: bool) -> Result<(), Trouble> {
        self.cut_batch();
        let mut directories = std::mem::take(&mut self.directories);
        if !directories.directories.is_empty() {
            directories = make_directories(run, self.item, directories).await?;
            let failed = directories.directories.iter().find_map(|directory| directory.failed.clone());
            if let Some(code) = failed {
                run.tell_failure(&code).await?;
            }
        }
        let made = directories.directories.iter().filter(|directory| directory.failed.is_none()).count();
        self.more.directories = u64::try_from(made).unwrap_or(u64::MAX);
        let units = self.units(&directories)?;
        self.write(run, &units, end_of_item).await?;
        run.queue.ring();
        self.entries = 0;
        Ok(())
    }

    fn units(&mut self, directories: &Directories) -> Result<Vec<Unit>, Stop> {
        let mut units = Vec::new();
        if !directories.directories.is_empty() {
            let value = encode(directories)?;
            units.push(self.unit(UnitKind::Directory, UnitState::Done, 0, 0, value));
        }
        for cut in std::mem::take(&mut self.cut) {
            match cut {
                Cut::Batch(batch) => {
                    let files = i64::try_from(batch.files.len()).unwrap_or(i64::MAX);
                    let bytes = i64::try_from(batch.bytes()).unwrap_or(i64::MAX);
                    let value = encode(&batch)?;
                    units.push(self.unit(UnitKind::Batch, UnitState::Pending, bytes, files, value));
                }
                Cut::File(runs) => self.file_units(&runs, &mut units)?,
            }
        }
        Ok(units)
    }

    /// The runs of one file share the number of the first as the file's number.
    fn file_units(&mut self, runs: &[Run], units: &mut Vec<Unit>) -> Result<(), Stop> {
        let file = self.number + 1;
        for run in runs {
            let bytes = i64::try_from(run.bytes()).unwrap_or(i64::MAX);
            let value = encode(run)?;
            let mut unit = self.unit(UnitKind::Run, UnitState::Pending, bytes, i64::from(run.is_last()), value);
            unit.file = file;
            units.push(unit);
        }
        Ok(())
    }

    fn unit(&mut self, kind: UnitKind, state: UnitState, bytes: i64, files: i64, value: Vec<u8>) -> Unit {
        self.number += 1;
        Unit {
            task: self.task,
            number: self.number,
            item: self.item,
            kind,
            file: self.number,
            state,
            bytes,
            files,
            value,
        }
    }

    async fn write(&mut self, run: &TaskRun, units: &[Unit], end_of_item: bool) -> Result<(), Stop> {
        let last_item = usize::try_from(self.item).is_ok_and(|item| item + 1 >= run.task.items.len());
        let finished = end_of_item && last_item;
        self.more.expanded = finished;
        let drawn = run.meter.draw(std::mem::take(&mut self.more));
        let (item, after) =
            if end_of_item && !finished { (self.item + 1, None) } else { (self.item, self.last.as_ref()) };
        let written = async {
            let mut tx = run.engine.parts().database.begin().await?;
            unit::insert_many(&mut tx, units).await?;
            unit::set_cursor(&mut tx, &run.lease, item, after, finished).await?;
            task::add_progress(&mut tx, self.task, &drawn, &run.lease).await?;
            tx.commit().await
        }
        .await;
        match written {
            Ok(()) => {
                run.meter.written(&drawn);
                Ok(())
            }
            Err(error) => {
                run.meter.unwritten(&drawn);
                Err(error.into())
            }
        }
    }
}

fn path_bytes(path: &RemotePath) -> usize {
    PATH_OVERHEAD + path.components().iter().map(|name| name.as_bytes().len() + 2).sum::<usize>()
}

/// The item itself must be what the person said it is.
fn check_root(run: &TaskRun, item: u32, root: &Entry) -> Result<(), Stop> {
    let recursive =
        usize::try_from(item).ok().and_then(|item| run.task.items.get(item)).is_some_and(|item| item.recursive);
    match root.kind {
        EntryKind::Directory if !recursive => Err(Stop::failed(
            "source-is-a-directory",
            "An item is a directory, but the transfer is not recursive. Next: submit it again with 'recursive' (-r).",
        )),
        EntryKind::Directory | EntryKind::File => Ok(()),
        EntryKind::Symlink | EntryKind::Special => Err(Stop::failed(
            "not-regular",
            "An item is neither a file nor a directory. Next: name the file or directory itself.",
        )),
    }
}

async fn make_directories(run: &TaskRun, item: u32, directories: Directories) -> Result<Directories, Trouble> {
    let (connector, permit) = (Arc::clone(&run.connector), run.writer(item)?);
    let targets: Vec<_> = directories.directories.iter().map(|directory| run.target(item, &directory.path)).collect();
    let made = run.writing.spawn_blocking(move || -> Result<Vec<(Directory, bool)>, StorageError> {
        let mut made = Vec::with_capacity(targets.len());
        for (mut directory, target) in directories.directories.into_iter().zip(targets) {
            let is_new = make_one(connector.as_ref(), &permit, target)?;
            directory.failed = is_new.as_ref().err().cloned();
            made.push((directory, is_new.unwrap_or(false)));
        }
        Ok(made)
    });
    let made = made.await??;
    // Before their row is written: a crash makes the sheet again, and the log then says that they were there already.
    run.record_directories(item, &made).await?;
    Ok(Directories { directories: made.into_iter().map(|(directory, _)| directory).collect() })
}

/// Makes a directory and says whether it is new, or why it cannot be, unless the whole storage is at fault.
fn make_one(
    connector: &dyn Connector,
    permit: &Permit<permit::Write>,
    target: Result<RemotePath, StorageError>,
) -> Result<Result<bool, String>, StorageError> {
    let made = target.and_then(|path| if path.is_root() { Ok(false) } else { connector.make_directory(permit, &path) });
    match made {
        Ok(is_new) => Ok(Ok(is_new)),
        Err(error) if is_about_the_file(&error) => Ok(Err(error.code().to_owned())),
        Err(error) => Err(error),
    }
}
