//! What is asked of the log, as people ask it, and as the index understands it.

use std::collections::BTreeMap;
use std::time::Duration;

use sealane_audit::{Kind, OpId, Outcome, Phase, Private, Scope};
use sealane_crypto::digest::Digest;
use sealane_database::audit_index::{PathWanted, Wanted};
use sealane_database::{collection, peer, person};
use sealane_model::{Class, CollectionId, PersonId, Problem, RemotePath, ShortName, SiteId};
use serde::{Deserialize, Serialize};

use super::indexer::word;
use super::moment::{Edge, parse as moment};
use crate::app::App;
use crate::problem;

macro_rules! question {
    ($(#[doc = $about:literal] $field:ident,)+) => {
        /// Which entries are wanted: all that is given must match.
        #[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct AuditQuestion {
            $(#[doc = $about] #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<String>,)+
            /// Entries at most; without it, all.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub limit: Option<u64>,
            /// The latest first.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub newest_first: Option<bool>,
        }

        impl AuditQuestion {
            /// The same, without what names somebody: for rules that are kept and shown.
            #[must_use]
            pub fn without_names(&self) -> Self {
                let kept = |name: &str, text: &Option<String>| {
                    text.as_ref().map(|text| if PERSONAL.contains(&name) { PRIVATE.to_owned() } else { text.clone() })
                };
                Self {
                    $($field: kept(stringify!($field), &self.$field),)+
                    limit: self.limit,
                    newest_first: self.newest_first,
                }
            }

            /// The names of its texts and what each means.
            pub const TEXTS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), $about)),+];

            /// What is given, by name.
            pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$((stringify!($field), self.$field.as_deref())),+].into_iter().filter_map(|(name, text)| Some((name, text?)))
            }
        }
    };
}

question! {
    /// From this time on: a day, an instant, or how long ago.
    from,
    /// Until this time; a day counts to its end.
    to,
    /// Kinds of events: `content.read`, several with commas, all of an area with `content.*`.
    kind,
    /// `intent`, `outcome` or `info`; several with commas.
    phase,
    /// How it ended: `done`, `denied`, `step-up`, `failed`, `interrupted`; several with commas.
    outcome,
    /// The stable word for how it ended.
    code,
    /// A collection, by name or id.
    collection,
    /// A path in it; with `/` at its end, the directory and all beneath it.
    path,
    /// Class of the data; several with commas.
    class,
    /// Who: the e-mail address of somebody known here, or ISSUER#SUBJECT.
    person,
    /// People of this identity provider.
    issuer,
    /// People for whom this peer spoke.
    via_site,
    /// The digest of a session.
    session,
    /// A network address.
    client,
    /// A declared purpose.
    purpose,
    /// A task's id.
    task,
    /// An operation's id.
    op,
    /// A decision's id, as refusals show it.
    decision,
    /// The rule that matched.
    rule,
    /// The hash of a policy snapshot.
    snapshot,
    /// A peer, by name or id.
    peer,
    /// A cipher suite.
    transport,
    /// The digest of a file or of a transfer's manifest.
    digest,
    /// One node's log, by its name in its checkpoints.
    log,
}

/// What names people or files, and so is recorded as a private value.
const PERSONAL: [&str; 4] = ["path", "person", "client", "purpose"];
/// What is looked for as it was written, whatever that is: only what has the form of an id or a digest surely names nobody.
const FREE: [&str; 8] = ["code", "issuer", "log", "rule", "session", "snapshot", "task", "transport"];

/// Whether a text of a question may name somebody.
fn is_private(name: &str, text: &str) -> bool {
    let is_id = || text.parse::<OpId>().is_ok() || text.parse::<Digest>().is_ok();
    PERSONAL.contains(&name) || (FREE.contains(&name) && !is_id())
}

/// What stands in its place.
const PRIVATE: &str = "(private)";

impl std::fmt::Debug for AuditQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.given().map(|(name, _)| name)).finish()
    }
}

/// A question, understood.
pub(crate) struct Understood {
    pub(crate) wanted: Wanted,
    pub(crate) limit: u64,
    /// What was asked that names somebody.
    pub(crate) named: BTreeMap<String, Private>,
}

