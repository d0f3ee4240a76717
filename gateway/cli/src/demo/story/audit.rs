//! The steps about the audit logs: both verify, and a changed byte is found.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use sealane_audit::verify::{Options, verify_dir};
use serde::Serialize;

use super::Teller;

/// What verifying one site's log found.
#[derive(Debug, Serialize)]
pub(super) struct AuditSummary {
    site: String,
    ok: bool,
    entries: u64,
    root: String,
}

/// Verify both logs, then a copy with one changed byte; `None` if something does not hold.
pub(super) async fn check(teller: &mut Teller, logs: &[(&str, PathBuf)], scratch: &Path) -> Option<()> {
    let summaries = teller.step("audit", async { verify(logs) }).await?;
    teller.document.audit = summaries;
    let (site, log) = logs.first()?;
    teller.step("tamper", async { tamper(site, log, &scratch.join("changed-log")) }).await
}

fn verify(logs: &[(&str, PathBuf)]) -> anyhow::Result<(Vec<AuditSummary>, String)> {
    let mut summaries = Vec::new();
    for (site, log) in logs {
        let report = verify_dir(log, &Options::default());
        ensure!(report.holds(), "the log of {site} does not verify:\n{report}");
        summaries.push(AuditSummary {
            site: (*site).to_owned(),
            ok: true,
            entries: report.entries,
            root: report.root.to_string(),
        });
    }
    let told: Vec<String> = summaries.iter().map(|it| format!("{}: {} entries", it.site, it.entries)).collect();
    Ok((summaries, format!("both logs verify ({})", told.join(", "))))
}

fn tamper(site: &str, log: &Path, copy: &Path) -> anyhow::Result<((), String)> {
    copy_tree(log, copy)?;
    change_one_byte(&copy.join("seg"))?;
    let report = verify_dir(copy, &Options::default());
    let entry = report.first_bad_entry();
    fs::remove_dir_all(copy)?;
    let entry = entry.context("one changed byte in a copied log was not found")?;
    ensure!(!report.holds(), "the verifier named entry {entry} and still passed the log");
    Ok(((), format!("one byte of a copy of {site}'s log changed: the verifier names entry {entry}")))
}

/// Change one byte inside the record of a submitted transfer, as somebody would who wants it forgotten.
fn change_one_byte(segments: &Path) -> anyhow::Result<()> {
    let needle = b"\"transfer.submit\"";
    for segment in fs::read_dir(segments)? {
        let path = segment?.path();
        let mut bytes = fs::read(&path)?;
        let Some(at) = bytes.windows(needle.len()).position(|window| window == needle) else { continue };
        let byte = bytes.get_mut(at + 1).context("the segment is too short")?;
        *byte ^= 1;
        return Ok(fs::write(&path, bytes)?);
    }
    anyhow::bail!("the log holds no submitted transfer")
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
