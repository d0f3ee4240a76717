//! People, sessions and sign-ins under way.

use std::sync::Arc;

use sealane_crypto::sha256;
use sealane_database::device_login::{self, DeviceLogin, DevicePoll, SessionFacts};
use sealane_database::login::{self, PendingLogin};
use sealane_database::{DbError, person, session};
use sealane_model::person::Person;
use sealane_model::session::{Session, SessionKind};
use sealane_policy::Assurance;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, ana, ben, later};

on_both! {
    async fn a_person_is_known_by_issuer_and_subject(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        person::upsert(&mut conn, &ana(), NOW).await.unwrap();
        person::upsert(&mut conn, &ben(), NOW).await.unwrap();
        let mut namesake = ana();
        namesake.id.issuer = "https://elsewhere.example".to_owned();
        person::upsert(&mut conn, &namesake, NOW).await.unwrap();
        let renamed = Person { name: Some("Ana Ruiz-Vidal".to_owned()), ..ana() };
        person::upsert(&mut conn, &renamed, later(5)).await.unwrap();
        assert_eq!(person::find(&mut conn, &ana().id).await.unwrap(), Some(renamed.clone()));
        assert_eq!(person::find(&mut conn, &ben().id).await.unwrap(), Some(ben()));
        let with_address = person::find_by_email(&mut conn, "ana@hospital-a.example").await.unwrap();
        assert_eq!(with_address, [namesake, renamed]);
    }

    async fn a_session_ends_when_it_expires(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        person::upsert(&mut conn, &ana(), NOW).await.unwrap();
        let session = a_session();
        session::insert(&mut conn, &session).await.unwrap();
        assert_eq!(session::find(&mut conn, &session.digest, later(59)).await.unwrap(), Some(session.clone()));
        assert_eq!(session::find(&mut conn, &session.digest, later(60)).await.unwrap(), None);
        assert_eq!(session::find(&mut conn, &sha256(b"other"), NOW).await.unwrap(), None);
        assert_eq!(session::delete_expired(&mut conn, later(59)).await.unwrap(), 0);
        assert_eq!(session::delete_expired(&mut conn, later(60)).await.unwrap(), 1);
    }

    async fn signing_out_ends_a_session_at_once(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        person::upsert(&mut conn, &ana(), NOW).await.unwrap();
        session::insert(&mut conn, &a_session()).await.unwrap();
        assert!(session::delete(&mut conn, &a_session().digest).await.unwrap());
        assert!(!session::delete(&mut conn, &a_session().digest).await.unwrap());
        assert_eq!(session::find(&mut conn, &a_session().digest, NOW).await.unwrap(), None);
    }

    async fn a_step_up_changes_what_is_known_of_the_sign_in(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        person::upsert(&mut conn, &ana(), NOW).await.unwrap();
        let session = a_session();
        session::insert(&mut conn, &session).await.unwrap();
        let stronger = Assurance { acr: Some("mfa".to_owned()), amr: vec!["hwk".to_owned()], auth_time_s: Some(7) };
        let groups = vec!["neuro".to_owned(), "pilot".to_owned()];
        assert!(session::set_auth(&mut conn, &session.digest, &stronger, &groups, later(10)).await.unwrap());
        let found = session::find(&mut conn, &session.digest, later(10)).await.unwrap().unwrap();
        assert_eq!((found.assurance, found.groups, found.expires_at), (stronger.clone(), groups, session.expires_at));
        assert!(!session::set_auth(&mut conn, &session.digest, &stronger, &[], later(60)).await.unwrap());
    }

    async fn nobody_unknown_has_a_session(db: &TestDatabase) {
        db.migrated().await;
        let result = session::insert(&mut db.database.acquire().await.unwrap(), &a_session()).await;
        assert!(matches!(result, Err(DbError::Reference(_))), "{result:?}");
    }

    async fn a_sign_in_comes_back_once(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let pending = a_login("state");
        login::insert(&mut conn, &pending).await.unwrap();
        drop(conn);
        let start = Arc::new(Barrier::new(12));
        let mut callbacks = JoinSet::new();
        for _ in 0..12 {
            let (database, start) = (db.database.clone(), Arc::clone(&start));
            callbacks.spawn(async move {
                start.wait().await;
                login::take(&mut database.acquire().await.unwrap(), &sha256(b"state"), later(1)).await.unwrap()
            });
        }
        let taken: Vec<PendingLogin> = callbacks.join_all().await.into_iter().flatten().collect();
        assert!(taken == [pending]);
    }

    async fn a_sign_in_that_took_too_long_is_gone(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        for state in ["one", "two"] {
            login::insert(&mut conn, &a_login(state)).await.unwrap();
        }
        assert!(login::take(&mut conn, &sha256(b"one"), later(60)).await.unwrap().is_none());
        assert_eq!(login::delete_expired(&mut conn, later(60)).await.unwrap(), 1);
    }

    async fn a_command_line_is_let_in_once_after_approval(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let device = a_device();
        device_login::insert(&mut conn, &device).await.unwrap();
        assert_eq!(poll(db).await, DevicePoll::Pending);
        assert!(device_login::find_by_user_code(&mut conn, "WDJB-MJHT", NOW).await.unwrap() == Some(device));
        let facts = SessionFacts { person: ana().id, groups: vec!["neuro".to_owned()], assurance: Assurance::default() };
        assert!(device_login::approve(&mut conn, "WDJB-MJHT", &facts, NOW).await.unwrap());
        assert!(!device_login::approve(&mut conn, "WDJB-MJHT", &facts, NOW).await.unwrap());
        assert!(!device_login::deny(&mut conn, "WDJB-MJHT", NOW).await.unwrap());
        assert!(device_login::find_by_user_code(&mut conn, "WDJB-MJHT", NOW).await.unwrap().is_none());
        assert_eq!(poll(db).await, DevicePoll::Approved(facts));
        assert_eq!(poll(db).await, DevicePoll::Expired);
    }

    async fn a_denied_command_line_is_told_so(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        device_login::insert(&mut conn, &a_device()).await.unwrap();
        assert!(device_login::deny(&mut conn, "WDJB-MJHT", NOW).await.unwrap());
        assert_eq!(poll(db).await, DevicePoll::Denied);
    }

    async fn a_command_line_that_waits_too_long_is_forgotten(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let device = a_device();
        device_login::insert(&mut conn, &device).await.unwrap();
        let facts = SessionFacts { person: ana().id, groups: Vec::new(), assurance: Assurance::default() };
        assert!(!device_login::approve(&mut conn, "WDJB-MJHT", &facts, later(60)).await.unwrap());
        let late = device_login::take_approved(&mut conn, &device.device_digest, later(60)).await.unwrap();
        assert_eq!(late, DevicePoll::Expired);
        assert_eq!(device_login::delete_expired(&mut conn, later(60)).await.unwrap(), 1);
    }

    async fn a_user_code_is_shown_by_one_command_line(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        device_login::insert(&mut conn, &a_device()).await.unwrap();
        let second = DeviceLogin { device_digest: sha256(b"other"), ..a_device() };
        let result = device_login::insert(&mut conn, &second).await;
        let Err(error @ DbError::Duplicate(_)) = result else { panic!("{result:?}") };
        assert!(!format!("{error} {error:?}").contains("WDJB"), "errors hold no values: {error:?}");
    }
}

async fn poll(db: &TestDatabase) -> DevicePoll {
    let mut conn = db.database.acquire().await.unwrap();
    device_login::take_approved(&mut conn, &a_device().device_digest, NOW).await.unwrap()
}

fn a_session() -> Session {
    Session {
        digest: sha256(b"token"),
        person: ana(),
        groups: vec!["neuro".to_owned()],
        kind: SessionKind::Cli,
        assurance: Assurance { acr: None, amr: vec!["pwd".to_owned()], auth_time_s: Some(NOW.as_seconds()) },
        created_at: NOW,
        expires_at: later(60),
    }
}

fn a_login(state: &str) -> PendingLogin {
    PendingLogin {
        state_digest: sha256(state.as_bytes()),
        provider: "hospital".to_owned(),
        nonce: "n".to_owned(),
        pkce_verifier: "v".to_owned(),
        return_to: "/collections".to_owned(),
        device_code: None,
        expires_at: later(60),
    }
}

fn a_device() -> DeviceLogin {
    DeviceLogin {
        device_digest: sha256(b"device"),
        user_code: "WDJB-MJHT".to_owned(),
        client_label: "sealane on lab-7".to_owned(),
        created_at: NOW,
        expires_at: later(60),
    }
}
