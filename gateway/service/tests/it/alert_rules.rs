//! Rules that watch the log: kept without a name in clear, tried before they are saved, and each of those that come with the
//! program fires on what it says.

use std::time::Duration;

use futures_util::StreamExt;
use sealane_audit::Recovery;
use sealane_audit::event::{Assurance, Transfer};
use sealane_audit::{Outcome, OutcomeRecord, Phase};
use sealane_model::alert::{Grouping, Measure, Severity};
use sealane_model::{Permission, Principal};
use sealane_policy::Role;
use sealane_service::audit::export::{self, ExportForm};
use sealane_service::audit::{AuditQuestion, catch_up};
use sealane_service::erasures::{self, carry_out};
use sealane_service::identity::{self, CallbackQuery};
use sealane_service::view::{
    AboutView, ChangeAlertRule, NewAlertRule, NewErasure, NewHold, ThresholdView, TrialView, TryAlertRule,
};
use sealane_service::{Caller, alert_rules, alerts, browse, content, holds};

use crate::alerts::{EACH, of_kind, of_rule, save, three_in_ten_minutes};
use crate::backend::Backend;
use crate::harness::{Site, collection, path};

/// Somebody who never signed in here, with an address, a purpose and a path that stand nowhere else.
fn about_a_patient() -> AuditQuestion {
    AuditQuestion {
        kind: Some("content.*".to_owned()),
        person: Some("https://idp.example#patient-4711".to_owned()),
        client: Some("203.0.113.99".to_owned()),
        purpose: Some("study-of-4712".to_owned()),
        collection: Some("patients".to_owned()),
        path: Some("/record-4713/".to_owned()),
        ..AuditQuestion::default()
    }
}

const NAMES: [&str; 4] = ["patient-4711", "203.0.113.99", "study-of-4712", "record-4713"];

on_both!(what_a_rule_asks_for_that_names_somebody_is_kept_as_tokens);
async fn what_a_rule_asks_for_that_names_somebody_is_kept_as_tokens(on: &Backend) {
    let site = Site::start(on).await;
    let officer = site.person("officer").await;
    let saved = save(&site.app, &officer, "patient", about_a_patient(), EACH).await.unwrap();
    assert_eq!(saved.question.person.as_deref(), Some("(private)"));
    assert_eq!(saved.question.path.as_deref(), Some("(private)"));
    assert!(saved.question.collection.as_deref().is_some_and(|id| id.len() == 36), "a collection by its id");
    assert_eq!(alert_rules::show(&site.app, &officer, &saved.name).await.unwrap(), saved);
    let entry = site.entries(Assurance::AlertRuleCreate).pop().unwrap();
    assert_eq!(entry.revealed["private.asked-person"].expose(), "https://idp.example#patient-4711");
    let stored = site.stored().await;
    for name in NAMES {
        assert!(!entry.json.contains(name), "{name} in the entry");
        assert!(!stored.windows(name.len()).any(|window| window == name.as_bytes()), "{name} in the database");
    }
}

on_both!(a_rule_about_a_person_and_a_place_finds_just_these);
async fn a_rule_about_a_person_and_a_place_finds_just_these(on: &Backend) {
    let site = Site::start(on).await;
    site.with_rules(vec![site.rule("imaging", "/", Principal::EveryoneSignedIn, &[Permission::List])]).await;
    let (officer, ana, ben) = (site.person("officer").await, site.person("ana").await, site.person("ben").await);
    for folder in ["a/b", "c"] {
        std::fs::create_dir_all(site.folder("imaging").join(folder)).unwrap();
    }
    let question = AuditQuestion {
        person: Some("ana@hospital-a.example".to_owned()),
        collection: Some("imaging".to_owned()),
        path: Some("/a/".to_owned()),
        ..of_kind("directory.list")
    };
    save(&site.app, &officer, "ana-there", question, EACH).await.unwrap();
    for caller in [&ana, &ben] {
        for place in ["/", "/a", "/a/b", "/c"] {
            browse::list(&site.app, caller, &collection("imaging"), &path(place), &Default::default()).await.unwrap();
        }
    }
    catch_up(&site.app).await.unwrap();
    assert_eq!(of_rule(&site.app, "ana-there").await.len(), 2, "/a and /a/b, by Ana");
}

