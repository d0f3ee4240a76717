//! `sealane task receipt`: the proof of a transfer that both sites hold, verified as `sealane-verify receipt` does.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use reqwest::Method;
use sealane_audit::ExchangeReceipt;
use sealane_audit::verify::{Options, Pin, verify_receipt};
use sealane_model::TaskId;

use super::Session;
use crate::output::{Format, exit};

#[derive(Debug, Args)]
pub(super) struct ReceiptArguments {
    /// The task's id.
    task: TaskId,
    /// Write the document to this file.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// The key of a site's log, or its fingerprint, from that site's administrator; once for each site.
    #[arg(long = "key", value_parser = pin)]
    keys: Vec<Pin>,
}

pub(super) async fn run(arguments: ReceiptArguments, session: &Session) -> anyhow::Result<ExitCode> {
    let ReceiptArguments { task, output, keys } = arguments;
    let url = session.client.at(&["tasks", &task.to_string(), "receipt"]);
    let answer = session.client.send(session.client.request(Method::GET, url)).await?;
    let text = answer.text().await.context("the site's answer was cut short")?;
    let receipt: ExchangeReceipt = text.parse()?;
    if let Some(target) = &output {
        std::fs::write(target, &text).with_context(|| format!("cannot write {}", target.display()))?;
    }
    let report = verify_receipt(&receipt, &keys, &Options::default());
    let mut out = std::io::stdout().lock();
    match (session.format, &output) {
        (Format::Json, None) => out.write_all(text.as_bytes())?,
        (Format::Json, Some(_)) => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        (Format::Text, _) => {
            let cosigned = [("source", &receipt.source), ("destination", &receipt.destination)].map(|(role, part)| {
                let names: Vec<&str> = part.cosignatures().map(|line| line.name()).collect();
                let by = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
                format!("{role}: {by}")
            });
            writeln!(out, "{report}\nsignature lines of witnesses (sealane-verify --witness KEY checks them)")?;
            writeln!(out, "{}", cosigned.join("\n"))?;
        }
    }
    out.flush()?;
    Ok(if report.exit_code() == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::INTEGRITY) })
}

fn pin(text: &str) -> Result<Pin, &'static str> {
    text.parse()
}
