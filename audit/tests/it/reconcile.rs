//! Two sites' logs held against each other: exactly what was planted is found.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use sealane_audit::event::Transfer;
use sealane_audit::pack::PackRequest;
use sealane_audit::reconcile::{Account, ReconcileError, Sites, Standing, reconcile};
use sealane_audit::{Event, Object, OpId, Outcome, OutcomeRecord, Phase};
use sealane_crypto::digest::sha256;
use uuid::Uuid;

use crate::support::{AT, Site, event};

const A: &str = "audit.hospital-a.example/n1";
const B: &str = "audit.university-b.example/n1";
const SITE_A: &str = "site-a";
const SITE_B: &str = "site-b";
const MINUTE: i64 = 60_000_000_000;

/// What becomes of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Honest,
    FailedAtBoth,
    Running,
    EndedAtSourceOnly,
    Owed,
    OtherManifest,
    OtherBytes,
    OtherFiles,
    FailedAtOne,
    GoneAtSource,
    GoneAtDestination,
    EndGoneAtDestination,
    SaidTwice,
    WithAnother,
}

impl Plan {
    const ALL: [Self; 14] = [
        Self::Honest,
        Self::FailedAtBoth,
        Self::Running,
        Self::EndedAtSourceOnly,
        Self::Owed,
        Self::OtherManifest,
        Self::OtherBytes,
        Self::OtherFiles,
        Self::FailedAtOne,
        Self::GoneAtSource,
        Self::GoneAtDestination,
        Self::EndGoneAtDestination,
        Self::SaidTwice,
        Self::WithAnother,
    ];

    /// Its standing; `None` if it is not between the two.
    fn standing(self) -> Option<Standing> {
        match self {
            Self::Honest | Self::FailedAtBoth => Some(Standing::Agreed),
            Self::Running | Self::EndedAtSourceOnly => Some(Standing::Running),
            Self::Owed => Some(Standing::Owed),
            Self::OtherManifest | Self::OtherBytes | Self::OtherFiles | Self::FailedAtOne | Self::SaidTwice => {
                Some(Standing::Differs)
            }
            Self::GoneAtSource | Self::GoneAtDestination | Self::EndGoneAtDestination => Some(Standing::OneSided),
            Self::WithAnother => None,
        }
    }

    fn at_source(self) -> bool {
        self != Self::GoneAtSource
    }

    fn at_destination(self) -> bool {
        !matches!(self, Self::GoneAtDestination | Self::WithAnother)
    }
}

fn object(task: Uuid, change: impl FnOnce(&mut Object)) -> Object {
    let mut object = Object { task: Some(task.to_string()), ..Object::default() };
    change(&mut object);
    object
}

/// How a site records a transfer, in order.
fn entries(task: Uuid, plan: Plan, source: bool) -> Vec<Event> {
    let peer = match (plan, source) {
        (Plan::WithAnother, _) => "site-c",
        (_, true) => SITE_B,
        (_, false) => SITE_A,
    };
    let own = if source { Transfer::Release } else { Transfer::Accept };
    let event = |kind: Transfer, phase| Event::new(kind, phase, OpId::new(task), AT + MINUTE).peer(peer);
    let told = |object: &mut Object| {
        object.digest = Some(sha256(if plan == Plan::OtherManifest && source { b"other" } else { task.as_bytes() }));
        object.files = Some(if plan == Plan::OtherFiles && !source { 4 } else { 3 });
        object.bytes = Some(if plan == Plan::OtherBytes && source { 1 } else { 1 << 33 });
    };
    let failed = plan == Plan::FailedAtBoth || (plan == Plan::FailedAtOne && !source);
    let outcome = if failed { OutcomeRecord::new(Outcome::Failed, "canceled", "") } else { OutcomeRecord::done() };
    let mut all = vec![event(own, Phase::Intent).object(object(task, |_| {}))];
    if plan == Plan::Running || (plan == Plan::EndedAtSourceOnly && !source) {
        return all;
    }
    if plan != Plan::EndGoneAtDestination || source {
        all.push(event(Transfer::Finish, Phase::Info).object(object(task, told)).outcome(outcome.clone()));
    }
    if plan == Plan::SaidTwice && source {
        let changed = object(task, |object| object.bytes = Some(9));
        all.push(event(Transfer::Finish, Phase::Info).object(changed).outcome(outcome.clone()));
    }
    all.push(event(own, Phase::Outcome).object(object(task, told)).outcome(outcome));
    if !(failed || plan == Plan::Owed && source) {
        all.push(event(Transfer::Receipt, Phase::Info).object(object(task, |_| {})).outcome(OutcomeRecord::done()));
    }
    all
}

