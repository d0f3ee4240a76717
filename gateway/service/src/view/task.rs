//! Tasks and receipts, as their owners see them.

use sealane_crypto::digest::Digest;
use sealane_model::{Progress, RemotePath, TaskId, TaskRole, TaskState, Timestamp};
use serde::{Deserialize, Serialize};

use super::audit::{AuditEntryView, CheckpointView};

/// What to move, from where to where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// What its owner calls it.
    #[serde(default)]
    pub label: Option<String>,
    /// The source collection: `name`, its id, or `site/name`.
    pub source: String,
    /// The destination collection: `name`, its id, or `site/name`.
    pub destination: String,
    /// What moves.
    pub items: Vec<NewItem>,
    /// Why, where a rule asks for it.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Parallel lanes; the site's default where absent.
    #[serde(default)]
    pub lanes: Option<u16>,
    /// An id that the caller chose: the same one again returns the same task and starts nothing.
    #[serde(default)]
    pub submission_id: Option<TaskId>,
}

/// One thing to move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// Where it is in the source collection.
    pub source: RemotePath,
    /// What it is to be called in the destination collection.
    pub destination: RemotePath,
    /// Whether it is a directory with all that is in it.
    #[serde(default)]
    pub recursive: bool,
}

/// One end of a task, with names for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    /// The site's short name, or its id where it is no longer a peer.
    pub site: String,
    /// Whether it is this site.
    pub here: bool,
    /// The collection's id.
    pub collection: String,
    /// The collection's name, where this site knows it.
    pub name: Option<String>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// Its id, the same at both sites.
    pub id: TaskId,
    /// What its owner calls it.
    pub label: Option<String>,
    /// Which end this site is.
    pub role: TaskRole,
    /// Where the data are.
    pub source: PlaceView,
    /// Where they go.
    pub destination: PlaceView,
    /// What moves.
    pub items: Vec<NewItem>,
    /// Why, as its owner declared it.
    pub purpose: Option<String>,
    /// Parallel lanes asked for.
    pub lanes: u16,
    /// Where it stands: ACTIVE, INACTIVE, SUCCEEDED or FAILED, and why.
    #[serde(flatten)]
    pub state: TaskState,
    /// How far it is.
    pub progress: Progress,
    /// What it is doing now, in a few words.
    pub nice_status: String,
    /// The digest over every file, once it succeeded: the same at both sites.
    pub manifest: Option<Digest>,
    /// The cipher suite that its lanes used.
    pub cipher: Option<String>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// What this site's audit log says of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRecordView {
    /// The task.
    pub task: TaskView,
    /// Audit entries that name it, in the order of the log.
    pub entries: Vec<AuditEntryView>,
    /// The signed head of the log under which they stand.
    pub checkpoint: CheckpointView,
    /// The exchange with the other site, once this site has recorded the end; none within a site.
    pub exchange: Option<ExchangeView>,
}

/// How far the exchange of a transfer's receipt is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeView {
    /// `owed`, `held` or `refused`.
    pub state: String,
    /// The other site.
    pub peer: String,
    /// A stable word for what is in the way.
    pub cause: Option<String>,
    /// Since when it is so.
    pub since: Timestamp,
    /// The part of the site that released the data, if it is there.
    pub source: Option<SitePartView>,
    /// The part of the site that took it in, if it is there.
    pub destination: Option<SitePartView>,
}

/// One site's part of a receipt: where it recorded the end of the transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SitePartView {
    /// The site.
    pub site: String,
    /// Its log.
    pub log: String,
    /// The entry's place in it.
    pub place: u64,
    /// When the entry says that it was.
    pub at: Timestamp,
    /// Entries under the head that proves it.
    pub size: u64,
    /// Root over them.
    pub root: String,
    /// Witnesses known here whose cosignature stands under the head and verifies.
    pub cosigned_by: Vec<CosignatureView>,
    /// Signature lines by others, which this site cannot check.
    pub unknown_cosignatures: u64,
}

/// A witness that cosigned a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CosignatureView {
    /// The name of its key.
    pub name: String,
    /// When, by its clock.
    pub at: Timestamp,
}
