//! Sites watch each other's logs: heads are cosigned, an idle log is quiet, a log nobody confirms stops health data.

use std::sync::Arc;
use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::witness::{AddCheckpoint, Equivocation, Policy, Window};
use sealane_audit::{
    Checkpoint, Event, Kind, Log, LogKeys as LogKeysOfLog, OpId, Options, Phase, RotationProof, VerifierKey,
};
use sealane_crypto::digest::sha256;
use sealane_crypto::{AeadKey, Random, Signed, SigningKey, SystemRandom};
use sealane_database::peer;
use sealane_database::witnessed_log::{self, WitnessedHead};
use sealane_model::alert::Severity;
use sealane_model::problem::ProblemKind;
use sealane_model::{Class, Peer, Permission, Principal, Problem};
use sealane_service::view::{AcceptPeer, WitnessPolicyView};
use sealane_service::witness::{self, WitnessSettings};
use sealane_service::{Actor, alerts, browse, peers};
use sealane_transfer::lane::Witness;
use sealane_transfer::message::LogKeys;
use tokio_util::sync::CancellationToken;

use crate::alerts::of_rule;
use crate::backend::Backend;
use crate::harness::{START, Site, collection, path};

const PATIENCE: Duration = Duration::from_secs(60);
const LOG: &str = "sealane/hospital-a/node-9";

async fn introduce(host: &Site, guest: &Site) {
    let invitation = peers::invite(&guest.app, &Actor::operator()).await.unwrap();
    let request = AcceptPeer {
        invitation: invitation.invitation,
        fingerprint: invitation.fingerprint,
        issuers: vec![guest.provider.issuer()],
        ceiling: Class::Phi,
    };
    peers::accept(&host.app, &Actor::operator(), request).await.unwrap();
}

fn asking(witness: &Site) -> WitnessSettings {
    let identity = witness.app.identity();
    let key = witness::cosigner(&identity.name, &identity.signing).unwrap();
    let text = format!("witness university-b {}\nquorum university-b\n", key.verifier());
    let policy = Policy::parse(text.as_bytes()).unwrap();
    WitnessSettings { policy, window: Window::default(), warn_after: Duration::from_secs(5) }
}

/// University B, and Hospital A, which asks it to confirm its log.
async fn watched(on: &Backend) -> (Site, Site) {
    let b = Site::start_as(on, "university-b", |_| {}).await;
    let a = Site::start_watched(on, "hospital-a", |_| {}, Some(asking(&b))).await;
    (a, b)
}

fn run(site: &Site) -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(witness::run(site.app.clone(), stop.clone()));
    stop
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "waited in vain: {what}");
}

/// The size that the witness has confirmed, as it is kept beside the log.
fn confirmed(site: &Site) -> u64 {
    let policy = &site.app.settings().witness.as_ref().unwrap().policy;
    site.app.guard().log().newest_cosigned(policy).unwrap().map_or(0, |(head, _)| head.size())
}

async fn standing(site: &Site) -> WitnessPolicyView {
    witness::status(&site.app, &Actor::operator()).await.unwrap().policy.unwrap()
}

on_both!(heads_are_cosigned_and_an_idle_log_becomes_quiet);
async fn heads_are_cosigned_and_an_idle_log_becomes_quiet(on: &Backend) {
    let (a, b) = watched(on).await;
    introduce(&a, &b).await;
    introduce(&b, &a).await;
    let stop = run(&a);
    let log = a.app.guard().log().clone();
    let before = log.head().0;
    until("the head is cosigned", || confirmed(&a) >= before).await;
    // The note of it is the log's last word: it is cosigned as well, and no note follows.
    let ends_in_a_note = || {
        let last = log.entries(log.head().0 - 1, 1, &sealane_audit::Filter::all()).unwrap();
        last.iter().all(|view| is_note(view.entry.kind))
    };
    until("the log is quiet", || ends_in_a_note() && confirmed(&a) == log.head().0).await;
    let all = log.entries(0, 10_000, &sealane_audit::Filter::all()).unwrap();
    let mut noted = 0;
    for note in all.iter().filter(|view| is_note(view.entry.kind)) {
        let size = usize::try_from(note.entry.detail["size"].as_u64().unwrap()).unwrap();
        assert!(all[noted..size].iter().any(|view| !is_note(view.entry.kind)), "a note about a note");
        noted = size;
    }
    assert!(b.entries(Assurance::CheckpointCosign).is_empty(), "a witness's log says nothing of cosigning");
    assert_eq!(b.entries(Assurance::LogKeyPin).len(), 1);
    let seen = witness::status(&b.app, &Actor::operator()).await.unwrap();
    assert!(seen.policy.is_none(), "B asks nobody");
    assert_eq!((seen.watched[0].origin.as_str(), seen.watched[0].size), (log.origin(), confirmed(&a)));
    stop.cancel();
}

