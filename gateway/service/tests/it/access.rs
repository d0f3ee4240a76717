//! Who may see, list, change and share what: rules in effect, and things that are not theirs to know of.

use std::time::Duration;

use sealane_audit::Outcome;
use sealane_audit::event::{Access, Sharing};
use sealane_model::problem::ProblemKind;
use sealane_model::{Permission, Principal, RuleId, Timestamp};
use sealane_service::view::{NewRule, PrincipalView};
use sealane_service::{App, Caller, PageQuery, access_rules, browse, collections, policy_sync};

use crate::backend::Backend;
use crate::harness::{START, Site, collection, path};

fn for_email(email: &str, permissions: &[Permission]) -> NewRule {
    NewRule {
        path: None,
        principal: PrincipalView::Email { email: email.to_owned() },
        permissions: permissions.to_vec(),
        deny: false,
        expires_at: None,
        purpose: None,
    }
}

async fn names(app: &App, caller: &Caller) -> Vec<String> {
    let page = collections::list(app, caller, &PageQuery::default()).await.unwrap();
    page.items.iter().map(|view| view.name.to_string()).collect()
}

on_both!(a_person_sees_the_collections_that_some_rule_opens_to_them);
async fn a_person_sees_the_collections_that_some_rule_opens_to_them(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    assert_eq!(names(&site.app, &ana).await, ["imaging"]);
    let view = collections::show(&site.app, &ana, &collection("imaging")).await.unwrap();
    assert!(view.may.list && view.may.read && view.may.write && view.may.delete && view.may.share && !view.remote);
    let ben = site.person("ben").await;
    assert!(names(&site.app, &ben).await.is_empty());
}

on_both!(what_is_not_theirs_to_know_of_is_told_like_what_does_not_exist);
async fn what_is_not_theirs_to_know_of_is_told_like_what_does_not_exist(on: &Backend) {
    let site = Site::start(on).await;
    let ben = site.person("ben").await;
    let hidden = collections::show(&site.app, &ben, &collection("imaging")).await.unwrap_err();
    let absent = collections::show(&site.app, &ben, &collection("no-such-thing")).await.unwrap_err();
    assert_eq!(hidden, absent);
    let hidden =
        browse::list(&site.app, &ben, &collection("imaging"), &path("/"), &PageQuery::default()).await.unwrap_err();
    let absent = browse::list(&site.app, &ben, &collection("no-such-thing"), &path("/"), &PageQuery::default())
        .await
        .unwrap_err();
    assert_eq!(hidden, absent);
    assert_eq!(hidden.kind, ProblemKind::NotFound);
    let recorded = site.outcomes(Access::DirectoryList);
    assert_eq!(recorded.len(), 2, "both were recorded");
    assert!(recorded.iter().all(|(outcome, _)| *outcome == Outcome::Denied));
}

on_both!(a_refusal_of_something_known_says_why);
async fn a_refusal_of_something_known_says_why(on: &Backend) {
    let site = Site::start(on).await;
    site.with_rules(vec![site.rule(
        "imaging",
        "/",
        Principal::Email("ben@hospital-a.example".to_owned()),
        &[Permission::List],
    )])
    .await;
    let ben = site.person("ben").await;
    let problem = browse::make_directory(&site.app, &ben, &collection("imaging"), &path("/new")).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Denied);
    assert!(problem.decision.is_some());
    assert!(!site.folder("imaging/new").exists());
}

on_both!(a_rule_holds_at_once_and_ends_at_once);
async fn a_rule_holds_at_once_and_ends_at_once(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan.dcm", b"scan");
    let ana = site.person("ana").await;
    let ben = site.person("ben").await;
    let rule = for_email(" Ben@Hospital-A.example ", &[Permission::List]);
    let rule = access_rules::create(&site.app, &ana, &collection("imaging"), rule).await.unwrap();
    let listing =
        browse::list(&site.app, &ben, &collection("imaging"), &path("/"), &PageQuery::default()).await.unwrap();
    assert_eq!(listing.items.len(), 1);
    access_rules::revoke(&site.app, &ana, rule.id).await.unwrap();
    assert!(browse::list(&site.app, &ben, &collection("imaging"), &path("/"), &PageQuery::default()).await.is_err());
    assert_eq!(site.outcomes(Sharing::RuleCreate), [(Outcome::Done, "ok".to_owned())]);
    assert_eq!(site.outcomes(Sharing::RuleRemove), [(Outcome::Done, "ok".to_owned())]);
    for (kind, side, other) in [(Sharing::RuleCreate, "new", "old"), (Sharing::RuleRemove, "old", "new")] {
        let own: Vec<_> = site.entries(kind).into_iter().filter(|view| view.entry.decision.is_some()).collect();
        let intent = own.last().unwrap();
        let change = &intent.entry.change["permissions"];
        let (is, is_not) = if side == "new" { (&change.new, &change.old) } else { (&change.old, &change.new) };
        assert_eq!((is.as_ref(), is_not.as_ref()), (Some(&"list".into()), None));
        let principal = &intent.revealed[&format!("private.principal.{side}")];
        assert!(principal.expose().contains("ben@hospital-a.example"));
        assert!(!intent.revealed.contains_key(&format!("private.principal.{other}")));
        assert!(!intent.json.contains("ben@"), "whom a rule is for is personal");
    }
}

