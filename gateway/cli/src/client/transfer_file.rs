//! One local file, up or down: in ranges, resumable, verified before it has its name.
//!
//! Down: into `NAME.sealane-part` beside the target, continued where it ended as long as the source is the same
//! (size and time of change), renamed when whole. Up: an upload that the site keeps; what it acknowledged is durable
//! there and is not sent again. Both ends compare the SHA-256 tree digest on the way up.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, bail};
use futures_util::StreamExt;
use reqwest::Method;
use sealane_crypto::{Digest, Sha256, TreeHasher};
use sealane_model::problem::ProblemKind;
use sealane_model::{FileTime, Problem, RemotePath};
use sealane_service::view::{EntryView, Modified, NewUpload, StoredView, UploadView};
use serde::{Deserialize, Serialize};

use super::Client;
use crate::output::{Exit, exit};

/// How often one content may be sent to one place before its keys are used up; a site forgets keys after a day.
const UPLOADS_OF_ONE_CONTENT: u32 = 1_000;
/// Bytes of one request of an upload.
const PART: usize = 8 << 20;

/// Tells how many bytes are there by now.
pub type Report<'a> = &'a (dyn Fn(u64) + Sync);

/// What `get` and `put` say at the end.
#[derive(Debug, Serialize)]
pub struct Moved {
    /// Length of the file.
    pub bytes: u64,
    /// What crossed the network this time: less than `bytes` after a resumption.
    pub moved: u64,
    /// SHA-256 tree digest of the content over records of 1 MiB.
    pub digest: Digest,
}

/// What the part file belongs to: kept beside it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    size: u64,
    modified: Modified,
}

/// Fetch a file.
///
/// # Errors
/// When the site refuses, the network fails (what arrived is kept for the next try), or the disk does.
pub async fn get(
    client: &Client,
    segment: &str,
    entry: &EntryView,
    target: &Path,
    report: Report<'_>,
) -> anyhow::Result<Moved> {
    let part = beside(target, ".sealane-part");
    let mark_file = beside(target, ".sealane-mark");
    let mark = Mark { size: entry.size, modified: entry.modified };
    let known = std::fs::read(&mark_file).ok().and_then(|text| serde_json::from_slice::<Mark>(&text).ok());
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(known.as_ref() != Some(&mark))
        .open(&part)
        .with_context(|| format!("cannot write {}", part.display()))?;
    std::fs::write(&mark_file, serde_json::to_vec(&mark)?)?;
    let start = file.seek(SeekFrom::End(0))?;
    let mut at = start;
    report(at);
    if at < entry.size {
        let mut url = client.at(&["collections", segment, "content"]);
        url.query_pairs_mut().append_pair("path", &entry.path.to_text());
        let request = client.request(Method::GET, url).header("range", format!("bytes={at}-"));
        let mut body = client.send(request).await?.bytes_stream();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.context("the connection broke; run the same command again to continue where it ended")?;
            file.write_all(&chunk).with_context(|| format!("cannot write {}", part.display()))?;
            at += chunk.len() as u64;
            report(at);
        }
    }
    if at != entry.size {
        bail!("{at} of {} bytes arrived; run the same command again to continue", entry.size);
    }
    let digest = digest_of(&mut file)?;
    finish(&file, &part, target, entry.modified)?;
    std::fs::remove_file(&mark_file)?;
    Ok(Moved { bytes: at, moved: at - start, digest })
}

fn finish(file: &File, part: &Path, target: &Path, modified: Modified) -> anyhow::Result<()> {
    let since = std::time::Duration::new(u64::try_from(modified.0.seconds).unwrap_or(0), modified.0.nanos);
    file.set_modified(UNIX_EPOCH + since)?;
    file.sync_all()?;
    std::fs::rename(part, target).with_context(|| format!("cannot write {}", target.display()))
}

/// Send a file.
///
/// # Errors
/// When the file cannot be read or changes on the way, the site refuses, or the network fails.
pub async fn put(
    client: &Client,
    segment: &str,
    source: &Path,
    path: &RemotePath,
    report: Report<'_>,
) -> anyhow::Result<Moved> {
    let mut file = File::open(source).with_context(|| format!("cannot read {}", source.display()))?;
    let found = file.metadata()?;
    if !found.is_file() {
        bail!("{} is not a regular file; `put` sends one file, directories go by `transfer`", source.display());
    }
    let digest = digest_of(&mut file)?;
    let modified = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(modified.as_secs())?;
    let asked = NewUpload {
        path: path.clone(),
        size: found.len(),
        modified: Some(Modified(FileTime { seconds, nanos: modified.subsec_nanos() })),
        digest: Some(digest),
    };
    let upload = begin_or_continue(client, segment, &asked).await?;
    let id = upload.id.to_string();
    let start = upload.received;
    let mut at = start;
    report(at);
    while at < found.len() {
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::with_capacity(PART);
        Read::by_ref(&mut file).take(PART as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            bail!("{} became shorter while it was sent; the site keeps nothing of it under its name", source.display());
        }
        let request = client
            .request(Method::PATCH, client.at(&["uploads", &id]))
            .header("upload-offset", at)
            .header("content-type", "application/octet-stream")
            .body(bytes);
        let view: UploadView = serde_json::from_slice(&client.send(request).await?.bytes().await?)?;
        at = view.received;
        report(at);
    }
    let stored: StoredView = client.post(client.at(&["uploads", &id, "commit"]), &serde_json::json!({})).await?;
    if stored.digest.is_some_and(|stored| stored != digest) {
        return Err(Exit(
            exit::INTEGRITY,
            "the site stored something else than was sent; remove it there and send it again".into(),
        )
        .into());
    }
    Ok(Moved { bytes: at, moved: at - start, digest })
}

/// The upload of exactly this content to exactly this place: the one that was begun before, or a new one.
///
/// The idempotency key follows from what is sent, so the same command asks for the same upload. One that has ended
/// (committed, or given up by the site) is answered by its id too, but is no longer there: then the next key is tried.
async fn begin_or_continue(client: &Client, segment: &str, asked: &NewUpload) -> anyhow::Result<UploadView> {
    let content = serde_json::to_vec(&(segment, asked))?;
    for attempt in 0..UPLOADS_OF_ONE_CONTENT {
        let mut hash = Sha256::new();
        hash.update(b"sealane put v1\0");
        hash.update(&u32::to_be_bytes(attempt));
        hash.update(&content);
        let key = hash.finish().to_string();
        let url = client.at(&["collections", segment, "uploads"]);
        let begun: UploadView = client.post_once(url, asked, &key).await?;
        // A repeated answer says how it stood at first; how it stands now is asked.
        match client.get::<UploadView>(client.at(&["uploads", &begun.id.to_string()])).await {
            Ok(standing) => return Ok(standing),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    bail!("this content was sent to this place {UPLOADS_OF_ONE_CONTENT} times within a day; try again tomorrow")
}

fn is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Problem>().is_some_and(|problem| problem.kind == ProblemKind::NotFound)
}

fn digest_of(file: &mut File) -> anyhow::Result<Digest> {
    let mut hasher = TreeHasher::new();
    let mut buffer = vec![0; 1 << 20];
    file.seek(SeekFrom::Start(0))?;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    target.with_file_name(name)
}
