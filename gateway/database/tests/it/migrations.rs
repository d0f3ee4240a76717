//! Migrations: applied once, never edited, never run backwards.

use sealane_database::{DbError, MigrationState};
use sqlx::Row as _;
use tokio::task::JoinSet;

use crate::support::TestDatabase;

/// Versions of the migrations that this program carries.
async fn carried(db: &TestDatabase) -> Vec<i64> {
    db.database.status().await.unwrap().into_iter().map(|line| line.version).collect()
}

on_both! {
    async fn a_new_database_gets_all_migrations_once(db: &TestDatabase) {
        let all = carried(db).await;
        assert!(all.len() > 12 && all.is_sorted_by(|one, next| one < next), "{all:?}");
        let applied = db.database.migrate().await.unwrap();
        let versions: Vec<i64> = applied.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, all);
        assert_eq!(db.database.migrate().await.unwrap(), []);
    }

    async fn status_tells_what_is_pending_and_what_is_applied(db: &TestDatabase) {
        let before = db.database.status().await.unwrap();
        assert!(before.iter().all(|line| line.state == MigrationState::Pending), "{before:?}");
        db.database.migrate().await.unwrap();
        let after = db.database.status().await.unwrap();
        assert_eq!(after.len(), before.len());
        for line in after {
            assert_eq!(line.state, MigrationState::Applied, "{line:?}");
            let at = line.applied_at.unwrap();
            assert!(at.as_seconds() > 1_700_000_000, "by the database's clock: {at}");
        }
    }

    async fn a_newer_database_refuses_an_older_program(db: &TestDatabase) {
        db.database.migrate().await.unwrap();
        change(db, "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES (99, 'later', 'x', 5)").await;
        let error = db.database.migrate().await.unwrap_err();
        let newest = 17;
        assert!(matches!(error, DbError::TooNew { database: 99, binary } if binary >= newest), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("99") && text.contains("newer Sealane"), "{text}");
        let last = db.database.status().await.unwrap().pop().unwrap();
        assert_eq!((last.version, last.state), (99, MigrationState::Unknown));
    }

    async fn an_edited_migration_is_refused(db: &TestDatabase) {
        db.database.migrate().await.unwrap();
        change(db, "UPDATE schema_migration SET checksum = 'other' WHERE version = 3").await;
        let error = db.database.migrate().await.unwrap_err();
        assert!(matches!(&error, DbError::Edited { version: 3, name } if name == "collection"), "{error:?}");
        let status = db.database.status().await.unwrap();
        assert_eq!(status[2].state, MigrationState::Edited);
    }

    async fn nodes_that_start_together_migrate_once(db: &TestDatabase) {
        let mut nodes = JoinSet::new();
        for _ in 0..6 {
            let node = db.other_node().await;
            nodes.spawn(async move { node.migrate().await.unwrap().len() });
        }
        let mut applied = nodes.join_all().await;
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 0, 0, 0, carried(db).await.len()]);
    }

    async fn a_migration_that_fails_leaves_nothing_behind(db: &TestDatabase) {
        // A table in the way of the last migration.
        change(db, "CREATE TABLE idempotency (key TEXT)").await;
        assert!(matches!(db.database.migrate().await, Err(DbError::Query(_))));
        assert!(db.database.status().await.unwrap().iter().all(|line| line.state == MigrationState::Pending));
        change(db, "DROP TABLE idempotency").await;
        assert_eq!(db.database.migrate().await.unwrap().len(), carried(db).await.len());
    }

    async fn every_column_is_bigint_text_or_bytea(db: &TestDatabase) {
        let database = db.migrated().await;
        let list = match database.kind() {
            sealane_database::Kind::Sqlite => {
                "SELECT LOWER(c.type) AS kind FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
            }
            sealane_database::Kind::Postgres => {
                "SELECT CAST(data_type AS TEXT) AS kind FROM information_schema.columns WHERE table_schema = current_schema()"
            }
        };
        let rows = sqlx::query(list).fetch_all(&mut *database.acquire().await.unwrap()).await.unwrap();
        assert!(rows.len() > 100, "{}", rows.len());
        for row in rows {
            let kind: String = row.get("kind");
            assert!(["bigint", "text", "bytea"].contains(&kind.as_str()), "{kind}");
        }
    }
}

async fn change(db: &TestDatabase, statement: &'static str) {
    sqlx::raw_sql(statement).execute(&mut *db.database.acquire().await.unwrap()).await.unwrap();
}
