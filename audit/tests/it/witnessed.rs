//! What witnesses add for an auditor: by when entries were there, forks by whoever has the key, false times.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use sealane_audit::pack::PackRequest;
use sealane_audit::verify::{Options, Report, verify_dir, verify_entry, verify_pack, verify_proof};
use sealane_audit::witness::{AddCheckpoint, Policy, Swapped, consider};
use sealane_audit::{Checkpoint, Cosigner, Event, Log, VerifierKey};
use sealane_crypto::random::SystemRandom;
use sealane_crypto::sign::SigningKey;

use crate::support::{AT, ORIGIN, Site, copy, event, small};
use crate::verifier::{run, text};

/// Seconds in a day.
const DAY: i64 = 86_400;

fn witness(name: &str) -> Cosigner {
    let random = SystemRandom::new().expect("randomness");
    Cosigner::new(name, SigningKey::generate(&random)).expect("name")
}

/// The head with a witness's line, `after` seconds after the entries' time.
fn cosigned(head: &Checkpoint, log: &VerifierKey, witness: &Cosigner, after: i64) -> Checkpoint {
    let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: head.clone() };
    let advance = consider(&request, std::slice::from_ref(log), None).expect("acceptable");
    let now_s = u64::try_from(AT / 1_000_000_000 + after).expect("after 1970");
    let swap = |_| std::future::ready(Ok::<_, Infallible>(Swapped::Done));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    runtime.block_on(advance.remember_then_cosign(witness, now_s, swap)).expect("cosign").checkpoint
}

fn policy(witnesses: &[&Cosigner], threshold: usize) -> Policy {
    let lines: String =
        witnesses.iter().map(|it| format!("witness {} {}\n", it.verifier().name(), it.verifier())).collect();
    let names: String = witnesses.iter().map(|it| format!(" {}", it.verifier().name())).collect();
    Policy::parse(format!("{lines}group all-of-us {threshold}{names}\nquorum all-of-us\n").as_bytes()).expect("policy")
}

/// A log of eight entries whose head over five was cosigned and kept beside it.
struct Case {
    site: Site,
    log: PathBuf,
    witness: Cosigner,
}

impl Case {
    fn new(entry: impl Fn(u128) -> Event, seen_after: i64) -> Self {
        let (site, witness) = (Site::new(), witness("witness.lab-b.example"));
        let log = site.open("log");
        for n in 0..5 {
            log.append_blocking(entry(n)).expect("append");
        }
        let head = log.checkpoint();
        for n in 5..8 {
            log.append_blocking(entry(n)).expect("append");
        }
        keep(&log, &cosigned(&head, log.verifier_key(), &witness, seen_after));
        drop(log);
        let log = site.path("log");
        Self { site, log, witness }
    }

    fn options(&self, policy: Policy) -> Options {
        Options { key: Some(self.site.key()), policy: Some(policy), ..Options::default() }
    }

    fn verify(&self) -> Report {
        verify_dir(&self.log, &self.options(policy(&[&self.witness], 1)))
    }
}

fn keep(log: &Log, head: &Checkpoint) {
    let directory = log.directory().join("checkpoints");
    fs::create_dir_all(&directory).expect("make");
    fs::write(directory.join(head.size().to_string()), head.text()).expect("write");
}

#[test]
fn the_entries_under_a_cosigned_head_were_there_by_then() {
    let case = Case::new(event, 30);
    let report = case.verify();
    assert_eq!(report.exit_code(), 0, "{report}");
    let said = report.time.to_string();
    assert!(said.contains("first 5 of 8") && said.contains("2023-11-14T22:13:50Z"), "{said}");
    assert!(said.contains("witness.lab-b.example"), "{said}");
    let unasked = case.site.verify(&case.log);
    assert!(unasked.holds() && !unasked.time.is_ok() && !unasked.time.is_bad(), "{unasked}");
}

#[test]
fn too_few_witnesses_or_others_than_were_asked_for_are_not_enough() {
    let case = Case::new(event, 30);
    let (other, mine) = (witness("w.nobody.example"), &case.witness);
    assert!(verify_dir(&case.log, &case.options(policy(&[mine, &other], 1))).holds());
    for asked in [policy(&[mine, &other], 2), policy(&[&other], 1)] {
        let report = verify_dir(&case.log, &case.options(asked));
        assert!(report.time.is_bad() && report.integrity.is_ok(), "{report}");
        assert_eq!(report.exit_code(), 3, "cannot be verified as it was asked for");
    }
}

