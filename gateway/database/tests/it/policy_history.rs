//! The rules of every past moment can be told again, as far as nobody's erasure took them.

use std::collections::BTreeSet;

use sealane_crypto::digest::sha256;
use sealane_database::policy_history::{self, KnownSnapshot, PastRules, RoleHolder};
use sealane_database::{Db, access_rule, collection};
use sealane_model::access_rule::AccessRule;
use sealane_model::id::CollectionId;
use sealane_model::time::Timestamp;
use sealane_policy::{Class, GrantRow, Permission, Principal};

use crate::support::{NOW, TestDatabase, ana, ben, later, path, rule_id, stored_collection};

on_both! {
    async fn the_rules_of_each_past_state_are_those_that_were_in_force(db: &TestDatabase) {
        let (one, two) = (stored_collection(db.migrated().await, "one").await.id, stored_collection(&db.database, "two").await.id);
        let mut conn = db.database.acquire().await.unwrap();
        let mut states = vec![state(&mut conn, NOW).await];
        let (first, second) = (rule(one, Principal::Person(ana().id)), rule(two, Principal::EveryoneSignedIn));
        for made in [&first, &second] {
            access_rule::insert(&mut conn, made).await.unwrap();
            states.push(state(&mut conn, NOW).await);
        }
        let file = AccessRule { created_by: None, ..rule(one, Principal::Anonymous) };
        let mut changed = file.clone();
        changed.grant.permissions = vec![Permission::List];
        for configured in [vec![file], vec![changed.clone()], vec![changed], vec![]] {
            access_rule::configure(&mut conn, &configured, later(1)).await.unwrap();
            states.push(state(&mut conn, NOW).await);
        }
        access_rule::revoke(&mut conn, first.grant.id, later(2)).await.unwrap();
        states.push(state(&mut conn, NOW).await);
        access_rule::insert(&mut conn, &first).await.unwrap();
        states.push(state(&mut conn, NOW).await);
        collection::remove(&mut conn, two, later(3)).await.unwrap();
        states.push(state(&mut conn, NOW).await);
        for (epoch, rules) in states {
            let past = policy_history::at(&mut conn, epoch, NOW.as_seconds(), None).await.unwrap();
            assert_eq!(past, PastRules { rules: rules.clone(), erased: vec![] }, "state {epoch}");
            let here = policy_history::at(&mut conn, epoch, NOW.as_seconds(), Some(one)).await.unwrap();
            assert_eq!(here.rules, rules.into_iter().filter(|rule| rule.collection == one).collect::<Vec<_>>());
        }
    }

    async fn a_rule_that_had_ended_is_not_among_them(db: &TestDatabase) {
        let here = stored_collection(db.migrated().await, "one").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let mut ending = rule(here, Principal::EveryoneSignedIn);
        ending.grant.expires_s = Some(later(60).as_seconds());
        access_rule::insert(&mut conn, &ending).await.unwrap();
        let epoch = access_rule::epoch(&mut conn).await.unwrap();
        for _ in 0..2 {
            for (at, count) in [(59, 1), (60, 0)] {
                let past = policy_history::at(&mut conn, epoch, later(at).as_seconds(), None).await.unwrap();
                assert_eq!(past.rules.len(), count);
            }
            // The same once it is a past rule.
            access_rule::revoke(&mut conn, ending.grant.id, later(1)).await.unwrap();
        }
    }

    async fn a_moment_belongs_to_the_state_that_had_begun(db: &TestDatabase) {
        let here = stored_collection(db.migrated().await, "one").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let first = access_rule::epoch(&mut conn).await.unwrap();
        assert_eq!(policy_history::epoch_at(&mut conn, later(1_000)).await.unwrap(), None, "nothing was in force yet");
        assert_eq!(policy_history::begins(&mut conn).await.unwrap(), None);
        policy_history::note_snapshot(&mut conn, &known(first, NOW)).await.unwrap();
        let made = AccessRule { created_at: later(10), ..rule(here, Principal::EveryoneSignedIn) };
        access_rule::insert(&mut conn, &made).await.unwrap();
        policy_history::note_snapshot(&mut conn, &known(first + 1, later(10))).await.unwrap();
        access_rule::revoke(&mut conn, made.grant.id, later(20)).await.unwrap();
        assert_eq!(policy_history::begins(&mut conn).await.unwrap(), Some(NOW));
        let before = Timestamp::from_micros(NOW.as_micros() - 1);
        for (at, epoch) in [(before, None), (NOW, Some(first)), (later(9), Some(first)), (later(10), Some(first + 1)), (later(19), Some(first + 1)), (later(20), Some(first + 2))] {
            assert_eq!(policy_history::epoch_at(&mut conn, at).await.unwrap(), epoch, "{at}");
        }
    }

    async fn a_snapshot_is_found_by_its_hash(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let noted = [known(3, NOW), known(3, NOW), known(4, later(5))];
        for snapshot in &noted {
            policy_history::note_snapshot(&mut conn, snapshot).await.unwrap();
        }
        assert_eq!(policy_history::find_snapshot(&mut conn, &noted[0].hash).await.unwrap(), [noted[0], noted[2]]);
        assert_eq!(policy_history::find_snapshot(&mut conn, &sha256(b"other")).await.unwrap(), []);
    }

    async fn what_past_rules_said_of_a_person_is_forgotten_and_said_to_be(db: &TestDatabase) {
        let here = stored_collection(db.migrated().await, "one").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let email = ana().email.unwrap();
        let theirs = [rule(here, Principal::Person(ana().id)), rule(here, Principal::Email(email.to_uppercase()))];
        let others = [rule(here, Principal::Person(ben().id)), rule(here, Principal::Group("ana".to_owned()))];
        for made in theirs.iter().chain(&others) {
            access_rule::insert(&mut conn, made).await.unwrap();
        }
        let epoch = access_rule::epoch(&mut conn).await.unwrap();
        for made in theirs.iter().chain(&others) {
            access_rule::revoke(&mut conn, made.grant.id, later(1)).await.unwrap();
        }
        assert_eq!(policy_history::forget_person(&mut conn, &ana().id, Some(&email), later(2)).await.unwrap(), 2);
        assert_eq!(policy_history::forget_person(&mut conn, &ana().id, Some(&email), later(2)).await.unwrap(), 0);
        let past = policy_history::at(&mut conn, epoch, NOW.as_seconds(), None).await.unwrap();
        let mut gone: Vec<_> = theirs.iter().map(|rule| rule.grant.id).collect();
        gone.sort_unstable();
        assert_eq!((past.rules.len(), past.erased), (2, gone));
        assert_eq!(policy_history::forget_collection(&mut conn, &here.to_string(), later(3)).await.unwrap(), 2);
        let past = policy_history::at(&mut conn, epoch, NOW.as_seconds(), None).await.unwrap();
        assert_eq!((past.rules.len(), past.erased.len()), (0, 4));
    }

    async fn who_had_which_role_is_that_of_the_moment_until_it_is_erased(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let holder = |role: &str, principal| RoleHolder { role: role.to_owned(), principal };
        let first = BTreeSet::from([holder("auditor", Principal::Person(ana().id))]);
        let mut second = first.clone();
        second.insert(holder("administrator", Principal::Email("ben@x".to_owned())));
        assert_eq!(policy_history::roles_at(&mut conn, NOW).await.unwrap(), None);
        policy_history::note_roles(&mut conn, &first, NOW).await.unwrap();
        policy_history::note_roles(&mut conn, &second, later(10)).await.unwrap();
        assert_eq!(policy_history::roles_at(&mut conn, later(9)).await.unwrap(), Some(first));
        assert_eq!(policy_history::roles_at(&mut conn, later(10)).await.unwrap(), Some(second.clone()));
        policy_history::forget_person(&mut conn, &ana().id, None, later(20)).await.unwrap();
        second.retain(|holder| holder.role == "administrator");
        assert_eq!(policy_history::roles_at(&mut conn, later(9)).await.unwrap(), Some(BTreeSet::new()));
        assert_eq!(policy_history::roles_at(&mut conn, later(30)).await.unwrap(), Some(second));
    }

    async fn the_class_of_a_collection_is_that_of_the_moment(db: &TestDatabase) {
        let here = stored_collection(db.migrated().await, "one").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        for (at, class) in [(0, Class::Internal), (5, Class::Internal), (10, Class::Phi)] {
            policy_history::note_class(&mut conn, here, class, later(at)).await.unwrap();
        }
        for (at, class) in [(0, Class::Internal), (9, Class::Internal), (10, Class::Phi), (99, Class::Phi)] {
            assert_eq!(policy_history::class_at(&mut conn, here, later(at)).await.unwrap(), Some(class));
        }
        let before = Timestamp::from_micros(NOW.as_micros() - 1);
        assert_eq!(policy_history::class_at(&mut conn, here, before).await.unwrap(), None);
    }
}

async fn state(db: &mut Db, now: Timestamp) -> (i64, Vec<GrantRow>) {
    (access_rule::epoch(db).await.unwrap(), access_rule::active(db, now).await.unwrap())
}

fn known(epoch: i64, loaded: Timestamp) -> KnownSnapshot {
    KnownSnapshot { hash: sha256(b"rules"), epoch, loaded_s: loaded.as_seconds(), tables: sha256(b"tables") }
}

fn rule(collection: CollectionId, principal: Principal) -> AccessRule {
    AccessRule {
        grant: GrantRow {
            id: rule_id(),
            collection,
            path: path("/2026/caf\\xc3"),
            principal,
            permissions: vec![Permission::List, Permission::Read],
            deny: false,
            expires_s: None,
            purpose: Some("research".to_owned()),
        },
        created_by: Some(ana().id),
        created_at: NOW,
    }
}