async fn try_out(site: &Site, officer: &Caller, question: AuditQuestion, threshold: ThresholdView) -> TrialView {
    alert_rules::try_out(&site.app, officer, TryAlertRule { question, threshold, days: 2 }).await.unwrap()
}

on_both!(a_rule_is_tried_on_what_has_happened_and_counts_as_it_would);
async fn a_rule_is_tried_on_what_has_happened_and_counts_as_it_would(on: &Backend) {
    let site = Site::start(on).await;
    let (officer, ana, ben) = (site.person("officer").await, site.person("ana").await, site.person("ben").await);
    let denied = || AuditQuestion { outcome: Some("denied".to_owned()), ..of_kind("directory.list") };
    let refuse = async |caller: &Caller, times: u32| {
        for _ in 0..times {
            site.pass(Duration::from_secs(30));
            browse::list(&site.app, caller, &collection("patients"), &path("/"), &Default::default())
                .await
                .unwrap_err();
        }
    };
    refuse(&ana, 2).await;
    refuse(&ben, 5).await;
    site.pass(Duration::from_secs(3600));
    refuse(&ben, 3).await;
    let threshold = three_in_ten_minutes(Grouping::Person);
    let found = try_out(&site, &officer, denied(), threshold).await;
    assert_eq!((found.entries, found.alerts, found.not_indexed), (10, 2, 0));
    let counts: Vec<u64> = found.first.iter().map(|alert| alert.entries).collect();
    assert_eq!(counts, [5, 3], "two more joined the first");
    let together = try_out(&site, &officer, denied(), ThresholdView { by: Grouping::Anybody, ..threshold }).await;
    assert_eq!(together.alerts, 2);
    assert_eq!(try_out(&site, &officer, denied(), EACH).await.alerts, 10);
    site.pass(Duration::from_secs(3 * 24 * 3600));
    assert_eq!(try_out(&site, &officer, denied(), EACH).await.entries, 0, "longer ago than was asked");
    assert!(of_rule(&site.app, "tried").await.is_empty());
    let read = site.entries(Assurance::AuditRead);
    assert!(read.iter().any(|view| view.entry.detail.get("alerts").is_some_and(|count| *count == 2)));
    // Reading is what it is: it needs the right to read the log, and no more.
    let auditor = site.person("auditor").await;
    assert_eq!(try_out(&site, &auditor, denied(), EACH).await.entries, 0);
    let wanted = TryAlertRule { question: denied(), threshold: EACH, days: 2 };
    assert!(alert_rules::try_out(&site.app, &ana, wanted).await.is_err());
}

on_both!(a_rule_is_changed_paused_resumed_and_removed_with_old_and_new_values);
async fn a_rule_is_changed_paused_resumed_and_removed_with_old_and_new_values(on: &Backend) {
    let site = Site::start(on).await;
    let (officer, ana) = (site.person("officer").await, site.person("ana").await);
    let rule = save(&site.app, &officer, "looks", of_kind("directory.list"), EACH).await.unwrap();
    let look = async || {
        site.pass(Duration::from_secs(1));
        browse::list(&site.app, &ana, &collection("imaging"), &path("/"), &Default::default()).await.unwrap();
        catch_up(&site.app).await.unwrap();
        of_rule(&site.app, "looks").await.len()
    };
    assert_eq!(look().await, 1);
    assert!(alert_rules::set_paused(&site.app, &officer, &rule.name, true).await.unwrap().paused);
    assert_eq!(look().await, 1);
    assert_eq!(
        alert_rules::set_paused(&site.app, &officer, &rule.name, true).await.unwrap_err().code,
        "nothing-changes"
    );
    alert_rules::set_paused(&site.app, &officer, &rule.name, false).await.unwrap();
    assert_eq!(look().await, 2);
    let urgent = ChangeAlertRule { severity: Some(Severity::Urgent), ..ChangeAlertRule::default() };
    let changed = alert_rules::change(&site.app, &officer, &rule.name, urgent).await.unwrap();
    assert_eq!((changed.severity, &changed.question), (Severity::Urgent, &rule.question));
    let change = site.entries(Assurance::AlertRuleChange).pop().unwrap().entry.change;
    assert_eq!(
        (change.len(), &change["severity"].old, &change["severity"].new),
        (1, &Some("warning".into()), &Some("urgent".into()))
    );
    look().await;
    assert_eq!(of_rule(&site.app, "looks").await[0].severity, Severity::Urgent);
    let again = save(&site.app, &officer, "looks", of_kind("directory.list"), EACH).await.unwrap_err();
    assert_eq!(again.code, "alert-rule-exists");
    alert_rules::remove(&site.app, &officer, &rule.name).await.unwrap();
    assert_eq!(look().await, 3, "its alerts stay");
    assert_eq!(alert_rules::show(&site.app, &officer, &rule.name).await.unwrap_err().code, "alert-rule-unknown");
    catch_up(&site.app).await.unwrap();
    // Whoever changes what watches is seen by what watches.
    assert_eq!(of_rule(&site.app, "rules-changed").await.len(), 4);
}

