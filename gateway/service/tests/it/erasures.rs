//! Erasing what the audit log knows of somebody: two officers, holds, every node, crashes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sealane_audit::event::{Access, Assurance};
use sealane_audit::verify::{Options, verify_dir};
use sealane_audit::{Absence, Filter, OpId, OpenIntent, Outcome, Phase, Recovery, Scope};
use sealane_database::{audit_index, erasure};
use sealane_model::problem::ProblemKind;
use sealane_model::{PersonId, Problem};
use sealane_service::erasures::{self, carry_out};
use sealane_service::view::{AboutView, ErasureState, ErasureView, HoldView, NewErasure, NewHold};
use sealane_service::{Caller, PageQuery, browse, holds};

use crate::backend::Backend;
use crate::harness::{Site, collection, path};

/// Somebody who never signed in here.
const PATIENT: &str = "patient-4711";
const BASIS: &str = "Art. 17(1)(d) GDPR, request no. 88, also for entries younger than six years";

fn patient() -> AboutView {
    AboutView::Person { issuer: "https://idp.example".to_owned(), subject: PATIENT.to_owned() }
}

fn person(caller: &Caller) -> AboutView {
    let PersonId { issuer, subject } = caller.person.id.clone();
    AboutView::Person { issuer, subject }
}

fn in_collection(name: &str) -> AboutView {
    AboutView::Collection { collection: name.to_owned() }
}

async fn started(on: &Backend) -> Site {
    let site = Site::start(on).await;
    carry_out::resume(&site.app, &mut Recovery::default()).await.unwrap();
    site
}

async fn ask(site: &Site, officer: &Caller, about: AboutView) -> Result<ErasureView, Problem> {
    erasures::request(&site.app, officer, NewErasure { about, basis: BASIS.to_owned() }).await
}

async fn hold(site: &Site, officer: &Caller, about: AboutView) -> HoldView {
    holds::place(&site.app, officer, NewHold { about, reason: "litigation 7 C 12".to_owned() }).await.unwrap()
}

async fn listed(site: &Site, officer: &Caller) -> Vec<ErasureView> {
    erasures::list(&site.app, officer, &PageQuery::default()).await.unwrap().items
}

async fn list_directory(site: &Site, caller: &Caller) {
    browse::list(&site.app, caller, &collection("imaging"), &path("/"), &PageQuery::default()).await.unwrap();
}

/// Why the personal values of directory listings cannot be seen, by field.
fn absent(site: &Site) -> Vec<BTreeMap<String, Absence>> {
    site.entries(Access::DirectoryList).into_iter().map(|view| view.absent).collect()
}

fn assert_nowhere(directory: &Path, words: &str) {
    let mut stack = vec![directory.to_owned()];
    let mut files = 0;
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            stack.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        files += 1;
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(words.len()).any(|window| window == words.as_bytes()), "{words} in {}", path.display());
    }
    assert!(files > 3);
}

on_both!(one_officer_asks_another_agrees_and_the_values_are_gone);
async fn one_officer_asks_another_agrees_and_the_values_are_gone(on: &Backend) {
    let site = started(on).await;
    let ana = site.person("ana").await;
    list_directory(&site, &ana).await;
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let asked = ask(&site, &officer, person(&ana)).await.unwrap();
    assert_eq!((asked.state, asked.basis.as_deref()), (ErasureState::Waiting, Some(BASIS)));
    assert!(absent(&site).iter().all(BTreeMap::is_empty), "asking erases nothing");

    let own = erasures::approve(&site.app, &officer, asked.id).await.unwrap_err();
    assert_eq!((own.kind, own.code.as_str()), (ProblemKind::Denied, "own-request"));
    let mut other_account = second.clone();
    other_account.person.email = officer.person.email.clone();
    let own = erasures::approve(&site.app, &other_account, asked.id).await.unwrap_err();
    assert_eq!(own.code, "own-request", "another account with the same address is the same person");

    let done = erasures::approve(&site.app, &second, asked.id).await.unwrap();
    assert_eq!((done.state, &done.about, &done.basis), (ErasureState::Done, &None, &None));
    assert!(done.parts[0].values > Some(3), "{:?}", done.parts);
    for fields in absent(&site) {
        assert_eq!(fields["actor.subject"], Absence::Erased);
        assert_eq!(fields["client"], Absence::Erased);
        assert!(!fields.contains_key("object.path"), "the path belongs to the collection");
    }
    let again = erasures::approve(&site.app, &second, asked.id).await.unwrap_err();
    assert_eq!((again.kind, again.code.as_str()), (ProblemKind::Conflict, "erasure-approved"));

    list_directory(&site, &ana).await;
    assert_eq!(absent(&site).last().unwrap(), &BTreeMap::new(), "what she does from now on is seen again");
    let report = verify_dir(site.app.guard().log().directory(), &Options::default());
    assert!(report.openings.is_ok() && report.integrity.is_ok(), "{report}");
}

