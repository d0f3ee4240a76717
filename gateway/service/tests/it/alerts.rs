//! Alerts: raised once for what matches, whatever happens to the node; judged by somebody else; their notes kept from view.

use std::time::Duration;

use sealane_audit::event::{Assurance, Sharing};
use sealane_audit::{Outcome, Phase, Recovery};
use sealane_database::{alert as rows, audit_index};
use sealane_model::alert::{AlertState, Finding, Grouping, Measure, Severity};
use sealane_model::problem::ProblemKind;
use sealane_model::{AlertId, Problem};
use sealane_policy::Role;
use sealane_service::audit::{AuditQuestion, catch_up, rebuild};
use sealane_service::erasures::{self, carry_out};
use sealane_service::view::{
    AboutView, AlertQuery, AlertRuleView, AlertView, CloseAlert, NewAlertRule, NewErasure, ThresholdView,
};
use sealane_service::{Actor, App, Caller, alert_rules, alerts, browse, collections};

use crate::backend::Backend;
use crate::harness::{Site, collection, path};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) const EACH: ThresholdView =
    ThresholdView { measure: Measure::Entries, at_least: 1, within_s: 0, by: Grouping::Anybody };

pub(crate) const fn three_in_ten_minutes(by: Grouping) -> ThresholdView {
    ThresholdView { measure: Measure::Entries, at_least: 3, within_s: 600, by }
}

pub(crate) async fn save(
    app: &App,
    officer: &Caller,
    name: &str,
    question: AuditQuestion,
    threshold: ThresholdView,
) -> Result<AlertRuleView, Problem> {
    let wanted = NewAlertRule {
        name: name.parse().unwrap(),
        question,
        threshold,
        severity: Severity::Warning,
        concerns: Role::ComplianceOfficer,
    };
    alert_rules::save(app, officer, wanted).await
}

pub(crate) fn of_kind(kind: &str) -> AuditQuestion {
    AuditQuestion { kind: Some(kind.to_owned()), phase: Some("outcome".to_owned()), ..AuditQuestion::default() }
}

/// The alerts of one rule, the newest first.
pub(crate) async fn of_rule(app: &App, rule: &str) -> Vec<rows::Alert> {
    let mut db = app.database().acquire().await.unwrap();
    let all = rows::list(&mut db, &rows::AlertFilter::default(), None, 1_000).await.unwrap();
    all.into_iter().filter(|alert| alert.rule_name == rule).collect()
}

async fn list_directory(app: &App, caller: &Caller) {
    browse::list(app, caller, &collection("imaging"), &path("/"), &Default::default()).await.unwrap();
}

async fn refused(app: &App, caller: &Caller) {
    browse::list(app, caller, &collection("patients"), &path("/"), &Default::default()).await.unwrap_err();
}

/// A site where every look into a directory is an alert.
async fn watching(on: &Backend) -> (Site, Caller, Caller) {
    let site = Site::start(on).await;
    let (officer, ana) = (site.person("officer").await, site.person("ana").await);
    save(&site.app, &officer, "looks", of_kind("directory.list"), EACH).await.unwrap();
    (site, officer, ana)
}

on_both!(each_match_is_one_alert_and_one_entry_also_when_the_index_is_built_again);
async fn each_match_is_one_alert_and_one_entry_also_when_the_index_is_built_again(on: &Backend) {
    let (site, _, ana) = watching(on).await;
    for _ in 0..2 {
        list_directory(&site.app, &ana).await;
    }
    catch_up(&site.app).await.unwrap();
    let raised = of_rule(&site.app, "looks").await;
    assert_eq!(raised.len(), 2);
    assert!(raised.iter().all(|alert| alert.entries == 1 && alert.state == AlertState::Open));
    while alerts::announce(&site.app).await.unwrap() > 0 {
        catch_up(&site.app).await.unwrap();
    }
    let told = |id: AlertId| {
        let entries = site.entries(Assurance::AlertRaise).into_iter();
        entries.filter(|view| view.entry.op.uuid() == id.uuid()).collect::<Vec<_>>()
    };
    for alert in &raised {
        let entries = told(alert.id);
        assert_eq!(entries.len(), 1);
        let detail = &entries[0].entry.detail;
        assert_eq!((&detail["rule"], &detail["severity"]), (&"looks".into(), &"warning".into()));
        let looks = site.entries(sealane_audit::event::Access::DirectoryList);
        let places = detail["places"].as_array().unwrap();
        assert_eq!(places.len(), 1);
        let place = places[0]["first"].as_u64().unwrap();
        assert!(looks.iter().any(|view| view.entry.index == place && view.entry.phase == Phase::Outcome));
    }

    rebuild(&site.app, &Actor::operator()).await.unwrap();
    catch_up(&site.app).await.unwrap();
    catch_up(&site.app).await.unwrap();
    assert_eq!(of_rule(&site.app, "looks").await.len(), 2, "what was looked at raises nothing again");
    list_directory(&site.app, &ana).await;
    catch_up(&site.app).await.unwrap();
    assert_eq!(of_rule(&site.app, "looks").await.len(), 3);
}

