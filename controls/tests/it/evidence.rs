//! A named test is evidence only if it exists and is a test.

use std::path::Path;

use sealane_controls::{Catalogue, Evidence};

/// Whether the file holds a function of this name with a test attribute on it, or inside a property test block.
fn is_a_test(evidence: &Evidence) -> bool {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&evidence.file);
    let source = std::fs::read_to_string(&file).unwrap_or_default();
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declaration = [format!("fn {}(", evidence.test), format!("async fn {}(", evidence.test)];
    let declared = lines.iter().position(|line| declaration.iter().any(|start| line.starts_with(start.as_str())));
    let attributes = declared.and_then(|at| lines.get(..at)).unwrap_or_default();
    let mut above = attributes.iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    above.any(|line| line.contains("test]") || line.contains("test("))
}

#[test]
fn every_test_that_a_statement_names_exists() {
    let catalogue = Catalogue::load().unwrap();
    let missing: Vec<String> = catalogue
        .statements()
        .flat_map(|statement| statement.evidence.iter().map(|evidence| (statement.control, evidence)))
        .filter(|(_, evidence)| !is_a_test(evidence))
        .map(|(control, evidence)| format!("{control}: {evidence}"))
        .collect();
    assert!(missing.is_empty(), "statements.toml names tests that are not there: {missing:#?}");
}

#[test]
fn a_name_that_is_no_test_is_no_evidence() {
    let here = |test: &str| Evidence { file: "controls/tests/it/evidence.rs".to_owned(), test: test.to_owned() };
    assert!(is_a_test(&here("a_name_that_is_no_test_is_no_evidence")));
    assert!(!is_a_test(&here("is_a_test")));
    assert!(!is_a_test(&here("nothing_of_this_name")));
    assert!(!is_a_test(&Evidence { file: "controls/nowhere.rs".to_owned(), test: "x".to_owned() }));
}