on_both!(each_step_is_an_entry_with_basis_and_count_and_no_name_in_clear);
async fn each_step_is_an_entry_with_basis_and_count_and_no_name_in_clear(on: &Backend) {
    let site = started(on).await;
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let asked = ask(&site, &officer, patient()).await.unwrap();
    let request = site.entries(Assurance::EraseRequest).remove(0);
    assert_eq!(request.revealed["private.subject"].expose(), PATIENT);
    assert_eq!(request.revealed["private.basis"].expose(), BASIS);
    assert_eq!(request.entry.detail["retention_years"], 6);
    assert_nowhere(site.directory.path(), PATIENT);
    assert_nowhere(site.directory.path(), "request no. 88");

    erasures::approve(&site.app, &second, asked.id).await.unwrap();
    let request = site.entries(Assurance::EraseRequest).remove(0);
    assert_eq!(request.absent["private.subject"], Absence::Erased, "whom it was about is erased as well");
    assert_eq!(request.revealed["private.basis"].expose(), BASIS, "why it was done stays");
    let erased = site.entries(Assurance::Erase);
    let phases: Vec<Phase> = erased.iter().map(|view| view.entry.phase).collect();
    assert_eq!(phases, [Phase::Intent, Phase::Outcome]);
    // Request and approval name the person by issuer and subject, each twice: before the act and after it.
    assert_eq!(erased[1].entry.detail["values"], 8);
    assert_eq!(erased[0].revealed["private.basis"].expose(), BASIS);
    assert_eq!(site.outcomes(Assurance::EraseApprove), [(Outcome::Done, "ok".to_owned())]);
    assert_eq!(listed(&site, &officer).await[0].state, ErasureState::Done);
}

on_both!(nobody_without_the_role_asks_agrees_or_learns_what_there_is);
async fn nobody_without_the_role_asks_agrees_or_learns_what_there_is(on: &Backend) {
    let site = started(on).await;
    let (ana, admin) = (site.person("ana").await, site.person("admin").await);
    let officer = site.person("officer").await;
    let asked = ask(&site, &officer, in_collection("patients")).await.unwrap();
    for caller in [&ana, &admin] {
        let known = ask(&site, caller, in_collection("patients")).await.unwrap_err();
        let unknown = ask(&site, caller, in_collection("no-such-thing")).await.unwrap_err();
        assert_eq!((known.kind, known.code.as_str()), (ProblemKind::Denied, "role.missing"));
        assert_eq!((unknown.kind, unknown.detail), (known.kind, known.detail));
        let refused = [
            erasures::approve(&site.app, caller, asked.id).await.unwrap_err(),
            erasures::withdraw(&site.app, caller, asked.id).await.unwrap_err(),
            erasures::list(&site.app, caller, &PageQuery::default()).await.unwrap_err(),
            holds::list(&site.app, caller, &PageQuery::default()).await.unwrap_err(),
        ];
        assert!(refused.iter().all(|problem| problem.code == "role.missing"), "{refused:?}");
    }
    assert_eq!(listed(&site, &officer).await.len(), 1);
}

