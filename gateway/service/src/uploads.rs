//! Uploads: a file sent in pieces, that can go on after any interruption.
//!
//! Begin, append at the offset that is durable here, commit. Promises: an offset is acknowledged after its bytes were
//! synced; nothing stands under the final name before size and digest were checked; the file gets its name in one step. An
//! upload is its owner's alone: for anybody else there is none. Policy decides every single request anew.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use sealane_audit::event::Access;
use sealane_connectors::{Commit, Connector, PartFile, Staging, StorageError};
use sealane_crypto::digest::{Digest, RECORD_BYTES, TreeHasher};
use sealane_database::collection;
use sealane_database::upload::{self, Upload};
use sealane_model::problem::ProblemKind;
use sealane_model::{Collection, FileTime, Permit, Problem, Timestamp, UploadId, permit};
use sealane_policy::Action;
use sealane_transfer::guard::{Details, Grant};

use crate::act::{blocking, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::place::{CollectionRef, ask_about, find_here};
use crate::problem;
use crate::view::{Modified, NewUpload, StoredView, UploadView};

const LIFETIME: Duration = Duration::from_secs(24 * 3600);
const PART: &str = "content";
/// Bytes after which what came is synced and acknowledged, also within one request.
const SYNC_EVERY: u64 = 16 << 20;
const SWEEP: usize = 100;

/// Uploads that a request of this node is writing to at the moment.
#[derive(Debug, Default)]
pub(crate) struct Busy(Arc<Mutex<HashSet<UploadId>>>);

struct Held {
    busy: Arc<Mutex<HashSet<UploadId>>>,
    id: UploadId,
}

impl Busy {
    fn hold(&self, id: UploadId) -> Result<Held, Problem> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        if free {
            return Ok(Held { busy: Arc::clone(&self.0), id });
        }
        Err(Problem::new(
            ProblemKind::Conflict,
            "upload-busy",
            "Another request writes to this upload",
            "One request at a time.",
        )
        .next("Wait for it to end, then ask how far the upload is."))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Begin an upload.
pub async fn begin(
    app: &App,
    caller: &Caller,
    reference: &CollectionRef,
    request: NewUpload,
) -> Result<UploadView, Problem> {
    if request.path.is_root() {
        return Err(problem::bad_request("upload-path", "A file needs a name beneath the collection's root."));
    }
    let actor = Actor::from(caller);
    let collection = find_here(app, &actor, reference, Access::ContentWrite).await?;
    let question = ask_about(&actor, Action::WriteContent, &collection, &request.path, Access::ContentWrite);
    let grant = app.permit_in::<permit::Write>(&collection, question).await?;
    let now = app.now();
    let upload = Upload {
        id: UploadId::generate(app.clock(), app.random()),
        owner: caller.person.id.clone(),
        collection: collection.id,
        path: request.path,
        size: request.size,
        modified: request.modified.map_or_else(|| file_time(now), |modified| modified.0),
        digest: request.digest,
        received: 0,
        created_at: now,
        expires_at: now.after(LIFETIME),
    };
    let details =
        Details::none().bytes(0).detail("upload", upload.id.to_string()).detail("announced-bytes", upload.size);
    let app = app.clone();
    app.clone()
        .to_its_end(async move {
            let (grant, result) = make_part(&app, grant, &collection, &upload).await?;
            let result = match result {
                Ok(()) => write_down(&app, &upload).await,
                Err(problem) => Err(problem),
            };
            conclude(grant, result.map(|()| view(&upload)), details).await
        })
        .await
}

/// How far an upload is.
pub async fn status(app: &App, caller: &Caller, id: UploadId) -> Result<UploadView, Problem> {
    let (grant, upload, _) = permit(app, caller, id, Access::EntryStat).await?;
    conclude(grant, Ok(view(&upload)), Details::none()).await
}

/// Append bytes at the offset that is durable here. What came before a connection broke is kept and acknowledged.
pub async fn append<B, E>(
    app: &App,
    caller: &Caller,
    id: UploadId,
    offset: u64,
    mut body: impl Stream<Item = Result<B, E>> + Send + Unpin,
) -> Result<UploadView, Problem>
where
    B: AsRef<[u8]> + Send,
    E: std::fmt::Display + Send,
{
    let _held = app.parts().busy_uploads.hold(id)?;
    let (grant, mut upload, collection) = permit(app, caller, id, Access::ContentWrite).await?;
    let before = upload.received;
    let result = if offset == before {
        match reopen(app, &grant, &collection, &upload).await {
            Ok(part) => receive(app, &part, &mut upload, &mut body).await,
            Err(problem) => Err(problem),
        }
    } else {
        Err(wrong_offset(before))
    };
    let details = Details::none()
        .bytes(upload.received.saturating_sub(before))
        .detail("offset", before)
        .detail("upload", id.to_string());
    conclude(grant, result.map(|()| view(&upload)), details).await
}

/// Check size and digest, and give the file its name.
pub async fn commit(app: &App, caller: &Caller, id: UploadId) -> Result<StoredView, Problem> {
    let held = app.parts().busy_uploads.hold(id)?;
    let (grant, upload, collection) = permit(app, caller, id, Access::ContentWrite).await?;
    if upload.received != upload.size {
        let detail = format!("{} of {} bytes have arrived.", upload.received, upload.size);
        let problem = Problem::new(ProblemKind::Conflict, "upload-incomplete", "Bytes are missing", detail)
            .next("Send the rest, then commit.");
        return conclude(grant, Err(problem), Details::none()).await;
    }
    let connector = match app.connector(&collection).await {
        Ok(connector) => connector,
        Err(problem) => return conclude(grant, Err(problem), Details::none()).await,
    };
    let app = app.clone();
    app.clone()
        .to_its_end(async move {
            let _held = held;
            let (size, digest) = (upload.size, upload.digest);
            let work = upload.clone();
            let (grant, result) = blocking(move || {
                let result = store(connector.as_ref(), &grant.permit, &work);
                Ok((grant, result))
            })
            .await?;
            let result = match result {
                Ok(digest) => forget(&app, upload.id).await.map(|()| digest),
                Err(problem) => {
                    if problem.kind == ProblemKind::Integrity {
                        forget(&app, upload.id).await?;
                    }
                    Err(problem)
                }
            };
            let details = Details::none().bytes(size).files(1);
            let known = result.as_ref().ok().copied().flatten().or(digest);
            let details = known.map_or(details.clone(), |digest| details.digest(digest));
            let stored = result.map(|digest| StoredView {
                path: upload.path,
                size,
                modified: Modified(upload.modified),
                digest,
            });
            conclude(grant, stored, details).await
        })
        .await
}

/// Give an upload up.
pub async fn abandon(app: &App, caller: &Caller, id: UploadId) -> Result<(), Problem> {
    let held = app.parts().busy_uploads.hold(id)?;
    let (grant, upload, collection) = permit(app, caller, id, Access::ContentWrite).await?;
    let connector = match app.connector(&collection).await {
        Ok(connector) => connector,
        Err(problem) => return conclude(grant, Err(problem), Details::none()).await,
    };
    app.on_storage(grant, move |permit| {
        connector.discard_staging(permit, &Staging::from(upload.id))?;
        Ok(((), Details::none().detail("upload", upload.id.to_string()).detail("abandoned", true)))
    })
    .await?;
    let result = forget(app, id).await;
    drop(held);
    result
}

/// Find the caller's upload and decide. Somebody else's, or none: the same words, and a record.
async fn permit(
    app: &App,
    caller: &Caller,
    id: UploadId,
    kind: Access,
) -> Result<(Grant<permit::Write>, Upload, Collection), Problem> {
    let actor = Actor::from(caller);
    let mut db = app.db().await?;
    let found = upload::find(&mut db, id).await.map_err(problem::database)?;
    let mine = found.filter(|upload| upload.owner == caller.person.id && upload.expires_at > app.now());
    let collection = match &mine {
        Some(upload) => collection::find(&mut db, upload.collection).await.map_err(problem::database)?,
        None => None,
    };
    drop(db);
    let (Some(upload), Some(collection)) = (mine, collection) else {
        app.record_miss(&actor, kind, "upload-unknown").await?;
        return Err(problem::upload_unknown());
    };
    let question = ask_about(&actor, Action::WriteContent, &collection, &upload.path, kind);
    let question = question.detail("upload", id.to_string());
    let grant = app.permit_in::<permit::Write>(&collection, question).await?;
    Ok((grant, upload, collection))
}

/// Make the part, and clear away what uploads of others that were given up have left in the collection.
async fn make_part(
    app: &App,
    grant: Grant<permit::Write>,
    collection: &Collection,
    upload: &Upload,
) -> Result<(Grant<permit::Write>, Result<(), Problem>), Problem> {
    let connector = match app.connector(collection).await {
        Ok(connector) => connector,
        Err(problem) => return Ok((grant, Err(problem))),
    };
    let expired = expired_in(app, collection).await?;
    let (id, size, swept) = (upload.id, upload.size, expired.clone());
    let (grant, result) = blocking(move || {
        for old in swept {
            connector.discard_staging(&grant.permit, &Staging::from(old))?;
        }
        let made =
            connector.create_part(&grant.permit, &Staging::from(id), PART, size, false).and_then(|part| part.sync());
        Ok((grant, made.map_err(|error| problem::storage(&error))))
    })
    .await?;
    for old in expired {
        forget(app, old).await?;
    }
    Ok((grant, result))
}

async fn expired_in(app: &App, collection: &Collection) -> Result<Vec<UploadId>, Problem> {
    let mut db = app.db().await?;
    let expired = upload::expired(&mut db, app.now(), SWEEP).await.map_err(problem::database)?;
    Ok(expired.into_iter().filter(|upload| upload.collection == collection.id).map(|upload| upload.id).collect())
}

async fn write_down(app: &App, upload: &Upload) -> Result<(), Problem> {
    let mut db = app.db().await?;
    upload::insert(&mut db, upload).await.map_err(problem::database)
}

async fn forget(app: &App, id: UploadId) -> Result<(), Problem> {
    let mut db = app.db().await?;
    upload::delete(&mut db, id).await.map(drop).map_err(problem::database)
}

async fn reopen(
    app: &App,
    grant: &Grant<permit::Write>,
    collection: &Collection,
    upload: &Upload,
) -> Result<Arc<dyn PartFile>, Problem> {
    let connector = app.connector(collection).await?;
    let narrow = grant.permit.narrow(&upload.path).ok_or_else(|| problem::storage(&StorageError::NotPermitted))?;
    let (id, size) = (upload.id, upload.size);
    blocking(move || connector.create_part(&narrow, &Staging::from(id), PART, size, true)).await.map(Arc::from)
}

/// Take the body in, record by record; sync and acknowledge every 16 MiB and at the end.
async fn receive<B, E>(
    app: &App,
    part: &Arc<dyn PartFile>,
    upload: &mut Upload,
    body: &mut (impl Stream<Item = Result<B, E>> + Send + Unpin),
) -> Result<(), Problem>
where
    B: AsRef<[u8]> + Send,
    E: std::fmt::Display + Send,
{
    let mut writer = Writer { part: Arc::clone(part), buffer: Vec::with_capacity(RECORD_BYTES), at: upload.received };
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else {
            // The connection broke: what came is kept, so that the sender can go on from there.
            acknowledge(app, &mut writer, upload).await?;
            return Err(Problem::new(
                ProblemKind::BadRequest,
                "upload-broken",
                "The connection broke",
                "What came before was kept.",
            )
            .next("Ask how far the upload is, and go on from there."));
        };
        let mut piece = piece.as_ref();
        if writer.reached().saturating_add(length(piece)) > upload.size {
            acknowledge(app, &mut writer, upload).await?;
            return Err(Problem::new(
                ProblemKind::TooLarge,
                "upload-too-long",
                "More bytes than announced",
                format!("The upload was begun for {} bytes.", upload.size),
            )
            .next("Begin another upload with the right size."));
        }
        while !piece.is_empty() {
            piece = writer.take(piece);
            if writer.buffer.len() == RECORD_BYTES {
                writer.flush().await?;
            }
        }
        if writer.at.saturating_sub(upload.received) >= SYNC_EVERY {
            acknowledge(app, &mut writer, upload).await?;
        }
    }
    acknowledge(app, &mut writer, upload).await
}

struct Writer {
    part: Arc<dyn PartFile>,
    buffer: Vec<u8>,
    /// Where the buffer's first byte goes.
    at: u64,
}

impl Writer {
    fn reached(&self) -> u64 {
        self.at.saturating_add(length(&self.buffer))
    }

    /// Fill the buffer; returns what did not fit.
    fn take<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let room = RECORD_BYTES.saturating_sub(self.buffer.len());
        let (now, later) = piece.split_at(room.min(piece.len()));
        self.buffer.extend_from_slice(now);
        later
    }

    async fn flush(&mut self) -> Result<(), Problem> {
        let (part, at) = (Arc::clone(&self.part), self.at);
        let buffer = std::mem::take(&mut self.buffer);
        self.at = self.at.saturating_add(length(&buffer));
        self.buffer = blocking(move || {
            part.write_at(at, &buffer)?;
            let mut empty = buffer;
            empty.clear();
            Ok(empty)
        })
        .await?;
        Ok(())
    }
}

