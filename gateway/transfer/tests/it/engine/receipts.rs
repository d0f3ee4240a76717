//! After a transfer both sites hold proof of it, or somebody is told why not.

use sealane_audit::event::{Assurance, Transfer as TransferKind};
use sealane_audit::verify::{Options, Pin, verify_receipt};
use sealane_audit::witness::Equivocation;
use sealane_audit::{Checkpoint, EntryView, ExchangeReceipt, Object, OpId, Outcome, OutcomeRecord, Phase, VerifierKey};
use sealane_crypto::digest::sha256;
use sealane_crypto::{Signed, SigningKey, SystemRandom};
use sealane_database::log_fork;
use sealane_database::log_key::{self, LogKey as LogKeyRow};
use sealane_database::transfer_receipt::{ReceiptState, TransferReceipt};
use sealane_database::witnessed_log::{self, WitnessedHead};
use sealane_model::{Task, TaskId, TaskState, Timestamp};
use sealane_transfer::engine::End;
use sealane_transfer::lane::Orders as _;
use sealane_transfer::log_key::LogKey;
use sealane_transfer::message::ReceiptPart;

use super::answering::Receipts;
use super::world::{Node, Site, World, failed_with, item, transfer};
use crate::backend::Backend;

fn held(row: &TransferReceipt) -> bool {
    row.state == ReceiptState::Held
}

fn refused(row: &TransferReceipt) -> bool {
    row.state == ReceiptState::Refused
}

/// A transfer that ended well at both sites.
async fn moved(world: &World, node: &Node, name: &str) -> Task {
    world.source.write(name, name.as_bytes());
    let (from, to) = (format!("/{name}"), format!("/{name}"));
    let task = world.push(vec![item(&from, &to)]).await.unwrap();
    world.source.ended(&world.source.engine(), task.id).await;
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", ended.state);
    ended
}

fn receipts_in_log(site: &Site, task: TaskId) -> Vec<EntryView> {
    let about = |view: &EntryView| {
        view.entry.kind == TransferKind::Receipt.into() && view.entry.object.task == Some(task.to_string())
    };
    site.entries().into_iter().filter(about).collect()
}

fn file_of(site: &Site, task: TaskId) -> Option<String> {
    std::fs::read_to_string(site.guard.log().directory().join("receipts").join(format!("{task}.json"))).ok()
}

on_both!(after_a_transfer_both_sites_hold_the_same_proof);
async fn after_a_transfer_both_sites_hold_the_same_proof(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = moved(&world, &node, "a").await;
    let there = world.destination.receipt_that(task.id, held).await;
    let here = world.source.receipt_that(task.id, held).await;
    node.stop().await;

    let text = there.document.unwrap();
    assert_eq!(here.document.as_ref(), Some(&text));
    let receipt: ExchangeReceipt = text.parse().unwrap();
    let pins = [&world.source, &world.destination].map(|site| Pin::Key(site.guard.log().verifier_key().key()));
    let report = verify_receipt(&receipt, &pins, &Options::default());
    assert_eq!(report.exit_code(), 0, "{report}");
    let recorded = report.recorded.unwrap();
    assert_eq!((recorded.task, Some(recorded.manifest), recorded.files), (task.id.to_string(), task.manifest, 1));
    for (site, theirs) in [(&world.source, &receipt.destination), (&world.destination, &receipt.source)] {
        assert_eq!(file_of(site, task.id).as_ref(), Some(&text));
        let [entry] = receipts_in_log(site, task.id).try_into().unwrap_or_else(|all| panic!("{all:?}"));
        assert_eq!(entry.entry.object.digest, Some(sha256(theirs.proof.to_string().as_bytes())));
        assert_eq!(entry.entry.outcome.unwrap().outcome, Outcome::Done);
        assert_eq!(entry.entry.detail["place"], theirs.proof.index);
    }
}

