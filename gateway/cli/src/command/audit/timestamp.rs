//! `sealane audit timestamp request|attach|fetch|show`: third parties date the log (RFC 3161).

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use data_encoding::BASE64;
use sealane_service::view::{NewTimestamp, TimestampRequestView, TimestampView};

use crate::command::peer::ask_site;
use crate::config::Config;
use crate::output::{Format, print, table};
use crate::serve::admin::{AdminAnswer, AdminRequest};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum TimestampCommand {
    /// Write a request for an authority, and the head that it is about, into two files.
    Request {
        #[command(flatten)]
        common: TimestampArguments,
        /// Where to: `FILE.tsq` for the authority, and `FILE.checkpoint` for `attach`.
        #[arg(long, short)]
        output: PathBuf,
    },
    /// Keep an authority's answer beside the log.
    Attach {
        #[command(flatten)]
        common: TimestampArguments,
        /// The answer (`application/timestamp-reply`).
        response: PathBuf,
        /// The head that `request` wrote.
        #[arg(long)]
        checkpoint: PathBuf,
    },
    /// Ask the authority of `[audit.timestamp]` now.
    Fetch(TimestampArguments),
    /// The timestamps that are kept.
    Show(TimestampArguments),
}

#[derive(Debug, Args)]
pub(in crate::command) struct TimestampArguments {
    /// The configuration file.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
}

pub(super) async fn run(command: TimestampCommand, format: Format) -> anyhow::Result<()> {
    let (arguments, request, output) = match command {
        TimestampCommand::Request { common, output } => (common, AdminRequest::TimestampRequest, Some(output)),
        TimestampCommand::Attach { common, response, checkpoint } => {
            let new = NewTimestamp {
                checkpoint: String::from_utf8_lossy(&read(&checkpoint)?).into_owned(),
                response: BASE64.encode(&read(&response)?),
            };
            (common, AdminRequest::TimestampAttach(new), None)
        }
        TimestampCommand::Fetch(arguments) => (arguments, AdminRequest::TimestampFetch, None),
        TimestampCommand::Show(arguments) => (arguments, AdminRequest::TimestampShow, None),
    };
    match (ask_site(&Config::read(&arguments.config)?, request).await?, output) {
        (AdminAnswer::Problem(problem), _) => Err(problem.into()),
        (AdminAnswer::TimestampRequest(view), Some(output)) => {
            write(&output, &view)?;
            print(format, &view, |view| {
                format!(
                    "A request about {} entries is in {}.tsq.\n  next: have an authority answer it, then sealane audit timestamp attach ANSWER --checkpoint {}.checkpoint",
                    view.size,
                    output.display(),
                    output.display()
                )
            })
        }
        (AdminAnswer::Timestamp(view), _) => print(format, &view, |view| {
            let checked = if view.trusted {
                "its signature was checked"
            } else {
                "its signature was not checked: name ca_file, or see openssl ts -verify"
            };
            format!("{} entries were there at {}, says the authority; {checked}.", view.size, view.at)
        }),
        (AdminAnswer::Timestamps(all), _) => print(format, &all, |all| list(all)),
        _ => bail!("the node answered something else than was asked"),
    }
}

fn list(all: &[TimestampView]) -> String {
    if all.is_empty() {
        return "No authority has dated this log yet.".to_owned();
    }
    let word = |trusted| if trusted { "checked" } else { "not checked" };
    let rows: Vec<[String; 4]> = all
        .iter()
        .map(|one| [one.size.to_string(), one.at.to_string(), word(one.trusted).to_owned(), one.policy.clone()])
        .collect();
    table(["entries", "there at", "signature", "policy"], &rows)
}

fn write(output: &Path, view: &TimestampRequestView) -> anyhow::Result<()> {
    let request = BASE64.decode(view.request.as_bytes()).context("the node's request is damaged")?;
    for (ending, bytes) in [("tsq", request.as_slice()), ("checkpoint", view.checkpoint.as_bytes())] {
        let path = output.with_added_extension(ending);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
