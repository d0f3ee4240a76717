//! The log for those who read it: found by any field, told whole, shown to nobody else, and every reading recorded.

use futures_util::StreamExt;
use sealane_audit::event::{Access, Assurance, Transfer};
use sealane_audit::{Object, OpId, Outcome, OutcomeRecord, Phase, Scope};
use sealane_model::problem::ProblemKind;
use sealane_model::{Problem, SiteId, TaskId};
use sealane_service::audit::disclosure::{self, DisclosureForm, DisclosureQuestion, DisclosureStream};
use sealane_service::audit::export::{self, ExportForm, ExportStream};
use sealane_service::audit::{self, AuditQuestion, AuditStream};
use sealane_service::view::audit::{AuditEnd, AuditLine, AuditRow, Disclosure, DisclosureLine};
use sealane_service::{Actor, browse, content};

use crate::backend::Backend;
use crate::harness::{Site, collection, path};

/// Ana lists a directory and reads a file in it; Ben, who may not, tries the same.
async fn busy(on: &Backend) -> Site {
    let site = Site::start(on).await;
    site.write("imaging/2026/scan", b"scan");
    let ana = site.person("ana").await;
    let ben = site.person("ben").await;
    let here = collection("imaging");
    browse::list(&site.app, &ana, &here, &path("/2026"), &Default::default()).await.unwrap();
    let download = content::open(&site.app, &ana, &here, &path("/2026/scan"), None, None).await.unwrap();
    download.body.collect::<Vec<_>>().await;
    content::open(&site.app, &ben, &here, &path("/2026/scan"), None, None).await.unwrap_err();
    site
}

async fn all(stream: Result<AuditStream, Problem>) -> (Vec<AuditRow>, AuditEnd) {
    let lines: Vec<_> = stream.unwrap().map(Result::unwrap).collect().await;
    let mut rows = Vec::new();
    let mut end = None;
    for line in lines {
        assert!(end.is_none(), "nothing comes after the end");
        match line {
            AuditLine::Entry(row) => rows.push(*row),
            AuditLine::End(told) => end = Some(told),
        }
    }
    let end = end.expect("an answer has an end");
    assert_eq!(end.count, rows.len() as u64);
    (rows, end)
}

fn ask(fields: &[(&str, &str)]) -> AuditQuestion {
    let object = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    serde_json::from_value(serde_json::Value::Object(object)).unwrap()
}

on_both!(an_officer_finds_entries_by_person_place_kind_outcome_and_address);
async fn an_officer_finds_entries_by_person_place_kind_outcome_and_address(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    let count = async |fields: &[(&str, &str)]| {
        let (rows, end) = all(audit::search(&site.app, &officer, &ask(fields)).await).await;
        assert_eq!(end.not_indexed, 0);
        rows.len()
    };
    let ana = format!("{}#ana", site.provider.issuer());
    assert_eq!(count(&[("kind", "content.read"), ("person", "ana@hospital-a.example")]).await, 2);
    assert_eq!(count(&[("kind", "content.*,directory.list"), ("person", &ana)]).await, 4);
    assert_eq!(count(&[("kind", "content.read"), ("outcome", "done")]).await, 1);
    assert_eq!(count(&[("collection", "imaging"), ("path", "/2026/")]).await, 5, "Ben's try too");
    assert_eq!(count(&[("collection", "imaging"), ("path", "/2026")]).await, 2);
    assert_eq!(count(&[("collection", "imaging"), ("path", "/elsewhere/")]).await, 0);
    assert_eq!(count(&[("client", "198.51.100.1")]).await, 0);
    assert!(count(&[("client", "192.0.2.7"), ("phase", "intent")]).await >= 4);
    assert_eq!(count(&[("from", "2020-01-01"), ("to", "2020-12-31")]).await, 0);
    assert!(count(&[("from", "1h"), ("class", "internal")]).await >= 4);
}

