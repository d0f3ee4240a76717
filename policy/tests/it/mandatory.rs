//! The class of the data asks for things that no access rule can give.

use sealane_policy::{Action, Class, Effect, Principal, Subject};

use crate::world::{ALL, NOW, ana, ask, code, engine, fresh, rule, signed_in_at, visitor};

fn open_to_all() -> sealane_policy::Engine {
    engine(vec![rule(1, Principal::Anonymous, "/", &ALL)])
}

#[test]
fn only_public_data_is_open_to_people_who_have_not_signed_in_and_only_to_look() {
    let engine = open_to_all();
    for class in Class::ALL {
        for action in
            [Action::ListDirectory, Action::ReadContent, Action::WriteContent, Action::DeleteEntry, Action::ManageRules]
        {
            let decision = engine.decide(&ask(Subject::anonymous(), action, class, "/x"));
            let looks = matches!(action, Action::ListDirectory | Action::ReadContent);
            if class == Class::Public && looks {
                assert!(decision.is_permit(), "{class} {action}");
            } else {
                assert_eq!(code(&decision), "sign-in.required", "{class} {action}");
                assert!(decision.unmet()[0].remedy.contains("sealane login"));
            }
        }
    }
}

#[test]
fn an_old_sign_in_asks_for_a_new_one_and_names_both_ages() {
    let engine = open_to_all();
    let decision = engine.decide(&ask(signed_in_at(ana(), Some(NOW - 75 * 60)), Action::ReadContent, Class::Phi, "/x"));
    assert_eq!((decision.effect(), code(&decision)), (Effect::StepUp, "sign-in.too-old"));
    let unmet = &decision.unmet()[0];
    assert_eq!(unmet.have, "a sign-in 75 min old");
    assert_eq!(unmet.need, "a sign-in at most 60 min old, for phi data");
    assert_eq!(unmet.remedy, "sign in again: sealane login --step-up");
}

#[test]
fn a_sign_in_of_unknown_age_is_never_fresh() {
    let decision = open_to_all().decide(&ask(signed_in_at(ana(), None), Action::ReadContent, Class::Pii, "/x"));
    assert_eq!(decision.effect(), Effect::StepUp);
}

#[test]
fn signing_in_again_is_asked_for_only_where_it_would_help() {
    let engine = engine(vec![]);
    let decision = engine.decide(&ask(signed_in_at(ana(), Some(0)), Action::ReadContent, Class::Phi, "/x"));
    assert_eq!((decision.effect(), code(&decision)), (Effect::Deny, "rule.missing"));
    assert_eq!(decision.unmet().len(), 2, "all that is missing is listed: {:?}", decision.unmet());
}

#[test]
fn a_peer_speaks_for_people_only_up_to_its_ceiling() {
    let engine = open_to_all();
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Public) {
        for ceiling in Class::ALL {
            let decision = engine.decide(&ask(visitor(ana(), Some(ceiling)), Action::ReadContent, class, "/x"));
            assert_eq!(decision.is_permit(), class.is_within(ceiling), "{class} under {ceiling}");
        }
        let unknown = engine.decide(&ask(visitor(ana(), None), Action::ReadContent, class, "/x"));
        assert_eq!(code(&unknown), "peer.ceiling");
    }
}

#[test]
fn a_peer_by_itself_is_nobody_where_a_class_wants_a_person() {
    let decision =
        open_to_all().decide(&ask(Subject::peer("university-b"), Action::ReadContent, Class::Internal, "/x"));
    assert_eq!(code(&decision), "sign-in.required");
}

#[test]
fn whoever_meets_the_class_and_has_a_rule_is_let_in() {
    for class in Class::ALL {
        assert!(open_to_all().decide(&ask(fresh(ana()), Action::ReadContent, class, "/x")).is_permit(), "{class}");
    }
}
