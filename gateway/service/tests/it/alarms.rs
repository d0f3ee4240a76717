//! What a node notices about its own log is in readiness at once, in the queue of alerts, and in the log when that can be
//! written; and its end is told too (NIST SP 800-53 AU-5).

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_model::alert::{AlertState, Finding, Severity};
use sealane_policy::Role;
use sealane_service::audit::catch_up;
use sealane_service::view::{AlertQuery, AlertView, CloseAlert};
use sealane_service::{alerts, health};

use crate::alerts::of_rule;
use crate::backend::Backend;
use crate::harness::Site;

async fn part(site: &Site, name: &str) -> Option<String> {
    site.pass(Duration::from_secs(2));
    let parts = health::ready(&site.app).await.parts;
    parts.into_iter().find(|part| part.name == name).unwrap().code
}

async fn queue(site: &Site) -> Vec<AlertView> {
    let officer = site.person("officer").await;
    let page = alerts::list(&site.app, &officer, &AlertQuery::default()).await.unwrap();
    page.items.into_iter().filter(|alert| alert.alarm.is_some()).collect()
}

on_both!(a_clock_that_nothing_keeps_in_step_is_an_alarm_that_clears);
async fn a_clock_that_nothing_keeps_in_step_is_an_alarm_that_clears(on: &Backend) {
    let site = Site::start(on).await;
    site.clock.set_synchronised(true);
    alerts::look(&site.app).await.unwrap();
    assert!(queue(&site).await.is_empty());
    assert_eq!(part(&site, "alarms").await, None);

    site.clock.set_synchronised(false);
    for _ in 0..3 {
        alerts::look(&site.app).await.unwrap();
    }
    let raised = queue(&site).await;
    assert_eq!(raised.len(), 1, "it stands once: {raised:?}");
    assert_eq!((raised[0].rule.as_str(), raised[0].severity), ("clock-unsynchronised", Severity::Warning));
    assert_eq!((raised[0].concerns, raised[0].cleared_at), (Role::Administrator, None));
    assert!(raised[0].index.is_some(), "the log tells of it");
    assert_eq!(part(&site, "alarms").await.as_deref(), Some("clock-unsynchronised"));
    assert!(health::ready(&site.app).await.ready, "what a node has to tell takes no traffic from it");
    let officer = site.person("officer").await;
    let id = raised[0].id;
    alerts::acknowledge(&site.app, &officer, id).await.unwrap();
    let signed = || CloseAlert { finding: Finding::Explained, note: "the time server was moved".to_owned() };
    assert_eq!(alerts::close(&site.app, &officer, id, signed()).await.unwrap_err().code, "alarm-stands");

    site.clock.set_synchronised(true);
    for _ in 0..2 {
        alerts::look(&site.app).await.unwrap();
    }
    assert!(queue(&site).await[0].cleared_at.is_some());
    let cleared = site.entries(Assurance::AlertClear);
    assert_eq!(cleared.len(), 1);
    assert_eq!(cleared[0].entry.op.uuid(), id.uuid());
    assert_eq!(cleared[0].entry.detail["alarm"], "clock-unsynchronised");
    assert_eq!(part(&site, "alarms").await, None);
    alerts::close(&site.app, &officer, id, signed()).await.unwrap();

    site.clock.set_synchronised(false);
    alerts::look(&site.app).await.unwrap();
    assert_eq!(queue(&site).await.len(), 2, "the next time is another alert");
}

on_both!(an_alarm_outlives_the_node_and_is_not_raised_again);
async fn an_alarm_outlives_the_node_and_is_not_raised_again(on: &Backend) {
    let mut site = Site::start(on).await;
    site.clock.set_synchronised(false);
    alerts::look(&site.app).await.unwrap();
    site.killed_and_started().await;
    alerts::look(&site.app).await.unwrap();
    assert_eq!(of_rule(&site.app, "clock-unsynchronised").await.len(), 1);
    assert_eq!(site.entries(Assurance::AlertRaise).len(), 1);
    site.clock.set_synchronised(true);
    alerts::look(&site.app).await.unwrap();
    assert!(of_rule(&site.app, "clock-unsynchronised").await[0].cleared_place.is_some());
}

on_both!(a_log_that_cannot_be_written_is_told_without_it_and_becomes_an_entry_when_it_can);
async fn a_log_that_cannot_be_written_is_told_without_it_and_becomes_an_entry_when_it_can(on: &Backend) {
    let site = Site::start(on).await;
    let folder = site.folder("audit");
    let mode = |mode| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    alerts::look(&site.app).await.unwrap_err();
    assert_eq!(part(&site, "alarms").await.as_deref(), Some("audit-unwritable"));
    assert_eq!(part(&site, "alerts").await.as_deref(), Some("alert-urgent"));
    assert!(!health::ready(&site.app).await.ready);
    let waiting = of_rule(&site.app, "audit-unwritable").await;
    assert_eq!((waiting.len(), waiting[0].raised_place, waiting[0].severity), (1, None, Severity::Urgent));
    assert!(site.entries(Assurance::AlertRaise).is_empty());

    mode(0o755);
    let in_time = async {
        // The log finds out by itself that it can be written again; until then a look fails.
        while alerts::look(&site.app).await.is_err() || site.entries(Assurance::AlertClear).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), in_time).await.expect("it clears");
    let told = of_rule(&site.app, "audit-unwritable").await;
    assert_eq!(told.len(), 1);
    assert!(told[0].raised_place < told[0].cleared_place, "raised, then over: {told:?}");
    assert_eq!((told[0].state, part(&site, "alarms").await), (AlertState::Open, None));
}

on_both!(an_index_that_does_not_follow_for_a_minute_is_an_alarm);
async fn an_index_that_does_not_follow_for_a_minute_is_an_alarm(on: &Backend) {
    let site = Site::start(on).await;
    alerts::look(&site.app).await.unwrap();
    site.pass(Duration::from_secs(59));
    alerts::look(&site.app).await.unwrap();
    assert!(of_rule(&site.app, "index-lagging").await.is_empty());
    site.pass(Duration::from_secs(2));
    alerts::look(&site.app).await.unwrap();
    assert_eq!(of_rule(&site.app, "index-lagging").await.len(), 1);
    catch_up(&site.app).await.unwrap();
    alerts::look(&site.app).await.unwrap();
    assert!(of_rule(&site.app, "index-lagging").await[0].cleared_at.is_some());
}

on_both!(each_node_has_alarms_of_its_own);
async fn each_node_has_alarms_of_its_own(on: &Backend) {
    let site = Site::start(on).await;
    let second = site.another_node().await;
    site.clock.set_synchronised(false);
    for _ in 0..2 {
        let (one, two) = tokio::join!(alerts::look(&site.app), alerts::look(&second));
        one.unwrap();
        two.unwrap();
    }
    let raised = of_rule(&site.app, "clock-unsynchronised").await;
    let mut subjects: Vec<_> = raised.iter().map(|alert| alert.alarm.clone().unwrap().1).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["sealane/hospital-a/node-1", "sealane/hospital-a/node-2"]);
    site.pass(Duration::from_secs(8 * 24 * 3600));
    for _ in 0..2 {
        let (one, two) = tokio::join!(alerts::look(&site.app), alerts::look(&second));
        one.unwrap();
        two.unwrap();
    }
    assert_eq!(of_rule(&site.app, "review-overdue").await.len(), 1, "a site has one review");
}
