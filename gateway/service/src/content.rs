//! Content: bytes of a file, whole or a range, as a stream.
//!
//! Promises: what is sent is of one and the same file from first to last byte; one that changes meanwhile ends the stream
//! with an error, never with a mixture. Policy is asked again before every chunk, so a rule that is revoked stops a running
//! download. The outcome entry says how many bytes left. At most three chunks of 1 MiB are in memory.

use std::pin::Pin;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use futures_util::Stream;
use futures_util::stream::poll_fn;
use sealane_audit::event::Access;
use sealane_audit::{Outcome, OutcomeRecord};
use sealane_connectors::{Reader, StorageError};
use sealane_crypto::digest::Sha256;
use sealane_model::problem::ProblemKind;
use sealane_model::{Collection, Entry, Problem, RemotePath, permit};
use sealane_policy::{Action, Effect};
use sealane_transfer::guard::{Details, Grant};
use tokio::sync::mpsc;

use crate::act::{blocking, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::place::{CollectionRef, ask_about, find_here};
use crate::problem;
use crate::view::EntryView;

const CHUNK: u64 = 1 << 20;

/// A file's bytes as they leave.
pub type ContentStream = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Problem>> + Send + Sync>>;

/// A part of a file, as a request names it (RFC 9110 section 14.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From an offset to the end.
    From(u64),
    /// From an offset to another, both included.
    Between(u64, u64),
    /// So many bytes at the end.
    Last(u64),
}

impl ByteRange {
    /// One range of a `Range` header. `None` for what is no range, or several: the whole file is sent then, as RFC 9110 allows.
    #[must_use]
    pub fn parse_header(header: &str) -> Option<Self> {
        let (first, last) = header.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
        match (first, last) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// First byte and the one after the last, in a file of that size.
    fn within(self, size: u64) -> Result<(u64, u64), Problem> {
        let (start, end) = match self {
            Self::From(first) => (first, size),
            Self::Between(first, last) => (first, last.saturating_add(1).min(size)),
            Self::Last(count) => (size.saturating_sub(count), size),
        };
        if start < end {
            return Ok((start, end));
        }
        Err(Problem::new(
            ProblemKind::Range,
            "range-empty",
            "No such range",
            format!("The file has {size} bytes, and the range lies beyond."),
        )
        .next("Ask for a range within the file, or for the whole file."))
    }
}

/// A file on its way out.
pub struct Download {
    /// What it is.
    pub entry: EntryView,
    /// Names exactly this state of the file (RFC 9110 section 8.8.3), quoted.
    pub etag: String,
    /// First byte that is sent.
    pub start: u64,
    /// The byte after the last that is sent.
    pub end: u64,
    /// Whether it is a part.
    pub partial: bool,
    /// The bytes.
    pub body: ContentStream,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").field("start", &self.start).field("end", &self.end).finish_non_exhaustive()
    }
}

/// Open a file for sending. With `if_range`, the range counts only if the file is still the one of that tag.
pub async fn open(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    path: &RemotePath,
    range: Option<ByteRange>,
    if_range: Option<&str>,
) -> Result<Download, Problem> {
    let actor = Actor::from(caller);
    let collection = find_here(app, &actor, reference, Access::ContentRead).await?;
    let question = ask_about(&actor, Action::ReadContent, &collection, path, Access::ContentRead);
    let grant = app.permit_in::<permit::Read>(&collection, question).await?;
    let (grant, opened) = open_reader(app, grant, &collection, path).await?;
    let prepared = opened.and_then(|reader| {
        let entry = reader.entry().clone();
        let etag = etag(&entry);
        let range = range.filter(|_| if_range.is_none_or(|tag| tag == etag));
        let (start, end) = range.map_or(Ok((0, entry.size)), |range| range.within(entry.size))?;
        Ok((reader, entry, etag, range.is_some(), start, end))
    });
    let (reader, entry, etag, partial, start, end) = match prepared {
        Ok(prepared) => prepared,
        Err(problem) => return conclude(grant, Err(problem), Details::none()).await,
    };
    let (sender, mut receiver) = mpsc::channel(2);
    let sending =
        Sending { app: app.clone(), actor, collection, path: path.clone(), reader: Arc::from(reader), start, end };
    app.parts().acts.spawn(sending.run(grant, sender));
    let body = Box::pin(poll_fn(move |context| receiver.poll_recv(context)));
    Ok(Download { entry: EntryView::from(&entry), etag, start, end, partial, body })
}

type Opened = Result<Box<dyn Reader>, Problem>;

async fn open_reader(
    app: &App,
    grant: Grant<permit::Read>,
    collection: &Collection,
    path: &RemotePath,
) -> Result<(Grant<permit::Read>, Opened), Problem> {
    let connector = match app.connector(collection).await {
        Ok(connector) => connector,
        Err(problem) => return Ok((grant, Err(problem))),
    };
    let path = path.clone();
    blocking(move || {
        let opened = connector.open(&grant.permit, &path).map_err(|error| problem::storage(&error));
        Ok((grant, opened))
    })
    .await
}