on_both!(an_alert_is_told_once_whenever_the_node_is_killed);
async fn an_alert_is_told_once_whenever_the_node_is_killed(on: &Backend) {
    let (mut site, _, ana) = watching(on).await;
    list_directory(&site.app, &ana).await;
    catch_up(&site.app).await.unwrap();
    // Killed between the database and the log.
    site.killed_and_started().await;
    catch_up(&site.app).await.unwrap();
    assert_eq!(of_rule(&site.app, "looks").await.len(), 1);
    alerts::announce(&site.app).await.unwrap();
    let count = |site: &Site| site.entries(Assurance::AlertRaise).len();
    let told = count(&site);
    let alert = of_rule(&site.app, "looks").await.remove(0);
    assert!(alert.raised_place.is_some());
    // Killed between the log and the database: the entry is there, and not noted.
    let mut db = site.app.database().acquire().await.unwrap();
    sqlx::query("UPDATE alert SET raised_place = NULL").execute(&mut *db).await.unwrap();
    drop(db);
    site.killed_and_started().await;
    assert_eq!(alerts::announce(&site.app).await.unwrap(), 0);
    assert_eq!(count(&site), told, "it is found in the log, and not written again");
    assert_eq!(of_rule(&site.app, "looks").await[0].raised_place, alert.raised_place);
}

on_both!(enough_within_the_window_is_one_alert_that_more_of_the_same_joins);
async fn enough_within_the_window_is_one_alert_that_more_of_the_same_joins(on: &Backend) {
    let site = Site::start(on).await;
    let (officer, ana, ben) = (site.person("officer").await, site.person("ana").await, site.person("ben").await);
    let denied = AuditQuestion { outcome: Some("denied".to_owned()), ..of_kind("directory.list") };
    save(&site.app, &officer, "denials", denied, three_in_ten_minutes(Grouping::Person)).await.unwrap();
    let look = async || {
        catch_up(&site.app).await.unwrap();
        of_rule(&site.app, "denials").await
    };
    for _ in 0..2 {
        refused(&site.app, &ana).await;
        refused(&site.app, &ben).await;
    }
    site.pass(10 * MINUTE + Duration::from_secs(1));
    refused(&site.app, &ana).await;
    assert!(look().await.is_empty(), "two and one, too far apart; two people with two each");
    site.pass(MINUTE);
    refused(&site.app, &ana).await;
    assert!(look().await.is_empty());
    site.pass(9 * MINUTE);
    refused(&site.app, &ana).await;
    let raised = look().await;
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].entries, raised[0].last_at.since(raised[0].first_at)), (3, 10 * MINUTE));

    for _ in 0..5 {
        site.pass(MINUTE);
        refused(&site.app, &ana).await;
        look().await;
    }
    let joined = look().await;
    assert_eq!((joined.len(), joined[0].entries, joined[0].id), (1, 8, raised[0].id));
    alerts::acknowledge(&site.app, &officer, joined[0].id).await.unwrap();
    for _ in 0..3 {
        refused(&site.app, &ana).await;
    }
    assert_eq!(look().await.len(), 2, "once somebody looks into one, more is another");
}

on_both!(a_log_that_is_looked_at_once_more_raises_nothing_again);
async fn a_log_that_is_looked_at_once_more_raises_nothing_again(on: &Backend) {
    let (site, officer, ana) = watching(on).await;
    let listed = of_kind("directory.list");
    save(&site.app, &officer, "many", listed, three_in_ten_minutes(Grouping::Person)).await.unwrap();
    for _ in 0..5 {
        list_directory(&site.app, &ana).await;
    }
    let found = async || {
        catch_up(&site.app).await.unwrap();
        let counts = |alerts: Vec<rows::Alert>| alerts.iter().map(|alert| alert.entries).collect::<Vec<_>>();
        (counts(of_rule(&site.app, "looks").await), counts(of_rule(&site.app, "many").await))
    };
    let once = found().await;
    assert_eq!(once, (vec![1; 5], vec![5]));
    // As after a node was restored from a copy of its log.
    let mut db = site.app.database().acquire().await.unwrap();
    let log = audit_index::positions(&mut db).await.unwrap().remove(0);
    audit_index::restart(&mut db, log.number).await.unwrap();
    assert_eq!(audit_index::watched(&mut db, log.number).await.unwrap(), 0);
    drop(db);
    assert_eq!(found().await, once);
}