#[test]
fn a_line_in_a_witnesss_name_that_is_not_by_it_is_forgery() {
    let case = Case::new(event, 30);
    let kept = case.log.join("checkpoints/5");
    let mut note = fs::read(&kept).expect("read");
    let at = note.len() - 9;
    note[at] = if note[at] == b'A' { b'B' } else { b'A' };
    fs::write(&kept, note).expect("write");
    let report = case.verify();
    assert!(report.authenticity.is_bad(), "{report}");
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn a_history_rewritten_with_the_stolen_key_contradicts_what_the_witness_saw() {
    let case = Case::new(event, 30);
    let (log, _) = case.site.open_with(&case.site.path("rewritten"), &case.site.keys, small()).expect("open");
    for n in 0..8 {
        log.append_blocking(event(n + 100)).expect("append");
    }
    drop(log);
    let rewritten = case.site.path("rewritten");
    assert!(case.site.verify(&rewritten).holds(), "by construction: the key is the insider's");
    let options = case.options(policy(&[&case.witness], 1));
    assert_eq!(verify_dir(&rewritten, &options).exit_code(), 3, "and it lacks what the witness would have signed");

    copy(&case.log.join("checkpoints"), &rewritten.join("checkpoints"));
    let report = verify_dir(&rewritten, &options);
    assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(4)), "{report}");
}

#[test]
fn backdated_and_postdated_entries_are_named_once_a_witness_is_known() {
    let at = |n: u128, shift: i64| {
        move |entry: u128| {
            let mut event = event(entry);
            if entry == n {
                event.at_ns += shift * 1_000_000_000;
            }
            event
        }
    };
    for (index, shift, why) in [(2, DAY, "later than that"), (6, -DAY, "backdated")] {
        let case = Case::new(at(index, shift), 30);
        assert!(case.site.verify(&case.log).holds(), "no witness is known");
        let report = case.verify();
        assert!(report.integrity.is_ok() && report.time.is_bad(), "{report}");
        assert_eq!(report.first_bad_entry().map(u128::from), Some(index), "{report}");
        assert!(report.time.to_string().contains(why), "{report}");
    }
    assert!(Case::new(at(2, 60), 30).verify().holds(), "clocks differ a little");
    assert!(Case::new(at(6, -600), 30).verify().holds(), "a request takes a while");
}

#[test]
fn tiles_entries_proofs_and_packs_carry_the_witnesss_word_too() {
    let case = Case::new(event, 30);
    let options = case.options(policy(&[&case.witness], 1));
    let bare = case.site.path("copy");
    copy(&case.log.join("tile"), &bare.join("tile"));
    copy(&case.log.join("checkpoints"), &bare.join("checkpoints"));
    fs::copy(case.log.join("checkpoint"), bare.join("checkpoint")).expect("copy");
    assert!(verify_dir(&bare, &options).time.is_ok());

    let log = case.site.open("log");
    let head = cosigned(&log.checkpoint(), log.verifier_key(), &case.witness, 60);
    let proof = log.proof(3, &head).expect("prove");
    let json = log.entries(3, 1, &sealane_audit::Filter::all()).expect("read").remove(0).json;
    assert!(verify_proof(&proof, Some(json.as_bytes()), &options).time.is_ok());
    let request = PackRequest { asked: "all".into(), made_at_ns: AT, checkpoint: Some(head), openings: false };
    let pack = log.pack_range(Vec::new(), request, 0..8).expect("pack").0;
    assert!(verify_pack(pack.as_slice(), &options).time.is_ok());
    drop(log);
    assert!(verify_entry(&case.log, 3, &options).time.is_ok());
}

#[test]
fn a_policy_that_lists_logs_stands_for_their_keys() {
    let case = Case::new(event, 30);
    let witness = case.witness.verifier();
    let listing = |key| {
        let log = VerifierKey::new(ORIGIN, key);
        Policy::parse(format!("log {log}\nwitness w {witness}\nquorum w\n").as_bytes()).expect("policy")
    };
    let judge = |policy| verify_dir(&case.log, &Options { policy: Some(policy), ..Options::default() });
    let report = judge(listing(case.site.key()));
    assert!(report.holds() && report.key.is_some_and(|key| key.pinned), "the key is the policy's");
    let other = case.site.other_keys().signing.verifying_key();
    assert_eq!(judge(listing(other)).exit_code(), 1);
}

#[test]
fn the_verifier_takes_witnesses_and_policies() {
    let case = Case::new(event, 30);
    let witness = case.witness.verifier().to_string();
    let judge = |arguments: &[&str]| run(&[&["log", text(&case.log)], arguments].concat()).status.code();
    assert_eq!(judge(&["--witness", &witness]), Some(0));
    let other = self::witness("w.nobody.example").verifier().to_string();
    assert_eq!(judge(&["--witness", &witness, "--witness", &other]), Some(3), "all of them are asked for");
    let file = case.site.path("policy");
    fs::write(&file, format!("witness w {witness}\nquorum w\n")).expect("write");
    assert_eq!(judge(&["--policy", text(&file)]), Some(0));
    assert_eq!(judge(&["--policy", text(&file), "--witness", &witness]), Some(64));
    let log = VerifierKey::new(ORIGIN, case.site.key()).to_string();
    assert_eq!(judge(&["--witness", &log]), Some(64), "a log is no witness");
    fs::write(&file, "quorum").expect("write");
    assert_eq!(judge(&["--policy", text(Path::new(&file))]), Some(64));
}
