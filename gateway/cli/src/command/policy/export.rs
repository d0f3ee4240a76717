//! `sealane policy export` and `as-of`: all access rules of a moment.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use sealane_model::Timestamp;
use sealane_service::view::PolicyFile;

use super::side::of_site;
use super::what_can::words;
use crate::command::Session;
use crate::output::{Format, print, table};

#[derive(Debug, Args)]
pub(in crate::command) struct ExportArguments {
    /// Of which moment: a day (its end), an instant (RFC 3339), or how long ago (90m, 12h, 7d, 2w). Now, where absent.
    #[arg(long)]
    at: Option<String>,
    /// The file to write; standard output where absent.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::command) struct AsOfArguments {
    /// The moment: now, a day (its end), an instant (RFC 3339), or how long ago (90m, 12h, 7d, 2w).
    date: String,
}

pub(super) async fn run(asked: ExportArguments, session: &Session) -> anyhow::Result<()> {
    let file = of_site(session, asked.at).await?;
    match asked.output {
        Some(path) => {
            let text = serde_json::to_string_pretty(&file)? + "\n";
            std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
            let done = serde_json::json!({ "file": path, "hash": file.hash, "rules": file.rules.len() });
            print(session.format, &done, |_| format!("{} rules, hash {}", file.rules.len(), file.hash))
        }
        None => print(Format::Json, &file, |_| String::new()),
    }
}

pub(super) async fn as_of(asked: AsOfArguments, session: &Session) -> anyhow::Result<()> {
    let file = of_site(session, Some(asked.date).filter(|date| date != "now")).await?;
    print(session.format, &file, text)
}

fn text(file: &PolicyFile) -> String {
    let mut text = format!(
        "{}, as of {}: state {} of the rules, {} in force\nRules: {}\n\n",
        file.site,
        file.at,
        file.epoch,
        file.rules.len(),
        file.hash
    );
    let name = |id| {
        let known = file.collections.iter().find(|known| known.id == id);
        known.map_or_else(|| id.to_string(), |known| format!("{} ({})", known.name, known.class))
    };
    let rows: Vec<[String; 5]> = file
        .rules
        .iter()
        .map(|rule| {
            [
                name(rule.collection),
                rule.path.to_text(),
                rule.principal.to_text(),
                format!("{}{}", if rule.deny { "not " } else { "" }, words(&rule.permissions)),
                rule.expires_s.map_or_else(|| "-".to_owned(), |end| Timestamp::from_seconds(end).to_string()),
            ]
        })
        .collect();
    text.push_str(&table(["collection", "path", "who", "may", "until"], &rows));
    text
}