on_both!(an_entry_is_shown_whole_to_those_who_may_see_it);
async fn an_entry_is_shown_whole_to_those_who_may_see_it(on: &Backend) {
    let site = busy(on).await;
    for who in ["officer", "auditor"] {
        let reader = site.person(who).await;
        let question = ask(&[("kind", "content.read"), ("outcome", "done")]);
        let (rows, _) = all(audit::search(&site.app, &reader, &question).await).await;
        let row = &rows[0];
        assert_eq!((row.subject.as_deref(), row.client.as_deref()), (Some("ana"), Some("192.0.2.7")));
        assert_eq!((row.collection_name.as_deref(), row.path.as_deref()), (Some("imaging"), Some("/2026/scan")));
        assert_eq!((row.bytes, row.files, row.class.as_deref()), (Some(4), Some(1), Some("internal")));
        assert!(row.erased.is_empty() && row.elsewhere.is_empty() && row.leaf.is_some());
        let intent =
            &all(audit::search(&site.app, &reader, &ask(&[("op", &row.op), ("phase", "intent")])).await).await.0[0];
        assert_eq!(intent.effect.as_deref(), Some("permit"));
        assert!(intent.decision.is_some() && intent.snapshot.is_some() && intent.auth_time.is_some());
    }
}

on_both!(nobody_else_reads_the_log_and_trying_is_recorded);
async fn nobody_else_reads_the_log_and_trying_is_recorded(on: &Backend) {
    let site = busy(on).await;
    let question = ask(&[("collection", "imaging"), ("person", "ana@hospital-a.example")]);
    let form: ExportForm = "csv".parse().unwrap();
    for who in ["ana", "admin"] {
        let caller = site.person(who).await;
        let refused = [
            audit::search(&site.app, &caller, &question).await.err(),
            audit::accesses(&site.app, &caller, &question).await.err(),
            audit::person(&site.app, &caller, &question).await.err(),
            disclosure::disclosures(&site.app, &caller, DisclosureQuestion::default()).await.err(),
            export::export(&site.app, &caller, &question, form).await.err(),
        ];
        for problem in refused {
            assert_eq!(problem.expect("it was answered").kind, ProblemKind::Denied, "{who}");
        }
    }
    let denied = |kind| site.outcomes(kind).into_iter().filter(|(outcome, _)| *outcome == Outcome::Denied).count();
    assert_eq!([denied(Assurance::AuditRead), denied(Assurance::ReportRun), denied(Assurance::AuditExport)], [2, 6, 2]);
}

on_both!(everybody_reads_what_they_did_themselves_and_nothing_else);
async fn everybody_reads_what_they_did_themselves_and_nothing_else(on: &Backend) {
    let site = busy(on).await;
    let ben = site.person("ben").await;
    let (rows, _) = all(audit::own(&site.app, &ben, &AuditQuestion::default()).await).await;
    assert!(rows.iter().any(|row| row.kind == "content.read" && row.outcome.as_deref() == Some("denied")));
    assert!(rows.iter().all(|row| row.subject.as_deref() == Some("ben")), "{rows:?}");
    // Asking for somebody else changes nothing.
    let question = ask(&[("person", "ana@hospital-a.example"), ("kind", "content.read")]);
    let (rows, _) = all(audit::own(&site.app, &ben, &question).await).await;
    assert!(rows.iter().all(|row| row.subject.as_deref() == Some("ben")) && rows.len() == 1);
}

on_both!(the_access_report_tells_who_was_there_and_who_was_refused);
async fn the_access_report_tells_who_was_there_and_who_was_refused(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    let question = ask(&[("collection", "imaging"), ("path", "/2026/")]);
    let (rows, _) = all(audit::accesses(&site.app, &officer, &question).await).await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.subject.as_deref().unwrap(), row.kind.as_str(), row.outcome.as_deref().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("ana", "directory.list", "done"), ("ana", "content.read", "done"), ("ben", "content.read", "denied")]
    );
    let adrift = audit::accesses(&site.app, &officer, &AuditQuestion::default()).await.err().unwrap();
    assert_eq!(adrift.code, "collection-missing");
}

on_both!(every_question_is_an_entry_that_names_nobody_in_clear);
async fn every_question_is_an_entry_that_names_nobody_in_clear(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    let question = ask(&[("person", "ana@hospital-a.example"), ("kind", "content.read")]);
    let (rows, _) = all(audit::person(&site.app, &officer, &question).await).await;
    let entries = site.entries(Assurance::ReportRun);
    assert_eq!(entries.len(), 2, "intent and outcome");
    assert_eq!(entries[0].entry.detail["filter"], "kind=content.read person=(private)");
    assert_eq!(entries[0].revealed["private.asked-person"].expose(), "ana@hospital-a.example");
    assert_eq!(entries[1].entry.detail["entries"], rows.len());
    assert!(entries.iter().all(|view| !view.json.contains("ana@hospital-a.example")));
}

