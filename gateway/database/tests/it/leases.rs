//! Leases: one winner, growing fences, and no write by a node that lost its turn.

use std::sync::Arc;
use std::time::Duration;

use sealane_database::{DbError, Lease, Unit, UnitKind, UnitState, lease, task, task_event, unit};
use sealane_model::id::TaskId;
use sealane_model::task::{Pause, Progress, TaskRole, TaskState};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, later, node_id, stored_task};

const TTL: Duration = Duration::from_secs(30);

on_both! {
    async fn of_sixteen_that_ask_at_once_one_gets_the_lease(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let other = db.other_node().await;
        let start = Arc::new(Barrier::new(16));
        let mut askers = JoinSet::new();
        for number in 0..16 {
            let database = if number % 2 == 0 { db.database.clone() } else { other.clone() };
            let start = Arc::clone(&start);
            askers.spawn(async move {
                start.wait().await;
                lease::acquire(&mut database.acquire().await.unwrap(), task, node_id(), NOW, TTL).await.unwrap()
            });
        }
        let won: Vec<Lease> = askers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        assert_eq!((won[0].fence, won[0].expires_at), (1, later(30)));
        other.close().await;
    }

    async fn of_sixteen_that_ask_for_an_expired_lease_one_gets_it(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        take(db, task, 0).await.unwrap();
        let start = Arc::new(Barrier::new(16));
        let mut askers = JoinSet::new();
        for _ in 0..16 {
            let (database, start) = (db.database.clone(), Arc::clone(&start));
            askers.spawn(async move {
                start.wait().await;
                lease::acquire(&mut database.acquire().await.unwrap(), task, node_id(), later(30), TTL).await.unwrap()
            });
        }
        let won: Vec<Lease> = askers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.iter().map(|lease| lease.fence).collect::<Vec<_>>(), [2]);
    }

    async fn a_lease_is_exclusive_until_it_expires(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let first = take(db, task, 0).await.unwrap();
        assert_eq!(take(db, task, 29).await, None);
        let second = take(db, task, 30).await.unwrap();
        assert!(second.fence > first.fence);
    }

    async fn a_node_that_starts_gives_back_what_it_held_and_nobody_elses(db: &TestDatabase) {
        let database = db.migrated().await;
        let (mine, ended, theirs) = (
            stored_task(database, TaskRole::Destination).await.id,
            stored_task(database, TaskRole::Destination).await.id,
            stored_task(database, TaskRole::Destination).await.id,
        );
        let node = node_id();
        let mut conn = database.acquire().await.unwrap();
        let held = lease::acquire(&mut conn, mine, node, NOW, TTL).await.unwrap().unwrap();
        let over = lease::acquire(&mut conn, ended, node, NOW, TTL).await.unwrap().unwrap();
        assert!(lease::release(&mut conn, &over).await.unwrap());
        let other = lease::acquire(&mut conn, theirs, node_id(), NOW, TTL).await.unwrap().unwrap();
        assert_eq!(lease::release_all(&mut conn, node).await.unwrap(), 1, "what was given back before is left alone");
        assert!(!lease::renew(&mut conn, &held, NOW, TTL).await.unwrap(), "the process before holds nothing any more");
        let after = lease::acquire(&mut conn, mine, node, NOW, TTL).await.unwrap().unwrap();
        assert!(after.fence > held.fence);
        let state = TaskState::Inactive { reason: Pause::StepUp };
        let late = task::set_state(&mut conn, mine, &state, "late", NOW, Some(&held)).await;
        assert!(matches!(late, Err(DbError::Fenced)), "{late:?}");
        assert!(lease::renew(&mut conn, &other, NOW, TTL).await.unwrap());
    }

    async fn a_renewed_lease_lives_on_and_a_lost_one_cannot_be_renewed(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let first = take(db, task, 0).await.unwrap();
        let mut conn = db.database.acquire().await.unwrap();
        assert!(lease::renew(&mut conn, &first, later(20), TTL).await.unwrap());
        assert_eq!(take(db, task, 40).await, None);
        let second = take(db, task, 50).await.unwrap();
        assert!(!lease::renew(&mut conn, &first, later(50), TTL).await.unwrap());
        assert!(lease::renew(&mut conn, &second, later(60), TTL).await.unwrap());
    }

    async fn a_released_lease_is_free_at_once_and_good_for_nothing(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let first = take(db, task, 0).await.unwrap();
        let mut conn = db.database.acquire().await.unwrap();
        assert!(lease::release(&mut conn, &first).await.unwrap());
        assert!(!lease::release(&mut conn, &first).await.unwrap());
        let late = task::set_progress(&mut conn, task, &Progress::default(), &first).await;
        assert!(matches!(late, Err(DbError::Fenced)), "{late:?}");
        let second = take(db, task, 0).await.unwrap();
        assert!(second.fence > first.fence);
    }

    async fn a_writer_that_lost_its_lease_is_refused_everywhere(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let old = take(db, task, 0).await.unwrap();
        let mut conn = db.database.acquire().await.unwrap();
        unit::insert_many(&mut conn, &[one_unit(task)]).await.unwrap();
        unit::save(&mut conn, &old, 1, UnitState::Pending, b"half").await.unwrap();
        let new = take(db, task, 30).await.unwrap();

        let progress = Progress { files_done: 7, ..Progress::default() };
        let refused = [
            unit::save(&mut conn, &old, 1, UnitState::Done, b"stale").await,
            unit::set_cursor(&mut conn, &old, 0, None, true).await,
            task::set_progress(&mut conn, task, &progress, &old).await,
            task::add_progress(&mut conn, task, &progress, &old).await,
            task::set_cipher(&mut conn, task, "stale", Some(&old)).await,
            task::set_manifest(&mut conn, task, &sealane_crypto::sha256(b"stale"), Some(&old)).await,
            task::set_state(&mut conn, task, &TaskState::Succeeded { at: NOW }, "", NOW, Some(&old)).await.map(drop),
        ];
        for result in refused {
            assert!(matches!(result, Err(DbError::Fenced)), "{result:?}");
        }
        let kept = unit::page(&mut conn, task, 0, 10).await.unwrap();
        assert_eq!((kept[0].state, kept[0].value.as_slice()), (UnitState::Pending, b"half".as_slice()));
        let found = task::find(&mut conn, task).await.unwrap().unwrap();
        assert_eq!((found.state, found.progress, found.cipher, found.manifest), (TaskState::Active, Progress::default(), None, None));

        unit::save(&mut conn, &new, 1, UnitState::Done, b"whole").await.unwrap();
        assert_eq!(unit::counts(&mut conn, task).await.unwrap().done, 1);
    }

    async fn a_lease_on_one_task_is_no_lease_on_another(db: &TestDatabase) {
        let database = db.migrated().await;
        let (mine, other) = (stored_task(database, TaskRole::Both).await.id, stored_task(database, TaskRole::Both).await.id);
        let lease = take(db, mine, 0).await.unwrap();
        let mut conn = database.acquire().await.unwrap();
        let result = task::set_progress(&mut conn, other, &Progress::default(), &lease).await;
        assert!(matches!(result, Err(DbError::Fenced)), "{result:?}");
    }

    async fn a_takeover_waits_for_a_fenced_transaction_that_is_under_way(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let old = take(db, task, 0).await.unwrap();
        unit::insert_many(&mut db.database.acquire().await.unwrap(), &[one_unit(task)]).await.unwrap();

        let mut tx = db.database.begin().await.unwrap();
        unit::save(&mut tx, &old, 1, UnitState::Pending, b"before").await.unwrap();
        let other = db.other_node().await;
        let mut takeover = tokio::spawn(async move {
            let mut conn = other.acquire().await.unwrap();
            let new = lease::acquire(&mut conn, task, node_id(), later(30), TTL).await.unwrap().unwrap();
            (new, unit::page(&mut conn, task, 0, 1).await.unwrap())
        });
        let early = tokio::time::timeout(Duration::from_millis(300), &mut takeover).await;
        assert!(early.is_err(), "taken over in the middle of a write: {early:?}");
        unit::save(&mut tx, &old, 1, UnitState::Done, b"in time").await.unwrap();
        tx.commit().await.unwrap();

        let (new, seen) = takeover.await.unwrap();
        assert_eq!((new.fence, seen[0].value.as_slice()), (2, b"in time".as_slice()));
        let late = unit::save(&mut db.database.acquire().await.unwrap(), &old, 1, UnitState::Pending, b"late").await;
        assert!(matches!(late, Err(DbError::Fenced)), "{late:?}");
    }

    async fn no_write_of_an_older_lease_follows_one_of_a_newer(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let mut nodes = JoinSet::new();
        for _ in 0..6 {
            let database = db.database.clone();
            nodes.spawn(async move {
                let node = node_id();
                for _ in 0..8 {
                    // A lease of no duration: everybody takes everybody's, all the time.
                    let mut conn = database.acquire().await.unwrap();
                    let lease = lease::acquire(&mut conn, task, node, NOW, Duration::ZERO).await.unwrap().unwrap();
                    drop(conn);
                    for _ in 0..3 {
                        match fenced_event(&database, &lease).await {
                            Ok(()) => {}
                            Err(DbError::Fenced) => break,
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
            });
        }
        nodes.join_all().await;
        let events = task_event::list(&mut db.database.acquire().await.unwrap(), task, 0, 1_000).await.unwrap();
        let fences: Vec<i64> = events.iter().map(|event| event.code.parse().unwrap()).collect();
        assert!(!fences.is_empty());
        assert!(fences.is_sorted(), "{fences:?}");
    }

    async fn free_tasks_are_those_to_be_moved_here_by_nobody(db: &TestDatabase) {
        let database = db.migrated().await;
        let free = stored_task(database, TaskRole::Destination).await.id;
        let waiting = stored_task(database, TaskRole::Both).await.id;
        let held = stored_task(database, TaskRole::Destination).await.id;
        let ended = stored_task(database, TaskRole::Destination).await.id;
        stored_task(database, TaskRole::Source).await;
        take(db, held, 0).await.unwrap();
        let mut conn = database.acquire().await.unwrap();
        let paused = TaskState::Inactive { reason: Pause::PeerUnreachable };
        assert!(task::set_state(&mut conn, waiting, &paused, "", NOW, None).await.unwrap());
        assert!(task::set_state(&mut conn, ended, &TaskState::Succeeded { at: NOW }, "", NOW, None).await.unwrap());
        let sorted = |mut ids: Vec<TaskId>| { ids.sort(); ids };
        assert_eq!(lease::next_free(&mut conn, later(1)).await.unwrap(), sorted(vec![free, waiting]));
        assert_eq!(lease::next_free(&mut conn, later(30)).await.unwrap(), sorted(vec![free, waiting, held]));
    }

    async fn there_is_no_lease_on_a_task_that_is_not_there(db: &TestDatabase) {
        let database = db.migrated().await;
        let nowhere = crate::support::task(TaskRole::Both).id;
        let result = lease::acquire(&mut database.acquire().await.unwrap(), nowhere, node_id(), NOW, TTL).await;
        assert!(matches!(result, Err(DbError::Reference(_))), "{result:?}");
    }
}

async fn take(db: &TestDatabase, task: TaskId, second: u64) -> Option<Lease> {
    let mut conn = db.database.acquire().await.unwrap();
    lease::acquire(&mut conn, task, node_id(), later(second), TTL).await.unwrap()
}

/// A fenced write whose event says with which fence.
async fn fenced_event(database: &sealane_database::Database, lease: &Lease) -> Result<(), DbError> {
    let mut tx = database.begin().await?;
    task::add_progress(&mut tx, lease.task, &Progress::default(), lease).await?;
    task_event::append(&mut tx, lease.task, NOW, &lease.fence.to_string(), "", false).await?;
    tx.commit().await
}

fn one_unit(task: TaskId) -> Unit {
    Unit {
        task,
        number: 1,
        item: 0,
        kind: UnitKind::Batch,
        file: 0,
        state: UnitState::Pending,
        bytes: 10,
        files: 2,
        value: b"fresh".to_vec(),
    }
}
