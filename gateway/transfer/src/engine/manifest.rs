//! The manifest: one digest over every file that a task brought, and what could not be brought.
//!
//! **Promises.** SHA-256 over one record for each file, in order of the plan: path (its names, each with its length), size,
//! time of change, and the head of its digest tree. Every part has a length or a fixed size, so no two lists of files have
//! the same bytes. Units are read a few at a time.

use sealane_crypto::digest::tree::root_of;
use sealane_crypto::digest::{Digest, Sha256};
use sealane_database::{Unit, UnitKind};
use sealane_model::{FileTime, RemotePath};

use super::stop::Stop;
use super::unit::{Batch, Directories, Directory, FileOutcome, Run, decode};

const CONTEXT: &[u8] = b"sealane manifest v1\0";

/// Reads the units of a task in their order.
pub(super) struct Manifest {
    hash: Sha256,
    roots: Vec<Digest>,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) failed: u64,
    /// Why the first one failed.
    pub(super) first_failure: Option<String>,
}

impl Manifest {
    pub(super) fn new() -> Self {
        let mut hash = Sha256::new();
        hash.update(CONTEXT);
        Self { hash, roots: Vec::new(), files: 0, bytes: 0, failed: 0, first_failure: None }
    }

    /// Takes the next unit; gives back the directories whose time is to be set.
    pub(super) fn take(&mut self, unit: &Unit) -> Result<Vec<Directory>, Stop> {
        match unit.kind {
            UnitKind::Directory => {
                let directories: Directories = decode(&unit.value)?;
                for code in directories.directories.iter().filter_map(|directory| directory.failed.as_ref()) {
                    self.fail(code);
                }
                return Ok(directories.directories.into_iter().filter(|made| made.failed.is_none()).collect());
            }
            UnitKind::Batch => self.take_batch(unit.item, &decode(&unit.value)?)?,
            UnitKind::Run => self.take_run(unit.item, &decode(&unit.value)?)?,
        }
        Ok(Vec::new())
    }

    fn take_batch(&mut self, item: u32, batch: &Batch) -> Result<(), Stop> {
        for file in &batch.files {
            match &file.outcome {
                Some(FileOutcome::Arrived(root)) => {
                    self.record(item, &file.path, file.expect.size, file.expect.modified, root);
                }
                Some(FileOutcome::Failed(code)) => self.fail(code),
                None => return Err(unfinished()),
            }
        }
        Ok(())
    }

    fn take_run(&mut self, item: u32, run: &Run) -> Result<(), Stop> {
        if run.first == 0 {
            self.roots.clear();
        }
        if let Some(code) = &run.failed {
            if run.is_last() {
                self.fail(code);
            }
            return Ok(());
        }
        for root in &run.roots {
            self.roots.push(root.ok_or_else(unfinished)?);
        }
        if run.is_last() {
            let root = root_of(&self.roots);
            self.record(item, &run.path, run.expect.size, run.expect.modified, &root);
        }
        Ok(())
    }

    fn fail(&mut self, code: &str) {
        self.failed += 1;
        if self.first_failure.is_none() {
            self.first_failure = Some(code.to_owned());
        }
    }

    fn record(&mut self, item: u32, path: &RemotePath, size: u64, modified: FileTime, root: &Digest) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(size);
        self.hash.update(&item.to_be_bytes());
        self.hash.update(&u64::try_from(path.depth()).unwrap_or(u64::MAX).to_be_bytes());
        for name in path.components() {
            let name = name.as_bytes();
            self.hash.update(&u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
            self.hash.update(name);
        }
        self.hash.update(&size.to_be_bytes());
        self.hash.update(&modified.seconds.to_be_bytes());
        self.hash.update(&modified.nanos.to_be_bytes());
        self.hash.update(root.as_bytes());
    }

    /// The digest over all records.
    pub(super) fn digest(self) -> Digest {
        self.hash.finish()
    }
}

fn unfinished() -> Stop {
    Stop::Unready("a work unit is not finished yet".to_owned())
}

#[cfg(test)]
mod tests {
    use sealane_crypto::SystemRandom;
    use sealane_crypto::digest::sha256;
    use sealane_database::UnitState;
    use sealane_model::{Entry, EntryKind, SystemClock, TaskId};

    use super::*;
    use crate::engine::unit::{SmallFile, encode};
    use crate::message::Expected;

    fn unit(kind: UnitKind, value: Vec<u8>) -> Unit {
        let task = TaskId::generate(&SystemClock, &SystemRandom::new().unwrap());
        Unit { task, number: 1, item: 0, kind, file: 1, state: UnitState::Done, bytes: 0, files: 0, value }
    }

    fn batch(names: &[(&str, Option<FileOutcome>)]) -> Unit {
        let file = |(name, outcome): &(&str, Option<FileOutcome>)| SmallFile {
            path: RemotePath::parse_text(name).unwrap(),
            expect: Expected { size: 3, modified: FileTime::default(), identity: 0 },
            mode: 0o600,
            outcome: outcome.clone(),
        };
        unit(UnitKind::Batch, encode(&Batch { files: names.iter().map(file).collect() }).unwrap())
    }

    fn arrived(seed: &[u8]) -> Option<FileOutcome> {
        Some(FileOutcome::Arrived(sha256(seed)))
    }

    fn digest_of(units: &[Unit]) -> Digest {
        let mut manifest = Manifest::new();
        for unit in units {
            manifest.take(unit).unwrap();
        }
        manifest.digest()
    }

    #[test]
    fn where_a_batch_was_cut_does_not_matter_but_every_name_does() {
        let whole = digest_of(&[batch(&[("/a", arrived(b"1")), ("/b", arrived(b"2"))])]);
        let cut = digest_of(&[batch(&[("/a", arrived(b"1"))]), batch(&[("/b", arrived(b"2"))])]);
        let renamed = digest_of(&[batch(&[("/a", arrived(b"1")), ("/c", arrived(b"2"))])]);
        assert_eq!(whole, cut);
        assert_ne!(whole, renamed);
    }

    #[test]
    fn the_first_failure_names_the_cause() {
        let mut manifest = Manifest::new();
        let failed = |code: &str| Some(FileOutcome::Failed(code.to_owned()));
        manifest.take(&batch(&[("/a", failed("source-changed")), ("/b", failed("not-found"))])).unwrap();
        assert_eq!((manifest.failed, manifest.first_failure.as_deref()), (2, Some("source-changed")));
    }

    #[test]
    fn a_file_without_an_outcome_is_not_passed_over() {
        assert!(Manifest::new().take(&batch(&[("/a", None)])).is_err());
    }

    #[test]
    fn the_runs_of_a_file_make_one_record() {
        let entry = Entry {
            path: RemotePath::parse_text("/large").unwrap(),
            kind: EntryKind::File,
            size: (4 << 30) + 1,
            modified: FileTime::default(),
            mode: 0,
            identity: 1,
        };
        let mut manifest = Manifest::new();
        for mut run in Run::of_file(&entry) {
            run.roots.iter_mut().for_each(|root| *root = Some(sha256(b"range")));
            manifest.take(&unit(UnitKind::Run, encode(&run).unwrap())).unwrap();
        }
        assert_eq!((manifest.files, manifest.bytes), (1, (4 << 30) + 1));
    }
}
