//! `sealane policy diff`: who gains and who loses what.

use std::path::Path;

use clap::Args;
use sealane_policy::difference::{ClassChange, Power, class_changes};
use sealane_policy::{Difference, Engine, Snapshot};
use sealane_service::view::PolicyFile;
use serde::Serialize;

use super::draft;
use super::side::named;
use crate::command::Session;
use crate::output::{Format, print};

#[derive(Debug, Args)]
pub(in crate::command) struct DiffArguments {
    /// Before: `now`, a moment (a day, an instant, 7d), or a snapshot file (.json).
    old: String,
    /// Afterwards: the same, or a draft of changes to OLD (.toml).
    new: String,
}

#[derive(Serialize)]
struct Told {
    old: String,
    new: String,
    classes: Vec<ClassChange>,
    differences: Vec<Difference>,
    #[serde(skip)]
    names: PolicyFile,
}

pub(super) async fn run(
    asked: DiffArguments,
    format: Format,
    session: impl Fn() -> anyhow::Result<Session>,
) -> anyhow::Result<()> {
    let old = named(&asked.old, &session).await?;
    let draft = Path::new(&asked.new).extension().is_some_and(|extension| extension == "toml");
    let new = if draft { draft::applied(Path::new(&asked.new), &old)? } else { named(&asked.new, &session).await? };
    let engine = Engine::new(Snapshot::build(Vec::new())?)?;
    let (before, after) = (old.side(), new.side());
    let told = Told {
        old: Snapshot::of(&before.rows)?.hash().to_string(),
        new: Snapshot::of(&after.rows)?.hash().to_string(),
        classes: class_changes(&before, &after),
        differences: engine.difference(&before, &after)?,
        names: PolicyFile { collections: [new.collections, old.collections].concat(), ..old },
    };
    print(format, &told, text)
}

fn text(told: &Told) -> String {
    let name = |id| {
        let known = told.names.collections.iter().find(|known| known.id == id);
        known.map_or_else(|| format!("{id}"), |known| known.name.to_string())
    };
    let mut text = String::new();
    for change in &told.classes {
        let word = |class: Option<sealane_model::Class>| class.map_or("none", |class| class.as_str());
        text.push_str(&format!("{}: class {} -> {}\n", name(change.collection), word(change.old), word(change.new)));
    }
    let mut who: Vec<&Difference> = told.differences.iter().collect();
    who.sort_by(|a, b| (&a.who, a.collection, &a.path).cmp(&(&b.who, b.collection, &b.path)));
    let mut last = "";
    for difference in who {
        if difference.who != last {
            text.push_str(&format!("{}\n", difference.who));
            last = &difference.who;
        }
        let place = format!("{}:{}", name(difference.collection), difference.path.to_text());
        for (word, powers) in [("gains", &difference.gains), ("loses", &difference.loses)] {
            if !powers.is_empty() {
                text.push_str(&format!("  {word}  {place}  {}\n", listed(powers)));
            }
        }
        if difference.gains.is_empty() && difference.loses.is_empty() {
            text.push_str(&format!("  as before from {place} on\n"));
        }
    }
    if told.differences.is_empty() {
        text.push_str("Nobody gains or loses anything.\n");
    }
    text.push_str(&format!("\nold {}\nnew {}\n", told.old, told.new));
    text
}

fn listed(powers: &[Power]) -> String {
    let one = |power: &Power| match &power.purpose {
        Some(purpose) => format!("{} (for the purpose '{purpose}')", power.permission),
        None => power.permission.to_string(),
    };
    powers.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use sealane_model::{Class, Permission, Timestamp};
    use sealane_service::view::PolicyCollection;

    use super::*;

    const ID: &str = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";

    #[test]
    fn whom_a_change_concerns_is_told_by_principal_and_place() {
        let power = |permission, purpose: Option<&str>| Power { permission, purpose: purpose.map(str::to_owned) };
        let difference = |who: &str, path: &str, gains, loses| Difference {
            collection: ID.parse().unwrap(),
            who: who.to_owned(),
            path: path.parse().unwrap(),
            gains,
            loses,
        };
        let told = Told {
            old: "a".repeat(64),
            new: "b".repeat(64),
            classes: vec![ClassChange {
                collection: ID.parse().unwrap(),
                old: Some(Class::Internal),
                new: Some(Class::Phi),
            }],
            differences: vec![
                difference("group:b", "/", vec![], vec![power(Permission::Write, None)]),
                difference("group:a", "/x/y", vec![], vec![]),
                difference("group:a", "/x", vec![power(Permission::Read, Some("audit"))], vec![]),
            ],
            names: PolicyFile {
                format: String::new(),
                site: String::new(),
                at: Timestamp::from_seconds(0),
                epoch: 0,
                hash: String::new(),
                collections: vec![PolicyCollection {
                    id: ID.parse().unwrap(),
                    name: "imaging".parse().unwrap(),
                    class: Class::Phi,
                }],
                rules: Vec::new(),
            },
        };
        let text = text(&told);
        let expected = "imaging: class internal -> phi\n\
                        group:a\n  gains  imaging:/x  read (for the purpose 'audit')\n  as before from imaging:/x/y on\n\
                        group:b\n  loses  imaging:/  write\n\nold a";
        assert!(text.starts_with(expected), "{text}");
    }
}