fn is_note(kind: Kind) -> bool {
    kind == Kind::Assurance(Assurance::CheckpointCosign)
}

on_both!(without_its_witness_health_data_wait_and_other_data_do_not);
async fn without_its_witness_health_data_wait_and_other_data_do_not(on: &Backend) {
    let (a, b) = watched(on).await;
    let imaging = || Principal::Group("imaging".to_owned());
    a.with_rules(vec![a.rule("patients", "/", imaging(), &Permission::ALL)]).await;
    let ana = a.person("ana").await;
    let look = |place: &'static str| {
        let (app, ana) = (a.app.clone(), ana.clone());
        async move { browse::list(&app, &ana, &collection(place), &path("/"), &Default::default()).await.map(drop) }
    };
    look("patients").await.unwrap();
    let stop = run(&a);
    for site in [&a, &b] {
        site.pass(Duration::from_secs(61));
    }
    let policy = a.app.guard().engine();
    until("the window is exceeded", || policy.is_exposed(Class::Phi)).await;
    let problem: Problem = look("patients").await.unwrap_err();
    assert_eq!((problem.code.as_str(), problem.kind), ("audit.exposed", ProblemKind::Unavailable));
    assert!(problem.next_step.unwrap().contains("sealane audit witness status"));
    look("imaging").await.unwrap();
    until("the alarm is recorded", || a.outcomes(Assurance::WitnessExposed).len() == 1).await;
    let status = standing(&a).await;
    assert!(status.refused);
    assert_eq!(status.witnesses[0].code.as_deref(), Some("witness-unknown"));
    alerts::look(&a.app).await.unwrap();
    let alert = of_rule(&a.app, "witness-exposed").await.remove(0);
    assert_eq!((alert.severity, alert.cleared_at), (Severity::Urgent, None));

    introduce(&a, &b).await;
    introduce(&b, &a).await;
    until("the witness has confirmed the log", || !policy.is_exposed(Class::Phi)).await;
    look("patients").await.unwrap();
    until("its end is recorded", || a.outcomes(Assurance::WitnessExposed).len() == 2).await;
    alerts::look(&a.app).await.unwrap();
    assert!(of_rule(&a.app, "witness-exposed").await[0].cleared_at.is_some());
    stop.cancel();
}

