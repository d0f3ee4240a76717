//! `sealane policy ..`: what the rules say, said, and would say. One file a command.

mod cases;
mod diff;
mod draft;
mod explain;
mod export;
mod side;
mod test;
mod what_can;
mod who_can;
mod why;

use clap::Subcommand;
use url::Url;

use super::Session;
use crate::output::Format;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Why somebody may do something, or may not: every layer, every rule that was considered.
    Explain(explain::ExplainArguments),
    /// Who can do something at a place, or anywhere in a collection.
    WhoCan(who_can::WhoCanArguments),
    /// What you, or somebody else, can do: collections, places, permissions.
    WhatCan(what_can::WhatCanArguments),
    /// Why a past decision was made, and whether it is the same when it is made again from its record.
    Why(why::WhyArguments),
    /// Run cases of a file (who, what, where: which answer) against the rules of a site or of a snapshot.
    Test(test::TestArguments),
    /// Who gains and who loses what from one set of rules to another; NEW may be a draft that nobody published.
    Diff(diff::DiffArguments),
    /// The access rules as they were at a moment.
    AsOf(export::AsOfArguments),
    /// Write all access rules of a moment to a file, canonical and hashed.
    Export(export::ExportArguments),
}

pub(super) async fn run(
    command: PolicyCommand,
    format: Format,
    session: impl Fn() -> anyhow::Result<Session>,
) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Explain(asked) => explain::run(asked, &session()?).await,
        PolicyCommand::WhoCan(asked) => who_can::run(asked, &session()?).await,
        PolicyCommand::WhatCan(asked) => what_can::run(asked, &session()?).await,
        PolicyCommand::Why(asked) => why::run(asked, &session()?).await,
        PolicyCommand::Test(asked) => test::run(asked, format, session).await,
        PolicyCommand::Diff(asked) => diff::run(asked, format, session).await,
        PolicyCommand::AsOf(asked) => export::as_of(asked, &session()?).await,
        PolicyCommand::Export(asked) => export::run(asked, &session()?).await,
    }
}

/// A person as people write them: a bare address is one.
fn whom(text: &str) -> Result<String, String> {
    let text = if text.contains('@') && !text.contains(':') { format!("email:{text}") } else { text.to_owned() };
    match text.parse::<sealane_model::Principal>() {
        Ok(_) => Ok(text),
        Err(error) => Err(error.to_string()),
    }
}

/// An address with parameters.
fn with<T: serde::Serialize>(mut url: Url, question: &T) -> anyhow::Result<Url> {
    let serde_json::Value::Object(members) = serde_json::to_value(question)? else { return Ok(url) };
    let mut query = url.query_pairs_mut();
    for (name, value) in &members {
        if let Some(text) = value.as_str() {
            query.append_pair(name, text);
        }
    }
    drop(query);
    Ok(url)
}

/// Notes under an answer.
fn notes(text: &mut String, notes: &[String]) {
    for note in notes {
        text.push_str(&format!("  ({note})\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::tree;

    fn parses(line: &str) -> Result<(), String> {
        let words = ["sealane", "policy"].into_iter().chain(line.split(' '));
        tree().try_get_matches_from(words).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn questions_name_what_they_are_about() {
        parses("explain read-content imaging:/a --as ana@hospital-a.example --at 2026-01-31 --assurance 15").unwrap();
        parses("explain read-audit").unwrap();
        parses("who-can read-content imaging").unwrap();
        parses("who-can read-content imaging:/a --at 7d").unwrap();
        parses("what-can").unwrap();
        parses("what-can group:readers").unwrap();
        parses("why 019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60").unwrap();
        parses("diff 2026-01-31 now").unwrap();
        assert!(parses("explain").is_err());
        assert!(parses("explain read-content imaging:/a --as nobody").unwrap_err().contains("person:ISSUER#SUBJECT"));
        assert!(parses("why first").is_err());
        assert!(parses("diff now").is_err());
    }

    #[test]
    fn a_bare_address_is_a_person() {
        assert_eq!(whom("ana@hospital-a.example").unwrap(), "email:ana@hospital-a.example");
        assert_eq!(whom("person:https://idp#ana").unwrap(), "person:https://idp#ana");
        assert!(whom("ana").is_err());
    }
}
