//! The rules in force, or those of a past moment; and all of them as a file.

use std::sync::Arc;

use sealane_database::policy_history::{self, KnownSnapshot, PastRules};
use sealane_database::{access_rule, collection};
use sealane_model::problem::ProblemKind;
use sealane_model::{Class, Collection, CollectionId, Permit, Person, Problem, Timestamp, permit};
use sealane_policy::{Role, Snapshot};
use sealane_transfer::guard::Details;
use serde::{Deserialize, Serialize};

use super::{Asked, Right};
use crate::act::conclude;
use crate::app::App;
use crate::audit::moment::{Edge, parse as moment};
use crate::caller::{Actor, Caller};
use crate::problem;
use crate::roles::PastRoles;
use crate::view::policy::{PolicyCollection, PolicyFile};

/// Which snapshot is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotQuestion {
    /// Of which moment: a day (its end), an instant, or how long ago. Now, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Rules to answer under.
pub(super) struct Rules {
    pub(super) snapshot: Arc<Snapshot>,
    /// The time of asking.
    pub(super) at: Timestamp,
    /// Whether they are those of a past moment.
    pub(super) past: bool,
    /// The roles of then, where they are known.
    pub(super) roles: Option<PastRoles>,
    pub(super) notes: Vec<String>,
}

/// All access rules of one moment, as a file to compare and to test with.
pub async fn snapshot(app: &App, caller: &Caller, question: &SnapshotQuestion) -> Result<PolicyFile, Problem> {
    let actor = Actor::from(caller);
    let asked = Asked { name: "snapshot", who: None, collection: None, path: None, at: question.at.as_deref() };
    let grant = app.permit::<permit::AskPolicy>(asked.by(&actor, Right::Any)).await?;
    let file = file(app, &grant.permit, question).await;
    conclude(grant, file, Details::none()).await
}

async fn file(
    app: &App,
    _permit: &Permit<permit::AskPolicy>,
    question: &SnapshotQuestion,
) -> Result<PolicyFile, Problem> {
    let at = question.at.as_deref().map(|text| moment(text, Edge::To, app.now())).transpose()?;
    let (epoch, past) = past(app, at, None).await?;
    if let Some(rule) = past.erased.first() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "rules-erased",
            "The rules of that moment are not whole any more",
            format!("What {} of them said has been erased, that of the rule {rule} among them.", past.erased.len()),
        )
        .next("Choose a later moment; `who-can --at` and `explain --at` answer from the rules that are left."));
    }
    let at = at.unwrap_or_else(|| app.now());
    let collections = collections(app, at).await?;
    let mut rules = past.rules;
    rules.sort_by(|a, b| (a.collection, &a.path, a.id).cmp(&(b.collection, &b.path, b.id)));
    let hash = build(rules.clone()).await?.hash().to_string();
    Ok(PolicyFile {
        format: PolicyFile::FORMAT.to_owned(),
        site: app.identity().name.to_string(),
        at,
        epoch,
        hash,
        collections,
        rules,
    })
}

impl Rules {
    /// Those of one collection, or of all; the ones in force where no moment is named.
    pub(super) async fn at(app: &App, text: Option<&str>, collection: Option<CollectionId>) -> Result<Self, Problem> {
        let Some(text) = text else {
            let snapshot = app.guard().engine().snapshot();
            return Ok(Self { snapshot, at: app.now(), past: false, roles: None, notes: Vec::new() });
        };
        let at = moment(text, Edge::To, app.now())?;
        let (epoch, past) = past(app, Some(at), collection).await?;
        let mut notes = vec![format!("under the rules of {at} (state {epoch})")];
        if collection.is_some() {
            notes.push("their hash is that of this collection's rules alone".to_owned());
        }
        if !past.erased.is_empty() {
            let ids: Vec<String> = past.erased.iter().map(ToString::to_string).collect();
            notes.push(format!(
                "rules that were in force then, and of which nothing is known any more: {}",
                ids.join(", ")
            ));
        }
        let roles = PastRoles::at(app, at).await?;
        if roles.is_none() {
            notes.push("with the roles of today: who had which role then is not kept".to_owned());
        }
        Ok(Self { snapshot: Arc::new(build(past.rules).await?), at, past: true, roles, notes })
    }

    /// Adds what is not said yet.
    pub(super) fn note(&mut self, notes: Vec<String>) {
        let new: Vec<String> = notes.into_iter().filter(|note| !self.notes.contains(note)).collect();
        self.notes.extend(new);
    }

