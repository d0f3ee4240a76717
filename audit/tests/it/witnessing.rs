//! A witness and the logs that ask it, without a network: every answer of C2SP `tlog-witness`, and the order
//! of remembering and signing.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;

use proptest::prelude::*;
use sealane_audit::witness::{
    AddCheckpoint, CosignError, Cosigned, Equivocation, Refusal, Seen, Swap, Swapped, conflict_size, consider,
    take_cosignature,
};
use sealane_audit::{Checkpoint, Cosigner, VerifierKey};
use sealane_crypto::digest::{Digest, consistency_proof, leaf_hash, root_of, sha256};
use sealane_crypto::secret::Secret;
use sealane_crypto::sign::SigningKey;

use crate::proving::fill;
use crate::support::{ORIGIN, Site};

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Secret::new([seed; 32])).expect("seed")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("runtime").block_on(future)
}

/// A witness with its memory in a table, as a site keeps it in a database.
pub(crate) struct Witness {
    pub(crate) cosigner: Cosigner,
    keys: Vec<VerifierKey>,
    memory: RefCell<HashMap<String, (Seen, Checkpoint)>>,
}

impl Witness {
    pub(crate) fn of(log: &SigningKey) -> Self {
        Self::named("witness.b.example/w1", 9, log)
    }

    pub(crate) fn named(name: &str, seed: u8, log: &SigningKey) -> Self {
        Self {
            cosigner: Cosigner::new(name, key(seed)).expect("name"),
            keys: vec![VerifierKey::new(ORIGIN, log.verifying_key())],
            memory: RefCell::default(),
        }
    }

    pub(crate) fn seen(&self, origin: &str) -> Option<Seen> {
        self.memory.borrow().get(origin).map(|(seen, _)| *seen)
    }

    fn swap(&self, swap: Swap) -> Swapped {
        let now = self.seen(&swap.origin);
        if now != swap.expected {
            return Swapped::Lost { size: now.map_or(0, |seen| seen.size) };
        }
        self.memory.borrow_mut().insert(swap.origin, (swap.next, swap.note));
        Swapped::Done
    }

    fn ask(&self, request: &AddCheckpoint) -> Result<Cosigned, Refusal> {
        self.ask_at(request, NOW)
    }

    pub(crate) fn ask_at(&self, request: &AddCheckpoint, now_s: u64) -> Result<Cosigned, Refusal> {
        let request = AddCheckpoint::parse(request.to_string().as_bytes())?;
        let advance = consider(&request, &self.keys, self.seen(request.checkpoint.origin()))?;
        let cosigned =
            advance.remember_then_cosign(&self.cosigner, now_s, async |swap| Ok::<_, Infallible>(self.swap(swap)));
        block_on(cosigned).map_err(|error| match error {
            CosignError::Refused(refusal) => refusal,
            CosignError::Memory(never) => match never {},
        })
    }
}

/// A history that differs from the honest one from entry `from` on.
fn leaves(size: usize, from: usize) -> Vec<Digest> {
    (0..size).map(|n| leaf_hash(format!("{n} {}", n >= from).as_bytes())).collect()
}

fn head(leaves: &[Digest], log: &SigningKey) -> Checkpoint {
    Checkpoint::sign(ORIGIN, leaves.len() as u64, root_of(leaves), log)
}

fn request(leaves: &[Digest], old: usize, log: &SigningKey) -> AddCheckpoint {
    let proof = consistency_proof(leaves, old).unwrap_or_default();
    AddCheckpoint { old: old as u64, proof, checkpoint: head(leaves, log) }
}

