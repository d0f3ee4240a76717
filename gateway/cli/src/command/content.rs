//! `sealane get|put`: one file between a collection and this machine.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sealane_model::bytes::ByteCount;
use sealane_model::{Component, EntryKind};

use super::Session;
use super::entry::find;
use crate::client::reference::PlaceReference;
use crate::client::transfer_file::{self, Moved};
use crate::output::{Format, print, watched};

#[derive(Debug, Args)]
pub(super) struct GetArguments {
    /// COLLECTION:PATH of a file.
    place: PlaceReference,
    /// Where to write it; its own name in this folder where absent.
    target: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct PutArguments {
    /// A local file.
    source: PathBuf,
    /// COLLECTION:PATH; a path that ends in / keeps the file's name.
    place: String,
}

pub(super) async fn get(arguments: GetArguments, session: &Session) -> anyhow::Result<()> {
    let entry = find(session, &arguments.place).await?;
    if entry.kind != EntryKind::File {
        bail!("{} is not a file; directories go by `sealane transfer -r`", entry.path.to_text());
    }
    let name = arguments.place.path.file_name().map(local_name).unwrap_or_default();
    let target = match arguments.target {
        Some(target) if target.is_dir() => target.join(name),
        Some(target) => target,
        None => name,
    };
    let bar = bar(session.format, entry.size);
    let segment = arguments.place.segment();
    let moved = transfer_file::get(&session.client, &segment, &entry, &target, &|at| bar.set_position(at)).await?;
    bar.finish_and_clear();
    tell(session, &moved, &format!("to {}", target.display()))
}

pub(super) async fn put(arguments: PutArguments, session: &Session) -> anyhow::Result<()> {
    let mut place: PlaceReference = arguments.place.parse()?;
    if arguments.place.ends_with('/') || arguments.place.ends_with(':') {
        use std::os::unix::ffi::OsStrExt;
        let Some(name) = arguments.source.file_name() else { bail!("{} has no file name", arguments.source.display()) };
        place.path = place.path.join(&Component::new(name.as_bytes())?);
    }
    let bar = bar(session.format, std::fs::metadata(&arguments.source).map_or(0, |found| found.len()));
    let report = |at| bar.set_position(at);
    let moved = transfer_file::put(&session.client, &place.segment(), &arguments.source, &place.path, &report).await?;
    bar.finish_and_clear();
    tell(session, &moved, &format!("to {}:{}", place.collection, place.path.to_text()))
}

fn local_name(name: &Component) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()))
}

fn tell(session: &Session, moved: &Moved, place: &str) -> anyhow::Result<()> {
    print(session.format, moved, |moved| {
        let again =
            if moved.moved < moved.bytes { format!(", {} of it now", ByteCount(moved.moved)) } else { String::new() };
        format!("{} {place}{again}\n  digest {}", ByteCount(moved.bytes), moved.digest)
    })
}

fn bar(format: Format, size: u64) -> ProgressBar {
    let target =
        if format == Format::Text && watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(
        "{bar:32} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left",
    );
    let bar = ProgressBar::with_draw_target(Some(size), target);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
