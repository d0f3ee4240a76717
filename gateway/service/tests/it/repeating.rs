//! Requests that are sent twice.

use std::sync::atomic::{AtomicU32, Ordering};

use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use sealane_service::Caller;
use sealane_service::idempotency::{Answer, once};

use crate::backend::Backend;
use crate::harness::Site;

async fn send(
    site: &Site,
    caller: &Caller,
    key: Option<&str>,
    request: &[u8],
    count: &AtomicU32,
) -> Result<Answer, Problem> {
    once(&site.app, caller, key, request, 201, async { Ok(count.fetch_add(1, Ordering::SeqCst) + 1) }).await
}

on_both!(the_same_request_is_carried_out_once_and_answered_alike);
async fn the_same_request_is_carried_out_once_and_answered_alike(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let count = AtomicU32::new(0);
    let first = send(&site, &ana, Some("key-1"), b"POST /tasks {}", &count).await.unwrap();
    let again = send(&site, &ana, Some("key-1"), b"POST /tasks {}", &count).await.unwrap();
    assert_eq!((first.status, first.body.as_str(), first.replayed), (201, "1", false));
    assert_eq!((again.status, again.body.as_str(), again.replayed), (201, "1", true));
    assert_eq!(send(&site, &ana, None, b"POST /tasks {}", &count).await.unwrap().body, "2");
}

on_both!(a_key_is_for_one_request_of_one_person);
async fn a_key_is_for_one_request_of_one_person(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let ben = site.person("ben").await;
    let count = AtomicU32::new(0);
    send(&site, &ana, Some("key-1"), b"one", &count).await.unwrap();
    let other = send(&site, &ana, Some("key-1"), b"two", &count).await.unwrap_err();
    assert_eq!((other.kind, other.code.as_str()), (ProblemKind::Conflict, "idempotency-key-reused"));
    assert_eq!(send(&site, &ben, Some("key-1"), b"two", &count).await.unwrap().body, "2");
}

on_both!(what_failed_can_be_tried_again);
async fn what_failed_can_be_tried_again(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let fails = async { Err::<u32, _>(Problem::new(ProblemKind::Unavailable, "not-now", "Not now", "")) };
    assert_eq!(once(&site.app, &ana, Some("key"), b"x", 201, fails).await.unwrap_err().code, "not-now");
    let count = AtomicU32::new(0);
    assert_eq!(send(&site, &ana, Some("key"), b"x", &count).await.unwrap().body, "1");
}

on_both!(a_key_is_printable_and_short);
async fn a_key_is_printable_and_short(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let count = AtomicU32::new(0);
    for key in ["", "a b", "a\nb", &"x".repeat(256)] {
        assert_eq!(send(&site, &ana, Some(key), b"x", &count).await.unwrap_err().code, "idempotency-key");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
