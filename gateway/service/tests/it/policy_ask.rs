//! Questions to policy: who may ask, what they are told, and past decisions made again.

use std::time::Duration;

use sealane_audit::event::{Access, Assurance};
use sealane_audit::{DecisionId, Outcome, Recovery};
use sealane_model::problem::ProblemKind;
use sealane_model::{Permission, Principal};
use sealane_policy::Effect;
use sealane_policy::who_can::Can;
use sealane_service::erasures::{self, carry_out};
use sealane_service::policy_ask::{self, ExplainQuestion, SnapshotQuestion, WhatCanQuestion, WhoCanQuestion};
use sealane_service::view::{AboutView, NewErasure, NewRule, PrincipalView, ReplayResult, WhoCanView};
use sealane_service::{Caller, PageQuery, access_rules, browse};

use crate::backend::Backend;
use crate::harness::{START, Site, collection, path};

const ANA: &str = "email:ana@hospital-a.example";

fn explain(place: &str, who: Option<&str>) -> ExplainQuestion {
    ExplainQuestion {
        action: "read-content".to_owned(),
        collection: Some(place.to_owned()),
        who: who.map(str::to_owned),
        ..ExplainQuestion::default()
    }
}

async fn list_directory(site: &Site, caller: &Caller) {
    browse::list(&site.app, caller, &collection("imaging"), &path("/"), &PageQuery::default()).await.unwrap();
}

/// The decision of the last directory listing.
fn last_decision(site: &Site) -> DecisionId {
    let entries = site.entries(Access::DirectoryList);
    entries.iter().rev().find_map(|view| view.entry.decision.as_ref()).unwrap().id
}

/// Lets Ben read; returns when.
async fn let_ben_read(site: &Site, ana: &Caller) -> sealane_model::RuleId {
    let rule = NewRule {
        path: None,
        principal: PrincipalView::Email { email: "ben@hospital-a.example".to_owned() },
        permissions: vec![Permission::Read],
        deny: false,
        expires_at: None,
        purpose: None,
    };
    access_rules::create(&site.app, ana, &collection("imaging"), rule).await.unwrap().id
}

async fn readers(site: &Site, caller: &Caller, at: Option<&str>) -> WhoCanView {
    let question = WhoCanQuestion {
        action: "read-content".to_owned(),
        path: Some(path("/")),
        at: at.map(str::to_owned),
        purpose: None,
    };
    policy_ask::who_can(&site.app, caller, &collection("imaging"), &question).await.unwrap()
}

fn can(told: &WhoCanView, who: &str) -> Option<Can> {
    told.places[0].who.iter().find(|standing| standing.who == who).map(|standing| standing.can)
}

on_both!(one_may_ask_about_oneself_and_learns_nothing_of_others);
async fn one_may_ask_about_oneself_and_learns_nothing_of_others(on: &Backend) {
    let site = Site::start(on).await;
    site.with_rules(vec![site.rule(
        "imaging",
        "/",
        Principal::Email("ben@hospital-a.example".to_owned()),
        &[Permission::List],
    )])
    .await;
    let ben = site.person("ben").await;
    let own = policy_ask::explain(&site.app, &ben, &explain("imaging", None)).await.unwrap();
    assert_eq!((own.explanation.answer.effect, own.explanation.answer.code.as_str()), (Effect::Deny, "rule.missing"));
    assert_eq!(own.explanation.grants.len(), 1, "the rule for the group is not his to know");
    let other = policy_ask::explain(&site.app, &ben, &explain("imaging", Some(ANA))).await.unwrap_err();
    assert_eq!(other.kind, ProblemKind::Denied);
    let hidden = policy_ask::explain(&site.app, &ben, &explain("patients", None)).await.unwrap_err();
    let absent = policy_ask::explain(&site.app, &ben, &explain("no-such-thing", None)).await.unwrap_err();
    assert_eq!(hidden, absent);
    let what = policy_ask::what_can(&site.app, &ben, &WhatCanQuestion::default()).await.unwrap();
    assert_eq!(what.collections.len(), 1);
    assert_eq!(what.collections[0].places[0].can, [Permission::List]);
    let question = WhatCanQuestion { who: Some(ANA.to_owned()), at: None };
    assert_eq!(policy_ask::what_can(&site.app, &ben, &question).await.unwrap_err().kind, ProblemKind::Denied);
    assert!(policy_ask::snapshot(&site.app, &ben, &SnapshotQuestion::default()).await.is_err());
    let recorded = site.outcomes(Assurance::PolicyAsk);
    assert_eq!(recorded.iter().filter(|(outcome, _)| *outcome == Outcome::Done).count(), 2, "{recorded:?}");
    assert!(recorded.len() >= 7, "each question is an entry: {recorded:?}");
    for view in site.entries(Assurance::PolicyAsk) {
        assert!(!view.json.contains("ana@"), "whom a question is about is personal");
    }
}

