//! Our proofs and cosignatures judged by code that is not ours, and other people's judged by ours.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use sealane_audit::witness::{AddCheckpoint, Seen, consider};
use sealane_audit::{Checkpoint, Log, SignatureLine, VerifierKey};
use sealane_crypto::digest::{Digest, sha256};
use sealane_crypto::sign::VerifyingKey;
use tlog_tiles::{Hash, check_record, check_tree};

use crate::proving::fill;
use crate::python::interpreter;
use crate::support::{ORIGIN, Site};
use crate::witnessing::{NOW, Witness};

fn hashes(proof: Vec<Digest>) -> Vec<Hash> {
    proof.into_iter().map(hash).collect()
}

fn hash(digest: Digest) -> Hash {
    Hash(*digest.as_bytes())
}

fn cosigned(log: &Log, by: &[&Witness]) -> Checkpoint {
    let head = log.checkpoint();
    by.iter().fold(head.clone(), |checkpoint, witness| {
        let request = log.witness_request(&head, 0).expect("request");
        checkpoint.with_line(witness.ask_at(&request, NOW).expect("cosigned").line).expect("room")
    })
}

#[test]
fn the_crate_tlog_tiles_accepts_our_proofs_and_no_other() {
    let site = Site::new();
    let log = site.open("log");
    fill(&log, 0, 300);
    let (size, root) = log.head();
    for index in (0..size).step_by(7).chain([255, 256, 299]) {
        let proof = hashes(log.prove(index, size).expect("prove"));
        let leaf = hash(log.leaf(index).expect("leaf"));
        check_record(&proof, size, hash(root), index, leaf).expect("accepted");
        assert!(check_record(&proof, size, hash(root), (index + 1) % size, leaf).is_err());
        let old = index + 1;
        let old_root = hash(log.root_at(old).expect("root"));
        let proof = hashes(log.consistency(old, size).expect("prove"));
        check_tree(&proof, size, hash(root), old, old_root).expect("accepted");
        if old < size {
            assert!(check_tree(&proof, size, hash(root), old, hash(sha256(b"other"))).is_err());
        }
    }
}

const PROGRAM: &str = "tests/python/check_proof.py";

/// Whether a checker that knows hashlib and Ed25519 only accepts the proof, and what it says.
#[expect(clippy::disallowed_methods, reason = "somebody else's checker is a program")]
fn judge(arguments: &[String], proof: &str) -> Option<(bool, String)> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PROGRAM);
    let mut child = Command::new(interpreter(PROGRAM)?)
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("start the interpreter");
    // A checker that refuses its arguments need not read on.
    let _ = child.stdin.take().expect("stdin").write_all(proof.as_bytes());
    let output = child.wait_with_output().expect("wait");
    Some((output.status.success(), String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()))
}

#[test]
fn a_checker_in_another_language_accepts_a_cosigned_proof_and_no_other() {
    let site = Site::new();
    let log = site.open("log");
    fill(&log, 0, 300);
    let (b, c) = (Witness::of(&site.keys.signing), Witness::named("witness.c.example", 8, &site.keys.signing));
    let checkpoint = cosigned(&log, &[&b, &c]);
    let proof = log.proof(17, &checkpoint).expect("prove").to_string();
    assert!(proof.len() < 2048, "{} bytes", proof.len());
    let key = VerifierKey::new(ORIGIN, site.key()).to_string();
    let (b, c) = (b.cosigner.verifier().to_string(), c.cosigner.verifier().to_string());
    let leaf = |index| log.leaf(index).expect("leaf").to_string();
    let Some(judged) = judge(&[key.clone(), leaf(17), b.clone(), c.clone()], &proof) else { return };
    assert_eq!(judged, (true, format!("17 300 {NOW} {NOW}")));
    let other_key = VerifierKey::new(ORIGIN, site.other_keys().signing.verifying_key()).to_string();
    let swapped = VerifierKey::cosigner("witness.c.example", b.parse::<VerifierKey>().expect("key").key()).to_string();
    for (arguments, proof) in [
        ([key.clone(), leaf(18), b.clone(), c.clone()], proof.clone()),
        ([other_key, leaf(17), b.clone(), c.clone()], proof.clone()),
        ([key.clone(), leaf(17), b.clone(), swapped], proof.clone()),
        ([key, leaf(17), b, c], proof.replacen("index 17", "index 16", 1)),
    ] {
        assert_eq!(judge(&arguments, &proof).map(|(accepted, _)| accepted), Some(false), "{arguments:?}");
    }
}

