//! FHIR AuditEvents, checked by `fhir.resources` and by our own reading of BALP.

use std::collections::BTreeMap;

use sealane_audit::export::Format;
use serde_json::Value;

use super::balp;
use super::foreign::ask;
use super::sample::{erased, everything, export, hostile, veiled, with_subjects};

fn events(ndjson: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(ndjson).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("event")).collect()
}

/// Valid by our rules and by the library's.
fn expect_valid(ndjson: &[u8]) -> Vec<Value> {
    let events = events(ndjson);
    for event in &events {
        assert_eq!(balp::broken_rules(event), [""; 0], "{event:#}");
    }
    if let Some(said) = ask("check_fhir.py", &[], ndjson) {
        let said: Value = serde_json::from_str(&said).expect("verdict");
        assert_eq!(said["events"], events.len());
    }
    events
}

#[test]
fn every_entry_of_the_catalogue_is_a_valid_audit_event() {
    let views = everything();
    let events = expect_valid(&export(Format::Fhir, &views));
    assert_eq!(events.len(), views.len());
}

#[test]
fn what_is_not_revealed_or_hostile_is_a_valid_audit_event_too() {
    for views in [veiled(everything()), hostile(), veiled(hostile()), erased()] {
        assert_eq!(expect_valid(&export(Format::Fhir, &views)).len(), views.len());
    }
}

#[test]
fn every_pattern_is_claimed_somewhere_and_holds() {
    let events = expect_valid(&export(Format::Fhir, &[everything(), with_subjects()].concat()));
    let mut claimed: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events {
        if let Some(profile) = balp::profile(event) {
            *claimed.entry(profile).or_default() += 1;
        }
    }
    let patterns = ["Create", "Delete", "Query", "Read", "Update"];
    for pattern in patterns {
        assert!(claimed.contains_key(pattern), "{pattern}: {claimed:?}");
        assert!(claimed.contains_key(format!("Patient{pattern}").as_str()), "Patient{pattern}: {claimed:?}");
    }
    for side in ["PrivacyDisclosure.Source", "PrivacyDisclosure.Recipient"] {
        assert!(claimed.contains_key(side), "{side}: {claimed:?}");
    }
}

#[test]
fn each_person_whom_the_data_is_about_has_an_event_of_their_own() {
    let views = with_subjects();
    let events = events(&export(Format::Fhir, &views));
    assert_eq!(events.len(), 2 * views.len());
    for pair in events.chunks(2) {
        let patient = |event: &Value| balp::patients(event).first().map(|it| it["what"]["identifier"]["value"].clone());
        assert_eq!(patient(&pair[0]), Some("P-0001".into()));
        assert_eq!(patient(&pair[1]), Some("P-0002".into()));
        assert_ne!(pair[0]["id"], pair[1]["id"]);
    }
}

#[test]
fn no_disclosure_is_claimed_without_the_person_whom_it_is_about() {
    for event in events(&export(Format::Fhir, &everything())) {
        assert!(!balp::profile(&event).is_some_and(|profile| profile.starts_with("PrivacyDisclosure")), "{event:#}");
    }
}

#[test]
fn a_bundle_holds_the_same_events() {
    for views in [vec![], everything(), with_subjects()] {
        let bundle = export(Format::FhirBundle, &views);
        let read: Value = serde_json::from_slice(&bundle).expect("JSON");
        let inside = read["entry"].as_array().cloned().unwrap_or_default();
        let inside: Vec<_> = inside.iter().map(|entry| entry["resource"].clone()).collect();
        assert_eq!(inside, events(&export(Format::Fhir, &views)));
        if let Some(said) = ask("check_fhir.py", &["bundle"], &bundle) {
            let said: Value = serde_json::from_str(&said).expect("verdict");
            assert_eq!(said["events"], inside.len());
        }
    }
}