on_both!(a_rule_ends_when_it_says);
async fn a_rule_ends_when_it_says(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let ben = site.person("ben").await;
    let mut rule = for_email("ben@hospital-a.example", &[Permission::List]);
    rule.expires_at = Some(START.after(Duration::from_secs(600)));
    access_rules::create(&site.app, &ana, &collection("imaging"), rule.clone()).await.unwrap();
    assert_eq!(names(&site.app, &ben).await, ["imaging"]);
    site.pass(Duration::from_secs(601));
    assert!(names(&site.app, &ben).await.is_empty());
    let late = access_rules::create(&site.app, &ana, &collection("imaging"), rule).await.unwrap_err();
    assert_eq!(late.code, "rule-expired");
}

on_both!(a_change_of_rules_on_another_node_is_followed);
async fn a_change_of_rules_on_another_node_is_followed(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let before = site.app.guard().engine().snapshot().hash();
    let mut db = site.app.database().acquire().await.unwrap();
    let configured = site.entries(Sharing::RuleChange).len();
    assert!(configured > 0);
    let page = access_rules::list(&site.app, &ana, &collection("imaging"), &PageQuery::default()).await.unwrap();
    sealane_database::access_rule::revoke(&mut db, page.items[0].id, site.app.clock().now()).await.unwrap();
    drop(db);
    assert_eq!(site.app.guard().engine().snapshot().hash(), before);
    policy_sync::follow(&site.app).await.unwrap();
    assert_ne!(site.app.guard().engine().snapshot().hash(), before);
    assert!(names(&site.app, &ana).await.is_empty());
}

on_both!(rules_are_shown_page_by_page_to_those_who_manage_them);
async fn rules_are_shown_page_by_page_to_those_who_manage_them(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    for number in 0..3 {
        let rule = for_email(&format!("p{number}@x.example"), &[Permission::List]);
        access_rules::create(&site.app, &ana, &collection("imaging"), rule).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut query = PageQuery { after: None, limit: Some(2) };
    loop {
        let page = access_rules::list(&site.app, &ana, &collection("imaging"), &query).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|rule| rule.id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 4);
}

on_both!(a_rule_of_the_configuration_file_is_changed_there_only);
async fn a_rule_of_the_configuration_file_is_changed_there_only(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let page = access_rules::list(&site.app, &ana, &collection("imaging"), &PageQuery::default()).await.unwrap();
    let problem = access_rules::revoke(&site.app, &ana, page.items[0].id).await.unwrap_err();
    assert_eq!(problem.code, "rule-configured");
}

on_both!(an_unknown_rule_and_one_of_a_hidden_collection_are_told_alike);
async fn an_unknown_rule_and_one_of_a_hidden_collection_are_told_alike(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let ben = site.person("ben").await;
    let rule =
        access_rules::create(&site.app, &ana, &collection("imaging"), for_email("x@x.example", &[Permission::List]))
            .await
            .unwrap();
    let hidden = access_rules::revoke(&site.app, &ben, rule.id).await.unwrap_err();
    let absent = access_rules::revoke(&site.app, &ben, RuleId::from_uuid(uuid::Uuid::from_u128(1))).await.unwrap_err();
    assert_eq!(hidden, absent);
}

on_both!(a_rule_that_makes_no_sense_is_refused);
async fn a_rule_that_makes_no_sense_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let problem =
        access_rules::create(&site.app, &ana, &collection("imaging"), for_email("x@x.example", &[])).await.unwrap_err();
    assert_eq!(problem.code, "rule-refused");
}

