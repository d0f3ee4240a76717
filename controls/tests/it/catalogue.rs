//! The catalogue is the whole MODERATE baseline, and answers about it.

use sealane_controls::{Catalogue, ControlId, Responsibility, Revision, Status};

fn id(text: &str) -> ControlId {
    text.parse().unwrap()
}

#[test]
fn every_control_of_the_moderate_baseline_is_there() {
    let catalogue = Catalogue::load().unwrap();
    let in_baseline =
        |flag: fn(&sealane_controls::Control) -> bool| catalogue.iter().filter(|control| flag(control)).count();
    // NIST SP 800-53B: 287 in MODERATE, 149 in LOW; each of LOW is in MODERATE.
    assert_eq!(in_baseline(|control| control.in_moderate), 287);
    assert_eq!(in_baseline(|control| control.in_low), 149);
    assert!(catalogue.iter().all(|control| control.in_moderate || !control.in_low));
}

#[test]
fn both_revisions_of_800_171_and_the_security_rule_are_there() {
    let catalogue = Catalogue::load().unwrap();
    let of = |revision| catalogue.requirements().iter().filter(|requirement| requirement.revision == revision).count();
    assert_eq!((of(Revision::R2), of(Revision::R3)), (110, 97));
    let weights: u32 =
        catalogue.requirements().iter().filter_map(|requirement| requirement.weight).map(u32::from).sum();
    assert_eq!(weights, 313, "the DoD assessment methodology's weights sum to 313");
    assert_eq!(catalogue.safeguards().len(), 22);
}

#[test]
fn a_control_is_found_with_its_crosswalk() {
    let catalogue = Catalogue::load().unwrap();
    let control = catalogue.find(id("AU-3")).unwrap();
    assert_eq!(control.responsibility, Responsibility::Product);
    assert!(control.requirements.contains(&"r2: 3.3.1".to_owned()));
    assert_eq!(control.safeguards, ["164.312(b)"]);
    assert!(catalogue.find(id("AU-99")).is_none());
}

#[test]
fn the_gap_is_what_the_product_carries_and_says_nothing_about() {
    let catalogue = Catalogue::load().unwrap();
    let gap: Vec<ControlId> = catalogue.gap().map(|control| control.id).collect();
    assert!(!gap.contains(&id("AU-2")), "it has a statement");
    assert!(!gap.contains(&id("PE-2")), "buildings are the institution's");
    let carried = catalogue.iter().filter(|control| control.responsibility != Responsibility::Customer).count();
    let stated = catalogue.statements().count();
    assert_eq!(gap.len() + stated, carried, "a control is stated or in the gap, never neither");
}

#[test]
fn nothing_is_called_met_while_something_is_missing() {
    for statement in Catalogue::load().unwrap().statements() {
        assert_eq!(statement.status == Status::Partly, statement.missing.is_some(), "{}", statement.control);
        assert!(!statement.evidence.is_empty(), "{}", statement.control);
    }
}