/// INVARIANT: what the database says was received has been synced before.
async fn acknowledge(app: &App, writer: &mut Writer, upload: &mut Upload) -> Result<(), Problem> {
    writer.flush().await?;
    let part = Arc::clone(&writer.part);
    blocking(move || part.sync()).await?;
    if writer.at == upload.received {
        return Ok(());
    }
    let mut db = app.db().await?;
    let ours = upload::set_received(&mut db, upload.id, upload.received, writer.at).await.map_err(problem::database)?;
    if !ours {
        return Err(wrong_offset(upload.received));
    }
    upload.received = writer.at;
    Ok(())
}

/// The digest of what is stored; `None` where an earlier commit had moved the part already.
fn store(
    connector: &dyn Connector,
    permit: &Permit<permit::Write>,
    upload: &Upload,
) -> Result<Option<Digest>, Problem> {
    let staging = Staging::from(upload.id);
    let digest = match connector.create_part(permit, &staging, PART, upload.size, true) {
        Ok(part) => Some(digest_of(part.as_ref(), upload.size).map_err(|error| problem::storage(&error))?),
        Err(StorageError::NotFound | StorageError::PartMissing) => None,
        Err(error) => return Err(problem::storage(&error)),
    };
    if let (Some(found), Some(wanted)) = (digest, upload.digest)
        && found != wanted
    {
        connector.discard_staging(permit, &staging).map_err(|error| problem::storage(&error))?;
        return Err(Problem::new(
            ProblemKind::Integrity,
            "digest-mismatch",
            "The content is not what was announced",
            "Its SHA-256 tree digest differs; nothing was stored.",
        )
        .next("Check the file at the source and upload it again."));
    }
    let file = Commit {
        part: PART.to_owned(),
        target: upload.path.clone(),
        size: upload.size,
        modified: upload.modified,
        mode: None,
    };
    connector.commit(permit, &staging, &[file]).map_err(|error| problem::storage(&error))?;
    connector.discard_staging(permit, &staging).map_err(|error| problem::storage(&error))?;
    Ok(digest)
}

