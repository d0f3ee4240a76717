//! A decision made again from its record agrees in every byte; one whose record was touched does not.

use proptest::prelude::*;
use sealane_policy::replay::{Premises, Recorded, RecordedThing};
use sealane_policy::{Engine, Request, ResourceKind, Role, Snapshot};

use crate::properties::{some_request, some_rows};
use crate::world::engine;

/// What an audit entry keeps of a question.
fn recorded(request: &Request) -> Recorded {
    let thing = match &request.resource.kind {
        ResourceKind::Collection { id, class, path, .. } => RecordedThing::Place(*id, *class, path.clone()),
        ResourceKind::Task { id, .. } => RecordedThing::Task(id.clone()),
        ResourceKind::Site => RecordedThing::Site,
    };
    Recorded {
        person: request.subject.person.clone(),
        assurance: request.subject.assurance.clone(),
        action: request.action,
        thing,
        purpose: request.purpose.clone(),
    }
}

/// Through its text, as the log keeps it.
fn kept(premises: &Premises) -> Premises {
    serde_json::from_str(&serde_json::to_string(premises).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_decision_is_the_same_when_it_is_made_again(rows in some_rows(12), others in some_rows(12), request in some_request(), exposed in any::<bool>()) {
        thread_local! {
            static ENGINE: Engine = engine(vec![]);
        }
        ENGINE.with(|engine| {
            engine.publish(Snapshot::build(rows.clone()).unwrap());
            engine.set_exposed(exposed);
            let decision = engine.decide(&request);
            let premises = kept(&decision.premises());
            // Whatever is in force now does not matter.
            engine.publish(Snapshot::build(others).unwrap());
            engine.set_exposed(!exposed);
            let then = Snapshot::build(rows).unwrap();
            let replay = engine.replay(decision.id(), recorded(&request), &premises, &then).unwrap();
            prop_assert!(replay.agrees);
            prop_assert_eq!(replay.decision.canonical(), decision.canonical());
            prop_assert_eq!(engine.explain_replay(&replay, &then, sealane_policy::Showing::OwnRules).answer.code, decision.reason().code);
            engine.set_exposed(false);
            Ok(())
        })?;
    }
}

#[test]
fn a_record_that_was_touched_does_not_agree() {
    use crate::world::{ALL, ana, ask, fresh, rule};
    let rows = || vec![rule(1, sealane_policy::Principal::Person(ana()), "/", &ALL)];
    let engine = engine(rows());
    let request = ask(fresh(ana()), sealane_policy::Action::ReadContent, sealane_policy::Class::Phi, "/a");
    let decision = engine.decide(&request);
    let snapshot = Snapshot::build(rows()).unwrap();
    let agrees = |premises: &Premises, recorded: Recorded| {
        engine.replay(decision.id(), recorded, premises, &snapshot).unwrap().agrees
    };
    let premises = decision.premises();
    assert!(agrees(&premises, recorded(&request)));
    let older = Premises { now_s: premises.now_s + 7_200, ..premises.clone() };
    assert!(!agrees(&older, recorded(&request)), "then the sign-in had been too old");
    let auditor = Premises { roles: vec![Role::Auditor], ..premises.clone() };
    assert!(!agrees(&auditor, recorded(&request)));
    let nobody = Recorded { person: None, ..recorded(&request) };
    assert!(!agrees(&premises, nobody));
    let other = Snapshot::build(vec![]).unwrap();
    assert!(!engine.replay(decision.id(), recorded(&request), &premises, &other).unwrap().agrees);
}
