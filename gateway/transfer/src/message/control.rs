//! What is said on a control connection: one request, one reply, the dialer asks.
//!
//! A request that is made for a person carries what its site asserts of them, signed, for this peer and this minute.

use std::time::Duration;

use sealane_audit::note::MAX_NOTE_BYTES;
use sealane_audit::witness::AddCheckpoint;
use sealane_crypto::Signed;
use sealane_crypto::digest::Digest;
use sealane_model::limits::{CLOCK_SKEW, MAX_PAGE};
use sealane_model::{
    Class, CollectionId, Component, Entry, Order, PersonAssertion, Progress, RemotePath, ShortName, SiteId, TaskId,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use super::bounds::{Bounded, OutOfBounds, SENTENCE, WORD, at_most, entries, optional};
use super::receipt::ReceiptPart;
use super::refusal::Refused;
use super::witness::{LogKeys, WitnessAnswer};

/// Collections that one reply may name.
const MAX_COLLECTIONS: usize = 1_000;

/// What one site says to another of a person who is signed in there: bound to both sites and to a short time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Who says so.
    pub from: SiteId,
    /// To whom.
    pub to: SiteId,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// What is said.
    pub person: PersonAssertion,
}

impl Assertion {
    /// The signature context of assertions.
    pub const CONTEXT: &'static str = "sealane assertion v1";
    /// How long an assertion is good for: the round trip of one request, and the skew that is allowed.
    pub const LIFETIME: Duration = CLOCK_SKEW;
}

/// Asks what is in a directory of a collection of the peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowseQuery {
    /// Which collection.
    pub collection: CollectionId,
    /// Which directory, or one file.
    pub path: RemotePath,
    /// The last name that is known, to go on after it.
    pub after: Option<Component>,
    /// How many entries at most.
    pub limit: u32,
}

/// How a task goes, as the moving site sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressReport {
    /// Which task.
    pub task: TaskId,
    /// How far it is.
    pub progress: Progress,
    /// The word of its state: `ACTIVE`, `INACTIVE`.
    pub state: String,
    /// A short word on what it is doing now.
    pub nice_status: String,
}

/// How a task ended, as the moving site records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Which task.
    pub task: TaskId,
    /// Whether everything arrived and was verified.
    pub succeeded: bool,
    /// The code of its outcome: `ok`, or the cause.
    pub code: String,
    /// What happened, for people, free of names.
    pub message: String,
    /// Digest of the manifest of every file, where it succeeded.
    pub manifest: Option<Digest>,
    /// The cipher suite that its lanes used.
    pub cipher: Option<String>,
    /// Files that arrived.
    pub files: u64,
    /// Bytes that arrived.
    pub bytes: u64,
    /// The final progress.
    pub progress: Progress,
}

/// One request of the dialer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlRequest {
    /// Here is an order: would you take part?
    Offer(Signed<Order>),
    /// What is in this directory, as this person may see it?
    Browse {
        /// For whom.
        person: Signed<Assertion>,
        /// What.
        query: BrowseQuery,
    },
    /// Which collections may this person see?
    Collections {
        /// For whom.
        person: Signed<Assertion>,
    },
    /// How the task goes.
    Progress(ProgressReport),
    /// How the task ended.
    Finished(Finished),
    /// The task's owner, or an administrator, cancelled it.
    Cancel {
        /// Which task.
        task: TaskId,
        /// For whom.
        by: Signed<Assertion>,
    },
    /// The order is about to end: sign a fresh one.
    RenewOrder {
        /// Which task.
        task: TaskId,
    },
    /// Here is what this site recorded of a transfer, proven: show what you recorded.
    Receipt(ReceiptPart),
    /// Cosign the head of a log: the body of a C2SP `tlog-witness` request.
    AddCheckpoint(Vec<u8>),
    /// Here are the keys of our logs: which are yours?
    LogKeys(Signed<LogKeys>),
}

/// The offered order is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The class of the collection at this end.
    pub class: Class,
    /// Its name for people.
    pub title: String,
}

/// A page of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonListing {
    /// The entries, sorted by name.
    pub entries: Vec<Entry>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// A collection of the peer that the person may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteCollection {
    /// Its id.
    pub id: CollectionId,
    /// Its short name.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
    /// The class of its data.
    pub class: Class,
    /// Whether the person may read somewhere in it.
    pub may_read: bool,
    /// Whether the person may write somewhere in it.
    pub may_write: bool,
}

/// The listener's reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlReply {
    /// To an offer.
    Accepted(Accepted),
    /// To any request.
    Refused(Refused),
    /// To a browse.
    Listing(PersonListing),
    /// To a question for collections.
    Collections(Vec<RemoteCollection>),
    /// To a renewal.
    Order(Signed<Order>),
    /// To a report.
    Noted,
    /// To a receipt: the other part of it.
    Receipt(ReceiptPart),
    /// To a head that was to be cosigned.
    Witnessed(WitnessAnswer),
    /// To a site's log keys.
    LogKeys(Signed<LogKeys>),
}

impl Bounded for ControlRequest {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Browse { query, .. } => {
                at_most("a page", usize::try_from(query.limit).unwrap_or(usize::MAX), MAX_PAGE)
            }
            Self::Progress(report) => {
                at_most("a state", report.state.len(), WORD)?;
                at_most("a status", report.nice_status.len(), SENTENCE)
            }
            Self::Finished(finished) => {
                at_most("a code", finished.code.len(), WORD)?;
                optional("a cipher suite", finished.cipher.as_ref(), WORD)?;
                at_most("a message", finished.message.len(), SENTENCE)
            }
            Self::Receipt(part) => part.check(),
            Self::AddCheckpoint(body) => at_most("a checkpoint", body.len(), AddCheckpoint::MAX_BYTES),
            // Signed envelopes are bounded by the frame and judged when they are opened.
            Self::Offer(_)
            | Self::Collections { .. }
            | Self::Cancel { .. }
            | Self::RenewOrder { .. }
            | Self::LogKeys(_) => Ok(()),
        }
    }
}

impl Bounded for ControlReply {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Accepted(accepted) => at_most("a title", accepted.title.len(), SENTENCE),
            Self::Refused(refused) => refused.check(),
            Self::Listing(listing) => entries(&listing.entries),
            Self::Collections(collections) => {
                at_most("collections", collections.len(), MAX_COLLECTIONS)?;
                collections.iter().try_for_each(|one| at_most("a title", one.title.len(), SENTENCE))
            }
            Self::Receipt(part) => part.check(),
            Self::Witnessed(answer) => at_most("a witness's answer", answer.body.len(), MAX_NOTE_BYTES),
            Self::Order(_) | Self::Noted | Self::LogKeys(_) => Ok(()),
        }
    }
}

impl Bounded for PersonAssertion {
    fn check(&self) -> Result<(), OutOfBounds> {
        at_most("an issuer", self.person.id.issuer.len(), SENTENCE)?;
        at_most("a subject", self.person.id.subject.len(), WORD)?;
        optional("an e-mail address", self.person.email.as_ref(), WORD + 64)?;
        optional("a name", self.person.name.as_ref(), SENTENCE)?;
        optional("a network address", self.client.as_ref(), WORD)?;
        at_most("groups", self.groups.len(), MAX_PAGE)?;
        self.groups.iter().try_for_each(|group| at_most("a group", group.len(), WORD))
    }
}
