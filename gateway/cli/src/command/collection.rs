//! `sealane collection list|show`.

use clap::Subcommand;
use sealane_service::view::CollectionView;

use super::Session;
use crate::output::{print, table};

#[derive(Debug, Subcommand)]
pub(super) enum CollectionCommand {
    /// Collections of this site that you may see, or those of a peer.
    List {
        /// A peer's short name.
        #[arg(long)]
        peer: Option<String>,
    },
    /// One collection.
    Show {
        /// `name`, an id, or `site/name`.
        collection: String,
    },
}

pub(super) async fn run(command: CollectionCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        CollectionCommand::List { peer } => list(session, peer.as_deref()).await,
        CollectionCommand::Show { collection } => show(session, &collection).await,
    }
}

async fn list(session: &Session, peer: Option<&str>) -> anyhow::Result<()> {
    let client = &session.client;
    let url = match peer {
        Some(peer) => client.at(&["peers", peer, "collections"]),
        None => client.at(&["collections"]),
    };
    let collections: Vec<CollectionView> = client.get_all(url).await?;
    print(session.format, &collections, |collections| {
        let rows: Vec<[String; 4]> = collections
            .iter()
            .map(|it| [it.reference.clone(), it.class.as_str().to_owned(), may(it), it.title.clone()])
            .collect();
        table(["collection", "class", "you may", "title"], &rows)
    })
}

async fn show(session: &Session, collection: &str) -> anyhow::Result<()> {
    let url = session.client.at(&["collections", &collection.replace('/', "~")]);
    let view: CollectionView = session.client.get(url).await?;
    print(session.format, &view, |view| {
        format!(
            "{} ({})\n{}\n  site         {}\n  class        {}\n  end-to-end   {}\n  you may      {}\n  id           {}\n",
            view.title,
            view.reference,
            view.description,
            view.site_title,
            view.class.as_str(),
            view.mode.as_str(),
            may(view),
            view.id,
        )
    })
}

fn may(view: &CollectionView) -> String {
    let may = view.may;
    let words =
        [(may.list, "list"), (may.read, "read"), (may.write, "write"), (may.delete, "delete"), (may.share, "share")];
    let allowed: Vec<&str> = words.into_iter().filter_map(|(yes, word)| yes.then_some(word)).collect();
    match (allowed.is_empty(), may.step_up) {
        (true, true) => "(sign in again)".to_owned(),
        (true, false) => "nothing".to_owned(),
        (false, true) => format!("{} (more after a fresh sign-in)", allowed.join(" ")),
        (false, false) => allowed.join(" "),
    }
}