on_both!(nodes_that_share_a_database_count_together);
async fn nodes_that_share_a_database_count_together(on: &Backend) {
    let site = Site::start(on).await;
    let second = site.another_node().await;
    let (officer, ana) = (site.person("officer").await, site.person("ana").await);
    let listed = || of_kind("directory.list");
    save(&site.app, &officer, "together", listed(), three_in_ten_minutes(Grouping::Person)).await.unwrap();
    sealane_service::policy_sync::refresh(&second).await.unwrap();
    let rounds = 6;
    for _ in 0..rounds {
        list_directory(&site.app, &ana).await;
        list_directory(&second, &ana).await;
        let (one, two) = tokio::join!(catch_up(&site.app), catch_up(&second));
        one.unwrap();
        two.unwrap();
        site.pass(Duration::from_secs(1));
    }
    let raised = of_rule(&site.app, "together").await;
    assert_eq!((raised.len(), raised[0].entries), (1, 2 * rounds), "{raised:?}");
    let mut db = site.app.database().acquire().await.unwrap();
    let places = rows::entries(&mut db, raised[0].id).await.unwrap();
    for app in [&site.app, &second] {
        assert_eq!(places.iter().filter(|place| place.log == app.guard().log().origin()).count() as u64, rounds);
    }
    drop(db);
    // Each of them tells of what it raised, and of nothing else.
    let (one, two) = (alerts::announce(&site.app).await.unwrap(), alerts::announce(&second).await.unwrap());
    let told = of_rule(&site.app, "together").await.remove(0);
    assert!(told.raised_place.is_some() && one + two >= 1);
    let kind = sealane_audit::Filter::op(sealane_audit::OpId::new(told.id.uuid()));
    let count = |app: &App| app.guard().log().entries(0, 100, &kind).unwrap().len();
    assert_eq!(count(&site.app) + count(&second), 1);
}

on_both!(entries_about_alerts_raise_no_alerts);
async fn entries_about_alerts_raise_no_alerts(on: &Backend) {
    let site = Site::start(on).await;
    let officer = site.person("officer").await;
    save(&site.app, &officer, "all", AuditQuestion::default(), EACH).await.unwrap();
    let mut rounds = 0;
    loop {
        catch_up(&site.app).await.unwrap();
        if alerts::announce(&site.app).await.unwrap() == 0 {
            break;
        }
        rounds += 1;
        assert!(rounds < 3, "alerts about alerts");
    }
    let raised = of_rule(&site.app, "all").await;
    assert!(!raised.is_empty());
    let own = of_kind("alert.raise");
    let problem = save(&site.app, &officer, "own", AuditQuestion { phase: None, ..own }, EACH).await.unwrap_err();
    assert_eq!(problem.code, "rule-of-alerts");
}

on_both!(nobody_takes_or_signs_an_alert_about_themselves);
async fn nobody_takes_or_signs_an_alert_about_themselves(on: &Backend) {
    let site = Site::start(on).await;
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    save(&site.app, &officer, "collections", of_kind("collection.list"), EACH).await.unwrap();
    collections::list(&site.app, &officer, &Default::default()).await.unwrap();
    catch_up(&site.app).await.unwrap();
    let id = of_rule(&site.app, "collections").await[0].id;
    let signed = |finding| CloseAlert { finding, note: "it was me, I looked".to_owned() };

    let own = alerts::acknowledge(&site.app, &officer, id).await.unwrap_err();
    assert_eq!((own.kind, own.code.as_str()), (ProblemKind::Denied, "own-alert"));
    alerts::acknowledge(&site.app, &second, id).await.unwrap();
    let own = alerts::close(&site.app, &officer, id, signed(Finding::Explained)).await.unwrap_err();
    assert_eq!(own.code, "own-alert");
    let mut other_account = officer.clone();
    other_account.person.id.subject = "another-account".to_owned();
    let own = alerts::close(&site.app, &other_account, id, signed(Finding::Explained)).await.unwrap_err();
    assert_eq!(own.code, "own-alert", "another account with the same address is the same person");
    let outcomes = site.outcomes(Assurance::AlertSignOff);
    assert!(outcomes.iter().all(|(outcome, code)| *outcome == Outcome::Denied && code == "own-alert"), "{outcomes:?}");
    let closed = alerts::close(&site.app, &second, id, signed(Finding::Explained)).await.unwrap();
    assert_eq!((closed.state, closed.closed_by.as_deref()), (AlertState::Closed, Some("second")));
}

