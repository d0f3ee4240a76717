//! Orders that must not open a lane: each with its own reason, told to the other end and recorded.

use std::time::Duration;

use sealane_audit::{Outcome, Phase};
use sealane_crypto::{Signed, SigningKey};
use sealane_model::{Class, Order, Protection, RuleId};
use sealane_policy::Snapshot;
use serde_json::Value;

use crate::backend::Backend;
use crate::two_sites::{TwoSites, path};

/// The lane is refused with this code, and the log says the same of this task.
async fn refused(sites: &TwoSites, order: &Signed<Order>, lane: u16, code: &str) {
    let error = sites.refusal(order, lane).await;
    assert_eq!(error.code(), code, "{error}");
    assert!(error.problem().next_step.is_some(), "{code} says what to do next");
    let codes = sites.source.lane_codes().await;
    assert!(codes.iter().any(|recorded| recorded == code), "{codes:?}");
}

on_both!(an_expired_order_opens_nothing);
async fn an_expired_order_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let order = sites.signed(&sites.order());
    sites.source.clock.advance(Duration::from_secs(900));
    sites.destination.clock.advance(Duration::from_secs(900));
    refused(&sites, &order, 0, "order-expired").await;
}

on_both!(an_order_that_would_live_longer_than_15_minutes_opens_nothing);
async fn an_order_that_would_live_longer_than_15_minutes_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut order = sites.order();
    order.expires_at = order.issued_at.after(Duration::from_secs(901));
    refused(&sites, &sites.signed(&order), 0, "order-too-long").await;
}

on_both!(an_order_from_the_future_opens_nothing);
async fn an_order_from_the_future_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut order = sites.order();
    order.issued_at = order.issued_at.after(Duration::from_secs(61));
    refused(&sites, &sites.signed(&order), 0, "order-not-yet").await;
}

on_both!(an_altered_order_opens_nothing);
async fn an_altered_order_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let (mut asked, signed) = (sites.order(), sites.signed(&sites.order()));
    asked.lanes = 32;
    let mut forged = serde_json::to_value(&signed).unwrap();
    forged["payload"] = serde_json::to_value(sites.signed(&asked)).unwrap()["payload"].clone();
    assert_ne!(forged["payload"], Value::Null);
    refused(&sites, &serde_json::from_value(forged).unwrap(), 0, "order-altered").await;
}

on_both!(the_same_lane_of_an_order_opens_once);
async fn the_same_lane_of_an_order_opens_once(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let order = sites.signed(&sites.order());
    sites.destination.dialer().lane(&sites.peer, &order, 1).await.unwrap().close().await;
    refused(&sites, &order, 1, "order-replayed").await;
    sites.destination.dialer().lane(&sites.peer, &order, 0).await.unwrap().close().await;
}

on_both!(an_order_opens_no_more_lanes_than_it_gives);
async fn an_order_opens_no_more_lanes_than_it_gives(on: &Backend) {
    let sites = TwoSites::start(on).await;
    refused(&sites, &sites.signed(&sites.order()), 2, "order-lanes").await;
    let mut order = sites.order();
    order.lanes = 33;
    refused(&sites, &sites.signed(&order), 0, "order-lanes").await;
}

on_both!(an_order_for_other_sites_opens_nothing);
async fn an_order_for_other_sites_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let elsewhere = TwoSites::start(on).await;
    let mut order = sites.order();
    order.source = elsewhere.order().source;
    refused(&sites, &sites.signed(&order), 0, "order-other-sites").await;
    let mut order = sites.order();
    std::mem::swap(&mut order.source, &mut order.destination);
    refused(&sites, &sites.signed(&order), 0, "order-other-sites").await;
}

on_both!(an_order_of_a_third_site_opens_nothing);
async fn an_order_of_a_third_site_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let third = SigningKey::generate(sites.source.random.as_ref());
    let order = Signed::seal(&third, Order::CONTEXT, &sites.order()).unwrap();
    refused(&sites, &order, 0, "order-third-site").await;
}

on_both!(an_order_that_another_site_shows_opens_nothing);
async fn an_order_that_another_site_shows_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let order = sites.signed(&sites.order());
    let third = crate::two_sites::Site::start(on, "third", Class::Internal).await;
    sites.source.trust(&third).await;
    let error = third.dialer().lane(&sites.peer, &order, 0).await.unwrap_err();
    assert_eq!(error.code(), "order-third-site", "the showing peer is neither signer nor end");
}