#[test]
fn a_cosignature_made_with_another_library_is_read_and_ours_is_the_same() {
    // Made with the Python package `cryptography`; seeds 01.. for the log, 09.. for the witness.
    let note = "audit.hospital-a.example/n1\n3\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n\
        \u{2014} audit.hospital-a.example/n1 iOG03Vaq4peOTcBh6ZWiCW9olOnyUavrPFoFZyNyZG5Gy2/tBuWwOf/KOIeyv7MlOOIqCMPWRphiwuByxfY0J6mvcQY=\n\
        \u{2014} witness.b.example/w1 pgoeNwAAAABlU/EA2RGdWeo70vSlxBqXQUWyhPAwYS4sfC6qFHS39XDm5VA2Yya/gEnoHPXDIGf8gStlHBDwqDG13z134K2thehADw==\n";
    let log: VerifierKey = "audit.hospital-a.example/n1+88e1b4dd+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
        .parse()
        .expect("the log's key");
    let witness: VerifierKey = "witness.b.example/w1+a60a1e37+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY"
        .parse()
        .expect("the witness's key");
    let read = Checkpoint::parse(note).expect("parse");
    assert_eq!((read.verify_log(&log), read.cosigned_at(&witness)), (Ok(()), Ok(1_700_000_000)));
    let ours = Witness::of(&crate::witnessing::key(1));
    assert_eq!(ours.cosigner.verifier(), &witness);
    let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: read.with_lines_of(&[log]) };
    // Ed25519 gives one signature for one message, whoever computes it.
    assert_eq!(ours.ask_at(&request, 1_700_000_000).expect("cosigned").checkpoint.text(), note);
}

const SIGSUM: &str = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";

/// A request of the exchange that the reference witness (litewitness) is tested with.
fn asked(old: u64, proof: &[&str], size: u64, root: &str, signature: &str) -> AddCheckpoint {
    let proof: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
    let line: SignatureLine = format!("\u{2014} {SIGSUM} {signature}").parse().expect("a known good line");
    let body = format!("old {old}\n{proof}\n{SIGSUM}\n{size}\n{root}\n\n{line}\n");
    AddCheckpoint::parse(body.as_bytes()).expect("parse")
}

#[test]
fn the_exchange_of_the_reference_witness_gets_its_answers() {
    let key = data_encoding::HEXLOWER
        .decode(b"ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f")
        .expect("hexadecimal");
    let keys = [VerifierKey::new(SIGSUM, VerifyingKey::from_bytes(key.try_into().expect("32 bytes")))];
    const FIRST: &str = "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const OTHERS: [&str; 4] = [
        "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "KgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ];
    let one = |old| {
        asked(
            old,
            &[],
            1,
            FIRST,
            "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=",
        )
    };
    let three = |old, proof: &[&str]| {
        let signature = "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=";
        asked(old, proof, 3, "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=", signature)
    };
    let five = |old, proof: &[&str]| {
        let signature = "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=";
        asked(old, proof, 5, "QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=", signature)
    };
    let from_one = [OTHERS[0], "+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=", OTHERS[3]];
    let from_three = [OTHERS[1], OTHERS[2], "wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=", OTHERS[3]];
    let mut seen: Option<Seen> = None;
    let mut status = |request: &AddCheckpoint| match consider(request, &keys, seen) {
        Ok(_) => {
            let head = &request.checkpoint;
            seen = Some(Seen { size: head.size(), root: head.root() });
            (200, String::new())
        }
        Err(refusal) => (refusal.status(), refusal.body()),
    };
    assert_eq!(status(&one(0)).0, 200);
    assert_eq!(status(&three(1, &[])).0, 422);
    assert_eq!(status(&three(1, &[OTHERS[0], "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABA="])).0, 422);
    assert_eq!(status(&three(1, &OTHERS[..2])).0, 200);
    assert_eq!(status(&five(1, &from_one)), (409, "3\n".to_owned()));
    assert_eq!(status(&five(3, &from_three)).0, 200);
    assert_eq!(status(&five(0, &[])), (409, "5\n".to_owned()));
}
