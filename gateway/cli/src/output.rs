//! What commands print: text for people, JSON for programs, problems with the next step, exit codes that scripts can use.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use sealane_model::Problem;
use serde::Serialize;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Lines and tables for people.
    #[default]
    Text,
    /// One JSON document, or one a line where a command follows something.
    Json,
}

/// Exit codes beside those of problems (`ProblemKind::exit_code`).
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// It failed.
    pub const FAILED: u8 = 1;
    /// The command line makes no sense.
    pub const USAGE: u8 = 2;
    /// Nobody is signed in.
    pub const NOT_SIGNED_IN: u8 = 3;
    /// What arrived is not what was sent.
    pub const INTEGRITY: u8 = 6;
    /// Some of it was done.
    pub const PARTLY: u8 = 7;
    /// Waited as long as was allowed.
    pub const WAITED_TOO_LONG: u8 = 124;
}

/// Print one value: as JSON, or as `text` writes it.
///
/// # Errors
/// When standard output is closed.
pub fn print<T: Serialize>(format: Format, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
    let rendered = match format {
        Format::Json => serde_json::to_string_pretty(value)?,
        Format::Text => text(value),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(rendered.trim_end_matches('\n').as_bytes())?;
    if !rendered.is_empty() {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Rows in aligned columns under headings; the last column is not padded.
#[must_use]
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let padding = if index + 1 == N { 0 } else { width.saturating_sub(cell.chars().count()) + 2 };
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', padding));
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    };
    let mut out = line(headings.map(str::to_uppercase).each_ref().map(String::as_str));
    for row in rows {
        out.push_str(&line(row.each_ref().map(String::as_str)));
    }
    out
}

/// Tell what went wrong and return the exit code for it.
pub fn report(format: Format, error: &anyhow::Error) -> ExitCode {
    let problem = error.downcast_ref::<Problem>();
    let code = match problem {
        Some(problem) => problem.kind.exit_code(),
        None => error.downcast_ref::<Exit>().map_or(exit::FAILED, |exit| exit.0),
    };
    let mut err = std::io::stderr().lock();
    // A closed standard error leaves nobody to tell; the exit code still says it.
    let _ = match (format, problem) {
        (Format::Json, Some(problem)) => {
            serde_json::to_string(problem).map_or_else(|_| Ok(()), |text| writeln!(err, "{text}"))
        }
        (Format::Json, None) => writeln!(err, "{}", serde_json::json!({ "title": format!("{error:#}") })),
        (Format::Text, Some(problem)) => writeln!(err, "{}", problem_text(problem)),
        (Format::Text, None) if error.downcast_ref::<Exit>().is_some() && error.to_string().is_empty() => Ok(()),
        (Format::Text, None) => writeln!(err, "error: {error:#}"),
    };
    ExitCode::from(code)
}

fn problem_text(problem: &Problem) -> String {
    let mut text = format!("error: {}: {}", problem.title, problem.detail);
    if let Some(next) = &problem.next_step {
        text.push_str(&format!("\n  next: {next}"));
    }
    if let Some(decision) = &problem.decision {
        text.push_str(&format!("\n  decision: {decision}"));
    }
    text
}

/// An exit code whose reason was already told, or needs one line only.
#[derive(Debug, thiserror::Error)]
#[error("{1}")]
pub struct Exit(pub u8, pub String);

/// Whether a person watches standard error: progress bars are for them alone.
#[must_use]
pub fn watched() -> bool {
    std::io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["a".to_owned(), "1".to_owned()], ["long".to_owned(), "22".to_owned()]];
        assert_eq!(table(["name", "size"], &rows), "NAME  SIZE\na     1\nlong  22\n");
    }
}
