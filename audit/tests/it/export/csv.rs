//! CSV, read by Python's `csv` and by the rules of RFC 4180.

use std::collections::BTreeMap;

use sealane_audit::EntryView;
use sealane_audit::export::Format;

use super::foreign::ask;
use super::sample::{erased, everything, export, hostile, veiled};

type Row = BTreeMap<String, String>;

/// The rows as Python's `csv` module reads them in its strict mode.
fn read_by_python(csv: &[u8]) -> Option<Vec<Row>> {
    let said = ask("read_csv.py", &[], csv)?;
    Some(serde_json::from_str(&said).expect("rows"))
}

/// What the field was before it was made safe.
fn restored(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

fn expect_entry(row: &Row, view: &EntryView) {
    let entry = &view.entry;
    let cell = |name: &str| restored(&row[name]).to_owned();
    let revealed = |field: &str| view.revealed.get(field).map(|value| value.expose()).unwrap_or_default();
    assert_eq!(cell("index"), entry.index.to_string());
    assert_eq!(cell("kind"), entry.kind.name());
    assert_eq!(cell("operation"), entry.op.to_string());
    assert_eq!(cell("leaf"), view.leaf.to_string());
    assert_eq!(
        cell("code"),
        entry.outcome.as_ref().map(|outcome| outcome.code.as_str()).map(shown).unwrap_or_default()
    );
    assert_eq!(cell("person"), shown(revealed("actor.subject")));
    assert_eq!(cell("client"), shown(revealed("client")));
    assert_eq!(cell("path"), shown(revealed("object.path")));
    assert_eq!(cell("purpose"), shown(revealed("private.purpose")));
    assert_eq!(cell("bytes"), entry.object.bytes.map(|bytes| bytes.to_string()).unwrap_or_default());
    assert_eq!(cell("peer"), entry.peer.as_deref().map(shown).unwrap_or_default());
    let commitments: BTreeMap<String, String> = match cell("commitments").as_str() {
        "" => BTreeMap::new(),
        text => serde_json::from_str(text).expect("commitments"),
    };
    let expected = entry.commitments().map(|(field, digest)| (field, digest.to_string()));
    assert_eq!(commitments, expected.collect());
}

/// Control characters stand as their pictures.
fn shown(text: &str) -> String {
    text.replace('\u{0}', "\u{2400}").replace('\u{7}', "\u{2407}").replace('\u{1b}', "\u{241b}")
}

#[test]
fn every_entry_of_the_catalogue_is_a_row_with_its_fields() {
    let views = everything();
    let Some(rows) = read_by_python(&export(Format::Csv, &views)) else { return };
    assert_eq!(rows.len(), views.len());
    rows.iter().zip(&views).for_each(|(row, view)| expect_entry(row, view));
}

#[test]
fn hostile_values_stay_in_their_cells_and_none_begins_like_a_formula() {
    let views = hostile();
    let Some(rows) = read_by_python(&export(Format::Csv, &views)) else { return };
    assert_eq!(rows.len(), views.len());
    for (row, view) in rows.iter().zip(&views) {
        expect_entry(row, view);
        for (column, cell) in row {
            let first = cell.trim_start_matches(' ').chars().next();
            assert!(!first.is_some_and(|first| "=+-@\t\r\n".contains(first)), "{column}: {cell:?}");
        }
    }
}

#[test]
fn what_is_not_revealed_is_an_empty_cell_beside_its_commitment() {
    let views = veiled(hostile());
    let csv = String::from_utf8(export(Format::Csv, &views)).expect("UTF-8");
    let Some(rows) = read_by_python(csv.as_bytes()) else { return };
    for (row, view) in rows.iter().zip(&views) {
        expect_entry(row, view);
        assert!(["person", "client", "path", "purpose", "private"].iter().all(|column| row[*column].is_empty()));
        assert!(row["commitments"].contains("private.label"));
    }
}

#[test]
fn what_was_erased_is_told_from_what_was_never_there() {
    let views = erased();
    let Some(rows) = read_by_python(&export(Format::Csv, &views)) else { return };
    for (row, view) in rows.iter().zip(&views) {
        expect_entry(row, view);
        let absent: BTreeMap<String, String> = serde_json::from_str(&row["absent"]).expect("absent values");
        assert_eq!(absent["actor.subject"], "erased");
        assert!(row["person"].is_empty());
    }
}

#[test]
fn lines_end_as_rfc_4180_says() {
    let csv = String::from_utf8(export(Format::Csv, &everything())).expect("UTF-8");
    assert!(csv.ends_with("\r\n"));
    assert!(csv.replace("\r\n", "").find(['\r', '\n']).is_none(), "a lone line end");
}

#[test]
fn an_empty_export_has_its_header() {
    let csv = String::from_utf8(export(Format::Csv, &[])).expect("UTF-8");
    assert!(csv.starts_with("index,at,"));
    assert_eq!(csv.lines().count(), 1);
}
