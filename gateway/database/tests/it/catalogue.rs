//! What a site is made of: itself, its nodes and settings, storage gateways, collections, peers.

use std::time::Duration;

use sealane_crypto::{Fingerprint, SigningKey};
use sealane_database::site::SiteRecord;
use sealane_database::{DbError, collection, node, peer, setting, site, storage_gateway};
use sealane_model::collection::Collection;
use sealane_model::peer::{Peer, SiteDescriptor};
use sealane_policy::Class;

use crate::support::{self, NOW, TestDatabase, later, node_id, random, site_id, stored_collection};

on_both! {
    async fn a_database_belongs_to_one_site(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(site::get(&mut conn).await.unwrap(), None);
        let first = SiteRecord { site: site_id(), name: "hospital-a".parse().unwrap(), title: "Hospital A".to_owned() };
        site::put(&mut conn, &first).await.unwrap();
        let renamed = SiteRecord { title: "Hospital A, Research".to_owned(), ..first.clone() };
        site::put(&mut conn, &renamed).await.unwrap();
        assert_eq!(site::get(&mut conn).await.unwrap(), Some(renamed.clone()));
        let other = SiteRecord { site: site_id(), ..first };
        let refused = site::put(&mut conn, &other).await;
        assert!(matches!(refused, Err(DbError::OtherSite { database }) if database == renamed.site), "{refused:?}");
        assert_eq!(site::get(&mut conn).await.unwrap(), Some(renamed));
    }

    async fn a_setting_is_set_changed_and_removed(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(setting::get(&mut conn, "motd").await.unwrap(), None);
        for value in ["one", "", "zwei \u{1f512}"] {
            setting::put(&mut conn, "motd", value).await.unwrap();
            assert_eq!(setting::get(&mut conn, "motd").await.unwrap().as_deref(), Some(value));
        }
        assert!(setting::delete(&mut conn, "motd").await.unwrap());
        assert!(!setting::delete(&mut conn, "motd").await.unwrap());
    }

    async fn nodes_are_listed_by_their_last_sign_of_life(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let (first, second) = (node_id(), node_id());
        node::heartbeat(&mut conn, first, NOW).await.unwrap();
        node::heartbeat(&mut conn, second, later(1)).await.unwrap();
        node::heartbeat(&mut conn, first, later(9)).await.unwrap();
        let listed = node::list(&mut conn).await.unwrap();
        assert_eq!((listed[0].id, listed[0].started_at, listed[0].seen_at), (first, NOW, later(9)));
        assert_eq!(listed[1].id, second);
        assert_eq!(node::forget(&mut conn, NOW.after(Duration::from_secs(5))).await.unwrap(), 1);
        assert_eq!(node::list(&mut conn).await.unwrap().len(), 1);
    }

    async fn a_storage_gateway_comes_back_as_configured(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let mut gateway = support::storage_gateway();
        storage_gateway::upsert(&mut conn, &gateway).await.unwrap();
        gateway.classes = vec![Class::Public];
        storage_gateway::upsert(&mut conn, &gateway).await.unwrap();
        assert_eq!(storage_gateway::find(&mut conn, gateway.id).await.unwrap(), Some(gateway.clone()));
        assert_eq!(storage_gateway::find_by_name(&mut conn, &gateway.name).await.unwrap(), Some(gateway.clone()));
        assert_eq!(storage_gateway::list(&mut conn).await.unwrap(), [gateway]);
        let namesake = storage_gateway::upsert(&mut conn, &support::storage_gateway()).await;
        assert!(matches!(namesake, Err(DbError::Duplicate(_))), "{namesake:?}");
    }

    async fn a_collection_keeps_its_first_date_when_it_changes(db: &TestDatabase) {
        let made = stored_collection(db.migrated().await, "imaging").await;
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(collection::find(&mut conn, made.id).await.unwrap(), Some(made.clone()));
        let changed = Collection { title: "New".to_owned(), read_only: false, class: Class::Phi, created_at: later(9), ..made.clone() };
        collection::upsert(&mut conn, &changed).await.unwrap();
        let expected = Collection { created_at: made.created_at, ..changed };
        assert_eq!(collection::find_by_name(&mut conn, &made.name).await.unwrap(), Some(expected));
    }

    async fn collections_are_listed_by_name_in_pages(db: &TestDatabase) {
        let database = db.migrated().await;
        for name in ["c", "a", "d", "b"] {
            stored_collection(database, name).await;
        }
        let mut conn = database.acquire().await.unwrap();
        let names = |list: Vec<Collection>| list.into_iter().map(|c| c.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(collection::list(&mut conn, None, 3).await.unwrap()), ["a", "b", "c"]);
        assert_eq!(names(collection::list(&mut conn, Some(&"c".parse().unwrap()), 3).await.unwrap()), ["d"]);
    }

    async fn a_name_belongs_to_one_collection_on_a_known_storage_gateway(db: &TestDatabase) {
        let made = stored_collection(db.migrated().await, "imaging").await;
        let mut conn = db.database.acquire().await.unwrap();
        let twin = Collection { id: support::collection_id(), ..made.clone() };
        assert!(matches!(collection::upsert(&mut conn, &twin).await, Err(DbError::Duplicate(_))));
        let adrift = support::collection("adrift", &support::storage_gateway());
        assert!(matches!(collection::upsert(&mut conn, &adrift).await, Err(DbError::Reference(_))));
        assert!(collection::remove(&mut conn, made.id, NOW).await.unwrap());
        assert!(!collection::remove(&mut conn, made.id, NOW).await.unwrap());
        assert_eq!(collection::find(&mut conn, made.id).await.unwrap(), None);
    }

    async fn a_peer_is_found_by_site_name_and_lane_key(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let (b, c) = (a_peer("university-b"), a_peer("clinic-c"));
        for peer in [&b, &c] {
            peer::upsert(&mut conn, peer).await.unwrap();
        }
        assert_eq!(peer::find(&mut conn, b.descriptor.site).await.unwrap(), Some(b.clone()));
        assert_eq!(peer::find_by_name(&mut conn, &b.descriptor.name).await.unwrap(), Some(b.clone()));
        assert_eq!(peer::find_by_lane_key(&mut conn, &c.descriptor.lane_key).await.unwrap(), Some(c.clone()));
        assert_eq!(peer::find_by_lane_key(&mut conn, &Fingerprint::of(b"stranger")).await.unwrap(), None);
        assert_eq!(peer::list(&mut conn).await.unwrap(), [c, b.clone()]);

        let moved = Peer { ceiling: Class::Internal, issuers: Vec::new(), ..b.clone() };
        peer::upsert(&mut conn, &moved).await.unwrap();
        assert_eq!(peer::find(&mut conn, b.descriptor.site).await.unwrap(), Some(moved));
        assert!(peer::remove(&mut conn, b.descriptor.site).await.unwrap());
        assert!(!peer::remove(&mut conn, b.descriptor.site).await.unwrap());
        assert_eq!(peer::find_by_lane_key(&mut conn, &b.descriptor.lane_key).await.unwrap(), None);
    }

    async fn no_two_peers_share_a_lane_key(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let (b, mut c) = (a_peer("university-b"), a_peer("clinic-c"));
        c.descriptor.lane_key = b.descriptor.lane_key;
        peer::upsert(&mut conn, &b).await.unwrap();
        let result = peer::upsert(&mut conn, &c).await;
        assert!(matches!(result, Err(DbError::Duplicate(_))), "{result:?}");
    }
}

fn a_peer(name: &str) -> Peer {
    Peer {
        descriptor: SiteDescriptor {
            site: site_id(),
            name: name.parse().unwrap(),
            title: name.to_uppercase(),
            addresses: vec!["198.51.100.7:443".to_owned()],
            url: format!("https://{name}.example"),
            signing_key: SigningKey::generate(random()).verifying_key(),
            lane_key: Fingerprint::of(name.as_bytes()),
        },
        issuers: vec!["https://login.example".to_owned()],
        ceiling: Class::PhiLimited,
        accepted_at: NOW,
    }
}
