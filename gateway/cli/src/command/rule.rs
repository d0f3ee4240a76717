//! `sealane rule list|add|revoke`: access rules of a collection.

use clap::{Args, Subcommand};
use reqwest::Method;
use sealane_model::{Permission, Principal, RuleId, Timestamp};
use sealane_service::view::{NewRule, RuleView};

use super::Session;
use crate::client::reference::PlaceReference;
use crate::output::{print, table};
use crate::principal;

#[derive(Debug, Subcommand)]
pub(super) enum RuleCommand {
    /// Rules of a collection that you manage.
    List {
        /// `name` or an id.
        collection: String,
    },
    /// Let somebody in.
    Add(AddArguments),
    /// End a rule.
    Revoke {
        /// The rule's id, as `rule list` shows it.
        rule: RuleId,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// Beneath which path: COLLECTION:PATH.
    place: PlaceReference,
    /// email:ADDRESS, person:ISSUER#SUBJECT, group:NAME, signed-in or anonymous.
    principal: String,
    /// Any of list, read, write, delete, share; separated by commas.
    #[arg(required = true, value_delimiter = ',', value_parser = permission)]
    permissions: Vec<Permission>,
    /// Forbid instead of allow; wins over every rule that allows.
    #[arg(long)]
    deny: bool,
    /// Until when (RFC 3339).
    #[arg(long)]
    expires: Option<Timestamp>,
    /// The purpose that a request must declare.
    #[arg(long)]
    purpose: Option<String>,
}

fn permission(text: &str) -> Result<Permission, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| format!("'{text}' is not one of list, read, write, delete, share"))
}

pub(super) async fn run(command: RuleCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        RuleCommand::List { collection } => list(session, &collection).await,
        RuleCommand::Add(arguments) => add(session, arguments).await,
        RuleCommand::Revoke { rule } => {
            let url = session.client.at(&["rules", &rule.to_string()]);
            session.client.send(session.client.request(Method::DELETE, url)).await?;
            print(session.format, &serde_json::json!({ "revoked": rule }), |_| "The rule has ended.".to_owned())
        }
    }
}

async fn list(session: &Session, collection: &str) -> anyhow::Result<()> {
    let rules: Vec<RuleView> = session.client.get_all(session.client.at(&["collections", collection, "rules"])).await?;
    print(session.format, &rules, |rules| {
        let rows: Vec<[String; 5]> = rules
            .iter()
            .map(|rule| {
                [
                    rule.id.to_string(),
                    Principal::from(rule.principal.clone()).to_text(),
                    format!("{}{}", if rule.deny { "not " } else { "" }, words(&rule.permissions)),
                    rule.expires_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
                    rule.path.to_text(),
                ]
            })
            .collect();
        table(["rule", "who", "may", "until", "path"], &rows)
    })
}

async fn add(session: &Session, arguments: AddArguments) -> anyhow::Result<()> {
    let rule = NewRule {
        path: Some(arguments.place.path.clone()),
        principal: principal::parse(&arguments.principal)?.into(),
        permissions: arguments.permissions,
        deny: arguments.deny,
        expires_at: arguments.expires,
        purpose: arguments.purpose,
    };
    let url = session.client.at(&["collections", &arguments.place.segment(), "rules"]);
    let made: RuleView = session.client.post(url, &rule).await?;
    print(session.format, &made, |made| format!("Rule {} holds now.", made.id))
}

fn words(permissions: &[Permission]) -> String {
    let words: Vec<String> = permissions
        .iter()
        .filter_map(|permission| serde_json::to_value(permission).ok())
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect();
    words.join(" ")
}