impl AuditQuestion {
    /// What was asked, in one line free of personal data: for questions that were understood, so that names of collections
    /// and peers are those of collections and peers, and kinds are kinds.
    #[must_use]
    pub fn in_words(&self) -> String {
        let part = |(name, text): (&str, &str)| {
            if is_private(name, text) { format!("{name}={PRIVATE}") } else { format!("{name}={text}") }
        };
        let parts: Vec<String> = self.given().map(part).collect();
        if parts.is_empty() { "everything".to_owned() } else { parts.join(" ") }
    }

    /// What is recorded of it. What was not understood may be anything, a name too: only which fields were filled is kept.
    pub(crate) fn recorded(&self, is_understood: bool) -> String {
        if is_understood {
            return self.in_words();
        }
        let fields: Vec<&str> = self.given().map(|(name, _)| name).collect();
        format!("not understood: {}", fields.join(" "))
    }

    pub(crate) async fn understand(&self, app: &App) -> Result<Understood, Problem> {
        let now = app.now();
        let end = now.after(Duration::from_micros(1));
        let time = |text: &Option<String>, edge| text.as_deref().map(|text| moment(text, edge, now)).transpose();
        let collection = match &self.collection {
            Some(text) => Some(find_collection(app, text).await?),
            None => None,
        };
        let people = match &self.person {
            Some(text) => Some(find_people(app, text).await?),
            None => None,
        };
        let key = &app.parts().index_key;
        let named = self.named(people.as_deref(), collection.as_deref());
        let wanted = Wanted {
            from: time(&self.from, Edge::From)?,
            // What happens from now on is no part of the answer, else it might never end.
            until: Some(time(&self.to, Edge::To)?.unwrap_or(end).min(end)),
            newest_first: self.newest_first.unwrap_or(false),
            origin: self.log.clone(),
            kinds: self.kind.as_deref().map(kinds).transpose()?.unwrap_or_default(),
            phases: words(self.phase.as_deref(), "phase", &[Phase::Intent, Phase::Outcome, Phase::Info])?,
            outcomes: words(
                self.outcome.as_deref(),
                "outcome",
                &[Outcome::Done, Outcome::Denied, Outcome::StepUp, Outcome::Failed, Outcome::Interrupted],
            )?,
            classes: words(self.class.as_deref(), "class", &Class::ALL)?,
            code: self.code.clone(),
            issuer: self.issuer.clone(),
            people: people.as_ref().map(|people| people.iter().map(|person| key.person(person)).collect()),
            via_site: find_peer(app, self.via_site.as_deref()).await?,
            session: self.session.clone(),
            client: self.client.as_deref().map(|address| key.client(address)),
            purpose: self.purpose.as_deref().map(|purpose| key.purpose(purpose)),
            path: self.path.as_deref().map(|path| place(app, collection.as_deref(), path)).transpose()?,
            collection,
            task: self.task.clone(),
            op: id(self.op.as_deref(), "op")?,
            decision: id(self.decision.as_deref(), "decision")?,
            digest: self.digest.as_deref().map(digest).transpose()?,
            rule: self.rule.clone(),
            snapshot: self.snapshot.clone(),
            peer: find_peer(app, self.peer.as_deref()).await?,
            transport: self.transport.clone(),
        };
        let limit = self.limit.unwrap_or(u64::MAX);
        Ok(Understood { wanted, limit, named })
    }

    /// What was asked that names somebody: it belongs to them, and is erased with them.
    fn named(&self, people: Option<&[PersonId]>, collection: Option<&str>) -> BTreeMap<String, Private> {
        let asked = |(name, text): (&str, &str)| {
            let value = Private::new(text);
            let person = people.and_then(<[PersonId]>::first).filter(|_| name == "person");
            let value = match (person, collection.filter(|_| name == "path")) {
                (Some(person), _) => value.of(Scope::person(&person.issuer, &person.subject)),
                (None, Some(collection)) => value.of(Scope::collection(collection)),
                (None, None) => value,
            };
            (format!("asked-{name}"), value)
        };
        self.given().filter(|(name, text)| is_private(name, text)).map(asked).collect()
    }
}

fn kinds(text: &str) -> Result<Vec<String>, Problem> {
    let mut names = Vec::new();
    for one in text.split(',').map(str::trim) {
        let matches = |kind: &&Kind| match one.strip_suffix('*') {
            Some(area) if area.ends_with('.') => kind.name().starts_with(area),
            _ => kind.name() == one,
        };
        let before = names.len();
        names.extend(Kind::ALL.iter().filter(matches).map(|kind| kind.name().to_owned()));
        if names.len() == before {
            let detail = format!("No kind of event is called '{one}'.");
            return Err(problem::bad_request("event-kind", detail)
                .next("docs/reference/events.md lists the kinds; 'content.*' stands for all of an area."));
        }
    }
    Ok(names)
}

