//! Device sign-in: the command line shows a code, a person approves it in a browser.

use std::time::Duration;

use sealane_audit::event::Identity;
use sealane_model::SessionKind;
use sealane_model::problem::ProblemKind;
use sealane_service::Client;
use sealane_service::identity::device;
use sealane_service::view::{DeviceAsk, DevicePoll, DeviceStart};

use crate::backend::Backend;
use crate::harness::Site;

async fn start(site: &Site) -> DeviceStart {
    device::start(&site.app, DeviceAsk { client_label: Some("sealane on ws-7".to_owned()) }, &site.client())
        .await
        .unwrap()
}

async fn poll(site: &Site, code: &str) -> DevicePoll {
    site.pass(Duration::from_secs(2));
    device::poll(&site.app, code, &site.client()).await.unwrap()
}

on_both!(a_command_line_gets_a_session_of_its_own_once_the_person_says_yes);
async fn a_command_line_gets_a_session_of_its_own_once_the_person_says_yes(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let started = start(&site).await;
    assert_eq!(started.user_code.len(), 9);
    assert!(started.verification_uri_complete.ends_with(&started.user_code));
    assert_eq!(poll(&site, &started.device_code).await, DevicePoll::Pending);
    let shown = device::look_up(&site.app, &ana, &started.user_code.to_lowercase()).await.unwrap();
    assert_eq!(shown.client_label.as_deref(), Some("sealane on ws-7"));
    device::approve(&site.app, &ana, &started.user_code).await.unwrap();
    let DevicePoll::Approved(token) = poll(&site, &started.device_code).await else { panic!("not approved") };
    let caller = site.authenticate(&token.access_token, SessionKind::Cli).await.unwrap();
    assert_eq!(caller.person.id, ana.person.id);
    assert_eq!(caller.subject.groups, ana.subject.groups);
    assert_eq!(caller.auth_time, ana.auth_time, "a command line is no fresher than the browser that approved it");
    assert_ne!(caller.session, ana.session);
    assert!(site.authenticate(&token.access_token, SessionKind::Browser).await.is_none());
    assert_eq!(site.entries(Identity::DeviceApprove).len(), 2);
    assert_eq!(site.entries(Identity::TokenIssue).len(), 2);
}

on_both!(a_code_serves_once);
async fn a_code_serves_once(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let started = start(&site).await;
    device::approve(&site.app, &ana, &started.user_code).await.unwrap();
    assert!(matches!(poll(&site, &started.device_code).await, DevicePoll::Approved(_)));
    assert_eq!(poll(&site, &started.device_code).await, DevicePoll::Expired);
    assert_eq!(device::approve(&site.app, &ana, &started.user_code).await.unwrap_err().code, "code-unknown");
}

on_both!(a_no_is_a_no);
async fn a_no_is_a_no(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let started = start(&site).await;
    device::deny(&site.app, &ana, &started.user_code).await.unwrap();
    assert_eq!(poll(&site, &started.device_code).await, DevicePoll::Denied);
}

on_both!(codes_end_after_ten_minutes);
async fn codes_end_after_ten_minutes(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let started = start(&site).await;
    site.pass(Duration::from_secs(600));
    assert_eq!(device::approve(&site.app, &ana, &started.user_code).await.unwrap_err().code, "code-unknown");
    assert_eq!(poll(&site, &started.device_code).await, DevicePoll::Expired);
}

on_both!(asking_too_fast_is_slowed_down);
async fn asking_too_fast_is_slowed_down(on: &Backend) {
    let site = Site::start(on).await;
    let started = start(&site).await;
    assert_eq!(poll(&site, &started.device_code).await, DevicePoll::Pending);
    let at_once = device::poll(&site.app, &started.device_code, &site.client()).await.unwrap();
    assert_eq!(at_once, DevicePoll::SlowDown { interval: 7 });
    assert_eq!(at_once.error(), Some("slow_down"));
}

on_both!(five_wrong_codes_from_one_address_make_it_wait);
async fn five_wrong_codes_from_one_address_make_it_wait(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let started = start(&site).await;
    for _ in 0..5 {
        assert_eq!(device::look_up(&site.app, &ana, "BBBB-BBBB").await.unwrap_err().kind, ProblemKind::NotFound);
    }
    let right_but_late = device::approve(&site.app, &ana, &started.user_code).await.unwrap_err();
    assert_eq!(right_but_late.kind, ProblemKind::TooMany);
    let mut elsewhere = ana.clone();
    elsewhere.client = Some("192.0.2.8".to_owned());
    assert!(device::look_up(&site.app, &elsewhere, &started.user_code).await.is_ok());
    site.pass(Duration::from_secs(15 * 60));
    assert_eq!(device::look_up(&site.app, &ana, "BBBB-BBBB").await.unwrap_err().kind, ProblemKind::NotFound);
}

on_both!(only_a_browser_can_approve);
async fn only_a_browser_can_approve(on: &Backend) {
    let site = Site::start(on).await;
    let mut ana = site.person("ana").await;
    ana.kind = SessionKind::Cli;
    let started = start(&site).await;
    assert_eq!(device::approve(&site.app, &ana, &started.user_code).await.unwrap_err().code, "browser-only");
}

on_both!(nobody_can_fill_the_site_with_codes);
async fn nobody_can_fill_the_site_with_codes(on: &Backend) {
    let site = Site::start(on).await;
    let stranger = Client { address: Some("198.51.100.1".to_owned()), ..site.client() };
    let mut last = None;
    for _ in 0..61 {
        last = Some(device::start(&site.app, DeviceAsk::default(), &stranger).await);
    }
    assert_eq!(last.unwrap().unwrap_err().kind, ProblemKind::TooMany);
}
