//! Whom an entry is about, as keyed tokens: whoever acted, and whoever is named in it. None of them signs off its alert.

use sealane_audit::EntryView;
use sealane_database::audit_index::Token;
use sealane_database::person;
use sealane_model::{PersonId, Principal, Problem};

use crate::app::App;
use crate::audit::IndexKey;
use crate::caller::Caller;
use crate::problem;

/// Everybody whom an entry is about.
pub(super) fn of_entry(key: &IndexKey, view: &EntryView) -> Vec<Token> {
    let revealed = |field: &str| view.revealed.get(field).map(|value| value.expose());
    let actor = view.entry.actor.as_ref().zip(revealed("actor.subject"));
    let mut people: Vec<Token> = Vec::new();
    people.extend(actor.map(|(actor, subject)| key.person(&PersonId::new(actor.issuer.as_str(), subject))));
    // Whom an erasure or a hold is about.
    let issuer = view.entry.detail.get("issuer").and_then(|issuer| issuer.as_str());
    people.extend(
        issuer.zip(revealed("private.subject")).map(|(issuer, subject)| key.person(&PersonId::new(issuer, subject))),
    );
    // Who gets or loses a role or a right.
    for field in ["private.principal.new", "private.principal.old"] {
        let named = revealed(field).and_then(|text| serde_json::from_str::<Principal>(text).ok());
        people.extend(match named {
            Some(Principal::Person(person)) => Some(key.person(&person)),
            Some(Principal::Email(address)) => Some(key.email(&address)),
            _ => None,
        });
    }
    people.sort_unstable();
    people.dedup();
    people
}

/// Every token under which somebody may stand: another account with the same address is the same person.
pub(super) async fn of_caller(app: &App, caller: &Caller) -> Result<Vec<Token>, Problem> {
    let key = &app.parts().index_key;
    let mut tokens = vec![key.person(&caller.person.id)];
    if let Some(address) = &caller.person.email {
        tokens.push(key.email(address));
        let mut db = app.db().await?;
        let same = person::find_by_email(&mut db, address).await.map_err(problem::database)?;
        tokens.extend(same.iter().map(|person| key.person(&person.id)));
    }
    Ok(tokens)
}
