//! The real door to a permit: an access rule, a decision by the engine, its durable record, its release.

use std::sync::{Arc, Mutex};

use sealane_audit::event::Access;
use sealane_audit::{Event, Log, LogKeys, OpId, Phase};
use sealane_crypto::{AeadKey, Random, SigningKey, SystemRandom, random_bytes};
use sealane_model::{Class, CollectionId, Permission, Permit, PersonId, Principal, RemotePath, RuleId};
use sealane_policy::{Action, ActionType, Assurance, Engine, GrantRow, Request, Resource, Snapshot, Subject};
use tempfile::TempDir;
use uuid::Uuid;

/// The time of every request: nothing here is about time.
const NOW_S: i64 = 1_700_000_000;

/// Policy and audit of a test.
pub(crate) struct Door {
    engine: Engine,
    rules: Mutex<Vec<GrantRow>>,
    log: Log,
    random: Arc<dyn Random>,
    _directory: TempDir,
}

impl Door {
    pub(crate) fn new() -> Self {
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
        let keys = LogKeys { signing: SigningKey::generate(&*random), openings: AeadKey::generate(&*random) };
        let directory = TempDir::new().unwrap();
        let (log, _) = Log::open(directory.path(), "connectors.test", keys, Arc::clone(&random)).unwrap();
        let engine = Engine::new(Snapshot::build(Vec::new()).unwrap()).unwrap();
        Self { engine, rules: Mutex::default(), log, random, _directory: directory }
    }

    /// Lets the test's person do something at a path and beneath it.
    pub(crate) fn allow(&self, collection: CollectionId, path: &RemotePath, permissions: &[Permission]) {
        self.rule(collection, path, permissions, false);
    }

    /// Refuses it again, further down.
    pub(crate) fn refuse(&self, collection: CollectionId, path: &RemotePath, permissions: &[Permission]) {
        self.rule(collection, path, permissions, true);
    }

    fn rule(&self, collection: CollectionId, path: &RemotePath, permissions: &[Permission], deny: bool) {
        let mut rules = self.rules.lock().unwrap();
        let id = RuleId::from_uuid(Uuid::from_u128(rules.len() as u128 + 1));
        rules.push(GrantRow {
            id,
            collection,
            path: path.clone(),
            principal: Principal::Person(ana()),
            permissions: permissions.to_vec(),
            deny,
            expires_s: None,
            purpose: None,
        });
        self.engine.publish(Snapshot::build(rules.clone()).unwrap());
    }

    /// Asks, records, releases.
    pub(crate) fn permit<A: ActionType>(
        &self,
        action: Action,
        collection: CollectionId,
        path: &RemotePath,
    ) -> Permit<A> {
        let assurance = Assurance { auth_time_s: Some(NOW_S), ..Assurance::default() };
        let decision = self.engine.decide(&Request {
            subject: Subject::person(ana(), assurance),
            action,
            resource: Resource::collection(collection, Class::Internal, path.clone(), None),
            purpose: None,
            now_s: NOW_S,
        });
        let op = OpId::new(Uuid::from_bytes(random_bytes(&*self.random)));
        let event = Event::new(Access::ContentRead, Phase::Intent, op, NOW_S).decision(decision.record());
        let receipt = self.log.append_blocking(event).unwrap();
        decision.release(&receipt).expect("the test's rules allow it")
    }
}

fn ana() -> PersonId {
    PersonId::new("https://idp.test", "ana")
}