/// Both sites' events, with others before and after.
fn two_sites(plans: &[Plan]) -> (Vec<Event>, Vec<Event>) {
    let mut both = (vec![event(1)], vec![event(2)]);
    for (number, plan) in plans.iter().enumerate() {
        let task = Uuid::from_u128(1_000 + number as u128);
        if plan.at_source() {
            both.0.extend(entries(task, *plan, true));
        }
        if plan.at_destination() {
            both.1.extend(entries(task, *plan, false));
        }
    }
    for side in [&mut both.0, &mut both.1] {
        let mut last = event(3);
        last.at_ns = AT + 2 * MINUTE;
        side.push(last);
    }
    both
}

fn written(site: &Site, name: &str, origin: &str, events: Vec<Event>) -> Account {
    let log = site.open_as(name, origin);
    for event in events {
        log.append_blocking(event).expect("append");
    }
    drop(log);
    Account::read(&site.path(name)).expect("an account")
}

fn sites() -> Sites {
    Sites { a: Some(SITE_A.to_owned()), b: Some(SITE_B.to_owned()) }
}

fn check(plans: &[Plan], a: &Account, b: &Account) {
    let found = reconcile(a, b, &sites()).expect("comparable");
    let standings: Vec<_> = plans.iter().map(|plan| plan.standing()).collect();
    let expected: BTreeMap<String, Standing> = (0_u128..)
        .zip(&standings)
        .filter_map(|(number, standing)| Some((Uuid::from_u128(1_000 + number).to_string(), (*standing)?)))
        .filter(|(_, standing)| *standing != Standing::Agreed)
        .collect();
    let told: BTreeMap<String, Standing> =
        found.findings.iter().map(|finding| (finding.task.clone(), finding.standing)).collect();
    assert_eq!(told, expected, "{plans:?}: {found}");
    assert_eq!(found.transfers, standings.iter().flatten().count() as u64);
    assert_eq!(found.agreed + found.findings.len() as u64, found.transfers);
    assert_eq!(found.is_clean(), !expected.values().any(|standing| standing.is_wrong()));
    assert!(
        found.findings.iter().all(|finding| !finding.reason.is_empty() && found.to_string().contains(&finding.reason))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn exactly_what_was_planted_is_found(picks in prop::collection::vec(any::<prop::sample::Index>(), 0..24)) {
        let plans: Vec<Plan> = picks.iter().map(|pick| Plan::ALL[pick.index(Plan::ALL.len())]).collect();
        let site = Site::new();
        let (a, b) = two_sites(&plans);
        let (a, b) = (written(&site, "a", A, a), written(&site, "b", B, b));
        check(&plans, &a, &b);
    }
}

#[test]
fn honest_logs_agree_in_whichever_order_and_without_being_told_the_sites() {
    let site = Site::new();
    let (a, b) = two_sites(&[Plan::Honest; 5]);
    let (a, b) = (written(&site, "a", A, a), written(&site, "b", B, b));
    for (first, second) in [(&a, &b), (&b, &a)] {
        let found = reconcile(first, second, &Sites::default()).expect("comparable");
        assert_eq!((found.transfers, found.agreed, found.is_clean()), (5, 5, true), "{found}");
    }
    assert!(matches!(reconcile(&a, &a, &Sites::default()), Err(ReconcileError::SameLog { .. })));
}

#[test]
fn a_pack_tells_what_its_log_tells_and_a_cut_one_tells_nothing() {
    let site = Site::new();
    let plans = [Plan::Honest, Plan::OtherBytes, Plan::GoneAtDestination];
    let (a, b) = two_sites(&plans);
    let count = a.len() as u64;
    let (a, b) = (written(&site, "a", A, a), written(&site, "b", B, b));
    let log = site.open_as("a", A);
    let request = PackRequest { asked: "everything".into(), made_at_ns: AT, checkpoint: None, openings: false };
    let (bytes, _) = log.pack_range(Vec::new(), request, 0..count).expect("pack");
    fs::write(site.path("pack"), &bytes).expect("write");
    let packed = Account::read(&site.path("pack")).expect("an account");
    check(&plans, &packed, &b);
    assert_eq!(reconcile(&packed, &b, &sites()), reconcile(&a, &b, &sites()));
    let end = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("lines");
    fs::write(site.path("pack"), &bytes[..=end]).expect("write");
    assert!(Account::read(&site.path("pack")).is_err());
}

#[test]
fn what_ended_after_an_export_is_beyond_it_and_not_missing() {
    let site = Site::new();
    let (a, _) = two_sites(&[Plan::Honest]);
    let (a, b) = (written(&site, "a", A, a), written(&site, "b", B, vec![event(2)]));
    let found = reconcile(&a, &b, &sites()).expect("comparable");
    let standings: Vec<_> = found.findings.iter().map(|finding| finding.standing).collect();
    assert_eq!(standings, [Standing::Beyond], "{found}");
}

#[test]
fn an_end_that_the_other_site_leaves_open_for_days_is_one_sided() {
    let site = Site::new();
    let (a, mut b) = two_sites(&[Plan::EndedAtSourceOnly]);
    let mut late = event(4);
    late.at_ns = AT + 27 * 60 * MINUTE;
    b.push(late);
    let (a, b) = (written(&site, "a", A, a), written(&site, "b", B, b));
    let found = reconcile(&a, &b, &sites()).expect("comparable");
    assert_eq!(found.of(Standing::OneSided).count(), 1, "{found}");
}

#[test]
fn without_a_common_transfer_a_log_of_several_peers_needs_the_sites_named() {
    let site = Site::new();
    let (a, b) = two_sites(&[Plan::GoneAtDestination, Plan::WithAnother]);
    let (a, b) = (written(&site, "a", A, a), written(&site, "b", B, b));
    assert!(matches!(reconcile(&a, &b, &Sites::default()), Err(ReconcileError::UnknownSite { .. })));
    let named = Sites { b: Some(SITE_B.to_owned()), ..Sites::default() };
    let found = reconcile(&a, &b, &named).expect("comparable");
    assert_eq!((found.transfers, found.of(Standing::OneSided).count()), (1, 1), "{found}");
}

#[test]
fn a_directory_that_is_no_log_and_a_cut_copy_are_refused() {
    let site = Site::new();
    assert!(Account::read(&site.path("nothing")).is_err());
    fs::create_dir(site.path("empty")).expect("directory");
    assert!(Account::read(&site.path("empty")).is_err());
    let log = site.finished("cut", 5);
    assert!(Account::read(&log).is_ok());
    let segment = fs::read_dir(log.join("seg")).expect("segments").next().expect("one").expect("entry").path();
    let bytes = fs::read(&segment).expect("read");
    fs::write(&segment, &bytes[..bytes.len() / 2]).expect("write");
    assert!(Account::read(&log).is_err());
}

#[test]
fn the_logs_of_a_sites_nodes_count_together() {
    let site = Site::new();
    let task = |n: u128| Uuid::from_u128(1_000 + n);
    let (a, _) = two_sites(&[Plan::Honest, Plan::Honest]);
    let a = written(&site, "a", A, a);
    let node = |name, origin, n| written(&site, name, origin, entries(task(n), Plan::Honest, false));
    let (first, second) = (node("b1", B, 0), node("b2", "audit.university-b.example/n2", 1));
    let alone = reconcile(&a, &first, &sites()).expect("comparable");
    assert!(alone.agreed == 1 && alone.findings.len() == 1, "{alone}");
    let together = reconcile(&a, &first.and(second), &sites()).expect("comparable");
    assert_eq!((together.transfers, together.agreed), (2, 2), "{together}");
}
