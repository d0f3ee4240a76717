//! What became of an act that was cut off, as far as this site can know it: from the rows that the act would have written.
//!
//! **Promises.** `Done` only where the truth says so; where it says that nothing was done, the entry says that; and where
//! nobody can know, such as how many bytes of a file somebody still received, it says that too. No case is guessed.

use sealane_audit::event::{Access, Admin, Identity, Sharing, Transfer as TransferKind};
use sealane_audit::{Entry, Kind, Outcome, OutcomeRecord};
use sealane_database::{Db, DbError, access_rule, peer, session, task, upload};
use sealane_model::{Task, Timestamp};
use serde_json::Value;

/// What is known of the act.
pub(super) enum Truth {
    /// It was done before the node stopped.
    Done(&'static str),
    /// Nothing of it was done.
    NotDone(&'static str),
    /// Some of it may have been done.
    Unknown(&'static str),
}

impl Truth {
    pub(super) fn outcome(self) -> OutcomeRecord {
        match self {
            Self::Done(words) => OutcomeRecord::new(Outcome::Done, "ok", words),
            Self::NotDone(words) => OutcomeRecord::new(Outcome::Interrupted, "not-done", words),
            Self::Unknown(words) => OutcomeRecord::new(Outcome::Interrupted, "interrupted", words),
        }
    }
}

const STOPPED: &str = "the node stopped before the act was complete, and whether it was done is not known";
const NOTHING: &str = "the node stopped before anything was done";
const DONE: &str = "it was done before the node stopped";

/// What became of the act whose intent this is.
pub(super) async fn of(db: &mut Db, intent: &Entry, task: Option<&Task>, now: Timestamp) -> Result<Truth, DbError> {
    match intent.kind {
        Kind::Transfer(kind) => of_transfer(db, kind, task).await,
        Kind::Sharing(Sharing::RuleCreate) => Ok(is_there(rule_is_there(db, intent).await?)),
        Kind::Sharing(Sharing::RuleRemove) => Ok(is_there(rule_is_there(db, intent).await?.map(|there| !there))),
        Kind::Sharing(Sharing::RuleChange | Sharing::CollectionChange | Sharing::CollectionCreate)
        | Kind::Admin(Admin::StorageCreate | Admin::StorageChange | Admin::RoleGrant | Admin::RoleRevoke) => {
            Ok(Truth::Unknown("the node stopped while it was configured; this start compares and configures anew"))
        }
        Kind::Admin(Admin::PeerAccept | Admin::PeerChange) => Ok(is_there(peer_is_so(db, intent).await?)),
        Kind::Admin(Admin::PeerRemove) => Ok(is_there(peer_is_there(db, intent).await?.map(|there| !there))),
        Kind::Identity(Identity::SignOut) => Ok(is_there(session_is_there(db, intent, now).await?.map(|there| !there))),
        Kind::Identity(_) => {
            Ok(Truth::NotDone("the node stopped before anybody was told of it: nobody has a session by it"))
        }
        Kind::Access(Access::ContentWrite) => of_upload(db, intent).await,
        Kind::Access(Access::ContentRead) => {
            Ok(Truth::Unknown("the node stopped while the content was sent; some of it may have been received"))
        }
        Kind::Access(Access::DirectoryList | Access::EntryStat)
        | Kind::Sharing(_)
        | Kind::Assurance(_)
        | Kind::Admin(_) => {
            Ok(Truth::Unknown("the node stopped before the answer was complete; it may have been seen"))
        }
        Kind::Access(_) => Ok(Truth::Unknown(STOPPED)),
    }
}

async fn of_transfer(db: &mut Db, kind: TransferKind, task: Option<&Task>) -> Result<Truth, DbError> {
    let Some(task) = task else {
        return Ok(match kind {
            TransferKind::Submit | TransferKind::OrderReceive | TransferKind::Accept | TransferKind::Release => {
                Truth::NotDone("the node stopped before there was a task")
            }
            _ => Truth::Unknown(STOPPED),
        });
    };
    Ok(match kind {
        TransferKind::Submit | TransferKind::OrderReceive => {
            Truth::Done("the task was begun before the gateway stopped")
        }
        TransferKind::TaskCancel => {
            let wanted = task.state.is_final() || task::cancel_requested(db, task.id).await?.is_some();
            is_there(Some(wanted))
        }
        TransferKind::FileRelease => {
            Truth::Unknown("the node stopped while a range was sent; some of it may have left, and it is sent again")
        }
        TransferKind::FilesCommit => Truth::Unknown(
            "the node stopped while the task ran; each file that has its name has an entry, and the others are fetched again",
        ),
        TransferKind::LaneOpen => {
            Truth::Unknown("the lane ended with the node; the files that it carried have entries")
        }
        _ => Truth::Unknown(STOPPED),
    })
}

fn is_there(done: Option<bool>) -> Truth {
    match done {
        Some(true) => Truth::Done(DONE),
        Some(false) => Truth::NotDone(NOTHING),
        None => Truth::Unknown(STOPPED),
    }
}

fn word<T: std::str::FromStr>(value: Option<&Value>) -> Option<T> {
    value?.as_str()?.parse().ok()
}

async fn rule_is_there(db: &mut Db, intent: &Entry) -> Result<Option<bool>, DbError> {
    let Some(id) = word(intent.detail.get("rule")) else { return Ok(None) };
    Ok(Some(access_rule::find(db, id).await?.is_some()))
}

async fn peer_is_so(db: &mut Db, intent: &Entry) -> Result<Option<bool>, DbError> {
    let new = |name: &str| intent.change.get(name).and_then(|change| change.new.as_ref());
    let Some(site) = word(new("site")) else { return Ok(None) };
    let found = peer::find(db, site).await?;
    let as_wanted = |name: &str, is: String| new(name).is_none_or(|wanted| wanted.as_str() == Some(is.as_str()));
    Ok(Some(found.is_some_and(|peer| {
        as_wanted("fingerprint", peer.descriptor.fingerprint().to_string())
            && as_wanted("ceiling", peer.ceiling.as_str().to_owned())
            && as_wanted("issuers", peer.issuers.join(" "))
    })))
}

async fn peer_is_there(db: &mut Db, intent: &Entry) -> Result<Option<bool>, DbError> {
    let old = intent.change.get("site").and_then(|change| change.old.as_ref());
    let Some(site) = word(old) else { return Ok(None) };
    Ok(Some(peer::find(db, site).await?.is_some()))
}

async fn session_is_there(db: &mut Db, intent: &Entry, now: Timestamp) -> Result<Option<bool>, DbError> {
    let digest = intent.actor.as_ref().and_then(|actor| actor.session.as_ref()).and_then(|text| text.parse().ok());
    let Some(digest) = digest else { return Ok(None) };
    Ok(Some(session::find(db, &digest, now).await?.is_some()))
}

async fn of_upload(db: &mut Db, intent: &Entry) -> Result<Truth, DbError> {
    let Some(id) = word(intent.detail.get("upload")) else { return Ok(Truth::Unknown(STOPPED)) };
    Ok(match upload::find(db, id).await? {
        Some(_) => Truth::NotDone("the upload is as it was; what is durable of it is kept"),
        None => Truth::Done("the upload had ended before the node stopped"),
    })
}
