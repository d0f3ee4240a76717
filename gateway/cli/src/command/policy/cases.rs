//! Cases of a policy test: data in a file, TOML or CSV.
//!
//! ```toml
//! [[case]]
//! name = "people outside the group read nothing"
//! who = "signed-in"
//! action = "read-content"
//! place = "imaging:/pilot"
//! expect = "deny"
//! reason = "rule.missing"
//! ```
//!
//! In CSV each field is a column; groups and roles are separated by `|`.

use std::path::Path;

use anyhow::{Context, bail};
use sealane_model::{Class, Timestamp};
use sealane_policy::{Action, Effect, Principal, RemotePath, Request, Resource, Role, Subject};
use sealane_service::view::PolicyFile;
use serde::Deserialize;

use crate::client::reference::PlaceReference;

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    /// As whom: a principal.
    pub(super) who: String,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) roles: Vec<Role>,
    #[serde(default)]
    pub(super) email: Option<String>,
    /// `now`, `unknown`, or so many minutes ago; now where absent.
    #[serde(default)]
    pub(super) signed_in: Option<String>,
    pub(super) action: String,
    /// COLLECTION:PATH; the site itself where absent.
    #[serde(default)]
    pub(super) place: Option<String>,
    /// Another class than the collection has.
    #[serde(default)]
    pub(super) class: Option<Class>,
    #[serde(default)]
    pub(super) purpose: Option<String>,
    #[serde(default)]
    pub(super) at: Option<Timestamp>,
    pub(super) expect: Effect,
    /// The code of the reason, where it matters too.
    #[serde(default)]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// A row of a CSV file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    who: String,
    #[serde(default)]
    groups: String,
    #[serde(default)]
    roles: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    signed_in: Option<String>,
    action: String,
    #[serde(default)]
    place: Option<String>,
    #[serde(default)]
    class: Option<Class>,
    #[serde(default)]
    purpose: Option<String>,
    #[serde(default)]
    at: Option<Timestamp>,
    expect: Effect,
    #[serde(default)]
    reason: Option<String>,
}

/// The cases of a file; none is an error, because a test that tests nothing passes for nothing.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Case>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let wrong = || format!("{} holds no cases that can be read", path.display());
    let cases = if path.extension().is_some_and(|extension| extension == "csv") {
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
        let rows: Result<Vec<Row>, csv::Error> = reader.deserialize().collect();
        rows.with_context(wrong)?.into_iter().map(Case::try_from).collect::<anyhow::Result<_>>().with_context(wrong)?
    } else {
        toml::from_str::<Cases>(&text).with_context(wrong)?.case
    };
    if cases.is_empty() {
        bail!("{} holds no case", path.display());
    }
    Ok(cases)
}

impl TryFrom<Row> for Case {
    type Error = anyhow::Error;

    fn try_from(row: Row) -> anyhow::Result<Self> {
        let several = |text: &str| -> Vec<String> {
            text.split('|').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let roles = several(&row.roles).iter().map(|role| role.parse::<Role>()).collect::<Result<_, _>>();
        Ok(Self {
            groups: several(&row.groups),
            roles: roles.with_context(|| format!("case '{}'", row.name))?,
            name: row.name,
            who: row.who,
            email: row.email,
            signed_in: row.signed_in,
            action: row.action,
            place: row.place,
            class: row.class,
            purpose: row.purpose,
            at: row.at,
            expect: row.expect,
            reason: row.reason,
        })
    }
}

impl Case {
    /// The question of the case, under the rules of a snapshot.
    pub(super) fn request(&self, file: &PolicyFile) -> anyhow::Result<Request> {
        let now_s = self.at.unwrap_or(file.at).as_seconds();
        let action: Action = self.action.parse()?;
        let (resource, class) = match &self.place {
            Some(place) => {
                let place: PlaceReference = place.parse()?;
                let Some(known) = file.collection(&place.collection) else {
                    bail!("there is no collection '{}' in these rules", place.collection);
                };
                let class = self.class.unwrap_or(known.class);
                let path: RemotePath = place.path;
                (Resource::collection(known.id, class, path, None), class)
            }
            None => (Resource::site(), self.class.unwrap_or(Class::Internal)),
        };
        let principal: Principal = self.who.parse()?;
        let mut subject = Subject::standing_for(&principal, class, now_s);
        subject.groups.extend(self.groups.iter().cloned());
        subject.roles.extend(&self.roles);
        if let Some(email) = &self.email {
            subject.email = Some(email.clone());
        }
        if subject.person.is_some() {
            subject.assurance.auth_time_s = match self.signed_in.as_deref() {
                None | Some("now") => Some(now_s),
                Some("unknown") => None,
                Some(minutes) => {
                    let minutes: u32 =
                        minutes.parse().context("signed_in is 'now', 'unknown', or so many minutes ago")?;
                    Some(now_s - i64::from(minutes) * 60)
                }
            };
        }
        Ok(Request { subject, action, resource, purpose: self.purpose.clone(), now_s })
    }
}
