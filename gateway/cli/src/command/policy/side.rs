//! A set of rules as it is named: `now`, a moment, or a file.

use std::path::Path;

use anyhow::Context;
use sealane_service::policy_ask::SnapshotQuestion;
use sealane_service::view::PolicyFile;

use super::with;
use crate::command::Session;

/// The rules of the site at a moment, checked against their hash.
pub(super) async fn of_site(session: &Session, at: Option<String>) -> anyhow::Result<PolicyFile> {
    let url = with(session.client.at(&["policy", "snapshot"]), &SnapshotQuestion { at })?;
    let file: PolicyFile = session.client.get(url).await?;
    file.snapshot().context("the site's rules cannot be used here; are both of one version?")?;
    Ok(file)
}

/// The rules of a file that `policy export` wrote, checked against their hash.
pub(super) fn of_file(path: &Path) -> anyhow::Result<PolicyFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let file: PolicyFile = serde_json::from_str(&text)
        .with_context(|| format!("{} is no snapshot of rules\n  next: sealane policy export", path.display()))?;
    file.snapshot().with_context(|| format!("{} cannot be used", path.display()))?;
    Ok(file)
}

/// Whether a text names a file rather than a moment.
pub(super) fn is_file(text: &str) -> bool {
    let extension = Path::new(text).extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("json" | "toml"))
}

/// `now`, a moment of the site, or a snapshot file.
pub(super) async fn named(text: &str, session: &impl Fn() -> anyhow::Result<Session>) -> anyhow::Result<PolicyFile> {
    match text {
        file if is_file(file) => of_file(Path::new(file)),
        "now" => of_site(&session()?, None).await,
        moment => of_site(&session()?, Some(moment.to_owned())).await,
    }
}