on_both!(a_log_that_is_shorter_than_its_witness_remembers_is_told_so);
async fn a_log_that_is_shorter_than_its_witness_remembers_is_told_so(on: &Backend) {
    let (a, b) = watched(on).await;
    introduce(&a, &b).await;
    introduce(&b, &a).await;
    let newer = WitnessedHead {
        origin: a.app.guard().log().origin().to_owned(),
        size: 1_000_000,
        root: sha256(b"what was there before the old copy was put back"),
        note: String::new(),
        at: START,
    };
    let mut db = b.app.database().acquire().await.unwrap();
    assert!(witnessed_log::advance(&mut db, None, &newer).await.unwrap());
    drop(db);
    let stop = run(&a);
    let told = async {
        while standing(&a).await.witnesses[0].code.as_deref() != Some("log-rolled-back") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the rollback is told");
    let fault = standing(&a).await.witnesses[0].fault.clone().unwrap();
    assert!(fault.contains("1000000") && fault.contains("restored from an old copy"), "{fault}");
    assert_eq!(confirmed(&a), 0, "nothing is confirmed");
    stop.cancel();
}

/// A peer with a log whose key the test has: it can show two histories.
struct Forger {
    key: SigningKey,
    peer: Peer,
}

impl Forger {
    async fn at(a: &Site, b: &Site) -> Self {
        introduce(b, a).await;
        let mut db = b.app.database().acquire().await.unwrap();
        let peer = peer::find(&mut db, a.app.identity().site).await.unwrap().unwrap();
        Self { key: SigningKey::generate(a.app.random()), peer }
    }

    fn vkey(&self) -> VerifierKey {
        VerifierKey::new(LOG, self.key.verifying_key())
    }

    async fn tell(&self, a: &Site, b: &Site, logs: Vec<String>) -> Result<(), Problem> {
        self.tell_with(a, b, logs, Vec::new()).await
    }

    async fn tell_with(&self, a: &Site, b: &Site, logs: Vec<String>, rotations: Vec<String>) -> Result<(), Problem> {
        let said = LogKeys { site: a.app.identity().site, at: START, logs, rotations };
        let said = Signed::seal(&a.app.identity().signing, LogKeys::CONTEXT, &said).unwrap();
        b.app.exchange_log_keys(&self.peer, &said).await.map(drop)
    }

    async fn ask(&self, b: &Site, old: u64, size: u64, root: &[u8]) -> (u16, String) {
        let head = Checkpoint::sign(LOG, size, sha256(root), &self.key);
        let request = AddCheckpoint { old, proof: Vec::new(), checkpoint: head };
        let answer = witness::add_checkpoint(&b.app, request.to_string().as_bytes()).await;
        (answer.status, String::from_utf8(answer.body).unwrap())
    }
}

on_both!(a_log_with_two_histories_is_caught_and_the_proof_is_kept);
async fn a_log_with_two_histories_is_caught_and_the_proof_is_kept(on: &Backend) {
    let a = Site::start(on).await;
    let b = Site::start_as(on, "university-b", |_| {}).await;
    let forger = Forger::at(&a, &b).await;
    assert_eq!(forger.ask(&b, 0, 3, b"one").await.0, 404, "its key is not known");
    forger.tell(&a, &b, vec![forger.vkey().to_string()]).await.unwrap();
    assert_eq!(forger.ask(&b, 0, 3, b"one").await.0, 200);
    assert_eq!(forger.ask(&b, 0, 3, b"one").await, (409, "3\n".to_owned()));
    assert_eq!(forger.ask(&b, 3, 3, b"one").await.0, 200, "the same head again");
    assert_eq!(witness::add_checkpoint(&b.app, b"old 0").await.status, 400);
    assert!(witness::evidence(&b.app, &Actor::operator()).await.unwrap().is_empty());
    for _ in 0..2 {
        assert_eq!(forger.ask(&b, 3, 3, b"other").await.0, 422);
    }
    let kept = witness::evidence(&b.app, &Actor::operator()).await.unwrap();
    assert_eq!((kept.len(), kept[0].origin.as_str()), (1, LOG));
    let evidence: Equivocation = kept[0].evidence.parse().unwrap();
    assert_eq!(evidence.verify(&forger.vkey()), Ok(()), "anybody with the log's key can check it");
    assert_eq!(b.entries(Assurance::WitnessFork).len(), 1, "told once");
    peers::remove(&b.app, &Actor::operator(), &a.app.identity().name).await.unwrap();
    assert_eq!(forger.ask(&b, 3, 3, b"one").await.0, 404, "no peer, no witness");
}

on_both!(a_known_log_keeps_its_key_and_a_site_speaks_for_its_own_logs_only);
async fn a_known_log_keeps_its_key_and_a_site_speaks_for_its_own_logs_only(on: &Backend) {
    let a = Site::start(on).await;
    let b = Site::start_as(on, "university-b", |_| {}).await;
    let forger = Forger::at(&a, &b).await;
    forger.tell(&a, &b, vec![forger.vkey().to_string()]).await.unwrap();
    forger.tell(&a, &b, vec![forger.vkey().to_string()]).await.unwrap();
    let other = SigningKey::generate(a.app.random()).verifying_key();
    let changed = forger.tell(&a, &b, vec![VerifierKey::new(LOG, other).to_string()]).await.unwrap_err();
    assert_eq!(changed.code, "log-key-changed");
    for origin in ["sealane/hospital-c/node-1", "sealane/hospital-a", "elsewhere/hospital-a/node-1"] {
        let problem = forger.tell(&a, &b, vec![VerifierKey::new(origin, other).to_string()]).await.unwrap_err();
        assert_eq!(problem.code, "log-foreign", "{origin}");
    }
    let cosigner = VerifierKey::cosigner(LOG, other).to_string();
    assert_eq!(forger.tell(&a, &b, vec![cosigner]).await.unwrap_err().code, "log-foreign");
    let codes: Vec<String> = b.outcomes(Assurance::LogKeyPin).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["ok", "log-key-changed"]);
    let said = LogKeys { site: b.app.identity().site, at: START, logs: Vec::new(), rotations: Vec::new() };
    let said = Signed::seal(&a.app.identity().signing, LogKeys::CONTEXT, &said).unwrap();
    assert_eq!(b.app.exchange_log_keys(&forger.peer, &said).await.unwrap_err().code, "log-keys-malformed");
}

/// A log of the peer's whose key is replaced, with the proof.
struct Handover {
    folder: tempfile::TempDir,
    old: LogKeysOfLog,
    new: LogKeysOfLog,
    proof: RotationProof,
}