on_both!(a_rule_that_cannot_work_is_refused_and_one_of_the_program_is_not_removed);
async fn a_rule_that_cannot_work_is_refused_and_one_of_the_program_is_not_removed(on: &Backend) {
    let site = Site::start(on).await;
    let officer = site.person("officer").await;
    let with = |measure, at_least, within_s| ThresholdView { measure, at_least, within_s, by: Grouping::Anybody };
    for threshold in [
        with(Measure::Entries, 0, 60),
        with(Measure::Entries, 2, 0),
        with(Measure::Entries, 20_000, 60),
        with(Measure::Bytes, 1, 0),
        with(Measure::Bytes, u64::MAX, 60),
        with(Measure::Entries, 2, 32 * 24 * 3600),
    ] {
        let problem = save(&site.app, &officer, "x", AuditQuestion::default(), threshold).await.unwrap_err();
        assert_eq!(problem.code, "rule-threshold", "{threshold:?}");
    }
    let with_time = AuditQuestion { from: Some("7d".to_owned()), ..AuditQuestion::default() };
    assert_eq!(save(&site.app, &officer, "x", with_time, EACH).await.unwrap_err().code, "rule-question");
    let unknown = AuditQuestion { kind: Some("content.guess".to_owned()), ..AuditQuestion::default() };
    assert_eq!(save(&site.app, &officer, "x", unknown, EACH).await.unwrap_err().code, "event-kind");
    let researchers = NewAlertRule {
        name: "x".parse().unwrap(),
        question: AuditQuestion::default(),
        threshold: EACH,
        severity: Severity::Note,
        concerns: Role::Researcher,
    };
    assert_eq!(alert_rules::save(&site.app, &officer, researchers).await.unwrap_err().code, "rule-concerns");

    let name = "refused-decisions".parse().unwrap();
    assert_eq!(alert_rules::remove(&site.app, &officer, &name).await.unwrap_err().code, "alert-rule-built-in");
    let other = ChangeAlertRule { question: Some(AuditQuestion::default()), ..ChangeAlertRule::default() };
    assert_eq!(alert_rules::change(&site.app, &officer, &name, other).await.unwrap_err().code, "alert-rule-built-in");
    alert_rules::set_paused(&site.app, &officer, &name, true).await.unwrap();
    alert_rules::install(&site.app).await.unwrap();
    assert!(alert_rules::show(&site.app, &officer, &name).await.unwrap().paused, "the next start leaves it as it is");
}

async fn alerts_of(site: &Site, rule: &str) -> usize {
    catch_up(&site.app).await.unwrap();
    of_rule(&site.app, rule).await.len()
}

on_both!(the_rules_about_refusals_and_sign_ins_fire);
async fn the_rules_about_refusals_and_sign_ins_fire(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    for _ in 0..9 {
        browse::list(&site.app, &ana, &collection("patients"), &path("/"), &Default::default()).await.unwrap_err();
    }
    assert_eq!(alerts_of(&site, "refused-decisions").await, 0);
    browse::list(&site.app, &ana, &collection("patients"), &path("/"), &Default::default()).await.unwrap_err();
    assert_eq!(alerts_of(&site, "refused-decisions").await, 1);
    let guess =
        || CallbackQuery { code: Some("guess".to_owned()), state: Some("guess".to_owned()), ..Default::default() };
    for _ in 0..4 {
        identity::callback::finish(&site.app, guess(), None, None, &site.client()).await.unwrap_err();
    }
    assert_eq!(alerts_of(&site, "failed-sign-ins").await, 0);
    identity::callback::finish(&site.app, guess(), None, None, &site.client()).await.unwrap_err();
    assert_eq!(alerts_of(&site, "failed-sign-ins").await, 1);
}

