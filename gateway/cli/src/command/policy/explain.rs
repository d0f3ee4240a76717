//! `sealane policy explain`: one answer with its derivation, for officers and for whoever was refused.

use clap::Args;
use sealane_model::Timestamp;
use sealane_policy::explanation::{DeciderLayer, Explanation, GrantDoes, GrantStep, MandatoryLayer};
use sealane_service::policy_ask::ExplainQuestion;
use sealane_service::view::ExplainView;

use super::{notes, whom, with};
use crate::client::reference::PlaceReference;
use crate::command::Session;
use crate::output::print;

#[derive(Debug, Args)]
pub(in crate::command) struct ExplainArguments {
    /// What they want to do: an action of the permission matrix, such as read-content.
    action: String,
    /// Where: COLLECTION:PATH. Without it, at the site itself.
    place: Option<PlaceReference>,
    /// As whom: an e-mail address, person:ISSUER#SUBJECT, group:NAME, site:ID, signed-in or anonymous. You, where absent.
    #[arg(long = "as", value_name = "WHO", value_parser = whom)]
    who: Option<String>,
    /// As of which moment: a day (its end), an instant (RFC 3339), or how long ago (90m, 12h, 7d, 2w).
    #[arg(long)]
    at: Option<String>,
    /// When they signed in: now, unknown, or so many minutes ago.
    #[arg(long, value_name = "WHEN")]
    assurance: Option<String>,
    /// The purpose that they declare.
    #[arg(long)]
    purpose: Option<String>,
}

pub(super) async fn run(asked: ExplainArguments, session: &Session) -> anyhow::Result<()> {
    let question = ExplainQuestion {
        action: asked.action,
        collection: asked.place.as_ref().map(|place| place.collection.clone()),
        path: asked.place.map(|place| place.path),
        who: asked.who,
        at: asked.at,
        signed_in: asked.assurance,
        purpose: asked.purpose,
    };
    let url = with(session.client.at(&["policy", "explain"]), &question)?;
    let told: ExplainView = session.client.get(url).await?;
    print(session.format, &told, text)
}

fn text(told: &ExplainView) -> String {
    let place = match (&told.collection, &told.path) {
        (Some(collection), Some(path)) => format!("{collection}:{}", path.to_text()),
        _ => "this site".to_owned(),
    };
    let mut text = format!("{}: {} on {place}, {}\n", told.who, told.action, told.at);
    notes(&mut text, &told.notes);
    text.push('\n');
    text.push_str(&derivation(&told.explanation));
    text
}

/// The layers of an answer, for people.
pub(super) fn derivation(told: &Explanation) -> String {
    let answer = &told.answer;
    let mut text = format!("{}: {} ({})\n", answer.effect, answer.text, answer.code);
    for unmet in &answer.unmet {
        text.push_str(&format!("  have: {}; need: {}\n  next: {}\n", unmet.have, unmet.need, unmet.remedy));
    }
    if let Some(rule) = &answer.rule {
        text.push_str(&format!("  decided by: {rule}\n"));
    }
    if let Some(layer) = &told.mandatory {
        class(&mut text, layer);
    }
    grants(&mut text, &told.grants, told.grants_left_out);
    if let Some(layer) = &told.decider {
        rows(&mut text, layer);
    }
    text.push_str(&format!("\nRules: {}\n", told.snapshot));
    text
}

fn class(text: &mut String, layer: &MandatoryLayer) {
    let MandatoryLayer { table, line, class, actions, because, cells } = layer;
    text.push_str(&format!("\n1. Class {class}, {actions} ({table} line {line}): {because}\n"));
    for cell in cells {
        let met = if cell.unmet.is_some() { "NOT MET" } else { "met" };
        text.push_str(&format!("   {met:<8} {} = {}", cell.column, cell.value));
        if let Some(unmet) = &cell.unmet {
            text.push_str(&format!(": {}, and it takes {}", unmet.have, unmet.need));
        }
        text.push('\n');
    }
}

