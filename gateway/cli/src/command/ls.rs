//! `sealane ls [-l] [-r] COLLECTION:PATH`.

use std::io::Write;

use clap::Args;
use sealane_model::bytes::ByteCount;
use sealane_model::{EntryKind, RemotePath};
use sealane_service::view::{EntryView, Listing};

use super::Session;
use crate::client::reference::PlaceReference;
use crate::output::Format;

#[derive(Debug, Args)]
pub(super) struct LsArguments {
    /// COLLECTION:PATH
    place: PlaceReference,
    /// Kind, size and time of change.
    #[arg(short, long)]
    long: bool,
    /// Directories with all that is in them.
    #[arg(short, long)]
    recursive: bool,
}

pub(super) async fn run(arguments: LsArguments, session: &Session) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut found = Vec::new();
    let mut waiting = vec![arguments.place.path.clone()];
    while let Some(directory) = waiting.pop() {
        let mut below = Vec::new();
        let mut after = None;
        loop {
            let page = page(session, &arguments.place, &directory, after.as_deref()).await?;
            for entry in page.items {
                if arguments.recursive && entry.kind == EntryKind::Directory {
                    below.push(entry.path.clone());
                }
                match session.format {
                    Format::Text => writeln!(out, "{}", line(&entry, &arguments))?,
                    Format::Json => found.push(entry),
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        waiting.extend(below.into_iter().rev());
    }
    if session.format == Format::Json {
        serde_json::to_writer_pretty(&mut out, &found)?;
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

async fn page(
    session: &Session,
    place: &PlaceReference,
    directory: &RemotePath,
    after: Option<&str>,
) -> anyhow::Result<Listing> {
    let mut url = session.client.at(&["collections", &place.segment(), "entries"]);
    url.query_pairs_mut().append_pair("path", &directory.to_text());
    if let Some(after) = after {
        url.query_pairs_mut().append_pair("after", after);
    }
    session.client.get(url).await
}

fn line(entry: &EntryView, arguments: &LsArguments) -> String {
    let name = if arguments.recursive { entry.path.to_text() } else { entry.name.clone() };
    let mark = match entry.kind {
        EntryKind::Directory => "/",
        EntryKind::Symlink => "@",
        EntryKind::Special => "!",
        EntryKind::File => "",
    };
    if arguments.long {
        let kind = match entry.kind {
            EntryKind::Directory => 'd',
            EntryKind::Symlink => 'l',
            EntryKind::Special => '!',
            EntryKind::File => '-',
        };
        let time = entry.modified.to_string();
        format!("{kind} {:>10}  {:<30}  {name}{mark}", ByteCount(entry.size).to_string(), time)
    } else {
        format!("{name}{mark}")
    }
}
