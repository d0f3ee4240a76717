//! Connections and transactions: durability settings, turns, undoing.

use std::sync::Arc;
use std::time::Duration;

use sealane_database::{Database, DbError, Kind, setting};
use sqlx::Row as _;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::backend::{Arranged, Backend};
use crate::support::{TestDatabase, connected, key};

on_both! {
    async fn a_dropped_transaction_never_happened(db: &TestDatabase) {
        db.migrated().await;
        let mut tx = db.database.begin().await.unwrap();
        setting::put(&mut tx, "k", "v").await.unwrap();
        drop(tx);
        assert_eq!(setting::get(&mut db.database.acquire().await.unwrap(), "k").await.unwrap(), None);
    }

    async fn a_committed_transaction_is_seen_by_other_nodes(db: &TestDatabase) {
        db.migrated().await;
        let mut tx = db.database.begin().await.unwrap();
        setting::put(&mut tx, "k", "v").await.unwrap();
        tx.commit().await.unwrap();
        let other = db.other_node().await;
        assert_eq!(setting::get(&mut other.acquire().await.unwrap(), "k").await.unwrap().as_deref(), Some("v"));
    }

    async fn many_writers_that_read_first_all_get_their_turn(db: &TestDatabase) {
        db.migrated().await;
        setting::put(&mut db.database.acquire().await.unwrap(), "count", "0").await.unwrap();
        let mut writers = JoinSet::new();
        for _ in 0..40 {
            let database = db.database.clone();
            writers.spawn(async move {
                let mut tx = database.begin().await.unwrap();
                // A row that all of them lock first: read committed alone would lose updates.
                sqlx::query("UPDATE setting SET sealed = sealed WHERE key = 'count'").execute(&mut *tx).await.unwrap();
                let count: u32 = setting::get(&mut tx, "count").await.unwrap().unwrap().parse().unwrap();
                setting::put(&mut tx, "count", &(count + 1).to_string()).await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        writers.join_all().await;
        let count = setting::get(&mut db.database.acquire().await.unwrap(), "count").await.unwrap();
        assert_eq!(count.as_deref(), Some("40"));
    }

    async fn a_database_that_answers_is_healthy_and_a_closed_one_is_not(db: &TestDatabase) {
        let database = db.other_node().await;
        database.ping().await.unwrap();
        database.close().await;
        let error = database.ping().await.unwrap_err();
        assert!(matches!(error, DbError::Unreachable(_)), "{error:?}");
        assert!(error.is_passing());
        assert_eq!(error.problem().kind.status(), 503);
    }
}

#[tokio::test]
async fn every_sqlite_connection_is_durable_and_checks_references() {
    let backend = Backend::sqlite();
    let db = TestDatabase::on(&backend).await;
    let mut connections = Vec::new();
    for _ in 0..3 {
        let mut conn = db.database.acquire().await.unwrap();
        assert_eq!(pragma_text(&mut conn, "PRAGMA journal_mode").await, "wal");
        for (pragma, expected) in
            [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 15_000)]
        {
            let value: i64 = sqlx::raw_sql(pragma).fetch_one(&mut *conn).await.unwrap().get(0);
            assert_eq!(value, expected, "{pragma}");
        }
        connections.push(conn);
    }
    assert_eq!(db.database.kind(), Kind::Sqlite);
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_said_so_without_its_password() {
    let url = "postgres://sealane:hunter2@127.0.0.1:1/none";
    let error = Database::connect(url, 1).await.unwrap_err();
    assert!(matches!(error, DbError::Unreachable(_)), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("check that it runs") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sqlite_transaction_that_reads_first_can_still_write() {
    let backend = Backend::sqlite();
    let db = TestDatabase::on(&backend).await;
    db.migrated().await;
    let mut tx = db.database.begin().await.unwrap();
    assert_eq!(setting::get(&mut tx, "k").await.unwrap(), None);
    let other = db.other_node().await;
    let mut writer = tokio::spawn(async move {
        let mut conn = other.acquire().await.unwrap();
        setting::put(&mut conn, "other", "v").await.unwrap();
    });
    let early = tokio::time::timeout(Duration::from_millis(300), &mut writer).await;
    assert!(early.is_err(), "another node wrote in the middle of a transaction: {early:?}");
    setting::put(&mut tx, "k", "v").await.unwrap();
    tx.commit().await.unwrap();
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn programs_that_make_the_same_sqlite_file_at_once_all_get_in() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", directory.path().join("new.db").display());
    let start = Arc::new(Barrier::new(8));
    let mut programs = JoinSet::new();
    for _ in 0..8 {
        let (url, start) = (url.clone(), Arc::clone(&start));
        programs.spawn(async move {
            start.wait().await;
            let database = connected(&url, 2, &key(7)).await;
            database.migrate().await.unwrap().len()
        });
    }
    let applied: usize = programs.join_all().await.into_iter().sum();
    let database = Database::connect(&url, 1).await.unwrap();
    assert_eq!(applied, database.status().await.unwrap().len(), "each migration was applied once");
}

#[tokio::test]
async fn a_missing_directory_is_an_unreachable_database() {
    let error = Database::connect("sqlite:///nowhere/at/all/control.db?mode=rwc", 1).await.unwrap_err();
    assert!(matches!(error, DbError::Unreachable(_)), "{error:?}");
}

async fn pragma_text(db: &mut sealane_database::Db, pragma: &'static str) -> String {
    sqlx::raw_sql(pragma).fetch_one(db).await.unwrap().get(0)
}
