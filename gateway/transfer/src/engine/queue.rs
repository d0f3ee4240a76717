//! What the lanes of a run do next.
//!
//! **What for.** Units come from the database a few at a time, in order of the plan, while the source is still being listed;
//! lanes take the next batch, or the next range of a large file, from the front.
//!
//! **Promises.** A job is with one lane at a time and comes back if the lane is lost. Memory holds the units that are being
//! worked on and the next few. There is nothing left only when the listing has ended and no unit is waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sealane_connectors::PartFile;
use sealane_database::{Database, Unit, UnitKind, unit};
use sealane_model::{RemotePath, TaskId};
use tokio::sync::{Notify, OnceCell};

use super::stop::Stop;
use super::unit::{Batch, Run, decode};
use crate::message::Expected;

/// Units that are read from the database at once.
const LOAD: usize = 2;

/// A batch to fetch.
pub(super) struct BatchJob {
    pub(super) number: i64,
    pub(super) item: u32,
    pub(super) batch: Batch,
}

/// A range to fetch.
pub(super) struct RangeJob {
    pub(super) run: Arc<RunHandle>,
    pub(super) index: usize,
}

/// What a lane can be given.
pub(super) enum Job {
    Batch(BatchJob),
    Range(RangeJob),
    /// All ranges of this run are durable: see whether the file is whole.
    Settle(Arc<RunHandle>),
}

impl Job {
    /// Whether the source is needed for it.
    pub(super) const fn needs_source(&self) -> bool {
        !matches!(self, Self::Settle(_))
    }
}

/// A run of ranges that lanes work on.
pub(super) struct RunHandle {
    pub(super) number: i64,
    pub(super) item: u32,
    pub(super) file: i64,
    pub(super) path: RemotePath,
    pub(super) expect: Expected,
    /// INVARIANT: saved while it is locked, so that no older value overwrites a newer one.
    pub(super) value: tokio::sync::Mutex<Run>,
    pub(super) part: Arc<FilePart>,
}

/// The part file of a large file, shared by the lanes that write to it.
#[derive(Default)]
pub(super) struct FilePart {
    pub(super) open: OnceCell<Arc<dyn PartFile>>,
    /// Held by whoever looks whether the file is whole; `true` once it has its name or has failed.
    pub(super) settled: tokio::sync::Mutex<bool>,
}

/// The jobs of one run.
pub(super) struct Queue {
    task: TaskId,
    state: tokio::sync::Mutex<Waiting>,
    failed: Mutex<HashSet<i64>>,
    listed: AtomicBool,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    /// The last unit that was read.
    after: i64,
    ready: VecDeque<Job>,
    parts: HashMap<i64, Weak<FilePart>>,
}

impl Queue {
    pub(super) fn new(task: TaskId) -> Self {
        Self {
            task,
            state: tokio::sync::Mutex::default(),
            failed: Mutex::default(),
            listed: AtomicBool::new(false),
            bell: Notify::new(),
        }
    }

    /// The next job, as soon as there is one; `None` when there will be none any more.
    pub(super) async fn next(&self, database: &Database) -> Result<Option<Job>, Stop> {
        loop {
            let bell = self.bell.notified();
            tokio::pin!(bell);
            // Listens from here on, so that nothing rings unheard between looking and waiting.
            bell.as_mut().enable();
            // Read before looking: what was listed later is found by the look after this one.
            let listed = self.listed.load(Ordering::Acquire);
            if let Some(job) = self.take(database).await? {
                return Ok(Some(job));
            }
            if listed {
                return Ok(None);
            }
            bell.await;
        }
    }

    async fn take(&self, database: &Database) -> Result<Option<Job>, Stop> {
        let mut waiting = self.state.lock().await;
        loop {
            while let Some(job) = waiting.ready.pop_front() {
                if !self.is_dropped(&job) {
                    return Ok(Some(job));
                }
            }
            let units = {
                let mut db = database.acquire().await?;
                unit::next_pending(&mut db, self.task, waiting.after, LOAD).await?
            };
            if units.is_empty() {
                return Ok(None);
            }
            for unit in units {
                waiting.admit(&unit)?;
            }
        }
    }

    /// A lane could not finish a job: it is done again, first.
    pub(super) async fn give_back(&self, job: Job) {
        self.state.lock().await.ready.push_front(job);
        self.bell.notify_waiters();
    }

    /// New units are in the database.
    pub(super) fn ring(&self) {
        self.bell.notify_waiters();
    }

    /// The listing has ended.
    pub(super) fn listed(&self) {
        self.listed.store(true, Ordering::Release);
        self.bell.notify_waiters();
    }

    /// A large file cannot be taken along: its ranges are not fetched any more.
    pub(super) fn drop_file(&self, file: i64) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(file);
    }

    fn is_dropped(&self, job: &Job) -> bool {
        match job {
            Job::Range(RangeJob { run, .. }) | Job::Settle(run) => {
                self.failed.lock().unwrap_or_else(PoisonError::into_inner).contains(&run.file)
            }
            Job::Batch(_) => false,
        }
    }
}

impl Waiting {
    fn admit(&mut self, unit: &Unit) -> Result<(), Stop> {
        self.after = unit.number;
        match unit.kind {
            UnitKind::Batch => {
                let batch = decode(&unit.value)?;
                self.ready.push_back(Job::Batch(BatchJob { number: unit.number, item: unit.item, batch }));
            }
            UnitKind::Run => self.admit_run(unit, decode(&unit.value)?),
            // Directories are made while the source is listed.
            UnitKind::Directory => {}
        }
        Ok(())
    }

    fn admit_run(&mut self, unit: &Unit, value: Run) {
        let missing: Vec<usize> =
            value.roots.iter().enumerate().filter(|(_, root)| root.is_none()).map(|(index, _)| index).collect();
        let handle = Arc::new(RunHandle {
            number: unit.number,
            item: unit.item,
            file: unit.file,
            path: value.path.clone(),
            expect: value.expect,
            value: tokio::sync::Mutex::new(value),
            part: self.part(unit.file),
        });
        if missing.is_empty() {
            self.ready.push_back(Job::Settle(handle));
            return;
        }
        let jobs = missing.into_iter().map(|index| Job::Range(RangeJob { run: Arc::clone(&handle), index }));
        self.ready.extend(jobs);
    }

    fn part(&mut self, file: i64) -> Arc<FilePart> {
        self.parts.retain(|_, part| part.strong_count() > 0);
        if let Some(part) = self.parts.get(&file).and_then(Weak::upgrade) {
            return part;
        }
        let part = Arc::new(FilePart::default());
        self.parts.insert(file, Arc::downgrade(&part));
        part
    }
}
