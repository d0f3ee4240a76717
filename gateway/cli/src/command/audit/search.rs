//! `sealane audit search|me` and the reports that are lists of entries: printed as they come.

use std::io::Write;

use anyhow::bail;
use sealane_service::view::audit::{AuditEnd, AuditLine, AuditRow};

use super::lines::Lines;
use super::question::{QuestionArguments, ask};
use crate::command::Session;
use crate::output::Format;

pub(super) async fn run(session: &Session, at: &[&str], asked: QuestionArguments) -> anyhow::Result<()> {
    let url = ask(session.client.at(at), &asked.into());
    let mut lines = Lines::of(&session.client, url).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if session.format == Format::Text {
        writeln!(out, "{}", columns(["TIME", "EVENT", "OUTCOME", "PERSON", "FROM", "WHERE"]))?;
    }
    while let Some(line) = lines.next::<AuditLine>().await? {
        match line {
            AuditLine::Entry(row) => match session.format {
                Format::Text => writeln!(out, "{}", text(&row))?,
                Format::Json => {
                    serde_json::to_writer(&mut out, &row)?;
                    writeln!(out)?;
                }
            },
            AuditLine::End(end) => {
                out.flush()?;
                tell_end(&end);
                return Ok(());
            }
        }
    }
    out.flush()?;
    bail!("the answer broke off before its end: entries are missing\n  next: ask again");
}

/// What is missing is said where results are not mixed with it.
fn tell_end(end: &AuditEnd) {
    for log in end.logs.iter().filter(|log| log.size > log.indexed) {
        let missing = log.size - log.indexed;
        eprintln!("{missing} entries of {} could not be found yet (as of {}); ask again", log.log, log.told_at);
    }
    if end.count == 0 {
        eprintln!("No entry matches.");
    }
}

/// Columns of usual widths; a longer value moves what follows, and is never cut.
fn columns(cells: [&str; 6]) -> String {
    let widths = [20, 22, 11, 28, 16, 0];
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        let padding = if width == 0 { 0 } else { width.max(cell.chars().count()) - cell.chars().count() + 2 };
        line.extend(std::iter::repeat_n(' ', padding));
    }
    line.truncate(line.trim_end().len());
    line
}

fn text(row: &AuditRow) -> String {
    let value = |field: &str, shown: &Option<String>| {
        if let Some(shown) = shown {
            return shown.clone();
        }
        let is = |fields: &[String]| fields.iter().any(|one| one == field);
        match (is(&row.erased), is(&row.damaged), is(&row.elsewhere)) {
            (true, ..) => "(erased)",
            (_, true, _) => "(damaged)",
            (.., true) => "(at its node)",
            _ => "",
        }
        .to_owned()
    };
    let time = row.at.to_string();
    let time = time.split_once('.').map_or_else(|| time.clone(), |(seconds, _)| format!("{seconds}Z"));
    let outcome = row.outcome.clone().unwrap_or_else(|| row.phase.clone());
    columns([
        &time,
        &row.kind,
        &outcome,
        &value("actor.subject", &row.subject),
        &value("client", &row.client),
        &place(row, &value("object.path", &row.path)),
    ])
}

/// Where it happened: `collection:/path`, a task, a peer.
fn place(row: &AuditRow, path: &str) -> String {
    let mut parts = Vec::new();
    if let Some(collection) = row.collection_name.as_ref().or(row.collection.as_ref()) {
        parts.push(if path.is_empty() { collection.clone() } else { format!("{collection}:{path}") });
    }
    parts.extend(row.task.as_ref().map(|task| format!("task {task}")));
    parts.extend(row.peer_name.as_ref().or(row.peer.as_ref()).map(|peer| format!("peer {peer}")));
    parts.extend(row.code.as_ref().filter(|code| *code != "ok").map(|code| format!("({code})")));
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_what_matters_and_what_was_erased() {
        let row = AuditRow {
            kind: "content.read".to_owned(),
            outcome: Some("done".to_owned()),
            code: Some("ok".to_owned()),
            client: Some("192.0.2.7".to_owned()),
            collection: Some("0198".to_owned()),
            collection_name: Some("imaging".to_owned()),
            path: Some("/a b".to_owned()),
            erased: vec!["actor.subject".to_owned()],
            ..AuditRow::default()
        };
        let line = text(&row);
        assert!(line.starts_with("1970-01-01T00:00:00Z  content.read            done         (erased)"), "{line}");
        assert!(line.ends_with("192.0.2.7         imaging:/a b"), "{line}");
    }
}
