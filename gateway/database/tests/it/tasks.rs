//! Tasks and their events.

use std::sync::Arc;
use std::time::Duration;

use sealane_database::{DbError, lease, task, task_event};
use sealane_model::id::TaskId;
use sealane_model::task::{Pause, Progress, TaskRole, TaskState};
use sealane_model::{ManualClock, Timestamp};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, ana, ben, later, node_id, random, stored_task, task as new_task};

on_both! {
    async fn a_task_comes_back_as_it_was_submitted(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = database.acquire().await.unwrap();
        let progress = Progress {
            files_total: 1, bytes_total: u64::try_from(i64::MAX).unwrap(), expanded: true, files_done: 2, bytes_done: 3,
            bytes_moved: 4, skipped: 5, directories: 6, lanes: 7,
        };
        let failed = TaskState::Failed { at: later(9), code: "canceled".to_owned(), message: "It was canceled.".to_owned() };
        let states = [
            (TaskState::Active, None),
            (TaskState::Inactive { reason: Pause::StepUp }, None),
            (TaskState::Succeeded { at: later(9) }, Some(later(9))),
            (failed, Some(later(9))),
        ];
        for (state, completed_at) in states {
            let task = sealane_model::Task {
                state, completed_at, progress, coordinator: false, label: None, purpose: None,
                manifest: Some(sealane_crypto::sha256(b"manifest")), cipher: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
                ..new_task(TaskRole::Source)
            };
            task::insert(&mut conn, &task).await.unwrap();
            assert_eq!(task::find(&mut conn, task.id).await.unwrap(), Some(task));
        }
        assert_eq!(task::find(&mut conn, new_task(TaskRole::Both).id).await.unwrap(), None);
    }

    async fn a_task_id_is_used_once(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await;
        let result = task::insert(&mut db.database.acquire().await.unwrap(), &task).await;
        assert!(matches!(result, Err(DbError::Duplicate(_))), "{result:?}");
    }

    async fn tasks_are_listed_newest_first_in_pages_and_by_owner(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = database.acquire().await.unwrap();
        let mut ids = Vec::new();
        for (second, owner) in [(1, ana().id), (2, ben().id), (3, ana().id), (4, ana().id)] {
            let id = TaskId::generate(&ManualClock::at(later(second)), random());
            task::insert(&mut conn, &sealane_model::Task { id, owner, ..new_task(TaskRole::Both) }).await.unwrap();
            ids.insert(0, id);
        }
        let listed = |tasks: Vec<sealane_model::Task>| tasks.into_iter().map(|task| task.id).collect::<Vec<_>>();
        assert_eq!(listed(task::list(&mut conn, None, None, 10).await.unwrap()), ids);
        assert_eq!(listed(task::list(&mut conn, None, Some(ids[0]), 2).await.unwrap()), ids[1..3]);
        assert_eq!(listed(task::list(&mut conn, Some(&ana().id), None, 2).await.unwrap()), ids[..2]);
        assert_eq!(listed(task::list(&mut conn, Some(&ana().id), Some(ids[1]), 2).await.unwrap()), ids[3..]);
        assert_eq!(listed(task::list(&mut conn, Some(&ben().id), None, 9).await.unwrap()), ids[2..3]);
    }

    async fn a_task_that_ended_stays_ended(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let paused = TaskState::Inactive { reason: Pause::StorageFull };
        assert!(task::set_state(&mut conn, task, &paused, "waiting for space", NOW, None).await.unwrap());
        let waiting = task::find(&mut conn, task).await.unwrap().unwrap();
        assert_eq!((waiting.state, waiting.nice_status.as_str()), (paused, "waiting for space"));

        let failed = TaskState::Failed { at: later(5), code: "storage-full".to_owned(), message: "No space.".to_owned() };
        assert!(task::set_state(&mut conn, task, &failed, "failed", later(6), None).await.unwrap());
        for state in [TaskState::Active, TaskState::Succeeded { at: later(7) }] {
            assert!(!task::set_state(&mut conn, task, &state, "again", later(7), None).await.unwrap());
        }
        let found = task::find(&mut conn, task).await.unwrap().unwrap();
        assert_eq!((found.state, found.completed_at, found.nice_status.as_str()), (failed, Some(later(5)), "failed"));
        assert_eq!(task::active(&mut conn).await.unwrap(), []);
    }

    async fn of_two_ends_at_once_one_counts(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let start = Arc::new(Barrier::new(8));
        let mut enders = JoinSet::new();
        for number in 0..8 {
            let (database, start) = (db.database.clone(), Arc::clone(&start));
            enders.spawn(async move {
                let end = TaskState::Succeeded { at: later(number) };
                start.wait().await;
                task::set_state(&mut database.acquire().await.unwrap(), task, &end, "", NOW, None).await.unwrap()
            });
        }
        assert_eq!(enders.join_all().await.into_iter().filter(|won| *won).count(), 1);
    }

    async fn progress_is_set_added_and_kept_when_concurrent(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let lease = lease::acquire(&mut conn, task, node_id(), NOW, Duration::from_secs(30)).await.unwrap().unwrap();
        let start = Progress { files_total: 100, bytes_total: 1000, expanded: true, lanes: 2, ..Progress::default() };
        task::set_progress(&mut conn, task, &start, &lease).await.unwrap();
        drop(conn);
        let mut lanes = JoinSet::new();
        for _ in 0..12 {
            let (database, lease) = (db.database.clone(), lease.clone());
            lanes.spawn(async move {
                let more = Progress { files_done: 1, bytes_done: 10, bytes_moved: 11, skipped: 2, directories: 3, lanes: 4, ..Progress::default() };
                task::add_progress(&mut database.acquire().await.unwrap(), task, &more, &lease).await.unwrap();
            });
        }
        lanes.join_all().await;
        let found = task::find(&mut db.database.acquire().await.unwrap(), task).await.unwrap().unwrap();
        let expected = Progress { files_done: 12, bytes_done: 120, bytes_moved: 132, skipped: 24, directories: 36, lanes: 4, ..start };
        assert_eq!(found.progress, expected);
    }

    async fn only_the_mirror_at_the_source_takes_reported_progress(db: &TestDatabase) {
        let database = db.migrated().await;
        let mirror = stored_task(database, TaskRole::Source).await.id;
        let here = stored_task(database, TaskRole::Destination).await.id;
        let mut conn = database.acquire().await.unwrap();
        let progress = Progress { files_done: 5, ..Progress::default() };
        assert!(task::mirror_progress(&mut conn, mirror, &progress).await.unwrap());
        assert!(!task::mirror_progress(&mut conn, here, &progress).await.unwrap());
        assert_eq!(task::find(&mut conn, mirror).await.unwrap().unwrap().progress, progress);
        assert_eq!(task::find(&mut conn, here).await.unwrap().unwrap().progress, Progress::default());
    }

    async fn a_cancel_is_requested_once_and_only_of_a_living_task(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(task::cancel_requested(&mut conn, task).await.unwrap(), None);
        assert!(task::request_cancel(&mut conn, task, "ana").await.unwrap());
        assert!(!task::request_cancel(&mut conn, task, "ben").await.unwrap());
        assert_eq!(task::cancel_requested(&mut conn, task).await.unwrap().as_deref(), Some("ana"));
        let ended = stored_task(&db.database, TaskRole::Both).await.id;
        task::set_state(&mut conn, ended, &TaskState::Succeeded { at: NOW }, "", NOW, None).await.unwrap();
        assert!(!task::request_cancel(&mut conn, ended, "ana").await.unwrap());
    }

    async fn events_are_numbered_without_gaps_under_contention(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let mut writers = JoinSet::new();
        for number in 0..24_i64 {
            let database = db.database.clone();
            writers.spawn(async move {
                if number % 3 == 0 {
                    // Taken back: its number is free again.
                    let mut tx = database.begin().await.unwrap();
                    task_event::append(&mut tx, task, NOW, "never", "", true).await.unwrap();
                    tx.rollback().await.unwrap();
                }
                let mut conn = database.acquire().await.unwrap();
                task_event::append(&mut conn, task, NOW, "lane-lost", "The peer closed.", true).await.unwrap().sequence
            });
        }
        let mut given = writers.join_all().await;
        given.sort_unstable();
        assert_eq!(given, (1..=24).collect::<Vec<_>>());
        let mut conn = db.database.acquire().await.unwrap();
        let events = task_event::list(&mut conn, task, 0, 100).await.unwrap();
        assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), given);
        assert!(events.iter().all(|event| event.code == "lane-lost" && event.is_error && event.at == NOW));
        let rest = task_event::list(&mut conn, task, 22, 100).await.unwrap();
        assert_eq!(rest.iter().map(|event| event.sequence).collect::<Vec<_>>(), [23, 24]);
    }

    async fn nothing_happens_to_a_task_that_is_not_there(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = database.acquire().await.unwrap();
        let nowhere = new_task(TaskRole::Both).id;
        assert!(matches!(task_event::append(&mut conn, nowhere, NOW, "x", "", false).await, Err(DbError::Gone { table: "task" })));
        assert!(matches!(task::set_cipher(&mut conn, nowhere, "x", None).await, Err(DbError::Gone { table: "task" })));
        assert!(!task::set_state(&mut conn, nowhere, &TaskState::Active, "", Timestamp::default(), None).await.unwrap());
    }
}