on_both!(an_order_signed_in_another_sites_name_opens_nothing);
async fn an_order_signed_in_another_sites_name_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut order = sites.order();
    order.coordinator = sites.source.identity.site;
    refused(&sites, &sites.signed(&order), 0, "order-other-coordinator").await;
}

on_both!(an_order_for_weaker_protection_opens_nothing);
async fn an_order_for_weaker_protection_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut order = sites.order();
    order.protection = Protection::Local;
    refused(&sites, &sites.signed(&order), 0, "order-weak-protection").await;
}

on_both!(an_order_that_the_source_itself_signed_opens_its_lanes);
async fn an_order_that_the_source_itself_signed_opens_its_lanes(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut order = sites.order();
    order.coordinator = sites.source.identity.site;
    let order = Signed::seal(&sites.source.identity.signing, Order::CONTEXT, &order).unwrap();
    sites.destination.dialer().lane(&sites.peer, &order, 0).await.unwrap().close().await;
}

on_both!(the_source_decides_again_whatever_the_order_says);
async fn the_source_decides_again_whatever_the_order_says(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut order = sites.order();
    order.person.person.id.subject = "bruno".to_owned();
    let error = sites.refusal(&sites.signed(&order), 0).await;
    assert!(error.problem().decision.is_some(), "the refusal names its decision: {error}");
    let entries = sites.source.lane_entries().await;
    let [entry] = entries.as_slice() else { panic!("one entry, not {}", entries.len()) };
    assert_eq!(entry.entry.phase, Phase::Outcome);
    assert_eq!(entry.entry.outcome.as_ref().unwrap().outcome, Outcome::Denied);
    assert_eq!(entry.entry.decision.as_ref().unwrap().effect, "deny");
    assert_eq!(entry.entry.object.task.as_deref(), Some(order.task.to_string().as_str()));
    assert_eq!(entry.revealed["object.path"].expose(), "/", "the path is there, but sealed");
}

on_both!(one_refused_item_refuses_the_lane_and_closes_what_was_granted);
async fn one_refused_item_refuses_the_lane_and_closes_what_was_granted(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut refused = sites.source.rule();
    refused.id = RuleId::from_uuid(sites.order().id.uuid());
    refused.path = path("/second");
    refused.deny = true;
    let rules = vec![sites.source.rule(), refused];
    sites.source.guard.engine().publish(Snapshot::build(rules).unwrap());
    let mut order = sites.order();
    for (item, source) in order.items.iter_mut().zip(["/first"]) {
        item.source = path(source);
    }
    let mut second = order.items[0].clone();
    second.source = path("/second");
    order.items.push(second);
    let error = sites.refusal(&sites.signed(&order), 0).await;
    assert!(error.problem().decision.is_some(), "{error}");
    let entries = sites.source.lane_entries().await;
    let intents: Vec<_> = entries.iter().filter(|view| view.entry.phase == Phase::Intent).collect();
    let outcomes: Vec<_> = entries.iter().filter(|view| view.entry.phase == Phase::Outcome).collect();
    assert_eq!((intents.len(), outcomes.len()), (1, 2), "one granted and closed, one refused");
    let closed = outcomes.iter().find(|view| view.entry.op == intents[0].entry.op).unwrap();
    assert_eq!(closed.entry.outcome.as_ref().unwrap().outcome, Outcome::Denied);
}

on_both!(data_above_the_peers_ceiling_do_not_leave);
async fn data_above_the_peers_ceiling_do_not_leave(on: &Backend) {
    let sites = TwoSites::of_class(on, Class::CuiBasic).await;
    refused(&sites, &sites.signed(&sites.order()), 0, "peer-ceiling").await;
}

on_both!(with_the_log_closed_no_lane_opens);
async fn with_the_log_closed_no_lane_opens(on: &Backend) {
    let sites = TwoSites::start(on).await;
    sites.source.guard.log().clone().close().await;
    let error = sites.refusal(&sites.signed(&sites.order()), 0).await;
    assert_eq!(error.code(), "audit-unwritable");
}
