//! RFC 3161 timestamps, with Debian's openssl as the authority and as the verifier.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use sealane_audit::timestamp::{Timestamp, TimestampError, TimestampRequest};
use sealane_audit::witness::Policy;
use sealane_audit::{Checkpoint, KeepError, Log};
use sealane_crypto::random::SystemRandom;
use tempfile::TempDir;

use crate::proving::fill;
use crate::support::{ORIGIN, Site};

/// A time-stamping authority in a folder of its own.
struct Authority(TempDir);

const CONFIGURATION: &str = "
[req]
distinguished_name = name
x509_extensions = use
prompt = no
[name]
CN = Example Time-Stamping Authority
[use]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
";

impl Authority {
    fn new() -> Self {
        let authority = Self(TempDir::new().expect("temporary directory"));
        fs::write(authority.0.path().join("tsa.cnf"), CONFIGURATION).expect("write");
        fs::write(authority.0.path().join("serial"), "01\n").expect("write");
        authority.run(
            "req -x509 -config tsa.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.pem -days 7",
        );
        authority
    }

    fn openssl(&self, arguments: &str) -> Output {
        #[expect(clippy::disallowed_methods, reason = "the authority is a program, and this is a test")]
        let mut openssl = Command::new("openssl");
        openssl.args(arguments.split(' ')).current_dir(self.0.path()).output().expect("openssl is installed")
    }

    fn run(&self, arguments: &str) {
        let output = self.openssl(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn answer(&self, query: &[u8]) -> Vec<u8> {
        fs::write(self.0.path().join("query.tsq"), query).expect("write");
        self.run("ts -reply -config tsa.cnf -queryfile query.tsq -out reply.tsr");
        fs::read(self.0.path().join("reply.tsr")).expect("read")
    }

    /// What the page for operators says: the checkpoint's body, the token beside the log, the authority's certificate.
    fn verifies(&self, body: &str, token: &Path) -> bool {
        fs::write(self.0.path().join("body"), body).expect("write");
        fs::copy(token, self.0.path().join("token.tsr")).expect("copy");
        self.openssl("ts -verify -data body -in token.tsr -CAfile tsa.pem").status.success()
    }
}

fn head(log: &Log) -> (Checkpoint, TimestampRequest) {
    let head = log.checkpoint();
    let request = TimestampRequest::new(&head, &SystemRandom::new().expect("randomness"));
    (head, request)
}

fn nobody() -> Policy {
    Policy::parse(b"quorum none\n").expect("policy")
}

#[test]
fn a_third_party_dates_a_checkpoint_and_its_tools_accept_what_is_kept() {
    let authority = Authority::new();
    let site = Site::new();
    let log = site.open("log");
    fill(&log, 0, 3);
    let (checkpoint, request) = head(&log);
    let answer = authority.answer(&request.to_der().expect("encode"));
    let timestamp = request.check(&answer).expect("an answer to it");
    assert_eq!(timestamp.policy(), "1.2.3.4.1");
    assert!(timestamp.at_ns() > 1_700_000_000_000_000_000, "the authority's clock");
    log.keep_timestamp(&checkpoint, &timestamp, &nobody()).expect("kept");

    let directory = site.path("log");
    let token = directory.join("tsr/3.tsr");
    let kept = fs::read_to_string(directory.join("checkpoints/3")).expect("read");
    let body = kept.split_inclusive('\n').take(3).collect::<String>();
    assert_eq!(body, checkpoint.body());
    assert!(authority.verifies(&body, &token));
    assert!(!authority.verifies(&body.replacen("\n3\n", "\n4\n", 1), &token), "another head");
    let read = Timestamp::read(&fs::read(&token).expect("read"), &checkpoint);
    assert_eq!(read, Ok(timestamp));
}

#[test]
fn an_answer_to_another_request_or_about_another_head_is_refused() {
    let authority = Authority::new();
    let site = Site::new();
    let log = site.open("log");
    fill(&log, 0, 1);
    let (first, asked_first) = head(&log);
    let answer = authority.answer(&asked_first.to_der().expect("encode"));
    let (_, again) = head(&log);
    assert_eq!(again.check(&answer), Err(TimestampError::OtherRequest), "an old answer, sent again");
    fill(&log, 1, 2);
    let (second, asked_second) = head(&log);
    assert_eq!(asked_second.check(&answer), Err(TimestampError::OtherData));
    let timestamp = asked_first.check(&answer).expect("an answer to it");
    let mixed_up = log.keep_timestamp(&second, &timestamp, &nobody());
    assert!(matches!(mixed_up, Err(KeepError::Timestamp(TimestampError::OtherData))));
    let elsewhere = Checkpoint::sign(ORIGIN, 1, first.root(), &site.other_keys().signing);
    assert!(matches!(log.keep_timestamp(&elsewhere, &timestamp, &nobody()), Err(KeepError::Note(_))));
}

#[test]
fn a_refusal_by_the_authority_is_told_as_such() {
    let authority = Authority::new();
    let site = Site::new();
    let (_, request) = head(&site.open("log"));
    // The authority does not take SHA-256 any longer.
    let configuration = CONFIGURATION.replace("digests = sha256, sha512", "digests = sha512");
    fs::write(authority.0.path().join("tsa.cnf"), configuration).expect("write");
    let answer = authority.answer(&request.to_der().expect("encode"));
    assert_eq!(request.check(&answer), Err(TimestampError::Refused { status: 2 }));
}

#[test]
fn a_head_with_a_timestamp_stays_when_others_go() {
    let authority = Authority::new();
    let site = Site::new();
    let log = site.open("log");
    for n in 0..4 {
        fill(&log, n, n + 1);
        log.keep_cosigned(&log.checkpoint(), &nobody()).expect("kept");
        if n == 1 {
            let (checkpoint, request) = head(&log);
            let answer = authority.answer(&request.to_der().expect("encode"));
            log.keep_timestamp(&checkpoint, &request.check(&answer).expect("answer"), &nobody()).expect("kept");
        }
    }
    let kept: Vec<bool> = (1..=4).map(|n| site.path("log").join(format!("checkpoints/{n}")).exists()).collect();
    assert_eq!(kept, [true, true, false, true]);
}

#[test]
fn damaged_answers_are_refused_without_panic() {
    let authority = Authority::new();
    let site = Site::new();
    let (checkpoint, request) = head(&site.open("log"));
    let answer = authority.answer(&request.to_der().expect("encode"));
    let honest = request.check(&answer).expect("an answer to it");
    assert!(matches!(request.check(&[0; 70_000]), Err(TimestampError::Form(_))));
    for length in 0..answer.len() {
        assert!(request.check(&answer[..length]).is_err());
    }
    let mut runner = proptest::test_runner::TestRunner::default();
    let damage = (any::<prop::sample::Index>(), any::<u8>());
    let checked = runner.run(&damage, |(at, byte)| {
        let mut bytes = answer.clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // Damage to the signature or the time is for whoever checks the signature; imprint and nonce hold here.
        if let Ok(read) = Timestamp::read(&bytes, &checkpoint) {
            prop_assert_eq!(read.response().len(), honest.response().len());
        }
        Ok(())
    });
    checked.expect("no panic");
}