on_both!(an_old_sign_in_must_step_up_for_patients_data);
async fn an_old_sign_in_must_step_up_for_patients_data(on: &Backend) {
    let site = Site::start(on).await;
    site.with_rules(vec![site.rule("patients", "/", Principal::EveryoneSignedIn, &[Permission::Read])]).await;
    let ana = site.person("ana").await;
    assert!(browse::list(&site.app, &ana, &collection("patients"), &path("/"), &PageQuery::default()).await.is_ok());
    site.pass(Duration::from_secs(61 * 60));
    let problem =
        browse::list(&site.app, &ana, &collection("patients"), &path("/"), &PageQuery::default()).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::StepUp, "{problem}");
    assert!(problem.next_step.is_some());
    let fresh = site.step_up().await.unwrap();
    let ana = site.caller(&fresh).await;
    assert!(browse::list(&site.app, &ana, &collection("patients"), &path("/"), &PageQuery::default()).await.is_ok());
}

on_both!(directories_are_listed_page_by_page_and_changed);
async fn directories_are_listed_page_by_page_and_changed(on: &Backend) {
    let site = Site::start(on).await;
    for file in ["b", "a", "c", "ü"] {
        site.write(&format!("imaging/{file}"), b"x");
    }
    let ana = site.person("ana").await;
    let here = collection("imaging");
    let first =
        browse::list(&site.app, &ana, &here, &path("/"), &PageQuery { after: None, limit: Some(2) }).await.unwrap();
    let rest =
        browse::list(&site.app, &ana, &here, &path("/"), &PageQuery { after: first.next.clone(), limit: Some(9) })
            .await
            .unwrap();
    let seen: Vec<&str> = first.items.iter().chain(&rest.items).map(|entry| entry.name.as_str()).collect();
    assert_eq!(seen, ["a", "b", "c", "ü"]);
    assert_eq!((first.next.as_deref(), rest.next), (Some("b"), None));
    assert!(browse::make_directory(&site.app, &ana, &here, &path("/new")).await.unwrap().made);
    assert!(!browse::make_directory(&site.app, &ana, &here, &path("/new")).await.unwrap().made);
    browse::rename(&site.app, &ana, &here, &path("/a"), &path("/new/a")).await.unwrap();
    assert_eq!(browse::stat(&site.app, &ana, &here, &path("/new/a")).await.unwrap().size, 1);
    assert_eq!(browse::remove(&site.app, &ana, &here, &path("/new"), false).await.unwrap_err().code, "not-empty");
    assert!(browse::remove(&site.app, &ana, &here, &path("/new"), true).await.unwrap().entries >= 2);
    assert_eq!(browse::stat(&site.app, &ana, &here, &path("/new")).await.unwrap_err().kind, ProblemKind::NotFound);
    let failed = (Outcome::Failed, "not-empty".to_owned());
    assert!(site.outcomes(Access::EntryDelete).contains(&failed), "what failed is recorded as failed");
}

on_both!(what_a_rule_refuses_is_kept_out_of_the_listing);
async fn what_a_rule_refuses_is_kept_out_of_the_listing(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/open/scan", b"x");
    site.write("imaging/secret/scan", b"x");
    let mut refused =
        site.rule("imaging", "/secret", Principal::Group("imaging".to_owned()), &[Permission::List, Permission::Read]);
    refused.deny = true;
    site.with_rules(vec![refused]).await;
    let ana = site.person("ana").await;
    let listing =
        browse::list(&site.app, &ana, &collection("imaging"), &path("/"), &PageQuery::default()).await.unwrap();
    let names: Vec<&str> = listing.items.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["open"]);
    assert!(
        browse::list(&site.app, &ana, &collection("imaging"), &path("/secret"), &PageQuery::default()).await.is_err()
    );
}

on_both!(each_act_has_an_intent_and_one_outcome);
async fn each_act_has_an_intent_and_one_outcome(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let here = collection("imaging");
    browse::list(&site.app, &ana, &here, &path("/"), &PageQuery::default()).await.unwrap();
    browse::stat(&site.app, &ana, &here, &path("/gone")).await.unwrap_err();
    for kind in [Access::DirectoryList, Access::EntryStat] {
        let entries = site.entries(kind);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].entry.op, entries[1].entry.op);
        assert!(entries[0].entry.decision.is_some() && entries[1].entry.outcome.is_some());
        assert!(entries[0].entry.actor.is_some() && entries[0].entry.client.is_some());
        assert!(
            !entries[0].json.contains("ana") && !entries[0].json.contains("192.0.2.7"),
            "no personal data in clear"
        );
    }
    assert!(Timestamp::from_micros(site.entries(Access::EntryStat)[0].entry.at_ns / 1_000) >= START);
}
