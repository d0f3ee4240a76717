//! Witnessing: a head is remembered once, a pinned key stays, evidence is kept.

use sealane_crypto::digest::sha256;
use sealane_database::log_fork::{self, LogFork};
use sealane_database::log_key::{self, LogKey};
use sealane_database::witnessed_log::{self, WitnessedHead};
use sealane_model::id::SiteId;

use crate::support::{NOW, TestDatabase, clock, later, random};

const ORIGIN: &str = "sealane/hospital-a/node-1";

fn head(size: u64, root: &[u8]) -> WitnessedHead {
    WitnessedHead { origin: ORIGIN.to_owned(), size, root: sha256(root), note: format!("{size}\n"), at: NOW }
}

on_both! {
    async fn only_what_follows_the_remembered_head_is_remembered(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        assert!(witnessed_log::find(&mut conn, ORIGIN).await.unwrap().is_none());
        assert!(witnessed_log::advance(&mut conn, None, &head(5, b"five")).await.unwrap());
        assert!(!witnessed_log::advance(&mut conn, None, &head(6, b"other")).await.unwrap(), "begun once");
        let expected = Some((5, sha256(b"five")));
        assert!(!witnessed_log::advance(&mut conn, Some((5, sha256(b"other"))), &head(7, b"x")).await.unwrap());
        assert!(witnessed_log::advance(&mut conn, expected, &head(7, b"seven")).await.unwrap());
        assert!(!witnessed_log::advance(&mut conn, expected, &head(8, b"eight")).await.unwrap(), "overtaken");
        assert_eq!(witnessed_log::list(&mut conn).await.unwrap(), [head(7, b"seven")]);
    }

    async fn of_two_that_continue_one_head_at_once_one_wins(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        assert!(witnessed_log::advance(&mut conn, None, &head(5, b"five")).await.unwrap());
        drop(conn);
        let expected = Some((5, sha256(b"five")));
        let other = db.other_node().await;
        let attempt = |database: sealane_database::Database, root: &'static [u8]| async move {
            let mut conn = database.acquire().await.unwrap();
            witnessed_log::advance(&mut conn, expected, &head(9, root)).await
        };
        let (one, two) = tokio::join!(attempt(db.database.clone(), b"one"), attempt(other, b"two"));
        let won = [one, two].into_iter().filter(|result| matches!(result, Ok(true))).count();
        assert_eq!(won, 1);
    }

    async fn a_pinned_key_is_never_replaced(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let site = SiteId::generate(&clock(), random());
        let key = |vkey: &str| LogKey { origin: ORIGIN.to_owned(), site, vkey: vkey.to_owned() };
        assert!(log_key::pin(&mut conn, &key("first"), NOW).await.unwrap());
        assert!(!log_key::pin(&mut conn, &key("second"), later(1)).await.unwrap());
        assert_eq!(log_key::find(&mut conn, ORIGIN).await.unwrap(), Some(key("first")));
        assert_eq!(log_key::of_site(&mut conn, site).await.unwrap(), [key("first")]);
        assert_eq!(log_key::of_peer(&mut conn, ORIGIN).await.unwrap(), None, "its site is no peer");
    }

    async fn evidence_is_kept_once_and_not_without_end(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let fork = |n: u64| LogFork { id: n.to_string(), origin: ORIGIN.to_owned(), evidence: "two heads".to_owned(), found_at: later(n) };
        assert!(log_fork::keep(&mut conn, &fork(0)).await.unwrap());
        assert!(!log_fork::keep(&mut conn, &fork(0)).await.unwrap());
        for n in 1..30 {
            log_fork::keep(&mut conn, &fork(n)).await.unwrap();
        }
        let kept = log_fork::list(&mut conn).await.unwrap();
        assert_eq!((kept.len(), kept.last()), (16, Some(&fork(0))));
    }
}
