//! `sealane policy who-can`.

use clap::Args;
use sealane_policy::who_can::{Can, Standing};
use sealane_service::policy_ask::WhoCanQuestion;
use sealane_service::view::WhoCanView;

use super::{notes, with};
use crate::client::reference::PlaceReference;
use crate::command::Session;
use crate::output::print;

#[derive(Debug, Args)]
pub(in crate::command) struct WhoCanArguments {
    /// What: an action of the permission matrix, such as read-content.
    action: String,
    /// Where: COLLECTION:PATH, or COLLECTION for every place in it at which the answer differs.
    place: String,
    /// As of which moment: a day (its end), an instant (RFC 3339), or how long ago (90m, 12h, 7d, 2w).
    #[arg(long)]
    at: Option<String>,
    /// For this purpose only.
    #[arg(long)]
    purpose: Option<String>,
}

pub(super) async fn run(asked: WhoCanArguments, session: &Session) -> anyhow::Result<()> {
    let place = asked.place.contains(':').then(|| asked.place.parse::<PlaceReference>()).transpose()?;
    let segment = place.as_ref().map_or_else(|| asked.place.replace('/', "~"), PlaceReference::segment);
    let path = place.map(|place| place.path);
    let question = WhoCanQuestion { action: asked.action, path, at: asked.at, purpose: asked.purpose };
    let url = with(session.client.at(&["collections", &segment, "who-can"]), &question)?;
    let told: WhoCanView = session.client.get(url).await?;
    print(session.format, &told, text)
}

fn text(told: &WhoCanView) -> String {
    let mut text = format!("Who can {} in {}, {}\n", told.action, told.collection, told.at);
    notes(&mut text, &told.notes);
    for place in &told.places {
        text.push_str(&format!("\n{}:{}\n", told.collection, place.path.to_text()));
        if place.who.is_empty() {
            text.push_str("  nobody\n");
        }
        for standing in &place.who {
            line(&mut text, standing);
        }
    }
    if told.more {
        text.push_str("\nThere are more places: ask about one of them, COLLECTION:PATH.\n");
    }
    text.push_str(&format!("\nRules: {}\n", told.snapshot));
    text
}

fn line(text: &mut String, standing: &Standing) {
    let can = match standing.can {
        Can::Yes => "yes",
        Can::Partly => "partly",
        Can::No => "no",
    };
    text.push_str(&format!("  {can:<6} {}", standing.who));
    if let Some(purpose) = &standing.purpose {
        text.push_str(&format!(", for the purpose '{purpose}'"));
    }
    if let Some(why) = &standing.why_not {
        text.push_str(&format!(": {why}"));
    }
    text.push('\n');
    for condition in &standing.conditions {
        text.push_str(&format!("         if {condition}\n"));
    }
    if let Some(rule) = &standing.rule {
        text.push_str(&format!("         by {rule}\n"));
    }
}
