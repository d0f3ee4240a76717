//! OCSF, checked against the framework's own schema by somebody else's library.

use sealane_audit::export::{Format, mapping};
use sealane_crypto::digest::leaf_hash;
use serde_json::Value;

use super::foreign::ask;
use super::sample::{erased, everything, export, hostile, veiled};

fn expect_valid(ocsf: &[u8], events: usize) -> Option<Value> {
    let said = ask("check_ocsf.py", &[mapping::OCSF_VERSION], ocsf)?;
    let said: Value = serde_json::from_str(&said).expect("verdict");
    assert_eq!(said["events"], events);
    Some(said)
}

#[test]
fn every_entry_of_the_catalogue_is_valid_ocsf() {
    let views = everything();
    let Some(said) = expect_valid(&export(Format::Ocsf, &views), views.len()) else { return };
    assert_eq!(said["classes"], serde_json::json!([2003, 3002, 3004, 3005, 4001, 6002, 6003, 6006]));
}

#[test]
fn what_is_not_revealed_or_hostile_is_valid_ocsf_too() {
    let views: Vec<_> = [veiled(everything()), hostile(), veiled(hostile())].concat();
    expect_valid(&export(Format::Ocsf, &views), views.len());
}

#[test]
fn erased_values_are_said_to_be_erased() {
    let views = erased();
    let ocsf = export(Format::Ocsf, &views);
    for line in std::str::from_utf8(&ocsf).expect("UTF-8").lines() {
        let event: Value = serde_json::from_str(line).expect("event");
        assert_eq!(event["unmapped"]["absent"]["actor.subject"], "erased");
    }
    expect_valid(&ocsf, views.len());
}

#[test]
fn an_event_that_says_something_else_is_refused() {
    if ask("check_ocsf.py", &[mapping::OCSF_VERSION], b"").is_none() {
        return;
    }
    let good = export(Format::Ocsf, &everything()[..1]);
    for (path, value) in
        [("class_uid", 6006.into()), ("severity", "High".into()), ("type_uid", 1.into()), ("extra", Value::Null)]
    {
        let mut event: Value = serde_json::from_slice(&good).expect("event");
        event[path] = value;
        let refused =
            std::panic::catch_unwind(|| ask("check_ocsf.py", &[mapping::OCSF_VERSION], event.to_string().as_bytes()));
        assert!(refused.is_err(), "{path}");
    }
}

#[test]
fn the_raw_data_of_an_event_is_the_entry_that_its_uid_names() {
    for line in String::from_utf8(export(Format::Ocsf, &everything())).expect("UTF-8").lines() {
        let event: Value = serde_json::from_str(line).expect("event");
        let raw = event["raw_data"].as_str().expect("raw data");
        assert_eq!(event["metadata"]["uid"], leaf_hash(raw.as_bytes()).to_string());
    }
}
