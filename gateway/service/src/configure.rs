//! What the configuration file says of storage, collections and rules comes into force at start.
//!
//! Things are known by their names, so starting twice changes nothing. What is no longer in the file stays, save rules:
//! those of the file are exactly those of the file. What changes is recorded with its old and its new value.

use sealane_audit::event::{Admin, Sharing};
use sealane_audit::{Kind, Phase};
use sealane_crypto::digest::Sha256;
use sealane_database::{access_rule, collection, policy_history, storage_gateway};
use sealane_model::id::fresh_uuid;
use sealane_model::problem::ProblemKind;
use sealane_model::{
    AccessRule, AssuranceMode, Class, Collection, CollectionId, Permission, Permit, Principal, Problem, RemotePath,
    RuleId, ShortName, StorageGateway, StorageGatewayId, StorageKind, Timestamp, permit,
};
use sealane_policy::{Action, GrantRow, Resource};
use sealane_transfer::guard::{Ask, Details, Grant};

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::Actor;
use crate::{alert_rules, change, policy_sync, problem, roles};

/// A storage gateway of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredStorage {
    /// Its name.
    pub name: String,
    /// Which storage.
    pub storage: StorageKind,
    /// Classes of data that it may hold.
    pub classes: Vec<Class>,
}

/// A collection of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredCollection {
    /// Its name.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// The name of its storage gateway.
    pub storage_gateway: String,
    /// The class of its data.
    pub class: Class,
    /// What end-to-end means for it.
    pub mode: AssuranceMode,
    /// Nobody can change it through Sealane.
    pub read_only: bool,
}

/// An access rule of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredRule {
    /// Its name in the file, unique for its collection.
    pub name: String,
    /// The collection.
    pub collection: ShortName,
    /// Beneath which path.
    pub path: RemotePath,
    /// For whom.
    pub principal: Principal,
    /// What they may or may not do.
    pub permissions: Vec<Permission>,
    /// Whether it forbids.
    pub deny: bool,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// The purpose that a request must declare.
    pub purpose: Option<String>,
}

/// All that the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configured {
    /// Storage gateways.
    pub storage_gateways: Vec<ConfiguredStorage>,
    /// Collections.
    pub collections: Vec<ConfiguredCollection>,
    /// Access rules.
    pub rules: Vec<ConfiguredRule>,
}

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Names of storage gateways that are new or different.
    pub storage_gateways: Vec<String>,
    /// Names of collections that are new or different.
    pub collections: Vec<String>,
    /// Whether rules changed.
    pub rules: bool,
    /// Whether somebody was given a role, or lost one.
    pub roles: bool,
}

/// Bring the configuration into force and publish the rules.
pub async fn apply(app: &App, configured: &Configured) -> Result<Applied, Problem> {
    // Whoever gets a role below is seen by them.
    alert_rules::install(app).await?;
    let mut applied = Applied { roles: roles::follow(app).await?, ..Applied::default() };
    for storage in &configured.storage_gateways {
        if apply_storage(app, storage).await? {
            applied.storage_gateways.push(storage.name.clone());
        }
    }
    for collection in &configured.collections {
        if apply_collection(app, collection).await? {
            applied.collections.push(collection.name.to_string());
        }
    }
    applied.rules = apply_rules(app, &configured.rules).await?;
    policy_sync::refresh(app).await?;
    Ok(applied)
}

async fn apply_storage(app: &App, wanted: &ConfiguredStorage) -> Result<bool, Problem> {
    let mut db = app.db().await?;
    let found = storage_gateway::find_by_name(&mut db, &wanted.name).await.map_err(problem::database)?;
    drop(db);
    let id = found.as_ref().map_or_else(|| StorageGatewayId::generate(app.clock(), app.random()), |gateway| gateway.id);
    let gateway = StorageGateway {
        id,
        name: wanted.name.clone(),
        storage: wanted.storage.clone(),
        classes: wanted.classes.clone(),
    };
    if found.as_ref() == Some(&gateway) {
        return Ok(false);
    }
    let kind = if found.is_some() { Admin::StorageChange } else { Admin::StorageCreate };
    let question = change::storage(operator_asks(kind), found.as_ref(), Some(&gateway));
    let write = |app: App| async move {
        let mut db = app.db().await?;
        storage_gateway::upsert(&mut db, &gateway).await.map_err(problem::database)
    };
    managed(app, question, write).await.map(|()| true)
}

