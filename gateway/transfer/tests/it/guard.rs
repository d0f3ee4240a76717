//! The guard: no record, no permit; one outcome for every intent.

use sealane_audit::event::{Access, Admin};
use sealane_audit::{EntryView, Filter, Outcome, OutcomeRecord, Phase};
use sealane_crypto::digest::sha256;
use sealane_model::Class;
use sealane_model::permit::{List, Read};
use sealane_model::problem::ProblemKind;
use sealane_policy::{Action, Resource, Subject};
use sealane_transfer::guard::{Ask, Details, Refusal};

use crate::backend::Backend;
use crate::two_sites::{Site, ana, path};

fn ask(site: &Site, who: &str) -> Ask {
    let mut person = ana();
    person.person.id.subject = who.to_owned();
    let subject = Subject::person(person.person.id, person.assurance);
    let resource = Resource::collection(site.collection.id, site.collection.class, path("/x"), None);
    let mut ask = Ask::new(subject, Action::ReadContent, resource, Access::ContentRead);
    ask.client = Some("192.0.2.7".to_owned());
    ask.purpose = Some("study 7".to_owned());
    ask
}

async fn entries(site: &Site) -> Vec<EntryView> {
    site.guard.settle().await;
    site.guard.log().entries(0, 100, &Filter::kind(Access::ContentRead)).unwrap()
}

on_both!(a_permit_is_recorded_before_it_is_given_and_its_outcome_after);
async fn a_permit_is_recorded_before_it_is_given_and_its_outcome_after(on: &Backend) {
    let site = Site::start(on, "hospital-a", Class::Internal).await;
    let grant = site.guard.permit::<Read>(ask(&site, "ana")).await.unwrap();
    assert!(grant.permit.covers(site.collection.id, &path("/x/y")));
    let before = entries(&site).await;
    assert_eq!(before.len(), 1, "the intent is there while the act is not yet done");
    assert_eq!(before[0].entry.phase, Phase::Intent);
    assert_eq!(before[0].revealed["client"].expose(), "192.0.2.7");
    assert!(!before[0].json.contains("192.0.2.7") && !before[0].json.contains("study 7"), "sealed, not written out");

    let (op, digest) = (grant.op(), sha256(b"content"));
    grant.done(OutcomeRecord::done(), Details::none().bytes(7).digest(digest)).await.unwrap();
    let after = entries(&site).await;
    assert_eq!(after.len(), 2);
    assert_eq!((after[1].entry.op, after[1].entry.phase), (op, Phase::Outcome));
    assert_eq!((after[1].entry.object.bytes, after[1].entry.object.digest), (Some(7), Some(digest)));
}

on_both!(a_refusal_is_one_entry_and_names_its_decision);
async fn a_refusal_is_one_entry_and_names_its_decision(on: &Backend) {
    let site = Site::start(on, "hospital-a", Class::Internal).await;
    let refusal = site.guard.permit::<Read>(ask(&site, "bruno")).await.unwrap_err();
    let problem = refusal.problem();
    assert_eq!(problem.kind, ProblemKind::Denied);
    let entries = entries(&site).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].entry.outcome.as_ref().unwrap().outcome, Outcome::Denied);
    assert_eq!(entries[0].entry.decision.as_ref().unwrap().id.to_string(), problem.decision.unwrap());
}

on_both!(an_old_sign_in_is_asked_to_step_up);
async fn an_old_sign_in_is_asked_to_step_up(on: &Backend) {
    let site = Site::start(on, "hospital-a", Class::Internal).await;
    let mut ask = ask(&site, "ana");
    ask.subject.assurance.auth_time_s = Some(0);
    let problem = site.guard.permit::<Read>(ask).await.unwrap_err().problem();
    assert_eq!(problem.kind, ProblemKind::StepUp);
    assert!(problem.next_step.is_some());
    assert_eq!(entries(&site).await[0].entry.outcome.as_ref().unwrap().outcome, Outcome::StepUp);
}

on_both!(a_grant_that_is_dropped_is_recorded_as_interrupted);
async fn a_grant_that_is_dropped_is_recorded_as_interrupted(on: &Backend) {
    let site = Site::start(on, "hospital-a", Class::Internal).await;
    drop(site.guard.permit::<Read>(ask(&site, "ana")).await.unwrap());
    let entries = entries(&site).await;
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].entry.outcome.as_ref().unwrap().outcome, Outcome::Interrupted);
}

on_both!(a_caller_that_goes_away_while_it_is_recorded_leaves_no_intent_open);
async fn a_caller_that_goes_away_while_it_is_recorded_leaves_no_intent_open(on: &Backend) {
    let site = Site::start(on, "hospital-a", Class::Internal).await;
    for _ in 0..20 {
        let asking = site.guard.permit::<Read>(ask(&site, "ana"));
        tokio::select! {
            biased;
            _ = asking => {}
            () = tokio::task::yield_now() => {}
        }
    }
    let entries = entries(&site).await;
    let intents = entries.iter().filter(|view| view.entry.phase == Phase::Intent).count();
    assert_eq!((intents, entries.len()), (20, 40), "every intent has its one outcome");
}

on_both!(a_permit_of_another_kind_is_never_released);
async fn a_permit_of_another_kind_is_never_released(on: &Backend) {
    let site = Site::start(on, "hospital-a", Class::Internal).await;
    let refusal = site.guard.permit::<List>(ask(&site, "ana")).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Denied(denied) if denied.reason.code == "decision.wrong-kind"), "{refusal}");
    let entries = entries(&site).await;
    assert_eq!(entries[1].entry.outcome.as_ref().unwrap().outcome, Outcome::Failed, "its intent is closed");
}

on_both!(without_a_log_there_is_no_permit);
async fn without_a_log_there_is_no_permit(on: &Backend) {
    let site = Site::start(on, "hospital-a", Class::Internal).await;
    site.guard.log().clone().close().await;
    let refusal = site.guard.permit::<Read>(ask(&site, "ana")).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Unrecorded(_)));
    assert_eq!(refusal.problem().kind.status(), 503);
    let event = site.guard.event(Admin::SiteStop, Phase::Info, site.guard.fresh_op());
    assert!(site.guard.record(event).await.is_err());
}