/// A download under way.
struct Sending {
    app: App,
    actor: Actor,
    collection: Collection,
    path: RemotePath,
    reader: Arc<dyn Reader>,
    start: u64,
    end: u64,
}

/// How a download ended.
enum End {
    All,
    /// Whoever asked went away.
    Gone,
    Stopped(Problem),
}

impl Sending {
    async fn run(self, grant: Grant<permit::Read>, sender: mpsc::Sender<Result<Vec<u8>, Problem>>) {
        let mut at = self.start;
        let end = self.send_all(&mut at, &sender).await;
        let details = Details::none().bytes(at.saturating_sub(self.start)).files(1).detail("offset", self.start);
        let recorded = match &end {
            End::All => grant.succeeded(details).await,
            End::Gone => {
                let outcome = OutcomeRecord::new(
                    Outcome::Interrupted,
                    "client-gone",
                    "the connection ended before the last byte",
                );
                grant.done(outcome, details).await
            }
            End::Stopped(problem) => grant.failed(problem, details).await,
        };
        let fault = recorded.err().map(|error| problem::unrecorded(&error));
        let stopped = if let End::Stopped(problem) = end { Some(problem) } else { None };
        if let Some(problem) = stopped.or(fault) {
            // Whoever reads learns that this was not the end of the file; if they are gone, nobody is left to tell.
            let _ = sender.send(Err(problem)).await;
        }
    }

    async fn send_all(&self, at: &mut u64, sender: &mpsc::Sender<Result<Vec<u8>, Problem>>) -> End {
        while *at < self.end {
            match self.app.would(&self.actor, Action::ReadContent, &self.collection, &self.path) {
                Effect::Permit => {}
                Effect::StepUp => return End::Stopped(stopped(ProblemKind::StepUp, "sign-in-too-old")),
                Effect::Deny => return End::Stopped(stopped(ProblemKind::Denied, "access-revoked")),
            }
            let chunk = match self.read(*at).await {
                Ok(chunk) => chunk,
                Err(problem) => return End::Stopped(problem),
            };
            *at = at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            // The last chunk is held back until it is sure that the file is still the same.
            if *at >= self.end
                && let Err(problem) = self.unchanged().await
            {
                return End::Stopped(problem);
            }
            if sender.send(Ok(chunk)).await.is_err() {
                return End::Gone;
            }
        }
        End::All
    }

    async fn read(&self, at: u64) -> Result<Vec<u8>, Problem> {
        let reader = Arc::clone(&self.reader);
        let wanted = usize::try_from((self.end - at).min(CHUNK)).unwrap_or(usize::MAX);
        blocking(move || {
            let mut chunk = vec![0; wanted];
            let count = reader.read_at(at, &mut chunk)?;
            if count < wanted {
                reader.check_unchanged()?;
            }
            if count == 0 {
                return Err(StorageError::SourceChanged { change: sealane_connectors::Change::Shrank });
            }
            chunk.truncate(count);
            Ok(chunk)
        })
        .await
    }

    async fn unchanged(&self) -> Result<(), Problem> {
        let reader = Arc::clone(&self.reader);
        blocking(move || reader.check_unchanged()).await
    }
}

fn stopped(kind: ProblemKind, code: &str) -> Problem {
    Problem::new(kind, code, "The download was stopped", "You may no longer read this file.")
        .next("Sign in again, or ask for access, then go on from where it stopped.")
}

/// A tag for exactly this state: another file under the name, another size or another time gives another tag.
fn etag(entry: &Entry) -> String {
    let mut hash = Sha256::new();
    hash.update(b"sealane etag v1\0");
    hash.update(&entry.identity.to_be_bytes());
    hash.update(&entry.size.to_be_bytes());
    hash.update(&entry.modified.seconds.to_be_bytes());
    hash.update(&entry.modified.nanos.to_be_bytes());
    let digest = hash.finish();
    let (half, _) = digest.as_bytes().split_at(16);
    format!("\"{}\"", HEXLOWER.encode(half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_writes_them() {
        assert_eq!(ByteRange::parse_header("bytes=0-499"), Some(ByteRange::Between(0, 499)));
        assert_eq!(ByteRange::parse_header("bytes=500-"), Some(ByteRange::From(500)));
        assert_eq!(ByteRange::parse_header("bytes=-500"), Some(ByteRange::Last(500)));
        for other in [
            "bytes=5-4",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=",
            "bytes=-",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(ByteRange::parse_header(other), None, "{other}");
        }
    }

    #[test]
    fn a_range_is_cut_to_the_file_or_refused() {
        assert_eq!(ByteRange::Between(0, 999).within(10).unwrap(), (0, 10));
        assert_eq!(ByteRange::Last(99).within(10).unwrap(), (0, 10));
        assert_eq!(ByteRange::From(9).within(10).unwrap(), (9, 10));
        for beyond in [ByteRange::From(10), ByteRange::Between(10, 20), ByteRange::Last(0)] {
            assert_eq!(beyond.within(10).unwrap_err().kind, ProblemKind::Range);
        }
    }
}