fn grants(text: &mut String, steps: &[GrantStep], left_out: usize) {
    if steps.is_empty() && left_out == 0 {
        text.push_str("\n2. No access rule stands at the place or above it, or none that you may see\n");
        return;
    }
    text.push_str("\n2. Access rules at the place and above it\n");
    for step in steps {
        let does = match step.does {
            GrantDoes::Gives => "gives",
            GrantDoes::Refuses => "REFUSES",
            GrantDoes::Nothing => "-",
        };
        let words: Vec<&str> = step.permissions.iter().map(|permission| permission.as_str()).collect();
        let not = if step.deny { "not " } else { "" };
        let until = step.expires_s.map(|end| format!(", until {}", Timestamp::from_seconds(end))).unwrap_or_default();
        let (path, who) = (step.path.to_text(), &step.who);
        text.push_str(&format!("   {does:<8} {path}  {who}  {not}{}{until}\n", words.join(" ")));
        text.push_str(&format!("            {}; rule {}\n", step.why, step.rule));
    }
    if left_out > 0 {
        text.push_str(&format!("   and {left_out} more rules for others\n"));
    }
}

fn rows(text: &mut String, layer: &DeciderLayer) {
    text.push_str(&format!("\n3. Rows ({}, {})\n", layer.table, layer.bucket));
    for row in &layer.rows {
        let applies = if row.applies { row.effect.as_str() } else { "-" };
        let because = if row.because.is_empty() { String::new() } else { format!(": {}", row.because) };
        text.push_str(&format!(
            "   {applies:<8} {} (line {}): {} where {}, which is {}{because}\n",
            row.id, row.line, row.effect, row.when, row.truth
        ));
    }
    let casbin = match layer.casbin {
        Some(true) => "permits",
        Some(false) => "does not permit",
        None => "did not answer, which counts as no",
    };
    text.push_str(&format!("   casbin {casbin}\n"));
}

#[cfg(test)]
mod tests {
    use sealane_model::{Class, Permission, Principal, RemotePath};
    use sealane_policy::{Action, Engine, GrantRow, Request, Resource, Showing, Snapshot, Subject};

    use super::*;

    const ID: &str = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";
    const NOW: i64 = 1_800_000_000;

    fn rule(last: u8, principal: &str, deny: bool) -> GrantRow {
        GrantRow {
            id: format!("019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f6{last}").parse().unwrap(),
            collection: ID.parse().unwrap(),
            path: RemotePath::parse_text("/pilot").unwrap(),
            principal: principal.parse().unwrap(),
            permissions: vec![Permission::Read],
            deny,
            expires_s: Some(NOW + 60),
            purpose: None,
        }
    }

    #[test]
    fn an_officer_reads_the_layers_in_their_order() {
        let rules = vec![rule(1, "group:readers", false), rule(2, "group:others", false), rule(3, "signed-in", true)];
        let engine = Engine::new(Snapshot::build(rules).unwrap()).unwrap();
        let mut subject = Subject::standing_for(&Principal::Group("readers".to_owned()), Class::Phi, NOW);
        subject.assurance.auth_time_s = Some(NOW - 7_200);
        let path = RemotePath::parse_text("/pilot/a").unwrap();
        let resource = Resource::collection(ID.parse().unwrap(), Class::Phi, path, None);
        let request = Request { subject, action: Action::ReadContent, resource, purpose: None, now_s: NOW };
        let text = derivation(&engine.explain(&request, Showing::AllRules(2)));
        let wanted = [
            "deny: an access rule forbids you to read this file (rule.refused)",
            "have: an access rule that refuses 'read'; need: no access rule that refuses it",
            "1. Class phi, read (rules/classes.csv line ",
            "NOT MET  max-sign-in-age-min = 60: a sign-in 120 min old, and it takes a sign-in at most 60 min old",
            "2. Access rules at the place and above it",
            "gives    /pilot  group:readers  list read, until 2027-01-15T08:01:00Z",
            "it gives what this needs; rule 019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f61",
            "REFUSES  /pilot  signed-in  not read, until 2027-01-15T08:01:00Z",
            "and 1 more rules for others",
            "3. Rows (rules/data.csv, data)",
            "deny     data.refused (line ",
            "casbin does not permit",
            "Rules: ",
        ];
        let mut rest = text.as_str();
        for line in wanted {
            let after = rest.split_once(line);
            assert!(after.is_some(), "'{line}' is not there, or not in its place:\n{text}");
            rest = after.unwrap().1;
        }
    }
}
