//! One lane's work on one job: read from the source, hash, write, compare, make durable.
//!
//! **What for.** Reading the network and writing the disk overlap: the lane fills buffers of one record, a blocking thread
//! hashes and writes them and hands them back. Few buffers are in flight, so memory is bounded by the number of lanes.
//!
//! **Promises.** Nothing is committed or written down whose digest is not the one that the source computed. What a lost lane
//! left is overwritten by the next attempt. Runs of zeros in large files stay holes.

use std::sync::Arc;

use sealane_connectors::{Commit, Connector, PartFile, Staging, StorageError};
use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::{RECORD_BYTES, TreeHasher};
use sealane_model::{Permit, RemotePath, permit};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::committer::{arriving_mode, commit_group, is_about_the_file};
use super::queue::{BatchJob, Job, RangeJob};
use super::run::TaskRun;
use super::stop::Trouble;
use super::supply::Supply;
use super::unit::{FileOutcome, SmallFile};
use crate::lane::{Chunk, LaneError};
use crate::message::{BatchRequest, RangeRequest};

/// Records between the lane and the writing thread.
const IN_FLIGHT: usize = 3;
/// The word for bytes that are not those that the source sent.
const MISMATCH: &str = "digest-mismatch";

/// What the writing thread is told.
enum Piece {
    Data(Vec<u8>),
    FileEnd(Digest),
    FileFailed(String),
    /// All of it was received: make it durable. A thread that is not told so leaves things as they are.
    End,
}

/// The way to the writing thread, and the buffers that come back from it.
struct Pipe {
    pieces: mpsc::Sender<Piece>,
    spares: mpsc::Receiver<Vec<u8>>,
}

struct PipeEnd {
    pieces: mpsc::Receiver<Piece>,
    spares: mpsc::Sender<Vec<u8>>,
}

fn pipe() -> (Pipe, PipeEnd) {
    let (pieces, receiver) = mpsc::channel(IN_FLIGHT);
    let (spare, spares) = mpsc::channel(IN_FLIGHT + 2);
    (Pipe { pieces, spares }, PipeEnd { pieces: receiver, spares: spare })
}

impl Pipe {
    fn buffer(&mut self) -> Vec<u8> {
        self.spares.try_recv().unwrap_or_else(|_| Vec::with_capacity(RECORD_BYTES))
    }

    /// `false` if the writing thread has ended: its result says why.
    async fn say(&self, piece: Piece) -> bool {
        self.pieces.send(piece).await.is_ok()
    }
}

impl PipeEnd {
    fn next(&mut self) -> Option<Piece> {
        self.pieces.blocking_recv()
    }

    fn give_back(&self, buffer: Vec<u8>) {
        // Where the lane has enough of them, the buffer is simply dropped.
        let _ = self.spares.try_send(buffer);
    }
}

/// Does one job.
pub(super) async fn receive(run: &TaskRun, supply: &mut Supply, job: &Job) -> Result<(), Trouble> {
    match job {
        Job::Range(job) => receive_range(run, supply, job).await,
        Job::Batch(job) => receive_batch(run, supply, job).await,
        Job::Settle(handle) => run.settle(handle).await,
    }
}

async fn receive_range(run: &TaskRun, supply: &mut Supply, job: &RangeJob) -> Result<(), Trouble> {
    let handle = &job.run;
    let (offset, length) = handle.value.lock().await.extent(job.index);
    let part = match run.part_of(handle).await {
        Err(Trouble::Storage(error)) if is_about_the_file(&error) => return run.fail_file(handle, error.code()).await,
        part => part?,
    };
    let request = RangeRequest { item: handle.item, path: handle.path.clone(), expect: handle.expect, offset, length };
    supply.request_range(request).await?;
    let (mut pipe, end) = pipe();
    let size = handle.expect.size;
    let writer = run.writing.spawn_blocking(move || write_range(part.as_ref(), end, offset, length, size));
    match pump_range(supply, &mut pipe).await {
        Ok(Ok(theirs)) => {
            drop(pipe);
            match writer.await?? {
                Some(ours) if ours == theirs => run.range_done(handle, job.index, ours).await,
                Some(_) => run.fail_file(handle, MISMATCH).await,
                None => Err(LaneError::Protocol("a range had another length than asked").into()),
            }
        }
        Ok(Err(code)) => {
            stop_writer(pipe, writer).await;
            run.fail_file(handle, &code).await
        }
        Err(trouble) => Err(writer_first(pipe, writer, trouble).await),
    }
}

