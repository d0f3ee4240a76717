//! The receipt of a transfer between two sites.

use std::fs;

use sealane_audit::event::Transfer;
use sealane_audit::verify::{Options, Pin, verify_receipt};
use sealane_audit::{Event, ExchangeReceipt, Filter, Object, OutcomeRecord, Phase, SiteRecord};
use sealane_crypto::digest::sha256;

use crate::support::{AT, Site, event, op};
use crate::verifier::{run, text};

/// How a site records the end of a transfer.
fn finish(change: impl FnOnce(&mut Object)) -> Event {
    let mut object = Object {
        collection: Some("imaging".into()),
        task: Some("task-7".into()),
        bytes: Some(1 << 40),
        files: Some(12),
        digest: Some(sha256(b"manifest")),
        ..Object::default()
    };
    change(&mut object);
    Event::new(Transfer::Finish, Phase::Info, op(7), AT).object(object).outcome(OutcomeRecord::done())
}

/// A site with a log of its own name, in which the transfer's end stands among other entries.
struct Party {
    site: Site,
    record: SiteRecord,
}

impl Party {
    fn new(origin: &str, end: Event) -> Self {
        let site = Site::new();
        let log = site.open_as("log", origin);
        for n in 0..10 {
            log.append_blocking(event(n)).expect("append");
        }
        let receipt = log.append_blocking(end).expect("append");
        for n in 10..20 {
            log.append_blocking(event(n)).expect("append");
        }
        let proof = log.proof(receipt.index(), &log.checkpoint()).expect("prove");
        let entry = log.entries(receipt.index(), 1, &Filter::all()).expect("read").remove(0).json;
        let record = SiteRecord { key: log.verifier_key().clone(), entry, proof };
        Self { site, record }
    }
}

fn parties() -> (Party, Party) {
    (Party::new("audit.hospital-a.example/n1", finish(|_| {})), Party::new("audit.lab-b.example/n1", finish(|_| {})))
}

fn receipt(source: &Party, destination: &Party) -> ExchangeReceipt {
    ExchangeReceipt::new(source.record.clone(), destination.record.clone())
}

fn pins(source: &Party, destination: &Party) -> Vec<Pin> {
    vec![Pin::Key(destination.site.key()), Pin::Fingerprint(source.site.key().fingerprint())]
}

#[test]
fn a_receipt_reads_back_and_holds_for_whoever_knows_both_keys() {
    let (a, b) = parties();
    let receipt = receipt(&a, &b);
    let read: ExchangeReceipt = receipt.to_string().parse().expect("parse");
    assert_eq!(read, receipt);
    let report = verify_receipt(&read, &pins(&a, &b), &Options::default());
    assert_eq!(report.exit_code(), 0, "{report}");
    let recorded = report.recorded.expect("recorded");
    assert_eq!((recorded.task.as_str(), recorded.files, recorded.bytes), ("task-7", 12, 1 << 40));
    assert_eq!(a.record.verify(&a.record.key).expect("proven"), recorded);
    assert!(a.record.verify(&b.record.key).is_err());
}

#[test]
fn without_keys_it_holds_and_says_whose_word_that_is() {
    let (a, b) = parties();
    let report = verify_receipt(&receipt(&a, &b), &[], &Options::default());
    assert_eq!(report.exit_code(), 0, "{report}");
    assert!(report.to_string().contains("give --key to rule out another signer"), "{report}");
}

#[test]
fn a_site_that_nobody_knows_did_not_sign() {
    let (a, b) = parties();
    let report = verify_receipt(&receipt(&a, &b), &[Pin::Key(a.site.key())], &Options::default());
    assert!(report.source.holds() && report.destination.authenticity.is_bad(), "{report}");
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn sites_that_recorded_different_transfers_do_not_agree() {
    type Change = (&'static str, fn(&mut Object));
    let changes: [Change; 4] = [
        ("the task", |object| object.task = Some("task-8".into())),
        ("the manifest's digest", |object| object.digest = Some(sha256(b"other"))),
        ("the number of files", |object| object.files = Some(13)),
        ("the number of bytes", |object| object.bytes = Some(1)),
    ];
    let a = Party::new("audit.hospital-a.example/n1", finish(|_| {}));
    for (what, change) in changes {
        let b = Party::new("audit.lab-b.example/n1", finish(change));
        let report = verify_receipt(&receipt(&a, &b), &pins(&a, &b), &Options::default());
        assert!(report.source.holds() && report.destination.holds(), "each part is true: {report}");
        assert_eq!(report.exit_code(), 1);
        assert!(report.agreement.to_string().contains(what), "{report}");
    }
    let same = ExchangeReceipt::new(a.record.clone(), a.record);
    assert!(same.agreed().is_err(), "one site is not two");
}

#[test]
fn an_entry_that_tells_no_transfers_good_end_makes_no_receipt() {
    let a = Party::new("audit.hospital-a.example/n1", finish(|_| {}));
    let failed = finish(|_| {}).outcome(OutcomeRecord::new(sealane_audit::Outcome::Failed, "disk", "full"));
    for end in [event(3), failed, finish(|object| object.digest = None), finish(|object| object.task = None)] {
        let b = Party::new("audit.lab-b.example/n1", end);
        assert!(receipt(&a, &b).agreed().is_err());
    }
}

#[test]
fn no_changed_byte_of_a_receipt_passes() {
    let (a, b) = parties();
    let honest = receipt(&a, &b);
    let (text, pins) = (honest.to_string(), pins(&a, &b));
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        let Ok(read) = changed.parse::<ExchangeReceipt>() else { continue };
        let report = verify_receipt(&read, &pins, &Options::default());
        assert!(read == honest || report.exit_code() != 0, "byte {at}: {report}");
    }
}

#[test]
fn the_verifier_takes_a_receipt_with_both_keys() {
    let (a, b) = parties();
    let file = a.site.path("receipt.json");
    fs::write(&file, receipt(&a, &b).to_string()).expect("write");
    let (first, second) = (a.record.key.to_string(), b.site.key().to_string());
    let output = run(&["receipt", text(&file), "--key", &first, "--key", &second, "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["recorded"]["task"], "task-7");
    assert_eq!(report["agreement"]["verdict"], "ok");
    assert_eq!(report["source"]["key"]["pinned"], true);
    assert_eq!(run(&["receipt", text(&file), "--key", &first]).status.code(), Some(1));
    fs::write(&file, "{}").expect("write");
    assert_eq!(run(&["receipt", text(&file)]).status.code(), Some(3));
}