on_both!(a_transfer_within_a_site_and_one_that_failed_owe_no_receipt);
async fn a_transfer_within_a_site_and_one_that_failed_owe_no_receipt(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let here = || End::Here(Box::new(world.destination.collection.clone()));
    world.destination.write("own", b"own");
    let within = node.engine.submit(transfer(here(), here(), vec![item("/own", "/copy")])).await.unwrap();
    let ended = world.destination.ended(&node.engine, within.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", ended.state);

    world.source.write("a", b"a");
    world.destination.write("a/occupied", b"x");
    let failing = world.push(vec![item("/a", "/a")]).await.unwrap();
    failed_with(&world.destination.ended(&node.engine, failing.id).await);
    world.source.ended(&world.source.engine(), failing.id).await;
    node.stop().await;
    world.destination.settled().await;
    world.source.settled().await;
    for (site, task) in [(&world.destination, &within), (&world.destination, &failing), (&world.source, &failing)] {
        assert_eq!(site.receipt(task.id).await, None);
    }
}

on_both!(a_receipt_that_was_cut_off_by_a_kill_is_exchanged_after_the_restart);
async fn a_receipt_that_was_cut_off_by_a_kill_is_exchanged_after_the_restart(on: &Backend) {
    let world = World::start(on).await;
    world.source.answers(Receipts::AWAY);
    let node = world.destination.run().await;
    let task = moved(&world, &node, "a").await;
    let owed = world.destination.receipt_that(task.id, |row| row.cause.is_some()).await;
    assert_eq!((owed.state, owed.cause.as_deref()), (ReceiptState::Owed, Some("away")));
    node.crash().await;
    assert_eq!(world.source.receipt(task.id).await.unwrap().state, ReceiptState::Owed);
    assert_eq!(file_of(&world.destination, task.id), None);

    world.source.answers(Receipts::HONEST);
    let node = world.destination.run().await;
    let there = world.destination.receipt_that(task.id, held).await;
    let here = world.source.receipt_that(task.id, held).await;
    assert!(there.document.is_some() && there.document == here.document);
    assert_eq!(there.cause, None);
    node.stop().await;
}

type Spoil = fn(&mut ReceiptPart);

/// A part under a log that a stranger vouches for.
fn foreign_log(part: &mut ReceiptPart) {
    let stranger = SigningKey::generate(&SystemRandom::new().unwrap());
    let word = LogKey { site: "0198c0de-0000-7000-8000-000000000000".parse().unwrap(), key: String::new() };
    part.log = Signed::seal(&stranger, LogKey::CONTEXT, &word).unwrap();
}

fn other_entry(part: &mut ReceiptPart) {
    part.entry = part.entry.replacen("\"files\":1", "\"files\":2", 1);
}

fn other_place(part: &mut ReceiptPart) {
    part.proof = part.proof.replacen("index ", "index 1", 1);
}

async fn is_alarmed(site: &Site, task: TaskId, code: &str) {
    let row = site.receipt_that(task, refused).await;
    assert_eq!((row.cause.as_deref(), row.document), (Some(code), None));
    let [entry] = receipts_in_log(site, task).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let outcome = entry.entry.outcome.unwrap();
    assert_eq!((outcome.outcome, outcome.code.as_str()), (Outcome::Failed, code));
    let told: Vec<_> = site.events(task).await.into_iter().filter(|event| event.code == code).collect();
    assert!(matches!(told.as_slice(), [event] if event.is_error), "{told:?}");
    assert_eq!(file_of(site, task), None);
}

on_both!(a_part_that_is_not_proven_is_refused_and_alarmed_at_both_sites);
async fn a_part_that_is_not_proven_is_refused_and_alarmed_at_both_sites(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let spoilt: [(&str, &str, Spoil); 3] = [
        ("a", "receipt-unproven", other_entry),
        ("b", "receipt-unproven", other_place),
        ("c", "log-key-unfounded", foreign_log),
    ];
    for (name, code, spoil) in spoilt {
        world.source.answers(Receipts { spoil_question: spoil, ..Receipts::HONEST });
        let task = moved(&world, &node, name).await;
        is_alarmed(&world.source, task.id, code).await;
        is_alarmed(&world.destination, task.id, code).await;
        // What the source shows is spoilt: only the destination can see that.
        world.source.answers(Receipts { spoil_answer: spoil, ..Receipts::HONEST });
        let task = moved(&world, &node, &format!("{name}-answered")).await;
        is_alarmed(&world.destination, task.id, code).await;
        world.source.receipt_that(task.id, held).await;
    }
    node.stop().await;
}

/// What the destination can prove to have recorded of a task, true or not.
async fn proven(site: &Site, task: &Task, bytes: u64) -> ReceiptPart {
    let object = Object {
        task: Some(task.id.to_string()),
        digest: task.manifest,
        files: Some(1),
        bytes: Some(bytes),
        ..Object::default()
    };
    let event = site.guard.event(TransferKind::Finish, Phase::Info, OpId::new(task.id.uuid()));
    let place = site.guard.record(event.object(object).outcome(OutcomeRecord::done())).await.unwrap().index();
    let record = site.guard.log().site_record(place).unwrap();
    let log = LogKey::sign(&site.identity, &record.key).unwrap();
    ReceiptPart { task: task.id, log, entry: record.entry, proof: record.proof.to_string(), rotations: Vec::new() }
}

on_both!(a_proven_part_that_differs_is_alarmed_and_an_honest_one_is_kept_afterwards);
async fn a_proven_part_that_differs_is_alarmed_and_an_honest_one_is_kept_afterwards(on: &Backend) {
    let world = World::start(on).await;
    world.source.answers(Receipts::AWAY);
    let node = world.destination.run().await;
    let task = moved(&world, &node, "a").await;
    let peer = world.source.peer(&world.destination).await;
    let lie = proven(&world.destination, &task, 77).await;
    let told = world.source.engine().receipt(&peer, lie.clone()).await.unwrap_err();
    assert_eq!(told.code, "receipt-differs");
    assert!(told.detail.contains("bytes") && told.detail.contains("77"), "{}", told.detail);
    is_alarmed(&world.source, task.id, "receipt-differs").await;

    let elsewhere = ReceiptPart { task: moved(&world, &node, "b").await.id, ..lie.clone() };
    assert_eq!(world.source.engine().receipt(&peer, elsewhere).await.unwrap_err().code, "receipt-differs");
    let unknown = ReceiptPart { task: TaskId::from_uuid(world.source.identity.site.uuid()), ..lie };
    assert_eq!(world.source.engine().receipt(&peer, unknown).await.unwrap_err().code, "task-unknown");

    world.source.answers(Receipts::HONEST);
    world.destination.receipt_that(task.id, held).await;
    world.source.receipt_that(task.id, held).await;
    node.stop().await;
}

fn recorded(site: &Site, kind: Assurance) -> Vec<String> {
    let of_kind = site.entries().into_iter().filter(|view| view.entry.kind == kind.into());
    of_kind.filter_map(|view| Some(view.entry.outcome?.code)).collect()
}

on_both!(a_receipt_under_another_log_key_than_the_pinned_one_is_refused);
async fn a_receipt_under_another_log_key_than_the_pinned_one_is_refused(on: &Backend) {
    let world = World::start(on).await;
    let origin = world.source.guard.log().origin().to_owned();
    let other = SigningKey::generate(&SystemRandom::new().unwrap()).verifying_key();
    let vkey = VerifierKey::new(&origin, other).to_string();
    let pinned = LogKeyRow { origin, site: world.source.identity.site, vkey };
    let mut db = world.destination.database.acquire().await.unwrap();
    assert!(log_key::pin(&mut db, &pinned, Timestamp::from_seconds(1)).await.unwrap());
    drop(db);
    let node = world.destination.run().await;
    let task = moved(&world, &node, "a").await;
    is_alarmed(&world.destination, task.id, "log-key-changed").await;
    node.stop().await;
    assert!(recorded(&world.destination, Assurance::LogKeyPin).contains(&"log-key-changed".to_owned()));
    assert_eq!(recorded(&world.source, Assurance::LogKeyPin), ["ok"], "the destination's key is pinned by its receipt");
}

on_both!(a_receipt_under_a_head_that_contradicts_a_witnessed_one_is_evidence_against_the_log);
async fn a_receipt_under_a_head_that_contradicts_a_witnessed_one_is_evidence_against_the_log(on: &Backend) {
    let world = World::start(on).await;
    world.source.answers(Receipts::AWAY);
    let node = world.destination.run().await;
    let task = moved(&world, &node, "a").await;
    let log = world.source.guard.log();
    let (size, root) = (log.head().0, sha256(b"another history"));
    let head = Checkpoint::sign(log.origin(), size, root, &world.source.log_key);
    let at = Timestamp::from_seconds(1);
    let seen = WitnessedHead { origin: log.origin().to_owned(), size, root, note: head.text().to_owned(), at };
    let mut db = world.destination.database.acquire().await.unwrap();
    assert!(witnessed_log::advance(&mut db, None, &seen).await.unwrap());
    world.source.answers(Receipts::HONEST);
    is_alarmed(&world.destination, task.id, "log-forked").await;
    node.stop().await;
    let [fork] = log_fork::list(&mut db).await.unwrap().try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let evidence: Equivocation = fork.evidence.parse().unwrap();
    assert_eq!(evidence.verify(log.verifier_key()), Ok(()), "anybody with the log's key can check it");
    assert_eq!(recorded(&world.destination, Assurance::WitnessFork), ["log-forked"]);
}