async fn apply_collection(app: &App, wanted: &ConfiguredCollection) -> Result<bool, Problem> {
    let mut db = app.db().await?;
    let gateway = storage_gateway::find_by_name(&mut db, &wanted.storage_gateway).await.map_err(problem::database)?;
    let found = collection::find_by_name(&mut db, &wanted.name).await.map_err(problem::database)?;
    drop(db);
    let gateway = gateway.ok_or_else(|| {
        misconfigured(format!(
            "Collection '{}' is on storage gateway '{}', which is not configured.",
            wanted.name, wanted.storage_gateway
        ))
    })?;
    if !gateway.classes.contains(&wanted.class) {
        return Err(misconfigured(format!(
            "Collection '{}' is of class '{}', but its storage gateway '{}' may hold only: {}.",
            wanted.name,
            wanted.class,
            gateway.name,
            words(&gateway.classes)
        )));
    }
    let collection = Collection {
        id: found
            .as_ref()
            .map_or_else(|| CollectionId::from_uuid(fresh_uuid(app.clock(), app.random())), |known| known.id),
        name: wanted.name.clone(),
        title: wanted.title.clone(),
        description: wanted.description.clone(),
        storage_gateway: gateway.id,
        class: wanted.class,
        mode: wanted.mode,
        read_only: wanted.read_only,
        created_at: found.as_ref().map_or_else(|| app.now(), |known| known.created_at),
    };
    if found.as_ref() == Some(&collection) {
        return Ok(false);
    }
    let kind = if found.is_some() { Sharing::CollectionChange } else { Sharing::CollectionCreate };
    let mut question = change::collection(operator_asks(kind), found.as_ref(), Some(&collection));
    question.object.collection = Some(collection.id.to_string());
    question.object.class = Some(collection.class.as_str().to_owned());
    let write = |app: App| async move {
        let mut tx = app.database().begin().await.map_err(problem::database)?;
        collection::upsert(&mut tx, &collection).await.map_err(problem::database)?;
        let noted = policy_history::note_class(&mut tx, collection.id, collection.class, app.now()).await;
        noted.map_err(problem::database)?;
        tx.commit().await.map_err(problem::database)
    };
    managed(app, question, write).await.map(|()| true)
}

async fn apply_rules(app: &App, wanted: &[ConfiguredRule]) -> Result<bool, Problem> {
    let mut rules = Vec::with_capacity(wanted.len());
    let mut db = app.db().await?;
    for rule in wanted {
        let found = collection::find_by_name(&mut db, &rule.collection).await.map_err(problem::database)?;
        let collection = found.ok_or_else(|| {
            misconfigured(format!(
                "Rule '{}' is for collection '{}', which is not configured.",
                rule.name, rule.collection
            ))
        })?;
        rules.push(access_rule_of(rule, collection.id, app.now())?);
    }
    let present = access_rule::configured(&mut db).await.map_err(problem::database)?;
    drop(db);
    let differences = differences(&present, &rules);
    if differences.is_empty() {
        return Ok(false);
    }
    let question = operator_asks(Sharing::RuleChange).detail("configured-rules", rules.len());
    let grant = app.permit::<permit::ManageCollections>(question).await?;
    let result = match record_differences(app, &grant, differences).await {
        Ok(()) => carry_out(&grant.permit, write_rules(app, &rules)).await,
        Err(problem) => Err(problem),
    };
    conclude(grant, result, Details::none()).await
}

async fn write_rules(app: &App, rules: &[AccessRule]) -> Result<bool, Problem> {
    let mut db = app.db().await?;
    access_rule::configure(&mut db, rules, app.now()).await.map_err(problem::database)
}

/// A rule of the file before and after; one of the two may be missing.
type Difference<'a> = (Option<&'a AccessRule>, Option<&'a AccessRule>);

