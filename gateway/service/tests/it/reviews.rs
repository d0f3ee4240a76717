//! Reviews of the log: what there is to review, a signature that binds it, and what happens when nobody signs.

use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_model::alert::Severity;
use sealane_model::problem::ProblemKind;
use sealane_model::{AlertId, Problem};
use sealane_service::audit::catch_up;
use sealane_service::view::{ReviewRangeView, ReviewView, ReviewedLog, SignOffReview, SignOffView};
use sealane_service::{Caller, alerts, browse, health, reviews};

use crate::alerts::of_rule;
use crate::backend::Backend;
use crate::harness::{Site, collection, path};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn of_review(note: &str, reviewed: Option<Vec<ReviewedLog>>) -> SignOffReview {
    SignOffReview { note: note.to_owned(), reviewed }
}

async fn sign(site: &Site, officer: &Caller) -> Result<SignOffView, Problem> {
    reviews::sign_off(&site.app, officer, of_review("nothing unusual", None)).await
}

fn count(review: &ReviewView, kind: &str, outcome: &str) -> u64 {
    let of = review.counts.iter().filter(|line| line.kind == kind && line.outcome.as_deref() == Some(outcome));
    of.map(|line| line.entries).sum()
}

on_both!(a_review_shows_what_happened_since_the_last_one_and_binds_what_it_covers);
async fn a_review_shows_what_happened_since_the_last_one_and_binds_what_it_covers(on: &Backend) {
    let site = Site::start(on).await;
    let (officer, ana) = (site.person("officer").await, site.person("ana").await);
    for place in ["imaging", "imaging", "patients"] {
        // The last one is refused.
        let _ = browse::list(&site.app, &ana, &collection(place), &path("/"), &Default::default()).await;
    }
    let review = reviews::show(&site.app, &officer).await.unwrap();
    assert_eq!((review.last, review.overdue, review.exposed), (None, false, false));
    assert_eq!((count(&review_of(&site, &officer).await, "directory.list", "done")), 2);
    assert_eq!(review.refused, 1);
    assert!(review.privileged >= 3, "collections, storage and roles were set up: {}", review.privileged);
    assert_eq!(review.exports, 0);
    assert!(review.alerts_raised >= 3, "roles were granted");
    assert_eq!((review.ranges.len(), review.ranges[0].first), (1, 0));
    let shown = review.ranges[0].clone();
    let log = site.app.guard().log();
    assert_eq!(shown.head, log.root_at(shown.size).unwrap().to_string());

    let reviewed = vec![ReviewedLog { log: shown.log.clone(), size: shown.size, head: None }];
    let signed = reviews::sign_off(&site.app, &officer, of_review("as usual", Some(reviewed))).await.unwrap();
    assert_eq!((signed.signed_by.as_str(), &signed.ranges), ("officer", &vec![shown.clone()]));
    let entry = site.entries(Assurance::ReviewSignOff).remove(0);
    let range = &entry.entry.detail["ranges"][0];
    assert_eq!(
        (&range["first"], &range["size"], &range["head"]),
        (&0.into(), &shown.size.into(), &shown.head.clone().into())
    );
    assert_eq!(entry.revealed["private.note"].expose(), "as usual");

    let next = reviews::show(&site.app, &officer).await.unwrap();
    assert_eq!(next.last.as_ref(), Some(&signed));
    assert_eq!(next.ranges[0].first, shown.size, "without a gap");
    assert_eq!((count(&next, "directory.list", "done"), count(&next, "review.sign-off", "done")), (0, 1));
    let auditor = site.person("auditor").await;
    assert_eq!(reviews::show(&site.app, &auditor).await.unwrap().last, Some(signed));
}

async fn review_of(site: &Site, officer: &Caller) -> ReviewView {
    reviews::show(&site.app, officer).await.unwrap()
}

on_both!(only_officers_sign_and_only_what_is_there);
async fn only_officers_sign_and_only_what_is_there(on: &Backend) {
    let site = Site::start(on).await;
    for who in ["auditor", "admin", "ana"] {
        let caller = site.person(who).await;
        assert_eq!(sign(&site, &caller).await.unwrap_err().kind, ProblemKind::Denied, "{who}");
    }
    let ana = site.person("ana").await;
    assert_eq!(reviews::show(&site.app, &ana).await.unwrap_err().kind, ProblemKind::Denied);
    assert_eq!(reviews::status(&site.app, &ana).await.unwrap_err().kind, ProblemKind::Denied);
    let officer = site.person("officer").await;
    let log = site.app.guard().log().origin().to_owned();
    for (reviewed, code) in [
        (ReviewedLog { log: log.clone(), size: 1 << 40, head: None }, "review-range"),
        (ReviewedLog { log: log.clone(), size: 1, head: Some("0".repeat(64)) }, "review-head"),
        (ReviewedLog { log: "another".to_owned(), size: 1, head: None }, "log-unknown"),
    ] {
        let problem = reviews::sign_off(&site.app, &officer, of_review("x", Some(vec![reviewed]))).await.unwrap_err();
        assert_eq!(problem.code, code);
    }
    let problem = reviews::sign_off(&site.app, &officer, of_review(" ", None)).await.unwrap_err();
    assert_eq!(problem.code, "note-missing");
    let signed = sign(&site, &officer).await.unwrap();
    let back = vec![ReviewedLog { log, size: signed.ranges[0].size - 1, head: None }];
    let problem = reviews::sign_off(&site.app, &officer, of_review("x", Some(back))).await.unwrap_err();
    assert_eq!(problem.code, "review-range", "what was signed is not signed away");
}

