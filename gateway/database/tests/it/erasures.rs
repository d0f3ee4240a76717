//! Erasures with their parts, and legal holds.

use sealane_database::audit_hold::{self, Hold};
use sealane_database::erasure::{self, Erasure};
use sealane_database::{DbError, audit_index, erasure_part};
use sealane_model::id::{ErasureId, HoldId};
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, ana, ben, clock, later, random};

on_both! {
    async fn an_erasure_comes_back_as_it_was_asked_for(db: &TestDatabase) {
        let mut conn = db.migrated().await.acquire().await.unwrap();
        let asked = asked("code");
        erasure::insert(&mut conn, &asked).await.unwrap();
        assert_eq!(erasure::find(&mut conn, asked.id).await.unwrap(), Some(asked.clone()));
        assert_eq!(erasure::list(&mut conn, None, 9).await.unwrap(), [asked]);
    }

    async fn of_one_person_one_erasure_is_open_at_a_time_and_an_expired_one_makes_room(db: &TestDatabase) {
        let mut conn = db.migrated().await.acquire().await.unwrap();
        let first = asked("code");
        erasure::insert(&mut conn, &first).await.unwrap();
        let again = erasure::insert(&mut conn, &asked("code")).await;
        assert!(matches!(again, Err(DbError::Duplicate(_))), "{again:?}");
        erasure::insert(&mut conn, &asked("other")).await.unwrap();
        let late = Erasure { requested_at: later(60), expires_at: later(120), ..asked("code") };
        erasure::insert(&mut conn, &late).await.unwrap();
        assert_eq!(erasure::find(&mut conn, first.id).await.unwrap(), None);
    }

    async fn one_is_approved_once_before_it_expires_and_gives_every_log_a_part(db: &TestDatabase) {
        let mut conn = db.migrated().await.acquire().await.unwrap();
        for origin in ["site/node-1", "site/node-2"] {
            audit_index::enlist(&mut conn, origin, NOW).await.unwrap();
        }
        let asked = asked("code");
        erasure::insert(&mut conn, &asked).await.unwrap();
        assert!(!erasure::approve(&mut conn, asked.id, &ben().id, later(60)).await.unwrap(), "too late");
        assert!(erasure::approve(&mut conn, asked.id, &ben().id, later(59)).await.unwrap());
        assert!(!erasure::approve(&mut conn, asked.id, &ana().id, later(59)).await.unwrap(), "once");
        assert!(!erasure::withdraw(&mut conn, asked.id).await.unwrap(), "what is approved stays");
        audit_index::enlist(&mut conn, "site/node-3", later(60)).await.unwrap();
        let parts = erasure_part::of(&mut conn, asked.id).await.unwrap();
        let origins: Vec<_> = parts.iter().map(|part| (part.origin.as_str(), part.done)).collect();
        assert_eq!(origins, [("site/node-1", None), ("site/node-2", None)]);
        assert_eq!(erasure_part::pending(&mut conn, "site/node-3").await.unwrap(), [], "a new log has no part");
        let found = erasure::find(&mut conn, asked.id).await.unwrap().unwrap();
        assert_eq!(found.approved, Some((ben().id, later(59))));
    }

    async fn with_the_last_part_goes_what_says_whom_it_was_about(db: &TestDatabase) {
        let mut conn = db.migrated().await.acquire().await.unwrap();
        for origin in ["a", "b"] {
            audit_index::enlist(&mut conn, origin, NOW).await.unwrap();
        }
        let asked = asked("code");
        erasure::insert(&mut conn, &asked).await.unwrap();
        erasure::approve(&mut conn, asked.id, &ben().id, NOW).await.unwrap();
        let waiting = erasure_part::pending(&mut conn, "a").await.unwrap();
        assert_eq!(waiting.iter().map(|it| it.id).collect::<Vec<_>>(), [asked.id]);
        assert!(erasure_part::done(&mut conn, asked.id, "a", 7, later(1)).await.unwrap());
        assert!(!erasure_part::done(&mut conn, asked.id, "a", 8, later(2)).await.unwrap(), "said once");
        assert_eq!(erasure_part::pending(&mut conn, "a").await.unwrap(), []);
        assert!(erasure::find(&mut conn, asked.id).await.unwrap().unwrap().sealed.is_some());
        assert!(erasure_part::done(&mut conn, asked.id, "b", 0, later(3)).await.unwrap());
        let done = erasure::find(&mut conn, asked.id).await.unwrap().unwrap();
        assert_eq!((done.token, done.sealed), (None, None));
        let parts = erasure_part::of(&mut conn, asked.id).await.unwrap();
        assert_eq!(parts.iter().map(|part| part.done).collect::<Vec<_>>(), [Some((later(1), 7)), Some((later(3), 0))]);
        erasure::insert(&mut conn, &self::asked("code")).await.unwrap();
    }

    async fn logs_that_report_at_the_same_time_leave_nothing_behind(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = database.acquire().await.unwrap();
        let origins: Vec<String> = (0..5).map(|n| format!("site/node-{n}")).collect();
        for origin in &origins {
            audit_index::enlist(&mut conn, origin, NOW).await.unwrap();
        }
        let asked = asked("code");
        erasure::insert(&mut conn, &asked).await.unwrap();
        erasure::approve(&mut conn, asked.id, &ben().id, NOW).await.unwrap();
        let mut nodes = JoinSet::new();
        for origin in origins {
            let database = database.clone();
            nodes.spawn(async move {
                let mut tx = database.begin().await.unwrap();
                assert!(erasure_part::done(&mut tx, asked.id, &origin, 1, later(1)).await.unwrap());
                tx.commit().await.unwrap();
            });
        }
        nodes.join_all().await;
        assert_eq!(erasure::find(&mut conn, asked.id).await.unwrap().unwrap().sealed, None);
    }

    async fn what_nobody_approved_can_be_withdrawn_and_is_forgotten_when_it_expires(db: &TestDatabase) {
        let mut conn = db.migrated().await.acquire().await.unwrap();
        audit_index::enlist(&mut conn, "a", NOW).await.unwrap();
        let (withdrawn, expired, approved) = (asked("1"), asked("2"), asked("3"));
        for one in [&withdrawn, &expired, &approved] {
            erasure::insert(&mut conn, one).await.unwrap();
        }
        assert!(erasure::withdraw(&mut conn, withdrawn.id).await.unwrap());
        assert!(!erasure::withdraw(&mut conn, withdrawn.id).await.unwrap());
        erasure::approve(&mut conn, approved.id, &ben().id, NOW).await.unwrap();
        assert_eq!(erasure::forget_expired(&mut conn, later(59)).await.unwrap(), 0);
        assert_eq!(erasure::forget_expired(&mut conn, later(60)).await.unwrap(), 1);
        let left: Vec<_> = erasure::list(&mut conn, None, 9).await.unwrap().into_iter().map(|it| it.id).collect();
        assert_eq!(left, [approved.id]);
    }

    async fn erasures_are_listed_in_pages_the_newest_first(db: &TestDatabase) {
        let mut conn = db.migrated().await.acquire().await.unwrap();
        let mut ids = Vec::new();
        for n in 0..3 {
            let one = asked(&n.to_string());
            erasure::insert(&mut conn, &one).await.unwrap();
            ids.push(one.id);
        }
        ids.sort();
        ids.reverse();
        let first = erasure::list(&mut conn, None, 2).await.unwrap();
        let rest = erasure::list(&mut conn, Some(ids[1]), 2).await.unwrap();
        assert_eq!(first.into_iter().chain(rest).map(|it| it.id).collect::<Vec<_>>(), ids);
    }

    async fn a_hold_stands_until_a_second_person_agrees_to_its_release(db: &TestDatabase) {
        let mut conn = db.migrated().await.acquire().await.unwrap();
        let hold = Hold {
            id: HoldId::generate(&clock(), random()),
            token: "code".to_owned(),
            sealed: vec![0, 1, 255],
            placed_by: ana().id,
            placed_at: NOW,
            release_asked: None,
        };
        audit_hold::insert(&mut conn, &hold).await.unwrap();
        assert_eq!(audit_hold::find(&mut conn, hold.id).await.unwrap().as_ref(), Some(&hold));
        assert_eq!(audit_hold::on(&mut conn, "code").await.unwrap(), Some(hold.id));
        assert_eq!(audit_hold::on(&mut conn, "other").await.unwrap(), None);

        assert!(!audit_hold::release(&mut conn, hold.id, &ben().id, NOW).await.unwrap(), "nobody has asked");
        assert!(audit_hold::ask_release(&mut conn, hold.id, &ana().id, later(10), NOW).await.unwrap());
        assert!(!audit_hold::ask_release(&mut conn, hold.id, &ben().id, later(11), NOW).await.unwrap());
        assert!(!audit_hold::release(&mut conn, hold.id, &ana().id, NOW).await.unwrap(), "not the one who asked");
        assert!(!audit_hold::release(&mut conn, hold.id, &ben().id, later(10)).await.unwrap(), "too long ago");
        let asked = audit_hold::list(&mut conn, None, 9).await.unwrap();
        assert_eq!(asked[0].release_asked, Some((ana().id, later(10))));
        assert!(audit_hold::ask_release(&mut conn, hold.id, &ben().id, later(90), later(10)).await.unwrap(), "anew");
        assert!(audit_hold::release(&mut conn, hold.id, &ana().id, later(20)).await.unwrap());
        assert_eq!(audit_hold::on(&mut conn, "code").await.unwrap(), None);
    }
}

fn asked(code: &str) -> Erasure {
    Erasure {
        id: ErasureId::generate(&clock(), random()),
        token: Some(code.to_owned()),
        sealed: Some(vec![0, 7, 255]),
        requested_by: ana().id,
        requested_at: NOW,
        expires_at: later(60),
        approved: None,
    }
}
