//! What the configuration file says of storage, collections and rules comes into force at start.
//!
//! Things are known by their names, so starting twice changes nothing. What is no longer in the file stays, save rules:
//! those of the file are exactly those of the file. A change of a collection's class is recorded with both classes.

use sealane_audit::Kind;
use sealane_audit::event::{Admin, Sharing};
use sealane_crypto::digest::Sha256;
use sealane_database::{access_rule, collection, storage_gateway};
use sealane_model::id::fresh_uuid;
use sealane_model::problem::ProblemKind;
use sealane_model::{
    AccessRule, AssuranceMode, Class, Collection, CollectionId, CollectionName, Permission, Permit, Principal, Problem,
    RemotePath, RuleId, StorageGateway, StorageGatewayId, StorageKind, Timestamp, permit,
};
use sealane_policy::{Action, GrantRow, Resource};
use sealane_transfer::guard::Details;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::Actor;
use crate::{policy_sync, problem};

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
    pub name: CollectionName,
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
    pub collection: CollectionName,
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
}

/// Bring the configuration into force and publish the rules.
pub async fn apply(app: &App, configured: &Configured) -> Result<Applied, Problem> {
    let mut applied = Applied::default();
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
    let details = Details::none().detail("name", wanted.name.as_str()).detail("classes", words(&wanted.classes));
    let write = |app: App| async move {
        let mut db = app.db().await?;
        storage_gateway::upsert(&mut db, &gateway).await.map_err(problem::database)
    };
    managed(app, kind, details, write).await.map(|()| true)
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
    let mut details = Details::none()
        .detail("name", wanted.name.to_string())
        .detail("class", wanted.class.as_str())
        .detail("read-only", wanted.read_only);
    if let Some(before) = found.filter(|before| before.class != wanted.class) {
        details = details.detail("class-before", before.class.as_str());
    }
    let write = |app: App| async move {
        let mut db = app.db().await?;
        collection::upsert(&mut db, &collection).await.map_err(problem::database)
    };
    managed(app, kind, details, write).await.map(|()| true)
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
    drop(db);
    let details = Details::none().detail("configured-rules", rules.len());
    let write = |app: App| async move {
        let mut db = app.db().await?;
        access_rule::configure(&mut db, &rules).await.map_err(problem::database)
    };
    managed(app, Sharing::RuleChange, details, write).await
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

/// The operator starts the site: decided, recorded, done.
async fn managed<T, F>(
    app: &App,
    kind: impl Into<Kind>,
    details: Details,
    write: impl FnOnce(App) -> F,
) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    let actor = Actor::operator();
    let grant =
        app.permit::<permit::ManageCollections>(ask(&actor, Action::ManageCollections, Resource::site(), kind)).await?;
    let result = carry_out(&grant.permit, write(app.clone())).await;
    conclude(grant, result, details).await
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
