//! `sealane audit export`: entries as a file.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use reqwest::{Method, Response};

use super::question::{QuestionArguments, ask};
use crate::command::Session;

/// Which entries, and in which form.
#[derive(Debug, Args)]
pub(in crate::command) struct ExportArguments {
    /// jsonl (evidence that `sealane-verify pack` checks offline), jsonl-revealed (with personal values), csv, ocsf, fhir
    /// or fhir-bundle.
    #[arg(long = "as", default_value = "jsonl")]
    form: String,
    /// Write to this file, which appears when it is whole; to standard output where absent.
    #[arg(long, short)]
    output: Option<PathBuf>,
    #[command(flatten)]
    question: QuestionArguments,
}

pub(super) async fn run(session: &Session, asked: ExportArguments) -> anyhow::Result<()> {
    let url = ask(session.client.at(&["audit", "export", &asked.form]), &asked.question.into());
    let response = session.client.send(session.client.request(Method::GET, url)).await?;
    let Some(target) = asked.output else {
        return copy(response, &mut std::io::stdout().lock()).await;
    };
    let part = target.with_added_extension("part");
    let mut file = std::fs::File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
    copy(response, &mut file).await?;
    file.sync_all()?;
    std::fs::rename(&part, &target).with_context(|| format!("cannot write {}", target.display()))?;
    Ok(())
}

async fn copy(mut response: Response, out: &mut impl Write) -> anyhow::Result<()> {
    while let Some(piece) = response.chunk().await.context("the export broke off: it is not whole; ask again")? {
        out.write_all(&piece)?;
    }
    Ok(out.flush()?)
}
