//! The same record as a row of a database, committed before it counts.

use std::path::Path;
use std::time::{Duration, Instant};

use sealane_tests::runtime::wait;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use super::postgres::Server;
use super::{FOR, Rate};

/// About as long as an entry.
const ROW: [u8; 533] = [b'x'; 533];

/// One writer, one row a transaction.
pub(crate) fn sqlite(directory: &Path) -> anyhow::Result<Rate> {
    wait(async {
        let url = format!("sqlite://{}?mode=rwc", directory.join("rows.db").display());
        let mut db = SqliteConnection::connect(&url).await?;
        db.execute("PRAGMA journal_mode = WAL").await?;
        db.execute("PRAGMA synchronous = FULL").await?;
        db.execute("CREATE TABLE entry (id BIGINT PRIMARY KEY, entry BYTEA NOT NULL)").await?;
        let (begun, mut waits) = (Instant::now(), Vec::new());
        for id in 0_i64.. {
            let asked = Instant::now();
            sqlx::query("INSERT INTO entry (id, entry) VALUES ($1, $2)")
                .bind(id)
                .bind(&ROW[..])
                .execute(&mut db)
                .await?;
            waits.push(asked.elapsed());
            if begun.elapsed() >= FOR {
                break;
            }
        }
        let elapsed = begun.elapsed();
        db.close().await?;
        Ok(Rate::of(waits, elapsed))
    })
}

/// As many connections as writers, one row a transaction each.
pub(crate) fn postgres(server: &Server, writers: u32) -> anyhow::Result<Rate> {
    wait(async {
        let mut admin = PgConnection::connect(server.url()).await?;
        admin.execute("DROP TABLE IF EXISTS entry").await?;
        admin.execute("CREATE TABLE entry (id BIGINT PRIMARY KEY, entry BYTEA NOT NULL)").await?;
        let mut connections = Vec::new();
        for _ in 0..writers {
            connections.push(PgConnection::connect(server.url()).await?);
        }
        let begun = Instant::now();
        let tasks: Vec<_> =
            connections.into_iter().zip(0_i64..).map(|(db, writer)| tokio::spawn(insert(db, writer, begun))).collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await??);
        }
        let elapsed = begun.elapsed();
        admin.close().await?;
        Ok(Rate::of(waits, elapsed))
    })
}

async fn insert(mut db: PgConnection, writer: i64, begun: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for n in 0_i64.. {
        let asked = Instant::now();
        let insert = sqlx::query("INSERT INTO entry (id, entry) VALUES ($1, $2)").bind(writer << 32 | n).bind(&ROW[..]);
        insert.execute(&mut db).await?;
        waits.push(asked.elapsed());
        if begun.elapsed() >= FOR {
            break;
        }
    }
    db.close().await?;
    Ok(waits)
}
