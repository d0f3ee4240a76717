//! A decision becomes a permit with its own durable record, and not otherwise.

use std::sync::Arc;

use sealane_audit::event::Access;
use sealane_audit::{Event, Log, LogKeys, OpId, Phase, Receipt};
use sealane_crypto::{AeadKey, SigningKey, SystemRandom};
use sealane_policy::permit::{Delete, List, Read, Write};
use sealane_policy::{Action, Class, CollectionId, Decision, Denied, Effect, Permission, Permit, Principal};
use uuid::Uuid;

use crate::world::{ALL, ana, ask, collection, engine, fresh, path, refusal, rule};

/// Records a decision in a real log and gives its receipt.
fn recorded(decision: Option<&Decision>) -> Receipt {
    let directory = tempfile::tempdir().unwrap();
    let random = SystemRandom::new().unwrap();
    let keys = LogKeys { signing: SigningKey::generate(&random), openings: AeadKey::generate(&random) };
    let (log, _) = Log::open(directory.path(), "policy.example", keys, Arc::new(random)).unwrap();
    let event = Event::new(Access::ContentRead, Phase::Intent, OpId::new(Uuid::from_u128(1)), 1);
    log.append_blocking(event.decision(decision.map(Decision::record))).unwrap()
}

fn decided(rows: Vec<sealane_policy::GrantRow>, action: Action, at: &str) -> Decision {
    engine(rows).decide(&ask(fresh(ana()), action, Class::Internal, at))
}

fn released<A: sealane_policy::ActionType>(decision: Decision) -> Result<Permit<A>, Denied> {
    let receipt = recorded(Some(&decision));
    decision.release(&receipt)
}

fn everything() -> Vec<sealane_policy::GrantRow> {
    vec![rule(1, Principal::Person(ana()), "/data", &ALL)]
}

#[test]
fn a_recorded_yes_becomes_a_permit_for_what_was_asked() {
    let decision = decided(everything(), Action::ReadContent, "/data/x");
    let id = decision.id();
    let permit: Permit<Read> = released(decision).unwrap();
    assert_eq!(permit.decision_id(), id);
    assert_eq!(permit.subject().person, Some(ana()));
    assert_eq!((permit.action(), permit.class()), (Action::ReadContent, Some(Class::Internal)));
    assert_eq!((permit.collection(), permit.path()), (Some(collection()), Some(&path("/data/x"))));
    assert_eq!(permit.task(), None);
}

#[test]
fn the_record_of_another_decision_or_of_none_releases_nothing() {
    let engine = engine(everything());
    let request = ask(fresh(ana()), Action::ReadContent, Class::Internal, "/data");
    let (mine, other) = (engine.decide(&request), engine.decide(&request));
    assert!(mine.is_permit() && other.is_permit());
    let denied = mine.release::<Read>(&recorded(Some(&other))).unwrap_err();
    assert_eq!((denied.effect, denied.reason.code), (Effect::Deny, "decision.unrecorded"));
    assert_eq!(other.release::<Read>(&recorded(None)).unwrap_err().reason.code, "decision.unrecorded");
}

#[test]
fn a_recorded_no_stays_a_no_and_says_why() {
    let decision = decided(vec![], Action::ReadContent, "/data");
    let id = decision.id();
    let denied = released::<Read>(decision).unwrap_err();
    assert_eq!((denied.effect, denied.reason.code, denied.decision), (Effect::Deny, "rule.missing", id));
    let shown = denied.to_string();
    assert!(shown.starts_with("no access rule lets you read this file"), "{shown}");
    assert!(shown.contains("next: ask the manager of the collection") && shown.contains(&id.to_string()), "{shown}");
}

#[test]
fn a_yes_to_one_kind_of_action_is_no_permit_for_another() {
    for action in [Action::ReadContent, Action::TransferOut] {
        assert_eq!(
            released::<Write>(decided(everything(), action, "/data")).unwrap_err().reason.code,
            "decision.wrong-kind"
        );
        assert!(released::<Delete>(decided(everything(), action, "/data")).is_err());
        assert!(released::<List>(decided(everything(), action, "/data")).is_err());
        assert!(released::<Read>(decided(everything(), action, "/data")).is_ok());
    }
}

