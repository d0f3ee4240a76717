//! The receipt of a transfer between two sites: one JSON document that both keep.
//!
//! For each site it holds the log's verifier key, the exact bytes of the entry with which the site ended the
//! task, and the C2SP `tlog-proof` that this entry is in the site's log. So neither site can later deny or
//! change what it recorded, and both must have recorded the same: task, manifest digest, files and bytes.
//! Whose keys these are is for the reader to know; [`crate::verify::verify_receipt`] takes them.

use std::fmt;
use std::str::FromStr;

use sealane_crypto::digest::{Digest, leaf_hash};
use serde::{Deserialize, Serialize};

use crate::document;
use crate::entry::Entry;
use crate::event::{Outcome, Transfer};
use crate::note::{SignatureLine, VerifierKey};
use crate::proof::{LogProof, ProofFault};

/// First member of the document.
const FORMAT: &str = "sealane-receipt/1";

/// Longest document taken: two entries and two proofs are far below it.
const MAX_BYTES: usize = 1 << 20;

/// What is wrong with a receipt, or with one site's part of it.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeFault {
    /// Not such a document.
    #[error("not a {FORMAT} document: {0}; ask the peer for the receipt again")]
    Form(String),
    /// The proof does not show that the entry is in the log.
    #[error("the entry is not proven: {0}")]
    Proof(#[from] ProofFault),
    /// The entry is proven, and says something else.
    #[error("the entry does not tell the end of a transfer: {0}")]
    Entry(String),
    /// Both entries are proven and differ.
    #[error(
        "the sites recorded different transfers: {what} is {source_site} at the source and {destination_site} at the destination"
    )]
    Differ {
        /// In what.
        what: &'static str,
        /// What the source recorded.
        source_site: String,
        /// What the destination recorded.
        destination_site: String,
    },
}

/// One site's part: what it recorded, and that it cannot take it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteRecord {
    /// The site's log and its key.
    #[serde(serialize_with = "document::as_text", deserialize_with = "document::from_text")]
    pub key: VerifierKey,
    /// The entry's bytes, exactly.
    pub entry: String,
    /// That the entry is in the log.
    #[serde(serialize_with = "document::as_text", deserialize_with = "document::from_text")]
    pub proof: LogProof,
}

/// What a site recorded of a transfer that ended well; equal at both sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The task.
    pub task: String,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// Files moved.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

impl SiteRecord {
    /// Leaf hash of the entry.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf_hash(self.entry.as_bytes())
    }

    /// Checks the proof under the key given from elsewhere, and gives what the entry records.
    ///
    /// # Errors
    /// [`ExchangeFault::Proof`] or [`ExchangeFault::Entry`].
    pub fn verify(&self, key: &VerifierKey) -> Result<Recorded, ExchangeFault> {
        self.proof.verify(&self.leaf(), key)?;
        self.recorded()
    }

    /// Signature lines on the head that are not the log's own: those of witnesses, verified or not.
    pub fn cosignatures(&self) -> impl Iterator<Item = &SignatureLine> {
        let lines = self.proof.checkpoint.lines().iter();
        lines.filter(|line| line.name() != self.key.name())
    }

    /// What the entry says, whether it is proven or not.
    ///
    /// # Errors
    /// [`ExchangeFault::Entry`] when it is not the end of a transfer.
    pub fn recorded(&self) -> Result<Recorded, ExchangeFault> {
        let wrong = |why: String| ExchangeFault::Entry(why);
        let entry = Entry::parse(self.entry.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        if entry.kind != Transfer::Finish.into() {
            return Err(wrong(format!("it is a {} entry", entry.kind)));
        }
        if entry.index != self.proof.index {
            return Err(wrong(format!(
                "it says that its index is {} and is proven at {}",
                entry.index, self.proof.index
            )));
        }
        if entry.outcome.is_none_or(|ended| ended.outcome != Outcome::Done) {
            return Err(wrong("the transfer was not done".to_owned()));
        }
        let object = entry.object;
        match (object.task, object.digest, object.files, object.bytes) {
            (Some(task), Some(manifest), Some(files), Some(bytes)) => Ok(Recorded { task, manifest, files, bytes }),
            _ => Err(wrong("it lacks the task, the manifest's digest, the files or the bytes".to_owned())),
        }
    }
}

/// The receipt of one transfer, the same file at both sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeReceipt {
    format: String,
    /// The site that released the data.
    pub source: SiteRecord,
    /// The site that took it in.
    pub destination: SiteRecord,
}

impl ExchangeReceipt {
    /// Joins the two parts. Nothing is verified here.
    #[must_use]
    pub fn new(source: SiteRecord, destination: SiteRecord) -> Self {
        Self { format: FORMAT.to_owned(), source, destination }
    }

    /// The parts whose heads carry lines of witnesses: 0, 1 or 2.
    #[must_use]
    pub fn cosigned_parts(&self) -> usize {
        [&self.source, &self.destination].into_iter().filter(|part| part.cosignatures().next().is_some()).count()
    }

    /// What both sites recorded, if they recorded the same in two logs. The proofs are checked apart.
    ///
    /// # Errors
    /// [`ExchangeFault`] naming the difference.
    pub fn agreed(&self) -> Result<Recorded, ExchangeFault> {
        let (ours, theirs) = (self.source.recorded()?, self.destination.recorded()?);
        if self.source.key == self.destination.key {
            return Err(ExchangeFault::Entry("both parts are from the same log".to_owned()));
        }
        differ("the task", &ours.task, &theirs.task)?;
        differ("the manifest's digest", &ours.manifest, &theirs.manifest)?;
        differ("the number of files", &ours.files, &theirs.files)?;
        differ("the number of bytes", &ours.bytes, &theirs.bytes)?;
        Ok(ours)
    }
}

fn differ<T: fmt::Display + PartialEq>(what: &'static str, source: &T, destination: &T) -> Result<(), ExchangeFault> {
    if source == destination {
        return Ok(());
    }
    Err(ExchangeFault::Differ { what, source_site: source.to_string(), destination_site: destination.to_string() })
}

impl fmt::Display for ExchangeReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?;
        writeln!(f, "{json}")
    }
}

impl FromStr for ExchangeReceipt {
    type Err = ExchangeFault;

    fn from_str(text: &str) -> Result<Self, ExchangeFault> {
        if text.len() > MAX_BYTES {
            return Err(ExchangeFault::Form("it is too long".to_owned()));
        }
        let receipt: Self = serde_json::from_str(text).map_err(|error| ExchangeFault::Form(error.to_string()))?;
        if receipt.format != FORMAT {
            return Err(ExchangeFault::Form(format!("its format is {:?}", receipt.format)));
        }
        Ok(receipt)
    }
}
