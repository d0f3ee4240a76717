//! Rows that are not what they must be: an error that names table and column, never a panic, never the value.

use sealane_database::{DbError, access_rule, collection, node, session, site, task, unit};
use sealane_model::task::TaskRole;

use crate::support::{NOW, TestDatabase, ana, node_id, site_id, stored_collection, stored_task};

on_both! {
    async fn a_damaged_task_names_the_column(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Both).await.id;
        let cases = [
            ("UPDATE task SET coordinator = 2", "coordinator"),
            ("UPDATE task SET coordinator = 1, source_site = 'secret'", "source_site"),
            ("UPDATE task SET source_site = destination_site, lanes = 70000", "lanes"),
            ("UPDATE task SET lanes = 1, files_done = -1", "files_done"),
            ("UPDATE task SET files_done = 0, manifest = 'secret'", "manifest"),
            ("UPDATE task SET manifest = NULL, state = 'INACTIVE', pause = 'secret'", "pause"),
            ("UPDATE task SET pause = NULL", "pause"),
            ("UPDATE task SET state = 'FAILED'", "completed_at"),
            ("UPDATE task SET completed_at = 1", "failure_code"),
            ("UPDATE task SET failure_code = 'x'", "sealed_status"),
            ("UPDATE task SET sealed_status = CAST('secret' AS BYTEA)", "sealed_status"),
            ("UPDATE task SET sealed = CAST('secret' AS BYTEA)", "sealed"),
        ];
        let mut conn = db.database.acquire().await.unwrap();
        for (damage, expected) in cases {
            sqlx::query(damage).execute(&mut *conn).await.unwrap();
            let error = task::find(&mut conn, task).await.unwrap_err();
            assert!(matches!(error, DbError::Corrupt { table: "task", column } if column == expected), "{damage}: {error:?}");
            assert!(error.to_string().contains(&format!("task.{expected}")), "{error}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    async fn damage_elsewhere_is_named_too(db: &TestDatabase) {
        let database = db.migrated().await;
        let made = stored_collection(database, "imaging").await;
        let held = stored_task(database, TaskRole::Both).await.id;
        let mut conn = database.acquire().await.unwrap();
        site::put(&mut conn, &site::SiteRecord { site: site_id(), name: "a".parse().unwrap(), title: String::new() }).await.unwrap();
        node::heartbeat(&mut conn, node_id(), NOW).await.unwrap();
        sealane_database::person::upsert(&mut conn, &ana(), NOW).await.unwrap();
        for damage in [
            "UPDATE site SET name = 'Not A Name'",
            "UPDATE node SET id = 'x'",
            "UPDATE collection SET class = 'top-secret'",
            "INSERT INTO session (digest, person, kind, sealed, created_at, expires_at)
             SELECT 'x', token, 'cli', sealed, 0, 9000000000000000 FROM person",
        ] {
            sqlx::query(damage).execute(&mut *conn).await.unwrap();
        }
        sqlx::query("INSERT INTO expansion (task, item, sealed, finished) VALUES ($1, 0, $2, 0)")
            .bind(held.to_string()).bind(b"relative".to_vec()).execute(&mut *conn).await.unwrap();
        sqlx::query(
            "INSERT INTO access_rule (id, collection, sealed, permissions, deny, created_at)
             VALUES ($1, $2, $3, '[]', 0, 0)",
        )
        .bind(crate::support::rule_id().to_string()).bind(made.id.to_string()).bind(b"\"nobody\"".to_vec())
        .execute(&mut *conn).await.unwrap();

        is(site::get(&mut conn).await, "site", "name");
        is(node::list(&mut conn).await, "node", "id");
        is(collection::find(&mut conn, made.id).await, "collection", "class");
        is(collection::list(&mut conn, None, 5).await, "collection", "class");
        is(unit::cursor(&mut conn, held).await, "expansion", "sealed");
        is(access_rule::active(&mut conn, NOW).await, "access_rule", "sealed");
        assert!(session::find(&mut conn, &sealane_crypto::sha256(b"x"), NOW).await.unwrap().is_none());
    }
}

fn is<T: std::fmt::Debug>(result: Result<T, DbError>, expected_table: &str, expected_column: &str) {
    match result {
        Err(DbError::Corrupt { table, column }) => assert_eq!((table, column), (expected_table, expected_column)),
        other => panic!("{expected_table}.{expected_column}: {other:?}"),
    }
}
