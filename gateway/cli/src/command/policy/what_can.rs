//! `sealane policy what-can`.

use clap::Args;
use sealane_model::Permission;
use sealane_service::policy_ask::WhatCanQuestion;
use sealane_service::view::WhatCanView;

use super::{notes, whom, with};
use crate::command::Session;
use crate::output::print;

#[derive(Debug, Args)]
pub(in crate::command) struct WhatCanArguments {
    /// Whom: an e-mail address, person:ISSUER#SUBJECT, group:NAME, site:ID, signed-in or anonymous. You, where absent.
    #[arg(value_parser = whom)]
    who: Option<String>,
    /// As of which moment: a day (its end), an instant (RFC 3339), or how long ago (90m, 12h, 7d, 2w).
    #[arg(long)]
    at: Option<String>,
}

pub(super) async fn run(asked: WhatCanArguments, session: &Session) -> anyhow::Result<()> {
    let question = WhatCanQuestion { who: asked.who, at: asked.at };
    let url = with(session.client.at(&["policy", "what-can"]), &question)?;
    let told: WhatCanView = session.client.get(url).await?;
    print(session.format, &told, text)
}

fn text(told: &WhatCanView) -> String {
    let mut text = format!("What {} can do, {}\n", told.who, told.at);
    notes(&mut text, &told.notes);
    if told.collections.is_empty() {
        text.push_str("\nnothing in any collection\n");
    }
    for collection in &told.collections {
        text.push_str(&format!("\n{} ({})\n", collection.collection, collection.class));
        for place in &collection.places {
            let mut parts = Vec::new();
            if !place.can.is_empty() {
                parts.push(words(&place.can));
            }
            if !place.after_sign_in.is_empty() {
                parts.push(format!("after signing in again: {}", words(&place.after_sign_in)));
            }
            for bound in &place.for_purposes {
                parts.push(format!("for the purpose '{}': {}", bound.purpose, words(&bound.can)));
            }
            let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") };
            text.push_str(&format!("  {}  {parts}\n", place.path.to_text()));
        }
    }
    text
}

pub(super) fn words(permissions: &[Permission]) -> String {
    let words: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
    words.join(" ")
}