    /// A person's roles at the time of asking.
    pub(super) fn roles_of(&self, app: &App, person: &Person) -> Vec<Role> {
        self.roles.as_ref().map_or_else(|| app.roles_of(person), |roles| roles.of(person))
    }

    /// The class of a collection's data at the time of asking.
    pub(super) async fn class(&self, app: &App, collection: &Collection) -> Result<Class, Problem> {
        if !self.past {
            return Ok(collection.class);
        }
        let mut db = app.db().await?;
        let class = policy_history::class_at(&mut db, collection.id, self.at).await.map_err(problem::database)?;
        Ok(class.unwrap_or(collection.class))
    }
}

/// The snapshot with this hash, built again; or why it cannot be.
pub(super) async fn rebuild(
    app: &App,
    hash: &sealane_crypto::digest::Digest,
) -> Result<Result<Snapshot, String>, Problem> {
    let mut db = app.db().await?;
    let known = policy_history::find_snapshot(&mut db, hash).await.map_err(problem::database)?;
    let Some(KnownSnapshot { epoch, loaded_s, tables, .. }) = known.first().copied() else {
        return Ok(Err(format!(
            "no node noted a snapshot of the rules with the hash {hash}: it was in force before their history was kept"
        )));
    };
    let past = policy_history::at(&mut db, epoch, loaded_s, None).await.map_err(problem::database)?;
    drop(db);
    if let Some(rule) = past.erased.first() {
        let count = past.erased.len();
        return Ok(Err(format!(
            "what {count} of the rules of then said has been erased from the history, that of the rule {rule} among them"
        )));
    }
    let snapshot = build(past.rules).await?;
    if snapshot.hash() == *hash {
        return Ok(Ok(snapshot));
    }
    Ok(Err(if tables == Snapshot::tables() {
        format!("the rules of state {epoch} in the database are not those of then: their hash is {}", snapshot.hash())
    } else {
        "the gateway's own tables (policy/rules, policy/models) were others then: a version of the program from then is \
         needed"
            .to_owned()
    }))
}

/// The rules of a moment; of now where none is named.
async fn past(app: &App, at: Option<Timestamp>, collection: Option<CollectionId>) -> Result<(i64, PastRules), Problem> {
    let mut db = app.db().await?;
    let epoch = match at {
        Some(at) => policy_history::epoch_at(&mut db, at).await.map_err(problem::database)?,
        None => Some(access_rule::epoch(&mut db).await.map_err(problem::database)?),
    };
    let Some(epoch) = epoch else {
        let begins = policy_history::begins(&mut db).await.map_err(problem::database)?;
        let begins = begins.map_or_else(|| "at the next start of the site".to_owned(), |at| at.to_string());
        return Err(problem::bad_request(
            "before-history",
            format!("The history of the access rules begins {begins}; what held before is not kept."),
        )
        .next("Choose a later moment."));
    };
    let not_ended_s = at.unwrap_or_else(|| app.now()).as_seconds();
    let past = policy_history::at(&mut db, epoch, not_ended_s, collection).await.map_err(problem::database)?;
    Ok((epoch, past))
}

async fn collections(app: &App, at: Timestamp) -> Result<Vec<PolicyCollection>, Problem> {
    let mut all = Vec::new();
    for known in every_collection(app).await? {
        let mut db = app.db().await?;
        if let Some(class) = policy_history::class_at(&mut db, known.id, at).await.map_err(problem::database)? {
            all.push(PolicyCollection { id: known.id, name: known.name, class });
        }
    }
    Ok(all)
}

pub(super) async fn every_collection(app: &App) -> Result<Vec<Collection>, Problem> {
    const CHUNK: usize = 500;
    let mut db = app.db().await?;
    let mut all: Vec<Collection> = Vec::new();
    loop {
        let after = all.last().map(|last| last.name.clone());
        let rows = collection::list(&mut db, after.as_ref(), CHUNK).await.map_err(problem::database)?;
        let last = rows.len() < CHUNK;
        all.extend(rows);
        if last {
            return Ok(all);
        }
    }
}

/// Building the index of many rules takes a while: off the asynchronous threads.
async fn build(rules: Vec<sealane_policy::GrantRow>) -> Result<Snapshot, Problem> {
    let built = tokio::task::spawn_blocking(move || Snapshot::build(rules)).await;
    built
        .map_err(|error| problem::internal("act-broken", &error))?
        .map_err(|error| problem::internal("rules-refused", &error))
}