on_both!(whoever_is_given_a_role_does_not_judge_that);
async fn whoever_is_given_a_role_does_not_judge_that(on: &Backend) {
    let site = Site::start(on).await;
    catch_up(&site.app).await.unwrap();
    let granted = of_rule(&site.app, "role-granted").await;
    assert!(granted.len() >= 3, "an administrator and two officers at the first start: {granted:?}");
    let officer = site.person("officer").await;
    let mut own = 0;
    for alert in &granted {
        match alerts::acknowledge(&site.app, &officer, alert.id).await {
            Ok(_) => {}
            Err(problem) => {
                assert_eq!(problem.code, "own-alert");
                own += 1;
            }
        }
    }
    assert_eq!(own, 1, "the operator gave it, the officer got it");
}

on_both!(officers_handle_alerts_and_auditors_see_all_and_change_nothing);
async fn officers_handle_alerts_and_auditors_see_all_and_change_nothing(on: &Backend) {
    let (site, officer, ana) = watching(on).await;
    list_directory(&site.app, &ana).await;
    catch_up(&site.app).await.unwrap();
    let id = of_rule(&site.app, "looks").await[0].id;
    let (auditor, admin) = (site.person("auditor").await, site.person("admin").await);
    let listed = alerts::list(&site.app, &auditor, &AlertQuery::default()).await.unwrap();
    assert!(listed.items.iter().any(|alert| alert.id == id));
    assert_eq!(alerts::show(&site.app, &auditor, id).await.unwrap().places.len(), 1);
    alert_rules::list(&site.app, &auditor, &Default::default()).await.unwrap();
    let signed = || CloseAlert { finding: Finding::Explained, note: "nothing".to_owned() };
    for caller in [&auditor, &admin, &ana] {
        let refused = [
            alerts::acknowledge(&site.app, caller, id).await.unwrap_err(),
            alerts::close(&site.app, caller, id, signed()).await.unwrap_err(),
            alert_rules::set_paused(&site.app, caller, &"looks".parse().unwrap(), true).await.unwrap_err(),
            alert_rules::remove(&site.app, caller, &"looks".parse().unwrap()).await.unwrap_err(),
            save(&site.app, caller, "more", of_kind("directory.list"), EACH).await.unwrap_err(),
        ];
        for problem in refused {
            assert_eq!(problem.kind, ProblemKind::Denied, "{problem:?}");
            assert_ne!(problem.code, "own-alert");
        }
    }
    for caller in [&admin, &ana] {
        assert_eq!(
            alerts::list(&site.app, caller, &AlertQuery::default()).await.unwrap_err().kind,
            ProblemKind::Denied
        );
    }
    alerts::acknowledge(&site.app, &officer, id).await.unwrap();
}

on_both!(an_alert_goes_one_way_and_its_note_stands_in_the_log_alone);
async fn an_alert_goes_one_way_and_its_note_stands_in_the_log_alone(on: &Backend) {
    const NOTE: &str = "Spoke to Grete Unmistakable-Name, all in order";
    let (site, officer, ana) = watching(on).await;
    list_directory(&site.app, &ana).await;
    catch_up(&site.app).await.unwrap();
    let id = of_rule(&site.app, "looks").await[0].id;
    let code = |result: Result<AlertView, Problem>| result.unwrap_err().code;
    let signed = |note: &str| CloseAlert { finding: Finding::FalseAlarm, note: note.to_owned() };
    assert_eq!(code(alerts::close(&site.app, &officer, id, signed(NOTE)).await), "alert-open");
    let taken = alerts::acknowledge(&site.app, &officer, id).await.unwrap();
    assert_eq!((taken.state, taken.acknowledged_by.as_deref()), (AlertState::Acknowledged, Some("officer")));
    assert_eq!(code(alerts::acknowledge(&site.app, &officer, id).await), "alert-acknowledged");
    assert_eq!(code(alerts::close(&site.app, &officer, id, signed("  ")).await), "note-missing");
    let closed = alerts::close(&site.app, &officer, id, signed(NOTE)).await.unwrap();
    assert_eq!((closed.state, closed.finding), (AlertState::Closed, Some(Finding::FalseAlarm)));
    assert_eq!(code(alerts::close(&site.app, &officer, id, signed(NOTE)).await), "alert-closed");
    let none = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap();
    assert_eq!(code(alerts::acknowledge(&site.app, &officer, none).await), "alert-unknown");

    let entry =
        site.entries(Assurance::AlertSignOff).into_iter().rfind(|view| view.revealed.contains_key("private.note"));
    let entry = entry.unwrap();
    assert_eq!(
        (&entry.entry.detail["finding"], &entry.entry.detail["alert"]),
        (&"false-alarm".into(), &id.to_string().into())
    );
    assert!(!entry.json.contains("Grete"));
    assert_eq!(alerts::show(&site.app, &officer, id).await.unwrap().note.as_deref(), Some(NOTE));
    let stored = site.stored().await;
    assert!(!stored.windows(6).any(|window| window == b"Grete "), "the note is in the database");
}