fn words<T: Serialize>(text: Option<&str>, what: &str, known: &[T]) -> Result<Vec<String>, Problem> {
    let known: Vec<String> = known.iter().filter_map(word).collect();
    let asked: Vec<String> =
        text.into_iter().flat_map(|text| text.split(',')).map(|one| one.trim().to_owned()).collect();
    match asked.iter().find(|one| !known.contains(one)) {
        Some(one) => {
            let detail = format!("'{one}' is no {what}: use {}.", known.join(", "));
            Err(problem::bad_request("word-unknown", detail))
        }
        None => Ok(asked),
    }
}

fn id(text: Option<&str>, what: &str) -> Result<Option<[u8; 16]>, Problem> {
    let parse = |text: &str| {
        let id: OpId =
            text.parse().map_err(|error| problem::bad_request("id", format!("'{what}' is no id: {error}.")))?;
        Ok(id.uuid().into_bytes())
    };
    text.map(parse).transpose()
}

fn digest(text: &str) -> Result<[u8; 32], Problem> {
    let digest: Digest =
        text.parse().map_err(|_| problem::bad_request("digest", "A digest is 64 hexadecimal digits."))?;
    Ok(*digest.as_bytes())
}

fn place(app: &App, collection: Option<&str>, text: &str) -> Result<PathWanted, Problem> {
    let Some(collection) = collection else {
        return Err(problem::bad_request("path-adrift", "A path is one of a collection: name the collection too."));
    };
    let beneath = text.ends_with('/');
    let plain = if text.len() > 1 { text.trim_end_matches('/') } else { text };
    let path = RemotePath::parse_text(plain).map_err(|error| problem::bad_request("path", error.to_string()))?;
    let token = app.parts().index_key.path(collection, &path);
    Ok(if beneath { PathWanted::Beneath(token) } else { PathWanted::At(token) })
}

/// A collection that is there, or any id: entries of one that was removed are still to be found.
async fn find_collection(app: &App, text: &str) -> Result<String, Problem> {
    if let Ok(id) = text.parse::<CollectionId>() {
        return Ok(id.to_string());
    }
    let name: ShortName =
        text.parse().map_err(|_| problem::bad_request("collection-reference", "A collection has a name or an id."))?;
    let mut db = app.db().await?;
    let found = collection::find_by_name(&mut db, &name).await.map_err(problem::database)?;
    found.map(|found| found.id.to_string()).ok_or_else(|| {
        problem::not_found("collection-unknown", "collection")
            .next("Check the name; a collection that was removed is found by its id.")
    })
}

async fn find_peer(app: &App, text: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(id) = text.parse::<SiteId>() {
        return Ok(Some(id.to_string()));
    }
    let unknown = || {
        problem::not_found("peer-unknown", "peer")
            .next("`sealane peer list` has the names; a peer that was removed is found by its id.")
    };
    let name: ShortName = text.parse().map_err(|_| unknown())?;
    let mut db = app.db().await?;
    let found = peer::find_by_name(&mut db, &name).await.map_err(problem::database)?;
    Ok(Some(found.ok_or_else(unknown)?.descriptor.site.to_string()))
}

/// A person by issuer and subject, or everybody for whom some issuer has verified that address.
async fn find_people(app: &App, text: &str) -> Result<Vec<PersonId>, Problem> {
    let text = text.strip_prefix("person:").unwrap_or(text);
    if let Some((issuer, subject)) = text.rsplit_once('#') {
        return Ok(vec![PersonId::new(issuer, subject)]);
    }
    let mut db = app.db().await?;
    let found = person::find_by_email(&mut db, text.strip_prefix("email:").unwrap_or(text)).await;
    let people: Vec<PersonId> = found.map_err(problem::database)?.into_iter().map(|person| person.id).collect();
    if people.is_empty() {
        return Err(problem::not_found("person-unknown", "person")
            .next("Give the e-mail address of somebody who has signed in here, or ISSUER#SUBJECT."));
    }
    Ok(people)
}
