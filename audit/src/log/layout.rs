//! The files of a log directory.
//!
//! `seg/` entries and batch trailers, the truth · `openings/` sealed personal values · `opening-keys/` the
//! keys that seal them, wrapped · `checkpoint` the newest head · `origin.pub` the key · `lock` · `cut/` what
//! recovery cut off · `tile/` C2SP tiles, derived · `checkpoints/` cosigned heads · `tsr/` third parties'
//! timestamps on them · `receipts/` transfers that another site has proven to have recorded as well · `rotations/` proofs that
//! the key was replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::note::plain_number;
use crate::rotation::RotationProof;

#[derive(Debug, Clone)]
pub(crate) struct Layout(PathBuf);

impl Layout {
    pub(crate) fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    pub(crate) fn segments(&self) -> PathBuf {
        self.0.join("seg")
    }

    pub(crate) fn openings(&self) -> PathBuf {
        self.0.join("openings")
    }

    pub(crate) fn opening_keys(&self) -> PathBuf {
        self.0.join("opening-keys")
    }

    pub(crate) fn cut(&self) -> PathBuf {
        self.0.join("cut")
    }

    pub(crate) fn tiles(&self) -> PathBuf {
        self.0.join("tile")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("origin.pub")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// Cosigned heads, by size.
    pub(crate) fn kept(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    pub(crate) fn kept_checkpoint(&self, size: u64) -> PathBuf {
        self.kept().join(size.to_string())
    }

    pub(crate) fn timestamps(&self) -> PathBuf {
        self.0.join("tsr")
    }

    pub(crate) fn timestamp(&self, size: u64) -> PathBuf {
        self.timestamps().join(format!("{size}.tsr"))
    }

    /// Proofs that the key was replaced, by the size from which on the new one signs.
    pub(crate) fn rotations(&self) -> PathBuf {
        self.0.join("rotations")
    }

    pub(crate) fn rotation(&self, begins: u64) -> PathBuf {
        self.rotations().join(begins.to_string())
    }

    /// Those that prove what they should, in order; others prove nothing.
    pub(crate) fn read_rotations(&self) -> io::Result<Vec<RotationProof>> {
        let files = match fs::read_dir(self.rotations()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut proofs = Vec::new();
        for file in files {
            let text = absent_is_none(fs::read(file?.path()))?;
            proofs.extend(text.and_then(|text| text.parse::<RotationProof>().ok()));
        }
        proofs.sort_unstable_by_key(RotationProof::begins);
        Ok(proofs)
    }

    /// Sizes of the cosigned heads that are kept, in order.
    pub(crate) fn kept_sizes(&self) -> io::Result<Vec<u64>> {
        let files = match fs::read_dir(self.kept()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut sizes = Vec::new();
        for file in files {
            sizes.extend(file?.file_name().to_str().and_then(plain_number));
        }
        sizes.sort_unstable();
        Ok(sizes)
    }

    pub(crate) fn read_kept(&self, size: u64) -> io::Result<Option<String>> {
        absent_is_none(fs::read(self.kept_checkpoint(size)))
    }

    pub(crate) fn read_key(&self) -> io::Result<Option<String>> {
        absent_is_none(fs::read(self.key()))
    }

    pub(crate) fn read_checkpoint(&self) -> io::Result<Option<String>> {
        absent_is_none(fs::read(self.checkpoint()))
    }
}

/// Bytes that are not text are no key and no checkpoint: what stands for them does not parse either.
fn absent_is_none(read: io::Result<Vec<u8>>) -> io::Result<Option<String>> {
    match read {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
