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

#[cfg(test)]
mod tests {
    use sealane_model::Class;
    use sealane_service::view::PolicyCollection;

    use super::*;

    const ID: &str = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";

    fn now() -> PolicyFile {
        let row = GrantRow {
            id: ID.parse().unwrap(),
            collection: ID.parse().unwrap(),
            path: RemotePath::root(),
            principal: Principal::EveryoneSignedIn,
            permissions: vec![Permission::List],
            deny: false,
            expires_s: None,
            purpose: None,
        };
        let name = "imaging".parse().unwrap();
        PolicyFile {
            format: PolicyFile::FORMAT.to_owned(),
            site: "hospital-a".to_owned(),
            at: Timestamp::from_seconds(0),
            epoch: 1,
            hash: String::new(),
            collections: vec![PolicyCollection { id: ID.parse().unwrap(), name, class: Class::Internal }],
            rules: vec![row],
        }
    }

    fn tried(text: &str) -> anyhow::Result<PolicyFile> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("draft.toml");
        std::fs::write(&path, text)?;
        applied(&path, &now())
    }

    const ADD: &str = "[[add]]\ncollection = \"imaging\"\nprincipal = \"group:readers\"\n";

    #[test]
    fn rules_are_added_and_removed_and_nothing_else_changes() {
        let with = tried(&format!("{ADD}permissions = [\"read\"]\npath = \"/a\"\n")).unwrap();
        assert_eq!((with.rules.len(), &with.rules[0]), (2, &now().rules[0]));
        assert_eq!(with.rules[1].path.to_text(), "/a");
        assert_eq!(tried(&format!("[[remove]]\nrule = \"{ID}\"\n")).unwrap().rules, []);
        assert_eq!(tried("").unwrap(), now());
    }

    #[test]
    fn what_could_not_be_published_is_refused_with_its_number() {
        let wrong = [
            (format!("{ADD}permissions = []\n"), "rule 1 to add"),
            (ADD.replace("imaging", "nowhere") + "permissions = [\"read\"]\n", "no collection 'nowhere'"),
            (ADD.replace("group:readers", "readers") + "permissions = [\"read\"]\n", "not a principal"),
            ("[[remove]]\nrule = \"019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f61\"\n".to_owned(), "no rule 019d2f6e"),
            (format!("{ADD}permissions = [\"read\"]\nwhen = \"now\"\n"), "unknown field"),
        ];
        for (text, says) in wrong {
            let error = format!("{:#}", tried(&text).unwrap_err());
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
