//! What an open log gives to a receipt between two sites, and where such receipts are kept: `receipts/<task>.json`,
//! beside the log.
//!
//! The entry with which this site ended a transfer leaves with its exact bytes and its proof; what both sites hold is
//! written in one step and durably, so that it outlives the database. Whether the other site's part is true is checked
//! before ([`SiteRecord::verify`]).

use std::io;

use super::error::{ProveError, ReadError};
use super::{Log, cosigned, segment};
use crate::exchange::{ExchangeReceipt, SiteRecord};
use crate::query::Filter;

impl Log {
    /// This site's part of a receipt: the entry at `index`, proven under the newest cosigned head that covers it, else
    /// under the newest. Reads files.
    ///
    /// # Errors
    /// As [`Log::proof`].
    pub fn site_record(&self, index: u64) -> Result<SiteRecord, ProveError> {
        let kept = cosigned::largest(&self.0.state.layout, self.origin(), &self.0.state.keys).map_err(ReadError::Io)?;
        let proof = match kept.filter(|kept| kept.size() > index) {
            Some(kept) => self.proof(index, &kept)?,
            None => self.proof(index, &self.checkpoint())?,
        };
        let found = self.entries(index, 1, &Filter::all())?.into_iter().next();
        let entry = found.ok_or_else(|| ReadError::Io(io::ErrorKind::UnexpectedEof.into()))?.json;
        Ok(SiteRecord { key: self.key_at(proof.checkpoint.size()), entry, proof })
    }

    /// Keeps the receipt of a task beside the log, durably; a newer one of the same task takes its place.
    ///
    /// # Errors
    /// When it cannot be written, or the task's id is no plain word.
    pub fn keep_receipt(&self, task: &str, receipt: &ExchangeReceipt) -> io::Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if task.is_empty() || task.len() > 128 || !task.chars().all(plain) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the task's id is no plain word"));
        }
        let folder = self.directory().join("receipts");
        segment::make_directory(&folder)?;
        segment::replace(&folder.join(format!("{task}.json")), receipt.to_string().as_bytes(), true)
    }
}
