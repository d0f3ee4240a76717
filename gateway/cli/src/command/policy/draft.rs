//! A draft: changes of rules in a file, that nobody has published.
//!
//! ```toml
//! [[add]]
//! collection = "imaging"
//! path = "/pilot"
//! principal = "group:readers"
//! permissions = ["read"]
//! expires_at = "2027-01-31T00:00:00Z"
//!
//! [[remove]]
//! rule = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60"
//! ```

use std::path::Path;

use anyhow::{Context, bail};
use sealane_model::{Permission, Principal, RemotePath, RuleId, Timestamp};
use sealane_policy::GrantRow;
use sealane_service::view::PolicyFile;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Draft {
    add: Vec<Added>,
    remove: Vec<Removed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    collection: String,
    #[serde(default)]
    path: RemotePath,
    principal: String,
    permissions: Vec<Permission>,
    #[serde(default)]
    deny: bool,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    #[serde(default)]
    purpose: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Removed {
    rule: RuleId,
}

/// The rules as they would be with the changes of a draft.
pub(super) fn applied(path: &Path, to: &PolicyFile) -> anyhow::Result<PolicyFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let draft: Draft = toml::from_str(&text).with_context(|| format!("{} is no draft of rules", path.display()))?;
    let mut file = to.clone();
    for Removed { rule } in &draft.remove {
        let before = file.rules.len();
        file.rules.retain(|row| row.id != *rule);
        if file.rules.len() == before {
            bail!("{}: there is no rule {rule} to remove\n  next: sealane policy as-of now", path.display());
        }
    }
    for (added, number) in draft.add.iter().zip(1_u64..) {
        let whole = || format!("{}: rule {number} to add", path.display());
        let row = row(added, number, &file).with_context(whole)?;
        row.lint().with_context(whole)?;
        file.rules.push(row);
    }
    Ok(file)
}

fn row(added: &Added, number: u64, file: &PolicyFile) -> anyhow::Result<GrantRow> {
    let Some(collection) = file.collection(&added.collection) else {
        bail!("there is no collection '{}'", added.collection);
    };
    Ok(GrantRow {
        // An id that no rule of a site has: those hold a time.
        id: format!("00000000-0000-0000-0000-{number:012x}").parse()?,
        collection: collection.id,
        path: added.path.clone(),
        principal: added.principal.parse::<Principal>()?,
        permissions: added.permissions.clone(),
        deny: added.deny,
        expires_s: added.expires_at.map(Timestamp::as_seconds),
        purpose: added.purpose.clone(),
    })
}