on_both!(whoever_manages_a_collection_asks_about_it_and_officers_about_everybody);
async fn whoever_manages_a_collection_asks_about_it_and_officers_about_everybody(on: &Backend) {
    let site = Site::start(on).await;
    let (ana, ben) = (site.person("ana").await, site.person("ben").await);
    let_ben_read(&site, &ana).await;
    let told = readers(&site, &ana, None).await;
    assert_eq!(can(&told, "group:imaging"), Some(Can::Yes));
    assert_eq!(can(&told, "email:ben@hospital-a.example"), Some(Can::Yes));
    let persons = |told: &WhoCanView| told.places[0].who.iter().filter(|who| who.who.starts_with("person:")).count();
    assert_eq!(persons(&told), 0, "members of groups are not the manager's to know");
    let question = explain("imaging", Some("email:ben@hospital-a.example"));
    assert_eq!(
        policy_ask::explain(&site.app, &ana, &question).await.unwrap().explanation.answer.effect,
        Effect::Permit
    );
    for officer in ["officer", "auditor"] {
        let officer = site.person(officer).await;
        let told = readers(&site, &officer, None).await;
        assert!(persons(&told) >= 2, "{told:?}");
        let ben_is = Principal::Person(ben.person.id.clone()).to_text();
        assert_eq!(can(&told, &ben_is), Some(Can::Yes));
        let what = WhatCanQuestion { who: Some(ben_is), at: None };
        let what = policy_ask::what_can(&site.app, &officer, &what).await.unwrap();
        assert_eq!(what.collections[0].places[0].can, [Permission::List, Permission::Read]);
        let all = policy_ask::explain(&site.app, &officer, &explain("imaging", Some("group:imaging"))).await.unwrap();
        assert_eq!(all.explanation.grants.len(), 2);
    }
    let question = WhoCanQuestion { action: "read-content".to_owned(), ..WhoCanQuestion::default() };
    let refused = policy_ask::who_can(&site.app, &ben, &collection("imaging"), &question).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Denied);
}

on_both!(what_was_in_force_at_a_moment_is_told_with_the_hash_that_decisions_of_then_name);
async fn what_was_in_force_at_a_moment_is_told_with_the_hash_that_decisions_of_then_name(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    site.pass(Duration::from_secs(100));
    let rule = let_ben_read(&site, &ana).await;
    site.pass(Duration::from_secs(100));
    list_directory(&site, &ana).await;
    let then = site.app.guard().engine().snapshot().hash();
    let decided = site.entries(Access::DirectoryList)[0].entry.decision.clone().unwrap();
    assert_eq!(decided.snapshot, then);
    site.pass(Duration::from_secs(100));
    access_rules::revoke(&site.app, &ana, rule).await.unwrap();
    site.pass(Duration::from_secs(100));
    let officer = site.person("officer").await;
    let ben = "email:ben@hospital-a.example";
    for (seconds, is) in [(50, None), (150, Some(Can::Yes)), (250, Some(Can::Yes)), (350, None)] {
        let at = START.after(Duration::from_secs(seconds)).to_string();
        let told = readers(&site, &officer, Some(&at)).await;
        assert_eq!(can(&told, ben), is, "at {seconds} s");
        assert_eq!(can(&told, "group:imaging"), Some(Can::Yes));
    }
    let at = Some(START.after(Duration::from_secs(250)).to_string());
    let file = policy_ask::snapshot(&site.app, &officer, &SnapshotQuestion { at }).await.unwrap();
    assert_eq!(file.hash, then.to_string());
    assert_eq!(file.snapshot().unwrap().hash(), then);
    let now = policy_ask::snapshot(&site.app, &officer, &SnapshotQuestion::default()).await.unwrap();
    assert_eq!(now.hash, site.app.guard().engine().snapshot().hash().to_string());
    let early = SnapshotQuestion { at: Some("2020-01-01".to_owned()) };
    assert_eq!(policy_ask::snapshot(&site.app, &officer, &early).await.unwrap_err().code, "before-history");
}

