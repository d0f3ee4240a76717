//! Access rules and their epoch.

use sealane_database::{Db, DbError, access_rule, collection};
use sealane_model::access_rule::AccessRule;
use sealane_model::id::CollectionId;
use sealane_policy::{GrantRow, Permission, Principal};
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, ana, later, path, rule_id, stored_collection};

on_both! {
    async fn a_rule_comes_back_as_it_was_made(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "imaging").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let principals = [
            Principal::Person(ana().id),
            Principal::Email("ana@hospital-a.example".to_owned()),
            Principal::Group("neuro".to_owned()),
            Principal::Site("b".to_owned()),
            Principal::EveryoneSignedIn,
            Principal::Anonymous,
        ];
        for principal in principals {
            let mut rule = rule(collection);
            rule.grant.principal = principal;
            rule.grant.deny = true;
            rule.grant.expires_s = Some(later(60).as_seconds());
            rule.grant.purpose = Some("research".to_owned());
            access_rule::insert(&mut conn, &rule).await.unwrap();
            assert_eq!(access_rule::find(&mut conn, rule.grant.id).await.unwrap(), Some(rule));
        }
    }

    async fn every_change_moves_the_epoch(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "imaging").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let mut last = access_rule::epoch(&mut conn).await.unwrap();
        let (made, configured) = (rule(collection), configured(collection));
        access_rule::insert(&mut conn, &made).await.unwrap();
        last = moved(&mut conn, last).await;
        assert!(access_rule::configure(&mut conn, std::slice::from_ref(&configured), NOW).await.unwrap());
        last = moved(&mut conn, last).await;
        assert!(access_rule::revoke(&mut conn, made.grant.id, NOW).await.unwrap());
        last = moved(&mut conn, last).await;
        assert!(collection::remove(&mut conn, collection, NOW).await.unwrap());
        moved(&mut conn, last).await;
        assert_eq!(access_rule::active(&mut conn, NOW).await.unwrap(), []);
    }

    async fn a_change_that_is_undone_does_not_move_the_epoch(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "imaging").await.id;
        let before = access_rule::epoch(&mut db.database.acquire().await.unwrap()).await.unwrap();
        let mut tx = db.database.begin().await.unwrap();
        access_rule::insert(&mut tx, &rule(collection)).await.unwrap();
        tx.rollback().await.unwrap();
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(access_rule::epoch(&mut conn).await.unwrap(), before);
        let failed = access_rule::insert(&mut conn, &rule(crate::support::collection_id())).await;
        assert!(matches!(failed, Err(DbError::Reference(_))), "{failed:?}");
        assert_eq!(access_rule::epoch(&mut conn).await.unwrap(), before);
        assert_eq!(access_rule::active(&mut conn, NOW).await.unwrap(), []);
    }

    async fn no_change_is_lost_from_the_epoch(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "imaging").await.id;
        let before = access_rule::epoch(&mut db.database.acquire().await.unwrap()).await.unwrap();
        let mut writers = JoinSet::new();
        for _ in 0..16 {
            let database = db.database.clone();
            writers.spawn(async move {
                access_rule::insert(&mut database.acquire().await.unwrap(), &rule(collection)).await.unwrap();
            });
        }
        writers.join_all().await;
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(access_rule::epoch(&mut conn).await.unwrap(), before + 16);
        assert_eq!(access_rule::active(&mut conn, NOW).await.unwrap().len(), 16);
    }

    async fn expired_and_revoked_rules_are_not_active(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "imaging").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let (lasting, mut ending) = (rule(collection), rule(collection));
        ending.grant.expires_s = Some(later(60).as_seconds());
        for rule in [&lasting, &ending] {
            access_rule::insert(&mut conn, rule).await.unwrap();
        }
        assert_eq!(access_rule::active(&mut conn, later(59)).await.unwrap().len(), 2);
        assert_eq!(access_rule::active(&mut conn, later(60)).await.unwrap(), std::slice::from_ref(&lasting.grant));
        assert!(access_rule::revoke(&mut conn, lasting.grant.id, NOW).await.unwrap());
        assert!(!access_rule::revoke(&mut conn, lasting.grant.id, NOW).await.unwrap());
        assert_eq!(access_rule::active(&mut conn, later(60)).await.unwrap(), []);
    }

    async fn configuring_changes_only_what_the_file_says(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "imaging").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let (mine, kept, gone) = (rule(collection), configured(collection), configured(collection));
        access_rule::insert(&mut conn, &mine).await.unwrap();
        assert!(access_rule::configure(&mut conn, &[kept.clone(), gone.clone()], NOW).await.unwrap());
        let epoch = access_rule::epoch(&mut conn).await.unwrap();

        assert!(!access_rule::configure(&mut conn, &[gone.clone(), kept.clone()], NOW).await.unwrap());
        assert_eq!(access_rule::epoch(&mut conn).await.unwrap(), epoch, "nothing changed");

        let mut changed = kept.clone();
        changed.grant.permissions = vec![Permission::List];
        assert!(access_rule::configure(&mut conn, std::slice::from_ref(&changed), NOW).await.unwrap());
        assert_eq!(access_rule::find(&mut conn, mine.grant.id).await.unwrap(), Some(mine));
        assert_eq!(access_rule::find(&mut conn, kept.grant.id).await.unwrap(), Some(changed));
        assert_eq!(access_rule::find(&mut conn, gone.grant.id).await.unwrap(), None);
    }

    async fn a_collections_rules_are_listed_in_pages(db: &TestDatabase) {
        let database = db.migrated().await;
        let (here, there) = (stored_collection(database, "here").await.id, stored_collection(database, "there").await.id);
        let mut conn = database.acquire().await.unwrap();
        let mut ids = Vec::new();
        for collection in [here, there, here, here] {
            let rule = rule(collection);
            access_rule::insert(&mut conn, &rule).await.unwrap();
            if collection == here {
                ids.push(rule.grant.id);
            }
        }
        ids.sort();
        let first = access_rule::list(&mut conn, here, None, 2).await.unwrap();
        let rest = access_rule::list(&mut conn, here, Some(ids[1]), 2).await.unwrap();
        let listed: Vec<_> = first.into_iter().chain(rest).map(|rule| rule.grant.id).collect();
        assert_eq!(listed, ids);
    }
}

async fn moved(db: &mut Db, last: i64) -> i64 {
    let epoch = access_rule::epoch(db).await.unwrap();
    assert!(epoch > last, "{epoch} after {last}");
    epoch
}

fn rule(collection: CollectionId) -> AccessRule {
    AccessRule {
        grant: GrantRow {
            id: rule_id(),
            collection,
            path: path("/2026/caf\\xc3"),
            principal: Principal::EveryoneSignedIn,
            permissions: vec![Permission::List, Permission::Read],
            deny: false,
            expires_s: None,
            purpose: None,
        },
        created_by: Some(ana().id),
        created_at: NOW,
    }
}

fn configured(collection: CollectionId) -> AccessRule {
    AccessRule { created_by: None, ..rule(collection) }
}
