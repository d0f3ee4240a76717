//! Work units and the cursor of expansion.

use std::time::Duration;

use sealane_database::unit::{Cursor, UnitCounts};
use sealane_database::{DbError, Lease, Unit, UnitKind, UnitState, lease, unit};
use sealane_model::id::TaskId;
use sealane_model::task::TaskRole;

use crate::support::{NOW, TestDatabase, node_id, path, stored_task};

on_both! {
    async fn units_come_back_as_they_were_written(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let every_byte: Vec<u8> = (0..=255).collect();
        let units = [
            Unit { kind: UnitKind::Directory, value: Vec::new(), ..numbered(task, 1) },
            Unit { kind: UnitKind::Batch, value: every_byte, item: u32::MAX, bytes: i64::MAX, ..numbered(task, 2) },
            Unit { kind: UnitKind::Run, file: 9, state: UnitState::Done, ..numbered(task, 3) },
        ];
        unit::insert_many(&mut conn, &units).await.unwrap();
        assert_eq!(unit::page(&mut conn, task, 0, 10).await.unwrap(), units);
        assert_eq!(unit::counts(&mut conn, task).await.unwrap(), UnitCounts { pending: 2, done: 1 });
        assert_eq!(unit::last_number(&mut conn, task).await.unwrap(), Some(3));
    }

    async fn pending_units_are_given_out_in_order_and_in_pages(db: &TestDatabase) {
        let (task, lease) = leased(db).await;
        let mut conn = db.database.acquire().await.unwrap();
        let units: Vec<Unit> = (1..=7).map(|number| numbered(task, number)).collect();
        unit::insert_many(&mut conn, &units).await.unwrap();
        for number in [2, 5] {
            unit::save(&mut conn, &lease, number, UnitState::Done, b"done").await.unwrap();
        }
        let numbers = |units: Vec<Unit>| units.into_iter().map(|unit| unit.number).collect::<Vec<_>>();
        assert_eq!(numbers(unit::next_pending(&mut conn, task, 0, 3).await.unwrap()), [1, 3, 4]);
        assert_eq!(numbers(unit::next_pending(&mut conn, task, 4, 3).await.unwrap()), [6, 7]);
        assert_eq!(numbers(unit::next_pending(&mut conn, task, 7, 3).await.unwrap()), [] as [i64; 0]);
        assert_eq!(numbers(unit::page(&mut conn, task, 1, 3).await.unwrap()), [2, 3, 4]);
    }

    async fn the_runs_of_a_large_file_are_found_together(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let units: Vec<Unit> =
            (1..=6).map(|number| Unit { kind: UnitKind::Run, file: number % 2, ..numbered(task, number) }).collect();
        unit::insert_many(&mut conn, &units).await.unwrap();
        let runs = unit::of_file(&mut conn, task, 1).await.unwrap();
        assert_eq!(runs.iter().map(|unit| unit.number).collect::<Vec<_>>(), [1, 3, 5]);
    }

    async fn a_unit_that_is_not_there_cannot_be_saved(db: &TestDatabase) {
        let (_, lease) = leased(db).await;
        let result = unit::save(&mut db.database.acquire().await.unwrap(), &lease, 4, UnitState::Done, b"").await;
        assert!(matches!(result, Err(DbError::Gone { table: "unit" })), "{result:?}");
    }

    async fn the_cursor_comes_back_byte_for_byte(db: &TestDatabase) {
        let (task, lease) = leased(db).await;
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(unit::cursor(&mut conn, task).await.unwrap(), None);
        let odd = sealane_model::RemotePath::from_components([b"new\nline".as_slice(), b"\xff\xfe", "e\u{301}".as_bytes()]).unwrap();
        for (item, after, finished) in [(0, None, false), (3, Some(odd.clone()), false), (3, Some(odd), true)] {
            unit::set_cursor(&mut conn, &lease, item, after.as_ref(), finished).await.unwrap();
            assert_eq!(unit::cursor(&mut conn, task).await.unwrap(), Some(Cursor { item, after, finished }));
        }
    }

    async fn units_and_cursor_of_a_lost_lease_are_undone_together(db: &TestDatabase) {
        let (task, old) = leased(db).await;
        lease::release(&mut db.database.acquire().await.unwrap(), &old).await.unwrap();
        let mut tx = db.database.begin().await.unwrap();
        unit::insert_many(&mut tx, &[numbered(task, 1)]).await.unwrap();
        let result = unit::set_cursor(&mut tx, &old, 0, Some(&path("/a")), false).await;
        assert!(matches!(result, Err(DbError::Fenced)), "{result:?}");
        drop(tx);
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(unit::page(&mut conn, task, 0, 10).await.unwrap(), []);
        assert_eq!(unit::cursor(&mut conn, task).await.unwrap(), None);
    }

    async fn a_number_is_given_once(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let result = unit::insert_many(&mut conn, &[numbered(task, 1), numbered(task, 1)]).await;
        assert!(matches!(result, Err(DbError::Duplicate(_))), "{result:?}");
        assert_eq!(unit::page(&mut conn, task, 0, 10).await.unwrap(), [], "all or nothing");
    }

    async fn an_ended_task_gives_its_units_up(db: &TestDatabase) {
        let (task, lease) = leased(db).await;
        let other = stored_task(&db.database, TaskRole::Both).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        unit::insert_many(&mut conn, &[numbered(task, 1), numbered(task, 2), numbered(other, 1)]).await.unwrap();
        unit::set_cursor(&mut conn, &lease, 0, None, true).await.unwrap();
        assert_eq!(unit::delete_task(&mut conn, task).await.unwrap(), 2);
        assert_eq!(unit::cursor(&mut conn, task).await.unwrap(), None);
        assert_eq!(unit::last_number(&mut conn, task).await.unwrap(), None);
        assert_eq!(unit::counts(&mut conn, task).await.unwrap(), UnitCounts::default());
        assert_eq!(unit::counts(&mut conn, other).await.unwrap().pending, 1);
    }
}

async fn leased(db: &TestDatabase) -> (TaskId, Lease) {
    let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
    let mut conn = db.database.acquire().await.unwrap();
    let lease = lease::acquire(&mut conn, task, node_id(), NOW, Duration::from_secs(30)).await.unwrap().unwrap();
    (task, lease)
}

fn numbered(task: TaskId, number: i64) -> Unit {
    Unit {
        task,
        number,
        item: 0,
        kind: UnitKind::Batch,
        file: 0,
        state: UnitState::Pending,
        bytes: 100,
        files: 3,
        value: vec![0, 1, 2],
    }
}
