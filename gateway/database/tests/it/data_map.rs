//! docs/reference/data-map.md and the tables say the same, on both databases.

use std::collections::{BTreeMap, BTreeSet};

use sealane_database::{Db, Kind};
use sqlx::Row as _;

use crate::support::TestDatabase;

const PAGE: &str = include_str!("../../../../docs/reference/data-map.md");

/// How a column is kept: exactly one of these.
const KEPT: [&str; 5] = ["clear", "sealed", "code", "sealed by the audit log's key", "code by the audit log's key"];

on_both! {
    async fn every_column_is_in_the_data_map_and_nothing_else_is(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = database.acquire().await.unwrap();
        let live = columns(&mut conn, database.kind()).await;
        let mapped = mapped();
        let there: BTreeSet<(String, String)> = live.iter().map(|(table, column, _)| (table.clone(), column.clone())).collect();
        let said: BTreeSet<(String, String)> = mapped.keys().cloned().collect();
        let missing: Vec<_> = there.difference(&said).collect();
        assert!(missing.is_empty(), "say in docs/reference/data-map.md what these can hold, and how it is kept: {missing:?}");
        let gone: Vec<_> = said.difference(&there).collect();
        assert!(gone.is_empty(), "these are in docs/reference/data-map.md and not in the database: {gone:?}");
        for (table, column, kind) in live {
            let kept = &mapped[&(table.clone(), column.clone())];
            // The log's own codes of persons were texts before there were others.
            let is_text = kept.starts_with("code by") && kind == "text";
            assert!(kept == "clear" || kind == "bytea" || is_text, "{table}.{column} is said to be {kept} and is {kind}");
        }
    }
}

#[test]
fn the_data_map_says_of_each_column_once_what_it_holds_and_how_it_is_kept() {
    let lines: Vec<_> = lines().collect();
    assert_eq!(lines.len(), mapped().len(), "a column is named twice");
    for [table, column, holds, kept] in lines {
        assert!(!holds.is_empty() && KEPT.contains(&kept), "{table}.{column}: {kept}");
        assert_eq!(column.starts_with("sealed"), kept.starts_with("sealed"), "{table}.{column} is called what it is");
    }
}

fn lines() -> impl Iterator<Item = [&'static str; 4]> {
    let table = PAGE.split("| table | column |").nth(1).unwrap();
    table.lines().skip(2).filter(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        cells.try_into().unwrap()
    })
}

fn mapped() -> BTreeMap<(String, String), String> {
    lines().map(|[table, column, _, kept]| ((table.to_owned(), column.to_owned()), kept.to_owned())).collect()
}

/// Table, column and type of every column that the database has.
pub(crate) async fn columns(db: &mut Db, kind: Kind) -> Vec<(String, String, String)> {
    let list = match kind {
        Kind::Sqlite => {
            "SELECT m.name AS table_name, c.name AS column_name, LOWER(c.type) AS kind
             FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        }
        Kind::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS table_name, CAST(column_name AS TEXT) AS column_name,
                    CAST(data_type AS TEXT) AS kind
             FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2"
        }
    };
    let rows = sqlx::query(list).fetch_all(db).await.unwrap();
    rows.iter().map(|row| (row.get("table_name"), row.get("column_name"), row.get("kind"))).collect()
}