/// Hands a range's records to the writing thread; gives the source's digest, or why the file cannot be had.
async fn pump_range(supply: &mut Supply, pipe: &mut Pipe) -> Result<Result<Digest, String>, Trouble> {
    loop {
        let mut buffer = pipe.buffer();
        match supply.next_chunk(&mut buffer).await {
            Ok(Chunk::Data) => {
                if !pipe.say(Piece::Data(buffer)).await {
                    return Err(LaneError::Closed.into());
                }
            }
            Ok(Chunk::RangeEnd { root }) => {
                pipe.say(Piece::End).await;
                return Ok(Ok(root));
            }
            Ok(Chunk::FileFailed { code, .. }) => return Ok(Err(code)),
            Err(LaneError::Source { code, .. }) => return Ok(Err(code)),
            Ok(_) => return Err(LaneError::Protocol("an answer to another request came").into()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes a range as it comes; its digest once it is whole and durable, `None` if it is not whole.
fn write_range(
    part: &dyn PartFile,
    mut pipe: PipeEnd,
    offset: u64,
    length: u64,
    size: u64,
) -> Result<Option<Digest>, StorageError> {
    let mut hasher = TreeHasher::new();
    let (mut at, end) = (offset, offset.saturating_add(length));
    while let Some(piece) = pipe.next() {
        match piece {
            Piece::Data(data) => {
                let next = at.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
                if next > end {
                    return Ok(None);
                }
                hasher.update(&data);
                // The file's last record is written in any case: it gives the part its length.
                if next == size || !is_zero(&data) {
                    part.write_at(at, &data)?;
                }
                at = next;
                pipe.give_back(data);
            }
            Piece::End if at == end => {
                part.sync()?;
                return Ok(Some(hasher.finish()));
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn is_zero(data: &[u8]) -> bool {
    data.iter().all(|byte| *byte == 0)
}

async fn receive_batch(run: &TaskRun, supply: &mut Supply, job: &BatchJob) -> Result<(), Trouble> {
    // What failed while it was listed, such as a path too long for the destination, is not asked for.
    let wanted: Vec<SmallFile> = job.batch.files.iter().filter(|file| file.outcome.is_none()).cloned().collect();
    let arrived = if wanted.is_empty() { Vec::new() } else { fetch_batch(run, supply, job, wanted).await? };
    let mut arrived = arrived.into_iter();
    let missing = || FileOutcome::Failed("source-vanished".to_owned());
    let known = |file: &SmallFile| file.outcome.clone();
    let outcomes =
        job.batch.files.iter().map(|file| known(file).or_else(|| arrived.next()).unwrap_or_else(missing)).collect();
    run.batch_done(job, outcomes).await
}

async fn fetch_batch(
    run: &TaskRun,
    supply: &mut Supply,
    job: &BatchJob,
    wanted: Vec<SmallFile>,
) -> Result<Vec<FileOutcome>, Trouble> {
    let files = wanted.iter().map(|file| (file.path.clone(), file.expect)).collect();
    let targets = wanted.iter().map(|file| run.target(job.item, &file.path)).collect::<Result<Vec<_>, _>>()?;
    let mut intake = Intake {
        connector: Arc::clone(&run.connector),
        permit: run.writer(job.item)?,
        staging: run.batches.clone(),
        unit: job.number,
        files: wanted,
        targets,
        ended: Vec::new(),
        open: None,
    };
    let count = intake.files.len();
    supply.request_batch(BatchRequest { item: job.item, files }).await?;
    let (mut pipe, end) = pipe();
    let writer = run.writing.spawn_blocking(move || intake.run(end));
    match pump_batch(supply, &mut pipe, count).await {
        Ok(Ok(())) => {
            drop(pipe);
            writer.await??.ok_or_else(|| LaneError::Protocol("a batch was not answered whole").into())
        }
        Ok(Err(code)) => {
            stop_writer(pipe, writer).await;
            Ok(vec![FileOutcome::Failed(code); count])
        }
        Err(trouble) => Err(writer_first(pipe, writer, trouble).await),
    }
}

/// Hands a batch's records to the writing thread; `Err(code)` inside if the source cannot give any of it.
async fn pump_batch(supply: &mut Supply, pipe: &mut Pipe, count: usize) -> Result<Result<(), String>, Trouble> {
    let mut next = 0_usize;
    loop {
        let mut buffer = pipe.buffer();
        let piece = match supply.next_chunk(&mut buffer).await {
            Ok(Chunk::Data) => Piece::Data(buffer),
            Ok(Chunk::FileEnd { index, root }) if usize::try_from(index) == Ok(next) => {
                next += 1;
                Piece::FileEnd(root)
            }
            Ok(Chunk::FileFailed { index, code, .. }) if usize::try_from(index) == Ok(next) => {
                next += 1;
                Piece::FileFailed(code)
            }
            Ok(Chunk::BatchEnd) if next == count => {
                pipe.say(Piece::End).await;
                return Ok(Ok(()));
            }
            Ok(_) => return Err(LaneError::Protocol("an answer to another request came").into()),
            Err(LaneError::Source { code, .. }) => return Ok(Err(code)),
            Err(error) => return Err(error.into()),
        };
        if !pipe.say(piece).await {
            return Err(LaneError::Closed.into());
        }
    }
}

/// The writing thread's view of a batch.
struct Intake {
    connector: Arc<dyn Connector>,
    permit: Arc<Permit<permit::Write>>,
    staging: Staging,
    unit: i64,
    files: Vec<SmallFile>,
    targets: Vec<RemotePath>,
    /// For each file that has ended: its digest, or why there is none.
    ended: Vec<Result<Digest, String>>,
    open: Option<Growing>,
}

/// A small file that is being received.
struct Growing {
    part: Box<dyn PartFile>,
    hasher: TreeHasher,
    length: u64,
}

impl Intake {
    /// What became of each file; `None` if the batch was not received whole.
    fn run(&mut self, mut pipe: PipeEnd) -> Result<Option<Vec<FileOutcome>>, StorageError> {
        while let Some(piece) = pipe.next() {
            match piece {
                Piece::Data(data) => {
                    self.write(&data)?;
                    pipe.give_back(data);
                }
                Piece::FileEnd(root) => self.end_file(root)?,
                Piece::FileFailed(code) => {
                    self.open = None;
                    self.ended.push(Err(code));
                }
                Piece::End => return self.commit().map(Some),
            }
        }
        Ok(None)
    }

    fn part_name(&self, index: usize) -> String {
        format!("u{}-{index}", self.unit)
    }

    fn growing(&mut self) -> Result<&mut Growing, StorageError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let index = self.ended.len();
                let size = self.files.get(index).map_or(0, |file| file.expect.size);
                let name = self.part_name(index);
                let part = self.connector.create_part(&self.permit, &self.staging, &name, size, false)?;
                Growing { part, hasher: TreeHasher::new(), length: 0 }
            }
        };
        Ok(self.open.insert(open))
    }

    fn write(&mut self, data: &[u8]) -> Result<(), StorageError> {
        let open = self.growing()?;
        open.hasher.update(data);
        open.part.write_at(open.length, data)?;
        open.length = open.length.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn end_file(&mut self, theirs: Digest) -> Result<(), StorageError> {
        self.growing()?; // an empty file has no data that would have opened it
        let Some(open) = self.open.take() else { return Ok(()) };
        let expected = self.files.get(self.ended.len()).map(|file| file.expect.size);
        let ours = open.hasher.finish();
        let same = ours == theirs && expected == Some(open.length);
        self.ended.push(if same { Ok(ours) } else { Err(MISMATCH.to_owned()) });
        Ok(())
    }

    fn commit(&self) -> Result<Vec<FileOutcome>, StorageError> {
        let mut commits = Vec::new();
        for (index, ((file, target), ended)) in self.files.iter().zip(&self.targets).zip(&self.ended).enumerate() {
            if ended.is_ok() {
                commits.push(Commit {
                    part: self.part_name(index),
                    target: target.clone(),
                    size: file.expect.size,
                    modified: file.expect.modified,
                    mode: arriving_mode(file.mode),
                });
            }
        }
        let named = commit_group(self.connector.as_ref(), &self.permit, &self.staging, &commits)?;
        let mut named = named.into_iter();
        let outcome = |ended: &Result<Digest, String>| match ended {
            Ok(digest) => match named.next() {
                Some(Ok(())) => FileOutcome::Arrived(*digest),
                Some(Err(code)) => FileOutcome::Failed(code),
                None => FileOutcome::Failed(MISMATCH.to_owned()),
            },
            Err(code) => FileOutcome::Failed(code.clone()),
        };
        Ok(self.ended.iter().map(outcome).collect())
    }
}

/// Lets the writing thread end without committing anything.
async fn stop_writer<T>(pipe: Pipe, writer: JoinHandle<Result<T, StorageError>>) {
    drop(pipe);
    // Whatever it says: the job's end is known already.
    let _ = writer.await;
}

/// The trouble of a job: the writing thread's own, where it had one, else the lane's.
async fn writer_first<T>(pipe: Pipe, writer: JoinHandle<Result<T, StorageError>>, lane: Trouble) -> Trouble {
    drop(pipe);
    match writer.await {
        Ok(Err(error)) => error.into(),
        _ => lane,
    }
}