on_both!(an_erasure_makes_alerts_forget_whom_they_are_about);
async fn an_erasure_makes_alerts_forget_whom_they_are_about(on: &Backend) {
    let site = Site::start(on).await;
    carry_out::resume(&site.app, &mut Recovery::default()).await.unwrap();
    let (officer, second) = (site.person("officer").await, site.person("second").await);
    let ana = site.person("ana").await;
    let listed = of_kind("directory.list");
    save(&site.app, &officer, "looks", listed, three_in_ten_minutes(Grouping::Person)).await.unwrap();
    let look = async |times: usize| {
        for _ in 0..times {
            list_directory(&site.app, &ana).await;
        }
        catch_up(&site.app).await.unwrap();
        of_rule(&site.app, "looks").await
    };
    let raised = look(3).await.remove(0);
    alerts::acknowledge(&site.app, &officer, raised.id).await.unwrap();
    look(2).await;
    assert_eq!(raised.group.len(), 32, "a keyed token");
    let about = async || {
        let mut db = site.app.database().acquire().await.unwrap();
        let count = async |db: &mut sealane_database::Db, of: &'static str| {
            sqlx::Row::get::<i64, _>(&sqlx::query(of).bind(raised.group.as_str()).fetch_one(db).await.unwrap(), 0)
        };
        [
            count(&mut db, "SELECT COUNT(*) FROM alert WHERE group_key = $1").await,
            count(&mut db, "SELECT COUNT(*) FROM alert_hit WHERE group_key = $1").await,
        ]
    };
    assert_eq!(about().await, [1, 2]);
    let id = ana.person.id.clone();
    let wanted = NewErasure {
        about: AboutView::Person { issuer: id.issuer, subject: id.subject },
        basis: "Art. 17 GDPR".to_owned(),
    };
    let asked = erasures::request(&site.app, &officer, wanted).await.unwrap();
    erasures::approve(&site.app, &second, asked.id).await.unwrap();
    assert_eq!(about().await, [0, 0]);
    let kept = of_rule(&site.app, "looks").await.remove(0);
    assert_eq!((kept.id, kept.entries, kept.group.as_str()), (raised.id, 3, ""));
}

on_both!(alerts_come_in_pages_and_by_what_is_asked);
async fn alerts_come_in_pages_and_by_what_is_asked(on: &Backend) {
    let (site, officer, ana) = watching(on).await;
    for _ in 0..5 {
        list_directory(&site.app, &ana).await;
        site.pass(Duration::from_secs(1));
    }
    catch_up(&site.app).await.unwrap();
    let all = AlertQuery { limit: Some(1_000), ..AlertQuery::default() };
    let expected: Vec<AlertId> =
        alerts::list(&site.app, &officer, &all).await.unwrap().items.iter().map(|alert| alert.id).collect();
    let mut seen = Vec::new();
    let mut query = AlertQuery { limit: Some(2), ..AlertQuery::default() };
    loop {
        let page = alerts::list(&site.app, &officer, &query).await.unwrap();
        seen.extend(page.items.iter().map(|alert| alert.id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "the newest first");
    let urgent = AlertQuery { severity: Some(Severity::Urgent), ..all.clone() };
    assert!(alerts::list(&site.app, &officer, &urgent).await.unwrap().items.is_empty());
    let closed = AlertQuery { state: Some(AlertState::Closed), ..all.clone() };
    assert!(alerts::list(&site.app, &officer, &closed).await.unwrap().items.is_empty());
    let administrators = AlertQuery { concerns: Some(Role::Administrator), ..all };
    assert!(alerts::list(&site.app, &officer, &administrators).await.unwrap().items.is_empty());
    assert!(site.outcomes(Sharing::CollectionList).is_empty());
}
