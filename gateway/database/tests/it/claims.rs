//! What may happen once: lane tickets, invitations, idempotent requests.

use std::sync::Arc;

use sealane_crypto::sha256;
use sealane_database::idempotency::{self, ABANDONED_AFTER, Claim};
use sealane_database::{DbError, invitation, lane_ticket};
use sealane_model::id::{InvitationId, OrderId};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, ana, ben, clock, later, random};

on_both! {
    async fn a_lane_ticket_is_good_once_under_32_tries(db: &TestDatabase) {
        db.migrated().await;
        let order = OrderId::generate(&clock(), random());
        let other = db.other_node().await;
        let start = Arc::new(Barrier::new(32));
        let mut tries = JoinSet::new();
        for number in 0..32 {
            let database = if number % 2 == 0 { db.database.clone() } else { other.clone() };
            let start = Arc::clone(&start);
            tries.spawn(async move {
                start.wait().await;
                lane_ticket::use_once(&mut database.acquire().await.unwrap(), order, 3, NOW).await.unwrap()
            });
        }
        assert_eq!(tries.join_all().await.into_iter().filter(|won| *won).count(), 1);
        other.close().await;
    }

    async fn each_lane_of_an_order_has_its_own_ticket(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let (one, two) = (OrderId::generate(&clock(), random()), OrderId::generate(&clock(), random()));
        assert!(lane_ticket::use_once(&mut conn, one, 0, NOW).await.unwrap());
        assert!(lane_ticket::use_once(&mut conn, one, 1, NOW).await.unwrap());
        assert!(lane_ticket::use_once(&mut conn, two, 0, later(9)).await.unwrap());
        assert!(!lane_ticket::use_once(&mut conn, one, 1, NOW).await.unwrap());
        assert_eq!(lane_ticket::forget(&mut conn, later(9)).await.unwrap(), 2);
        assert!(!lane_ticket::use_once(&mut conn, two, 0, later(9)).await.unwrap());
    }

    async fn an_invitation_is_accepted_once(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let id = InvitationId::generate(&clock(), random());
        assert!(!invitation::used(&mut conn, id).await.unwrap());
        assert!(invitation::mark_used(&mut conn, id, NOW).await.unwrap());
        assert!(!invitation::mark_used(&mut conn, id, NOW).await.unwrap());
        assert!(invitation::used(&mut conn, id).await.unwrap());
    }

    async fn of_sixteen_equal_requests_at_once_one_is_carried_out(db: &TestDatabase) {
        db.migrated().await;
        let start = Arc::new(Barrier::new(16));
        let mut requests = JoinSet::new();
        for _ in 0..16 {
            let (database, start) = (db.database.clone(), Arc::clone(&start));
            requests.spawn(async move {
                start.wait().await;
                let mut conn = database.acquire().await.unwrap();
                idempotency::claim(&mut conn, "key", &ana().id, &sha256(b"body"), NOW).await.unwrap()
            });
        }
        let claims = requests.join_all().await;
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::New).count(), 1);
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::InProgress).count(), 15);
    }

    async fn a_repeated_request_gets_the_first_answer(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let (body, owner) = (sha256(b"body"), ana().id);
        assert_eq!(idempotency::claim(&mut conn, "k", &owner, &body, NOW).await.unwrap(), Claim::New);
        idempotency::complete(&mut conn, "k", &owner, 201, "{\"id\":1}").await.unwrap();
        let replay = Claim::Replay { response: "{\"id\":1}".to_owned(), status: 201 };
        assert_eq!(idempotency::claim(&mut conn, "k", &owner, &body, later(3600)).await.unwrap(), replay);
        let again = idempotency::complete(&mut conn, "k", &owner, 500, "other").await;
        assert!(matches!(again, Err(DbError::Gone { .. })), "an answer is given once: {again:?}");
    }

    async fn a_key_for_another_request_is_a_conflict(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let owner = ana().id;
        idempotency::claim(&mut conn, "k", &owner, &sha256(b"one"), NOW).await.unwrap();
        for second in [0, 3600] {
            let claim = idempotency::claim(&mut conn, "k", &owner, &sha256(b"two"), later(second)).await.unwrap();
            assert_eq!(claim, Claim::Conflict);
        }
    }

    async fn one_persons_key_is_nothing_to_another(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        idempotency::claim(&mut conn, "k", &ana().id, &sha256(b"one"), NOW).await.unwrap();
        let claim = idempotency::claim(&mut conn, "k", &ben().id, &sha256(b"two"), NOW).await.unwrap();
        assert_eq!(claim, Claim::New);
    }

    async fn a_claim_that_was_given_up_or_left_behind_is_new_again(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let (body, owner) = (sha256(b"body"), ana().id);
        idempotency::claim(&mut conn, "k", &owner, &body, NOW).await.unwrap();
        assert!(idempotency::abandon(&mut conn, "k", &owner).await.unwrap());
        assert_eq!(idempotency::claim(&mut conn, "k", &owner, &body, NOW).await.unwrap(), Claim::New);
        let limit = ABANDONED_AFTER.as_secs();
        assert_eq!(idempotency::claim(&mut conn, "k", &owner, &body, later(limit - 1)).await.unwrap(), Claim::InProgress);
        assert_eq!(idempotency::claim(&mut conn, "k", &owner, &body, later(limit)).await.unwrap(), Claim::New);
        assert_eq!(idempotency::forget(&mut conn, later(limit + 1)).await.unwrap(), 1);
    }
}