#[test]
fn a_running_log_is_cosigned_as_it_grows() {
    let site = Site::new();
    let log = site.open("log");
    let witness = Witness::of(&site.keys.signing);
    fill(&log, 0, 300);
    let first = log.checkpoint();
    let asked = log.witness_request(&first, 0).expect("request");
    assert_eq!(asked.proof, [], "the empty log needs no proof");
    let answer = witness.ask(&asked).expect("cosigned").body();
    let cosigned = take_cosignature(&first, answer.as_bytes(), witness.cosigner.verifier()).expect("taken");
    assert_eq!(cosigned.cosigned_at(witness.cosigner.verifier()), Ok(NOW));
    assert_eq!(cosigned.verify(&site.key()), Ok(()));

    fill(&log, 300, 700);
    let second = log.checkpoint();
    // A log that does not know what the witness remembers asks, and is told.
    let refused = witness.ask(&log.witness_request(&second, 0).expect("request")).expect_err("conflict");
    assert_eq!((refused.status(), refused.content_type()), (409, "text/x.tlog.size"));
    let size = conflict_size(refused.body().as_bytes()).expect("size");
    assert_eq!(size, 300);
    assert!(witness.ask(&log.witness_request(&second, size).expect("request")).is_ok());
    assert_eq!(witness.seen(ORIGIN), Some(Seen { size: 700, root: second.root() }));
    // The same head again: confirmed again, at a later time perhaps.
    assert!(witness.ask(&log.witness_request(&second, 700).expect("request")).is_ok());
}

#[test]
fn every_refusal_has_its_status_and_changes_nothing() {
    let (log, other) = (key(1), key(2));
    let witness = Witness::of(&log);
    let all = leaves(20, 20);
    witness.ask(&request(&all[..7], 0, &log)).expect("first");
    let before = witness.seen(ORIGIN);
    let good = request(&all, 7, &log);
    let status = |request: &AddCheckpoint| witness.ask(request).map_err(|refusal| refusal.status()).map(drop);

    let unknown = Checkpoint::sign("audit.z.example/n1", 20, root_of(&all), &log);
    assert_eq!(status(&AddCheckpoint { checkpoint: unknown, ..good.clone() }), Err(404));
    assert_eq!(status(&AddCheckpoint { checkpoint: head(&all, &other), ..good.clone() }), Err(403));
    let spoilt = good.checkpoint.text().replacen("\n20\n", "\n21\n", 1);
    let spoilt = Checkpoint::parse(&spoilt).expect("parse");
    assert_eq!(status(&AddCheckpoint { checkpoint: spoilt, ..good.clone() }), Err(403));
    assert_eq!(status(&AddCheckpoint { old: 21, ..good.clone() }), Err(400));
    assert_eq!(status(&AddCheckpoint { old: 6, ..good.clone() }), Err(409));
    assert_eq!(status(&request(&all[..6], 6, &log)), Err(409), "a rollback");
    assert_eq!(status(&AddCheckpoint { proof: Vec::new(), ..good.clone() }), Err(422));
    assert_eq!(status(&request(&leaves(20, 3), 7, &log)), Err(422), "a fork");
    assert_eq!(status(&request(&leaves(7, 3), 7, &log)), Err(422), "a fork of the same size");
    assert_eq!(witness.seen(ORIGIN), before);
    assert_eq!(status(&good), Ok(()));
}

#[test]
fn the_first_head_needs_no_proof_and_takes_none() {
    let log = key(1);
    let witness = Witness::of(&log);
    let all = leaves(5, 5);
    let with_proof = AddCheckpoint { proof: vec![all[0]], ..request(&all, 0, &log) };
    assert_eq!(witness.ask(&with_proof).expect_err("refused").status(), 422);
    assert_eq!(witness.ask(&request(&all, 3, &log)), Err(Refusal::Conflict { size: 0 }));
    let empty = Checkpoint::sign(ORIGIN, 0, sha256(b"something"), &log);
    let empty = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: empty };
    assert_eq!(witness.ask(&empty).expect_err("refused").status(), 422, "the empty log has one root");
    assert_eq!(witness.seen(ORIGIN), None);
    assert!(witness.ask(&request(&[], 0, &log)).is_ok());
    assert!(witness.ask(&request(&all, 0, &log)).is_ok());
}

#[test]
fn lines_by_strangers_are_ignored_and_not_kept() {
    let log = key(1);
    let witness = Witness::of(&log);
    let bare = head(&leaves(5, 5), &log);
    let stranger = "\u{2014} stranger.example AAAAAAAA\n";
    let noisy = Checkpoint::parse(&format!("{}{}", bare.text(), stranger.repeat(63))).expect("parse");
    let cosigned = witness.ask(&AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: noisy }).expect("cosigned");
    assert_eq!(cosigned.checkpoint.lines().len(), 2, "the log's and the witness's");
    assert_eq!(witness.memory.borrow()[ORIGIN].1, bare);
}