fn digest_of(part: &dyn PartFile, size: u64) -> Result<Digest, StorageError> {
    let mut hasher = TreeHasher::new();
    let mut buffer = vec![0; RECORD_BYTES];
    let mut at = 0;
    while at < size {
        let wanted = usize::try_from(size - at).unwrap_or(RECORD_BYTES).min(RECORD_BYTES);
        let room = buffer.get_mut(..wanted).unwrap_or_default();
        let count = part.read_at(at, room)?;
        let Some(read) = room.get(..count).filter(|read| !read.is_empty()) else { return Err(StorageError::PartSize) };
        hasher.update(read);
        at = at.saturating_add(length(read));
    }
    Ok(hasher.finish())
}

fn wrong_offset(received: u64) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "upload-offset",
        "Not the offset that comes next",
        format!("{received} bytes are durable here."),
    )
    .next(format!("Send from offset {received}."))
}

fn view(upload: &Upload) -> UploadView {
    UploadView {
        id: upload.id,
        path: upload.path.clone(),
        size: upload.size,
        received: upload.received,
        digest: upload.digest,
        expires_at: upload.expires_at,
    }
}

fn file_time(at: Timestamp) -> FileTime {
    let micros = at.as_micros().rem_euclid(1_000_000);
    FileTime { seconds: at.as_seconds(), nanos: u32::try_from(micros.saturating_mul(1_000)).unwrap_or(0) }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