on_both!(a_question_that_makes_no_sense_says_what_to_correct);
async fn a_question_that_makes_no_sense_says_what_to_correct(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    for (fields, code) in [
        (&[("kind", "content.guess")][..], "event-kind"),
        (&[("kind", "*")], "event-kind"),
        (&[("outcome", "good")], "word-unknown"),
        (&[("path", "/a")], "path-adrift"),
        (&[("collection", "imaging"), ("path", "a")], "path"),
        (&[("collection", "unheard-of")], "collection-unknown"),
        (&[("person", "nobody@nowhere.example")], "person-unknown"),
        (&[("peer", "unheard-of")], "peer-unknown"),
        (&[("from", "yesterday")], "time"),
        (&[("op", "1")], "id"),
        (&[("digest", "1")], "digest"),
    ] {
        let problem = audit::search(&site.app, &officer, &ask(fields)).await.err().expect("it was answered");
        assert_eq!(problem.code, code, "{fields:?}");
    }
}

on_both!(an_erased_person_is_found_by_nobody_and_shown_as_erased);
async fn an_erased_person_is_found_by_nobody_and_shown_as_erased(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    let log = site.app.guard().log().clone();
    let scope = Scope::person(site.provider.issuer(), "ana");
    let order = site.app.guard().event(Assurance::Erase, Phase::Intent, site.app.guard().fresh_op());
    tokio::task::spawn_blocking(move || log.erase(&scope, order)).await.unwrap().unwrap();
    let question = ask(&[("kind", "content.read"), ("outcome", "done")]);
    let before = all(audit::search(&site.app, &officer, &question).await).await.0;
    assert_eq!((before[0].subject.clone(), before[0].client.clone()), (None, None));
    assert_eq!(before[0].erased, ["actor.subject", "client"]);
    audit::rebuild(&site.app, &Actor::operator()).await.unwrap();
    assert_eq!(all(audit::search(&site.app, &officer, &question).await).await.0, before);
    let by_person = ask(&[("kind", "content.read"), ("person", &format!("{}#ana", site.provider.issuer()))]);
    assert!(all(audit::search(&site.app, &officer, &by_person).await).await.0.is_empty());
}

on_both!(answers_are_as_long_as_they_are_and_no_longer_than_asked);
async fn answers_are_as_long_as_they_are_and_no_longer_than_asked(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    for _ in 0..2_500 {
        let guard = site.app.guard();
        guard.log().append(guard.event(Access::EntryStat, Phase::Info, guard.fresh_op())).await.unwrap();
    }
    let question = ask(&[("kind", "entry.stat")]);
    assert_eq!(all(audit::search(&site.app, &officer, &question).await).await.0.len(), 2_500);
    for limit in [0, 1, 100, 101, 1_234] {
        let question = AuditQuestion { limit: Some(limit), newest_first: Some(true), ..question.clone() };
        let (rows, _) = all(audit::search(&site.app, &officer, &question).await).await;
        assert_eq!(rows.len() as u64, limit);
        assert!(rows.windows(2).all(|pair| pair[0].index > pair[1].index));
    }
}

async fn bytes(stream: Result<ExportStream, Problem>) -> Vec<u8> {
    stream.unwrap().map(Result::unwrap).collect::<Vec<_>>().await.concat()
}

on_both!(an_export_holds_what_was_asked_for_and_is_recorded);
async fn an_export_holds_what_was_asked_for_and_is_recorded(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    let question = ask(&[("kind", "content.read")]);
    let csv = bytes(export::export(&site.app, &officer, &question, "csv".parse().unwrap()).await).await;
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().count(), 1 + 3, "{csv}");
    assert!(csv.contains("/2026/scan"));
    for (name, lines) in [("ocsf", 3), ("fhir", 3), ("jsonl", 3 + 2)] {
        let text = bytes(export::export(&site.app, &officer, &question, name.parse().unwrap()).await).await;
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), lines, "{name}: {text}");
        assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{name}");
    }
    let bundle = bytes(export::export(&site.app, &officer, &question, "fhir-bundle".parse().unwrap()).await).await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&bundle).unwrap()["entry"].as_array().unwrap().len(), 3);
    let entries = site.entries(Assurance::AuditExport);
    assert_eq!(entries.len(), 2 * 5);
    assert_eq!(entries[1].entry.detail["entries"], 3);
    assert_eq!(entries[0].entry.detail["format"], "csv");
    assert!("pdf".parse::<ExportForm>().is_err());
}

