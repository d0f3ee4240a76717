//! Accounts from exported logs: a copy of a log's directory, or an evidence pack.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use super::Account;
use crate::log::cursor::{Care, Cursor, Place, Step};
use crate::log::frame::Record;
use crate::log::layout::Layout;
use crate::note::{Checkpoint, VerifierKey};
use crate::pack::{End, Header, MAX_LINE_BYTES, PackedEntry};

/// Why an exported log gives no account.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The operating system refused.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Neither a log directory nor a pack.
    #[error("it is neither a copy of a log's directory nor an evidence pack: {0}")]
    Form(String),
    /// It is one, and damaged or cut.
    #[error("it is damaged at entry {index}: {why}; verify it with sealane-verify")]
    Damaged {
        /// The first entry that cannot be read.
        index: u64,
        /// What is wrong.
        why: String,
    },
}

impl Account {
    /// What an exported log says: a copy of its directory, or an evidence pack.
    ///
    /// # Errors
    /// [`ReadFault`] when it is neither, or cannot be read to its end.
    pub fn read(path: &Path) -> Result<Self, ReadFault> {
        if path.is_dir() { directory(path) } else { pack(BufReader::with_capacity(1 << 20, File::open(path)?)) }
    }
}

fn directory(path: &Path) -> Result<Account, ReadFault> {
    let layout = Layout::new(path);
    let key = layout.read_key()?.and_then(|text| text.parse::<VerifierKey>().ok());
    let head = layout.read_checkpoint()?.and_then(|text| Checkpoint::parse(&text).ok());
    let origin = key.map(|key| key.name().to_owned()).or_else(|| head.as_ref().map(|head| head.origin().to_owned()));
    let origin =
        origin.ok_or_else(|| ReadFault::Form("origin.pub and checkpoint are missing or damaged".to_owned()))?;
    let mut account = Account::new(origin);
    let mut next = 0;
    let mut cursor = Cursor::new(&layout.segments(), Place::default(), Care::Strict);
    loop {
        match cursor.step()? {
            Step::Record { record: Record::Body { index, bytes }, .. } => {
                if index != next {
                    return Err(ReadFault::Damaged { index: next, why: format!("entry {index} stands there") });
                }
                take(&mut account, index, bytes)?;
                next += 1;
            }
            Step::Record { .. } => {}
            Step::End => break,
            Step::Broken { why, .. } => return Err(ReadFault::Damaged { index: next, why: why.to_owned() }),
        }
    }
    match head.map(|head| head.size()) {
        Some(size) if size > next => {
            Err(ReadFault::Damaged { index: next, why: format!("the log has {size} entries, the copy ends before") })
        }
        _ => Ok(account),
    }
}

fn pack(mut lines: impl BufRead) -> Result<Account, ReadFault> {
    let mut line = Vec::new();
    read_line(&mut lines, &mut line)?;
    let header = Header::parse(&line).map_err(ReadFault::Form)?;
    let mut account = Account::new(header.origin);
    let mut next = 0;
    while read_line(&mut lines, &mut line)? {
        if let Ok(packed) = serde_json::from_slice::<PackedEntry>(&line) {
            take(&mut account, packed.index, packed.entry.as_bytes())?;
            next = packed.index + 1;
        } else if serde_json::from_slice::<End>(&line).is_ok() {
            return Ok(account);
        } else {
            return Err(ReadFault::Damaged { index: next, why: "a line cannot be read".to_owned() });
        }
    }
    Err(ReadFault::Damaged { index: next, why: "the pack is cut off before its last line".to_owned() })
}

fn take(account: &mut Account, index: u64, entry: &[u8]) -> Result<(), ReadFault> {
    account.take(entry).map_err(|error| ReadFault::Damaged { index, why: error.to_string() })
}

/// The next line; `false` at the end.
fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
    lines.by_ref().take(most).read_until(b'\n', line)?;
    Ok(!line.is_empty())
}