on_both!(a_past_decision_is_made_again_bit_for_bit_after_the_rules_have_changed);
async fn a_past_decision_is_made_again_bit_for_bit_after_the_rules_have_changed(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let ben = site.person("ben").await;
    let rule = let_ben_read(&site, &ana).await;
    list_directory(&site, &ben).await;
    let permitted = last_decision(&site);
    access_rules::revoke(&site.app, &ana, rule).await.unwrap();
    site.pass(Duration::from_secs(60));
    browse::list(&site.app, &ben, &collection("imaging"), &path("/"), &PageQuery::default()).await.unwrap_err();
    let denied = last_decision(&site);
    let_ben_read(&site, &ana).await;
    let officer = site.person("officer").await;
    for (decision, effect, asker) in
        [(permitted, "permit", &officer), (denied, "deny", &officer), (permitted, "permit", &ben)]
    {
        let told = policy_ask::why(&site.app, asker, decision).await.unwrap();
        assert_eq!((told.replay, told.effect.as_str()), (ReplayResult::Agrees, effect), "{}", told.replay_says);
        let explanation = told.explanation.unwrap();
        assert_eq!(explanation.answer.effect.as_str(), effect);
        assert_eq!(explanation.snapshot, told.snapshot);
    }
    let others = policy_ask::why(&site.app, &ana, permitted).await.unwrap_err();
    assert_eq!(others.code, "decision-unknown", "decisions about others are not hers to know");
    // Every decision of this log that was made after the first rules were loaded.
    let mut checked = 0;
    for view in site.app.guard().log().entries(0, 10_000, &sealane_audit::Filter::all()).unwrap() {
        let Some(decision) = view.entry.decision else { continue };
        let told = policy_ask::why(&site.app, &officer, decision.id).await.unwrap();
        if told.replay == ReplayResult::Impossible {
            assert!(told.replay_says.contains("no node noted"), "{}", told.replay_says);
        } else {
            assert_eq!(told.replay, ReplayResult::Agrees, "{}: {}", told.kind, told.replay_says);
            checked += 1;
        }
    }
    assert!(checked > 8, "{checked}");
}

on_both!(what_was_erased_cannot_be_made_again_and_the_answer_says_so);
async fn what_was_erased_cannot_be_made_again_and_the_answer_says_so(on: &Backend) {
    let site = Site::start(on).await;
    carry_out::resume(&site.app, &mut Recovery::default()).await.unwrap();
    let (ana, ben) = (site.person("ana").await, site.person("ben").await);
    let rule = let_ben_read(&site, &ana).await;
    list_directory(&site, &ben).await;
    let by_ben = last_decision(&site);
    list_directory(&site, &ana).await;
    let by_ana = last_decision(&site);
    access_rules::revoke(&site.app, &ana, rule).await.unwrap();
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let id = ben.person.id.clone();
    let about = AboutView::Person { issuer: id.issuer, subject: id.subject };
    let asked =
        erasures::request(&site.app, &officer, NewErasure { about, basis: "Art. 17".to_owned() }).await.unwrap();
    erasures::approve(&site.app, &second, asked.id).await.unwrap();
    let told = policy_ask::why(&site.app, &officer, by_ben).await.unwrap();
    assert_eq!(told.replay, ReplayResult::Impossible);
    assert!(told.replay_says.contains("has been erased: actor.subject"), "{}", told.replay_says);
    assert!(told.explanation.is_none());
    let told = policy_ask::why(&site.app, &officer, by_ana).await.unwrap();
    assert_eq!(told.replay, ReplayResult::Impossible, "the rule for Ben was in force then");
    assert!(told.replay_says.contains(&rule.to_string()), "{}", told.replay_says);
    let at = Some(site.app.clock().now().to_string());
    policy_ask::snapshot(&site.app, &officer, &SnapshotQuestion { at }).await.unwrap();
}