on_both!(the_rule_about_restricted_data_fires_on_bytes);
async fn the_rule_about_restricted_data_fires_on_bytes(on: &Backend) {
    let site = Site::start(on).await;
    let all = || Principal::EveryoneSignedIn;
    site.with_rules(vec![site.rule("patients", "/", all(), &Permission::ALL)]).await;
    let (officer, ana) = (site.person("officer").await, site.person("ana").await);
    let name = "restricted-data-out".parse().unwrap();
    let rule = alert_rules::show(&site.app, &officer, &name).await.unwrap();
    assert_eq!(
        (rule.threshold.measure, rule.threshold.at_least, rule.severity),
        (Measure::Bytes, 50 << 30, Severity::Urgent)
    );
    let threshold = Some(ThresholdView { at_least: 10_000, ..rule.threshold });
    let less = ChangeAlertRule { threshold, ..ChangeAlertRule::default() };
    alert_rules::change(&site.app, &officer, &name, less).await.unwrap();
    site.write("patients/scan", &[7; 4_000]);
    site.write("imaging/scan", &[7; 40_000]);
    let read = async |place: &str| {
        let download = content::open(&site.app, &ana, &collection(place), &path("/scan"), None, None).await.unwrap();
        download.body.collect::<Vec<_>>().await;
        alerts_of(&site, "restricted-data-out").await
    };
    assert_eq!(read("imaging").await, 0, "internal data are not restricted");
    assert_eq!(read("patients").await, 0);
    site.pass(Duration::from_secs(20 * 60));
    assert_eq!(read("patients").await, 0);
    site.pass(Duration::from_secs(20 * 60));
    assert_eq!(read("patients").await, 1, "12,000 bytes within the hour");
    let alert = of_rule(&site.app, "restricted-data-out").await.remove(0);
    assert_eq!((alert.entries, alert.amount), (3, 12_000));
}

on_both!(the_rules_about_erasures_holds_exports_and_the_log_itself_fire);
async fn the_rules_about_erasures_holds_exports_and_the_log_itself_fire(on: &Backend) {
    let site = Site::start(on).await;
    carry_out::resume(&site.app, &mut Recovery::default()).await.unwrap();
    let officer = site.person("officer").await;
    assert!(alerts_of(&site, "role-granted").await >= 3);
    let about = || AboutView::Collection { collection: "imaging".to_owned() };
    let wanted = NewErasure { about: about(), basis: "because".to_owned() };
    erasures::request(&site.app, &officer, wanted).await.unwrap();
    assert_eq!(alerts_of(&site, "erasure-asked").await, 1);
    let held =
        holds::place(&site.app, &officer, NewHold { about: about(), reason: "because".to_owned() }).await.unwrap();
    assert_eq!(alerts_of(&site, "hold-released").await, 0);
    holds::release(&site.app, &officer, held.id).await.unwrap();
    assert_eq!(alerts_of(&site, "hold-released").await, 1);
    let form: ExportForm = "csv".parse().unwrap();
    let file = export::export(&site.app, &officer, &AuditQuestion::default(), form).await.unwrap();
    file.collect::<Vec<_>>().await;
    site.app.settle().await;
    assert_eq!(alerts_of(&site, "audit-exported").await, 1);

    let facts: [(sealane_audit::Kind, Outcome, &str, Severity); 4] = [
        (Assurance::WitnessFork.into(), Outcome::Denied, "log-forked", Severity::Urgent),
        (Assurance::LogResume.into(), Outcome::Done, "log-recovered", Severity::Warning),
        (Transfer::Receipt.into(), Outcome::Failed, "receipt-differs", Severity::Urgent),
        (Transfer::Receipt.into(), Outcome::Done, "receipt-differs", Severity::Urgent),
    ];
    for (kind, outcome, rule, severity) in facts {
        let guard = site.app.guard();
        let event = guard.event(kind, Phase::Info, guard.fresh_op()).outcome(OutcomeRecord::new(outcome, "x", ""));
        guard.record(event).await.unwrap();
        assert_eq!(alerts_of(&site, rule).await, 1, "{rule}");
        assert_eq!(of_rule(&site.app, rule).await[0].severity, severity);
    }
    alerts::announce(&site.app).await.unwrap();
    assert_eq!(alerts_of(&site, "log-recovered").await, 1);
}