on_both!(a_request_needs_a_basis_expires_and_can_be_withdrawn);
async fn a_request_needs_a_basis_expires_and_can_be_withdrawn(on: &Backend) {
    let site = started(on).await;
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let without = NewErasure { about: patient(), basis: "  ".to_owned() };
    assert_eq!(erasures::request(&site.app, &officer, without).await.unwrap_err().code, "basis-missing");
    let nobody = AboutView::Person { issuer: "https://idp.example".to_owned(), subject: String::new() };
    assert_eq!(ask(&site, &officer, nobody).await.unwrap_err().code, "person-incomplete");
    assert_eq!(ask(&site, &officer, in_collection("gone")).await.unwrap_err().code, "collection-unknown");

    let asked = ask(&site, &officer, patient()).await.unwrap();
    assert_eq!(ask(&site, &second, patient()).await.unwrap_err().code, "erasure-open");
    site.pass(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(listed(&site, &officer).await[0].state, ErasureState::Expired);
    let late = erasures::approve(&site.app, &second, asked.id).await.unwrap_err();
    assert_eq!((late.kind, late.code.as_str()), (ProblemKind::Conflict, "erasure-expired"));

    let anew = ask(&site, &officer, patient()).await.unwrap();
    erasures::withdraw(&site.app, &officer, anew.id).await.unwrap();
    let gone = erasures::approve(&site.app, &second, anew.id).await.unwrap_err();
    assert_eq!(gone.code, "erasure-unknown");
    assert!(listed(&site, &officer).await.is_empty());
}

on_both!(a_hold_refuses_every_step_and_its_release_takes_two);
async fn a_hold_refuses_every_step_and_its_release_takes_two(on: &Backend) {
    let site = started(on).await;
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let asked = ask(&site, &officer, in_collection("imaging")).await.unwrap();
    let held = hold(&site, &second, in_collection("imaging")).await;
    for refused in [
        ask(&site, &officer, in_collection("imaging")).await.unwrap_err(),
        erasures::approve(&site.app, &second, asked.id).await.unwrap_err(),
    ] {
        assert_eq!((refused.kind, refused.code.as_str()), (ProblemKind::Conflict, "on-hold"));
        assert!(refused.detail.contains(&held.id.to_string()), "{refused:?}");
    }
    ask(&site, &officer, patient()).await.unwrap();

    let first = holds::release(&site.app, &officer, held.id).await.unwrap();
    assert!(!first.released && first.release_asked_by.is_some());
    let alone = holds::release(&site.app, &officer, held.id).await.unwrap_err();
    assert_eq!((alone.kind, alone.code.as_str()), (ProblemKind::Denied, "own-request"));
    assert_eq!(holds::list(&site.app, &officer, &PageQuery::default()).await.unwrap().items.len(), 1);
    assert!(holds::release(&site.app, &second, held.id).await.unwrap().released);
    assert_eq!(holds::release(&site.app, &second, held.id).await.unwrap_err().code, "hold-unknown");
    let done = erasures::approve(&site.app, &second, asked.id).await.unwrap();
    assert_eq!(done.state, ErasureState::Done);
    let steps: Vec<_> = site
        .entries(Assurance::HoldRelease)
        .into_iter()
        .filter_map(|it| it.entry.detail.get("step").cloned())
        .collect();
    assert_eq!(steps, ["asked", "released"]);
}

on_both!(every_log_of_the_site_has_a_part_and_a_hold_stops_what_is_not_done_yet);
async fn every_log_of_the_site_has_a_part_and_a_hold_stops_what_is_not_done_yet(on: &Backend) {
    let site = started(on).await;
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let mut db = site.app.database().acquire().await.unwrap();
    audit_index::enlist(&mut db, "another-node", site.app.clock().now()).await.unwrap();
    let asked = ask(&site, &officer, in_collection("imaging")).await.unwrap();
    // As if the other node had approved it: nothing was done here yet.
    let by = second.person.id.clone();
    assert!(erasure::approve(&mut db, asked.id, &by, site.app.clock().now()).await.unwrap());
    let held = hold(&site, &second, in_collection("imaging")).await;
    assert_eq!(listed(&site, &officer).await[0].state, ErasureState::Held);
    assert_eq!(carry_out::pending(&site.app).await.unwrap(), 0);
    for caller in [&officer, &second] {
        holds::release(&site.app, caller, held.id).await.unwrap();
    }
    assert_eq!(carry_out::pending(&site.app).await.unwrap(), 1);
    assert_eq!(carry_out::pending(&site.app).await.unwrap(), 0, "once");
    let waiting = &listed(&site, &officer).await[0];
    assert_eq!((waiting.state, waiting.about.is_some()), (ErasureState::Approved, true));
    let mut done: Vec<_> = waiting.parts.iter().map(|part| (part.log.as_str(), part.done_at.is_some())).collect();
    done.sort_unstable();
    assert_eq!(done[0], ("another-node", false));
    assert!(done[1].1);
}

on_both!(an_erasure_that_a_crash_interrupted_is_closed_and_reported_at_the_next_start);
async fn an_erasure_that_a_crash_interrupted_is_closed_and_reported_at_the_next_start(on: &Backend) {
    let site = started(on).await;
    let ana = site.person("ana").await;
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let asked = ask(&site, &officer, person(&ana)).await.unwrap();
    let mut db = site.app.database().acquire().await.unwrap();
    erasure::approve(&mut db, asked.id, &second.person.id, site.app.clock().now()).await.unwrap();
    // The order is written and the key destroyed; then the node dies.
    let op = OpId::new(asked.id.uuid());
    let log = site.app.guard().log().clone();
    let order = site.app.guard().event(Assurance::Erase, Phase::Intent, op);
    let scope = Scope::person(ana.person.id.issuer.as_str(), ana.person.id.subject.as_str());
    let values = tokio::task::spawn_blocking(move || log.erase(&scope, order)).await.unwrap().unwrap().values;
    assert!(values > 0);

    let index = site.app.guard().log().entries(0, 1, &Filter::op(op)).unwrap()[0].entry.index;
    let open = OpenIntent { op, kind: Assurance::Erase.into(), index, task: None };
    let other = OpenIntent { op: site.app.guard().fresh_op(), kind: Access::ContentRead.into(), index: 0, task: None };
    let mut recovery = Recovery { cut_bytes: 0, open_intents: vec![open, other.clone()] };
    carry_out::resume(&site.app, &mut recovery).await.unwrap();
    assert_eq!(recovery.open_intents, [other], "other intents are for others");
    let done = &listed(&site, &officer).await[0];
    assert_eq!((done.state, done.parts[0].values), (ErasureState::Done, Some(values)));
    let outcomes: Vec<_> = site.outcomes(Assurance::Erase).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, [Outcome::Done], "closed once, and not carried out again");
}