on_both!(an_evidence_pack_verifies_offline);
async fn an_evidence_pack_verifies_offline(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    let question = ask(&[("collection", "imaging")]);
    for revealed in [false, true] {
        let pack = bytes(export::export(&site.app, &officer, &question, ExportForm::Pack { revealed }).await).await;
        let report = sealane_audit::verify::verify_pack(&pack[..], &Default::default());
        assert!(report.holds(), "{report}");
        assert_eq!(String::from_utf8_lossy(&pack).contains("/2026/scan"), revealed);
    }
}

/// A transfer as the log keeps it: this site lets data of a class go to a peer.
async fn release(site: &Site, class: &str, peer: SiteId, files: u64, succeeded: bool) {
    let guard = site.app.guard();
    let op: OpId = guard.fresh_op();
    let object =
        Object { task: Some(TaskId::generate(site.app.clock(), site.app.random()).to_string()), ..Object::default() };
    let intent = Object { class: Some(class.to_owned()), ..object.clone() };
    let event = |phase| guard.event(Transfer::Release, phase, op).peer(peer.to_string());
    guard.record(event(Phase::Intent).object(intent)).await.unwrap();
    let outcome =
        if succeeded { OutcomeRecord::done() } else { OutcomeRecord::new(Outcome::Failed, "storage.full", "") };
    let object = Object { files: Some(files), bytes: Some(files * 10), ..object };
    guard.record(event(Phase::Outcome).object(object).outcome(outcome)).await.unwrap();
}

async fn told(stream: Result<DisclosureStream, Problem>) -> Vec<Disclosure> {
    let mut lines: Vec<_> = stream.unwrap().map(Result::unwrap).collect().await;
    let Some(DisclosureLine::End { not_indexed: 0, .. }) = lines.pop() else { panic!("a report has an end") };
    let one = |line| match line {
        DisclosureLine::Disclosure(one) => *one,
        DisclosureLine::End { .. } => panic!("nothing comes after the end"),
    };
    lines.into_iter().map(one).collect()
}

on_both!(disclosures_are_what_left_of_health_information_whether_or_not_it_ended_well);
async fn disclosures_are_what_left_of_health_information_whether_or_not_it_ended_well(on: &Backend) {
    let site = busy(on).await;
    let officer = site.person("officer").await;
    let [b, c] = [(); 2].map(|()| SiteId::generate(site.app.clock(), site.app.random()));
    release(&site, "phi", b, 3, true).await;
    release(&site, "phi", b, 2, false).await;
    release(&site, "phi", b, 0, false).await;
    release(&site, "internal", b, 9, true).await;
    release(&site, "phi-limited", c, 1, true).await;
    let contact = sealane_database::peer_contact::Contact {
        organisation: Some("University B".to_owned()),
        address: Some("1 College Street".to_owned()),
        phone: Some("+1 555 0100".to_owned()),
    };
    let mut db = site.app.database().acquire().await.unwrap();
    sealane_database::peer_contact::put(&mut db, b, &contact).await.unwrap();
    drop(db);
    let each = told(disclosure::disclosures(&site.app, &officer, DisclosureQuestion::default()).await).await;
    assert_eq!(each.iter().map(|one| one.files).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(each[0].recipient.name, "University B");
    assert_eq!(each[0].recipient.address.as_deref(), Some("1 College Street"));
    assert!(each[0].description.starts_with("3 files"), "{}", each[0].description);
    assert_eq!((&each[2].recipient.name, &each[2].recipient.address), (&c.to_string(), &None));
    let summary = DisclosureQuestion { form: DisclosureForm::Summary, peer: Some(b.to_string()), ..Default::default() };
    let summed = told(disclosure::disclosures(&site.app, &officer, summary).await).await;
    assert_eq!(summed.len(), 1);
    assert_eq!((summed[0].times, summed[0].files, summed[0].tasks.len()), (2, 5, 2));
    let research = DisclosureQuestion { form: DisclosureForm::Research, ..Default::default() };
    let problem = disclosure::disclosures(&site.app, &officer, research.clone()).await.err().unwrap();
    assert_eq!(problem.code, "protocol-missing");
    let research = DisclosureQuestion {
        protocol: Some("IRB 26-114".to_owned()),
        description: Some("Imaging of the ageing brain".to_owned()),
        ..research
    };
    let told = told(disclosure::disclosures(&site.app, &officer, research).await).await;
    assert!(told.iter().all(|one| one.protocol.as_deref() == Some("IRB 26-114") && one.statement.is_some()));
}