impl Handover {
    fn new(site: &Site, entries: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
        let key = || SigningKey::generate(random.as_ref());
        let old = LogKeysOfLog { signing: key(), openings: AeadKey::generate(random.as_ref()) };
        let (log, _) = Log::open(folder.path(), LOG, old.clone(), Arc::clone(&random)).unwrap();
        for n in 0..entries {
            let op = OpId::new(site.app.identity().site.uuid());
            log.append_blocking(Event::new(Assurance::AuditRead, Phase::Info, op, n)).unwrap();
        }
        drop(log);
        let new = LogKeysOfLog { signing: key(), ..old.clone() };
        let proof = Log::rotate_key(folder.path(), LOG, &old, &new.signing, &random, Options::default()).unwrap();
        Self { folder, old, new, proof }
    }

    fn vkey(keys: &LogKeysOfLog) -> String {
        VerifierKey::new(LOG, keys.signing.verifying_key()).to_string()
    }

    /// The log, which has grown after the change.
    fn grown(&self) -> Log {
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new().unwrap());
        let (log, _) = Log::open(self.folder.path(), LOG, self.new.clone(), random).unwrap();
        let op = log.entries(0, 1, &sealane_audit::Filter::all()).unwrap()[0].entry.op;
        log.append_blocking(Event::new(Assurance::AuditRead, Phase::Info, op, 99)).unwrap();
        log
    }
}

async fn witnessed(b: &Site, request: &AddCheckpoint) -> u16 {
    witness::add_checkpoint(&b.app, request.to_string().as_bytes()).await.status
}

on_both!(a_witness_follows_a_log_to_its_new_key_and_has_no_more_use_for_the_old_one);
async fn a_witness_follows_a_log_to_its_new_key_and_has_no_more_use_for_the_old_one(on: &Backend) {
    let a = Site::start(on).await;
    let b = Site::start_as(on, "university-b", |_| {}).await;
    let forger = Forger::at(&a, &b).await;
    let log = Handover::new(&a, 3);
    let (old, new) = (Handover::vkey(&log.old), Handover::vkey(&log.new));
    forger.tell(&a, &b, vec![old.clone()]).await.unwrap();
    let grown = log.grown();
    let newest = grown.witness_request(&grown.checkpoint(), 0).unwrap();
    assert_eq!(witnessed(&b, &newest).await, 403, "the new key is not known yet");
    let unproven = forger.tell(&a, &b, vec![new.clone()]).await.unwrap_err();
    assert_eq!(unproven.code, "log-key-changed");
    let elsewhere = Handover::new(&a, 2).proof.to_string();
    assert_eq!(forger.tell_with(&a, &b, vec![new.clone()], vec![elsewhere]).await.unwrap_err().code, "log-key-changed");

    forger.tell_with(&a, &b, vec![new.clone()], vec![log.proof.to_string()]).await.unwrap();
    assert_eq!(witnessed(&b, &newest).await, 200, "the new key signs");
    forger.tell(&a, &b, vec![new.clone()]).await.unwrap();
    let size = grown.checkpoint().size();
    let stolen = Checkpoint::sign(LOG, size + 1, sha256(b"another history"), &log.old.signing);
    let stolen = AddCheckpoint { old: size, proof: Vec::new(), checkpoint: stolen };
    assert_eq!(witnessed(&b, &stolen).await, 403, "the old key signs nothing any more");
    forger.tell(&a, &b, vec![old]).await.unwrap();
    let codes: Vec<String> = b.outcomes(Assurance::LogKeyPin).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["ok", "log-key-changed", "log-key-changed", "log-key-rotated", "log-key-retired"]);
    assert_eq!(witnessed(&b, &stolen).await, 403, "to be told the old key again changes nothing");
}

on_both!(a_new_key_that_a_witnessed_head_contradicts_is_refused);
async fn a_new_key_that_a_witnessed_head_contradicts_is_refused(on: &Backend) {
    let a = Site::start(on).await;
    let b = Site::start_as(on, "university-b", |_| {}).await;
    let forger = Forger::at(&a, &b).await;
    let log = Handover::new(&a, 3);
    forger.tell(&a, &b, vec![Handover::vkey(&log.old)]).await.unwrap();
    // The witness has seen more of the log under the old key than there was when it is said to have handed over.
    let seen = WitnessedHead {
        origin: LOG.to_owned(),
        size: log.proof.begins() + 1,
        root: sha256(b"under the old key"),
        note: String::new(),
        at: START,
    };
    assert!(witnessed_log::advance(&mut b.app.database().acquire().await.unwrap(), None, &seen).await.unwrap());
    let told = forger.tell_with(&a, &b, vec![Handover::vkey(&log.new)], vec![log.proof.to_string()]).await;
    assert_eq!(told.unwrap_err().code, "log-key-changed");
}