#[test]
fn a_permit_covers_its_place_and_beneath_and_no_neighbour() {
    let permit: Permit<Read> = released(decided(everything(), Action::TransferOut, "/data")).unwrap();
    assert!(permit.covers(collection(), &path("/data")) && permit.covers(collection(), &path("/data/a/b")));
    for outside in ["/", "/database", "/dat", "/x/data"] {
        assert!(!permit.covers(collection(), &path(outside)), "{outside}");
    }
    assert!(!permit.covers(CollectionId::from_uuid(Uuid::from_u128(99)), &path("/data")));
}

#[test]
fn a_permit_does_not_cover_what_a_rule_refuses_beneath_it() {
    let mut rows = everything();
    rows.push(refusal(2, Principal::EveryoneSignedIn, "/data/secret", &[Permission::Read]));
    rows.push(refusal(3, Principal::EveryoneSignedIn, "/data/secret/more", &[Permission::Read]));
    rows.push(refusal(4, Principal::EveryoneSignedIn, "/data/readonly", &[Permission::Write]));
    let permit: Permit<Read> = released(decided(rows, Action::TransferOut, "/data")).unwrap();
    assert_eq!(permit.refused_beneath(), [path("/data/secret")]);
    assert!(permit.covers(collection(), &path("/data/open")) && permit.covers(collection(), &path("/data/readonly/x")));
    assert!(permit.covers(collection(), &path("/data/secrets")));
    assert!(
        !permit.covers(collection(), &path("/data/secret"))
            && !permit.covers(collection(), &path("/data/secret/more/x"))
    );
    assert!(permit.narrow(&path("/data/secret/more")).is_none());
}

#[test]
fn a_permit_can_be_narrowed_but_never_widened() {
    let permit: Permit<Read> = released(decided(everything(), Action::TransferOut, "/data/a")).unwrap();
    let narrow = permit.narrow(&path("/data/a/b")).unwrap();
    assert_eq!((narrow.decision_id(), narrow.path()), (permit.decision_id(), Some(&path("/data/a/b"))));
    assert!(narrow.covers(collection(), &path("/data/a/b/c")) && !narrow.covers(collection(), &path("/data/a")));
    assert!(narrow.narrow(&path("/data/a")).is_none() && permit.narrow(&path("/data")).is_none());
}

#[test]
fn debugging_shows_nothing_personal() {
    let decision = decided(everything(), Action::ReadContent, "/data/mueller");
    let debugged = format!("{decision:?}");
    let permit: Permit<Read> = released(decision).unwrap();
    for text in [debugged, format!("{permit:?}")] {
        assert!(!text.contains("mueller") && !text.contains("\"ana\""), "{text}");
    }
}

#[test]
fn what_would_be_under_other_rules_never_becomes_a_permit() {
    let engine = engine(vec![]);
    let snapshot = sealane_policy::Snapshot::build(everything()).unwrap();
    let decision = engine.simulate(&ask(fresh(ana()), Action::ReadContent, Class::Internal, "/data/x"), &snapshot);
    assert!(decision.is_permit());
    assert_eq!(released::<Read>(decision).unwrap_err().reason.code, "decision.simulated");
}

#[test]
fn whatever_lies_at_or_beneath_a_refusal_is_not_covered_and_everything_else_is() {
    let refused = ["/a/b", "/a-b", "/ab/c", "/b", "/\\xff", "/a/b c/d"];
    let mut rows = vec![rule(1, Principal::Person(ana()), "/", &ALL)];
    let refusals = refused.iter().zip(2..);
    rows.extend(refusals.map(|(at, number)| refusal(number, Principal::Person(ana()), at, &[Permission::List])));
    let permit = released::<List>(decided(rows, Action::ListDirectory, "/")).unwrap();
    let names = ["a", "b", "ab", "a-b", "b c", "c", "d", "\\xff", "\\xfe", "z"];
    for one in names {
        for two in names {
            for at in [format!("/{one}"), format!("/{one}/{two}"), format!("/{one}/{two}/d")] {
                let at = path(&at);
                let above = refused.iter().any(|refused| at.starts_with(&path(refused)));
                assert_eq!(permit.covers(collection(), &at), !above, "{}", at.to_text());
            }
        }
    }
}
