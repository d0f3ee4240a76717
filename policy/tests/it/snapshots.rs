//! Rules as a whole: refused with a reason, hashed, swapped.

use proptest::prelude::*;
use sealane_policy::{Action, GrantRow, LintError, Permission, Principal, Snapshot};

use crate::world::{ALL, ana, answer, ben, engine, fresh, refusal, rule};

#[test]
fn a_bad_rule_is_refused_by_its_id_and_reason() {
    let good = || rule(1, Principal::Person(ana()), "/", &ALL);
    let cases = [
        GrantRow { permissions: vec![], ..good() },
        rule(1, Principal::Email("  ".to_owned()), "/", &ALL),
        rule(1, Principal::Group("g".repeat(1025)), "/", &ALL),
        GrantRow { purpose: Some(String::new()), ..good() },
        refusal(1, Principal::EveryoneSignedIn, "/", &[Permission::Share]),
    ];
    for row in cases {
        let error = Snapshot::build(vec![row]).unwrap_err().to_string();
        assert!(error.contains("00000000-0000-0000-0000-000000000001"), "{error}");
    }
    assert!(matches!(Snapshot::build(vec![good(), good()]), Err(LintError::Duplicate(_))));
}

#[test]
fn publishing_changes_every_clone_of_the_engine_at_once() {
    let engine = engine(vec![]);
    let clone = engine.clone();
    assert_eq!(answer(&clone, fresh(ana()), Action::ReadContent, "/"), "rule.missing");
    engine.publish(Snapshot::build(vec![rule(1, Principal::Person(ana()), "/", &ALL)]).unwrap());
    assert_eq!(answer(&clone, fresh(ana()), Action::ReadContent, "/"), "permitted");
    engine.publish(Snapshot::build(vec![]).unwrap());
    assert_eq!(answer(&clone, fresh(ana()), Action::ReadContent, "/"), "rule.missing");
}

#[test]
fn a_decision_names_the_rules_that_it_was_made_with() {
    let snapshot = Snapshot::build(vec![rule(1, Principal::Person(ana()), "/", &ALL)]).unwrap();
    let hash = snapshot.hash();
    let engine = sealane_policy::Engine::new(snapshot).unwrap();
    let decision =
        engine.decide(&crate::world::ask(fresh(ana()), Action::ReadContent, sealane_policy::Class::Internal, "/"));
    assert_eq!(decision.snapshot(), hash);
    let record = decision.record();
    assert_eq!((record.id, record.effect.as_str(), record.reason.as_str()), (decision.id(), "permit", "permitted"));
    assert_eq!((record.snapshot, record.rule), (hash, decision.rule()));
}

#[test]
fn every_field_of_a_rule_changes_the_hash() {
    let base = || rule(1, Principal::Person(ana()), "/a", &[Permission::Read]);
    let variants = [
        base(),
        rule(2, Principal::Person(ana()), "/a", &[Permission::Read]),
        rule(1, Principal::Person(ben()), "/a", &[Permission::Read]),
        rule(1, Principal::Email("ana".to_owned()), "/a", &[Permission::Read]),
        rule(1, Principal::Group("ana".to_owned()), "/a", &[Permission::Read]),
        rule(1, Principal::Person(ana()), "/b", &[Permission::Read]),
        rule(1, Principal::Person(ana()), "/a", &[Permission::Write]),
        GrantRow { deny: true, ..base() },
        GrantRow { expires_s: Some(0), ..base() },
        GrantRow { purpose: Some("p".to_owned()), ..base() },
    ];
    let hashes: std::collections::BTreeSet<String> =
        variants.into_iter().map(|row| Snapshot::build(vec![row]).unwrap().hash().to_string()).collect();
    assert_eq!(hashes.len(), 10);
}

proptest! {
    // Each case builds two engines.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_of_rows_never_matters(order in Just((1..40_u128).collect::<Vec<_>>()).prop_shuffle()) {
        let row = |number: u128| {
            let at = format!("/{}/{}", number % 5, number % 3);
            let principal = if number.is_multiple_of(2) { Principal::Person(ana()) } else { Principal::EveryoneSignedIn };
            GrantRow { deny: number.is_multiple_of(7), ..rule(number, principal, &at, &[Permission::Read]) }
        };
        let sorted = Snapshot::build((1..40).map(row).collect()).unwrap();
        let shuffled = Snapshot::build(order.into_iter().map(row).collect()).unwrap();
        prop_assert_eq!(sorted.hash(), shuffled.hash());
        let (sorted, shuffled) = (sealane_policy::Engine::new(sorted).unwrap(), sealane_policy::Engine::new(shuffled).unwrap());
        for at in ["/0", "/1/1", "/2/2/x", "/4/0"] {
            prop_assert_eq!(
                answer(&sorted, fresh(ana()), Action::ReadContent, at),
                answer(&shuffled, fresh(ana()), Action::ReadContent, at)
            );
        }
    }
}