fn differences<'a>(present: &'a [AccessRule], wanted: &'a [AccessRule]) -> Vec<Difference<'a>> {
    let find = |rules: &'a [AccessRule], id| rules.iter().find(|rule| rule.grant.id == id);
    let kept = wanted.iter().map(|rule| (find(present, rule.grant.id), Some(rule)));
    let gone = present.iter().filter(|rule| find(wanted, rule.grant.id).is_none()).map(|rule| (Some(rule), None));
    kept.chain(gone).filter(|(old, new)| old.map(|rule| &rule.grant) != new.map(|rule| &rule.grant)).collect()
}

/// An entry for each rule, before any of them holds.
async fn record_differences(
    app: &App,
    grant: &Grant<permit::ManageCollections>,
    differences: Vec<Difference<'_>>,
) -> Result<(), Problem> {
    let actor = Actor::operator();
    let event = |(old, new): Difference<'_>| {
        let kind = match (old, new) {
            (Some(_), Some(_)) => Sharing::RuleChange,
            (Some(_), None) => Sharing::RuleRemove,
            (None, _) => Sharing::RuleCreate,
        };
        let event = app.guard().event(kind, Phase::Info, grant.op()).actor(actor.recorded());
        let id = new.or(old).map(|rule| rule.grant.id.to_string());
        change::rule(event, old, new).detail("rule", id).detail("configured", true)
    };
    let events = differences.into_iter().map(event).collect();
    app.guard().record_all(events).await.map_err(|error| problem::unrecorded(&error))
}

fn access_rule_of(rule: &ConfiguredRule, collection: CollectionId, now: Timestamp) -> Result<AccessRule, Problem> {
    let grant = GrantRow {
        id: stable_id(collection, &rule.name),
        collection,
        path: rule.path.clone(),
        principal: rule.principal.clone(),
        permissions: rule.permissions.clone(),
        deny: rule.deny,
        expires_s: rule.expires_at.map(Timestamp::as_seconds),
        purpose: rule.purpose.clone(),
    };
    grant.lint().map_err(|error| misconfigured(format!("Rule '{}': {error}.", rule.name)))?;
    Ok(AccessRule { grant, created_by: None, created_at: now })
}

/// The same rule has the same id at every start (RFC 9562 section 5.8: a UUID made from a hash of our own).
fn stable_id(collection: CollectionId, name: &str) -> RuleId {
    let mut hash = Sha256::new();
    hash.update(b"sealane configured rule v1\0");
    hash.update(collection.uuid().as_bytes());
    hash.update(name.as_bytes());
    let digest = hash.finish();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    RuleId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The operator, who starts the site, wants to configure something.
pub(crate) fn operator_asks(kind: impl Into<Kind>) -> Ask {
    ask(&Actor::operator(), Action::ManageCollections, Resource::site(), kind)
}

/// Decided, recorded, done.
pub(crate) async fn managed<T, F>(app: &App, question: Ask, write: impl FnOnce(App) -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    let grant = app.permit::<permit::ManageCollections>(question).await?;
    let result = carry_out(&grant.permit, write(app.clone())).await;
    conclude(grant, result, Details::none()).await
}

async fn carry_out<T>(
    _permit: &Permit<permit::ManageCollections>,
    write: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    write.await
}

fn misconfigured(detail: String) -> Problem {
    Problem::new(ProblemKind::BadRequest, "misconfigured", "The configuration cannot be applied", detail)
        .next("Correct the configuration file; `sealane config check` says more.")
}

fn words(classes: &[Class]) -> String {
    let words: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_configured_rule_keeps_its_id() {
        let collection = CollectionId::from_uuid(Uuid::from_u128(7));
        assert_eq!(stable_id(collection, "staff"), stable_id(collection, "staff"));
        assert_ne!(stable_id(collection, "staff"), stable_id(collection, "guests"));
        assert_ne!(stable_id(collection, "staff"), stable_id(CollectionId::from_uuid(Uuid::from_u128(8)), "staff"));
    }
}
