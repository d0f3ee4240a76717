//! `sealane audit reconcile`: two sites' exported logs, held against each other. Needs no running site.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use sealane_audit::reconcile::{Account, Sites, Standing, reconcile};

use crate::output::{Exit, Format, exit, print};

#[derive(Debug, Args)]
pub(in crate::command) struct ReconcileArguments {
    /// One site's log: a copy of its directory, or an evidence pack.
    a: PathBuf,
    /// The other site's.
    b: PathBuf,
    /// The log of another node of the first site; may be given several times.
    #[arg(long)]
    also_a: Vec<PathBuf>,
    /// The log of another node of the second site.
    #[arg(long)]
    also_b: Vec<PathBuf>,
    /// The id of the first log's site; told from common transfers where absent.
    #[arg(long)]
    site_a: Option<String>,
    /// The id of the second log's site.
    #[arg(long)]
    site_b: Option<String>,
}

pub(super) async fn run(arguments: ReconcileArguments, format: Format) -> anyhow::Result<()> {
    let ReconcileArguments { a, b, also_a, also_b, site_a, site_b } = arguments;
    let (a, b) = tokio::try_join!(
        tokio::task::spawn_blocking(move || account(&a, &also_a)),
        tokio::task::spawn_blocking(move || account(&b, &also_b))
    )?;
    let found = reconcile(&a?, &b?, &Sites { a: site_a, b: site_b })?;
    print(format, &found, ToString::to_string)?;
    if found.is_clean() {
        return Ok(());
    }
    let (one_sided, differing) = (found.of(Standing::OneSided).count(), found.of(Standing::Differs).count());
    let told = format!(
        "{one_sided} transfers are recorded at one site only, {differing} differently\n  next: verify both logs with \
         sealane-verify, then ask the site whose log lacks the entry"
    );
    Err(Exit(exit::FAILED, told).into())
}

/// What all logs of one site say.
fn account(first: &Path, others: &[PathBuf]) -> anyhow::Result<Account> {
    let read = |path: &Path| Account::read(path).with_context(|| path.display().to_string());
    others.iter().try_fold(read(first)?, |all, other| Ok(all.and(read(other)?)))
}
