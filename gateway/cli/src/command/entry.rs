//! `sealane stat|mkdir|rename|rm`: one entry of a collection.

use clap::Args;
use reqwest::Method;
use sealane_model::RemotePath;
use sealane_model::bytes::ByteCount;
use sealane_service::view::{EntryView, Made, Removed, Renamed};
use serde_json::json;

use super::Session;
use crate::client::reference::PlaceReference;
use crate::output::print;

#[derive(Debug, Args)]
pub(super) struct StatArguments {
    /// COLLECTION:PATH
    place: PlaceReference,
}

#[derive(Debug, Args)]
pub(super) struct MkdirArguments {
    /// COLLECTION:PATH
    place: PlaceReference,
}

#[derive(Debug, Args)]
pub(super) struct RenameArguments {
    /// COLLECTION:PATH
    place: PlaceReference,
    /// The new path in the same collection.
    to: String,
}

#[derive(Debug, Args)]
pub(super) struct RmArguments {
    /// COLLECTION:PATH
    place: PlaceReference,
    /// A directory and all that is in it.
    #[arg(short, long)]
    recursive: bool,
}

pub(super) async fn stat(arguments: StatArguments, session: &Session) -> anyhow::Result<()> {
    let entry = find(session, &arguments.place).await?;
    print(session.format, &entry, |entry| {
        format!(
            "{}\n  kind      {}\n  size      {} ({} bytes)\n  modified  {}\n  mode      {:04o}\n",
            entry.path.to_text(),
            serde_json::to_value(entry.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default(),
            ByteCount(entry.size),
            entry.size,
            entry.modified,
            entry.mode,
        )
    })
}

/// What the site says of one place.
pub(super) async fn find(session: &Session, place: &PlaceReference) -> anyhow::Result<EntryView> {
    let mut url = session.client.at(&["collections", &place.segment(), "entry"]);
    url.query_pairs_mut().append_pair("path", &place.path.to_text());
    session.client.get(url).await
}

pub(super) async fn mkdir(arguments: MkdirArguments, session: &Session) -> anyhow::Result<()> {
    let url = session.client.at(&["collections", &arguments.place.segment(), "directories"]);
    let made: Made = session.client.post(url, &json!({ "path": arguments.place.path })).await?;
    print(session.format, &made, |made| {
        if made.made { String::new() } else { format!("{} was there already.", made.path.to_text()) }
    })
}

pub(super) async fn rename(arguments: RenameArguments, session: &Session) -> anyhow::Result<()> {
    let to = RemotePath::parse_text(&arguments.to)?;
    let url = session.client.at(&["collections", &arguments.place.segment(), "rename"]);
    let renamed: Renamed = session.client.post(url, &json!({ "from": arguments.place.path, "to": to })).await?;
    print(session.format, &renamed, |_| String::new())
}

pub(super) async fn rm(arguments: RmArguments, session: &Session) -> anyhow::Result<()> {
    let mut url = session.client.at(&["collections", &arguments.place.segment(), "entry"]);
    url.query_pairs_mut()
        .append_pair("path", &arguments.place.path.to_text())
        .append_pair("recursive", if arguments.recursive { "true" } else { "false" });
    let response = session.client.send(session.client.request(Method::DELETE, url)).await?;
    let removed: Removed = serde_json::from_slice(&response.bytes().await?)?;
    print(session.format, &removed, |removed| format!("{} removed.", count(removed.entries, "entry", "entries")))
}

/// `1 entry`, `2 entries`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