on_both!(a_review_that_nobody_signs_is_an_alert_and_urgent_after_twice_the_time);
async fn a_review_that_nobody_signs_is_an_alert_and_urgent_after_twice_the_time(on: &Backend) {
    let site = Site::start(on).await;
    let look = async || {
        catch_up(&site.app).await.unwrap();
        alerts::look(&site.app).await.unwrap();
        let late = of_rule(&site.app, "review-overdue").await;
        let longer = of_rule(&site.app, "review-long-overdue").await;
        (late.len(), longer.len())
    };
    assert_eq!(look().await, (0, 0));
    site.pass(7 * DAY);
    assert_eq!(look().await, (0, 0));
    site.pass(Duration::from_secs(1));
    assert_eq!(look().await, (1, 0));
    assert!(health::ready(&site.app).await.parts.iter().all(|part| part.name != "alerts" || part.ok));
    site.pass(7 * DAY);
    assert_eq!(look().await, (1, 1));
    assert_eq!(of_rule(&site.app, "review-long-overdue").await[0].severity, Severity::Urgent);
    let parts = health::ready(&site.app).await.parts;
    assert!(parts.iter().any(|part| part.name == "alerts" && part.code.as_deref() == Some("alert-urgent")));

    let officer = site.person("officer").await;
    let status = reviews::status(&site.app, &officer).await.unwrap();
    assert!(status.review_overdue && status.alerts.urgent == 1, "{status:?}");
    sign(&site, &officer).await.unwrap();
    assert_eq!(look().await, (1, 1));
    for rule in ["review-overdue", "review-long-overdue"] {
        assert!(of_rule(&site.app, rule).await[0].cleared_at.is_some(), "{rule}");
    }
    let over: Vec<AlertId> =
        site.entries(Assurance::AlertClear).iter().map(|view| AlertId::from_uuid(view.entry.op.uuid())).collect();
    assert_eq!(over.len(), 2);
    let status = reviews::status(&site.app, &officer).await.unwrap();
    assert!(!status.review_overdue);
    assert_eq!(status.review_due_at.since(site.app.clock().now()), 7 * DAY);
    site.pass(Duration::from_secs(61));
    assert!(health::ready(&site.app).await.parts.iter().all(|part| part.name != "alerts" || part.ok));
}

on_both!(a_review_covers_the_logs_of_all_nodes);
async fn a_review_covers_the_logs_of_all_nodes(on: &Backend) {
    let site = Site::start(on).await;
    let second = site.another_node().await;
    let officer = site.person("officer").await;
    let _ = browse::list(&second, &officer, &collection("imaging"), &path("/"), &Default::default()).await;
    catch_up(&second).await.unwrap();
    let shown = reviews::show(&site.app, &officer).await.unwrap().ranges;
    let log = second.guard().log();
    let size = log.head().0;
    // The other node goes on; what was shown is what is signed.
    let _ = browse::list(&second, &officer, &collection("imaging"), &path("/"), &Default::default()).await;
    catch_up(&second).await.unwrap();
    let seen = |with_head: bool| {
        let of = |range: &ReviewRangeView| ReviewedLog {
            log: range.log.clone(),
            size: range.size,
            head: with_head.then(|| range.head.clone()),
        };
        of_review("as usual", Some(shown.iter().map(of).collect()))
    };
    let grown = reviews::sign_off(&site.app, &officer, seen(false)).await.unwrap_err();
    assert_eq!(grown.code, "review-range");
    let signed = reviews::sign_off(&site.app, &officer, seen(true)).await.unwrap();
    assert_eq!(signed.ranges, shown);
    let other = signed.ranges.iter().find(|range| range.log.ends_with("node-2")).unwrap();
    assert_eq!((other.first, other.size), (0, size));
    assert_eq!(other.head, log.leaf(other.size - 1).unwrap().to_string(), "the last leaf binds all before it");
    assert_eq!(signed.ranges.len(), 2);
}