#[test]
fn a_log_may_have_two_keys_while_it_changes_them() {
    let (old, new) = (key(1), key(2));
    let mut witness = Witness::of(&old);
    witness.keys.push(VerifierKey::new(ORIGIN, new.verifying_key()));
    let all = leaves(9, 9);
    assert!(witness.ask(&request(&all[..4], 0, &old)).is_ok());
    assert!(witness.ask(&request(&all, 4, &new)).is_ok());
}

#[test]
fn nothing_is_signed_unless_it_is_remembered_first() {
    let log = key(1);
    let witness = Witness::of(&log);
    let (small, large) = (leaves(5, 9), leaves(9, 9));
    let slow = consider(&request(&small, 0, &log), &witness.keys, None).expect("consistent");
    // Another request is faster: the slow one must not take the witness back to five entries.
    witness.ask(&request(&large, 0, &log)).expect("cosigned");
    let lost = block_on(
        slow.remember_then_cosign(&witness.cosigner, NOW, async |swap| Ok::<_, Infallible>(witness.swap(swap))),
    );
    assert_eq!(lost, Err(CosignError::Refused(Refusal::Conflict { size: 9 })));

    let advance = consider(&request(&large, 9, &log), &witness.keys, witness.seen(ORIGIN)).expect("consistent");
    let asked = Cell::new(false);
    let failed = block_on(advance.remember_then_cosign(&witness.cosigner, NOW, async |swap: Swap| {
        assert_eq!(swap.expected, Some(swap.next));
        asked.set(true);
        Err("the disk is full")
    }));
    assert_eq!(failed, Err(CosignError::Memory("the disk is full")));
    assert!(asked.get());
}

proptest! {
    /// Whatever a log asks for, in whatever order: the witness's heads are one growing history, and a request
    /// that contradicts what it remembers never passes.
    #[test]
    fn a_witness_confirms_one_history(
        steps in prop::collection::vec((0_usize..40, 0_usize..40, prop::option::of(0_usize..40)), 1..30)
    ) {
        let log = key(1);
        let witness = Witness::of(&log);
        let mut confirmed: Option<(usize, Vec<Digest>)> = None;
        for (old, size, fork) in steps {
            let old = if old % 2 == 0 { confirmed.as_ref().map_or(0, |(size, _)| *size) } else { old };
            let asked = leaves(size, fork.unwrap_or(size));
            if witness.ask(&request(&asked, old, &log)).is_ok() {
                if let Some((size, before)) = &confirmed {
                    prop_assert!(asked.starts_with(&before[..*size]));
                }
                confirmed = Some((size, asked));
            }
            let remembered = witness.seen(ORIGIN).map(|seen| (seen.size, seen.root));
            prop_assert_eq!(remembered, confirmed.as_ref().map(|(size, all)| (*size as u64, root_of(all))));
        }
    }
}

#[test]
fn what_a_witness_kept_and_what_it_was_asked_are_evidence_of_a_fork() {
    let log = key(1);
    let witness = Witness::of(&log);
    witness.ask(&request(&leaves(7, 7), 0, &log)).expect("cosigned");
    let kept = witness.memory.borrow()[ORIGIN].1.clone();
    for forked in [request(&leaves(7, 3), 7, &log), request(&leaves(20, 3), 7, &log)] {
        assert_eq!(witness.ask(&forked).expect_err("refused").status(), 422);
        let found = Equivocation::find(&kept, &forked.checkpoint, &forked.proof).expect("evidence");
        let read: Equivocation = found.to_string().parse().expect("parse");
        assert_eq!(read.verify(&witness.keys[0]), Ok(()));
    }
    let honest = request(&leaves(20, 20), 7, &log);
    assert_eq!(Equivocation::find(&kept, &honest.checkpoint, &honest.proof), None);
}
