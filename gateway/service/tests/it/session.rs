//! Sessions: their tokens, their ends.

use std::time::Duration;

use sealane_audit::event::Identity;
use sealane_model::SessionKind;
use sealane_service::housekeeping;
use sealane_service::identity::{self, Begin, session};

use crate::backend::Backend;
use crate::harness::{Site, query};

const HOUR: Duration = Duration::from_secs(3600);

on_both!(every_sign_in_has_a_new_token_and_ends_the_old_one);
async fn every_sign_in_has_a_new_token_and_ends_the_old_one(on: &Backend) {
    let site = Site::start(on).await;
    let first = site.try_sign_in(Begin::default()).await.unwrap();
    let redirect = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let back = site.provider.visit(&redirect.location).await;
    let binding = redirect.binding.expose().clone();
    let old = first.token.expose().clone();
    let second =
        identity::callback::finish(&site.app, query(&back), Some(&binding), Some(&old), &site.client()).await.unwrap();
    assert_ne!(second.token.expose(), &old);
    assert!(site.authenticate(&old, SessionKind::Browser).await.is_none());
    assert!(site.authenticate(second.token.expose(), SessionKind::Browser).await.is_some());
}

on_both!(a_session_that_nobody_uses_ends_after_an_hour);
async fn a_session_that_nobody_uses_ends_after_an_hour(on: &Backend) {
    let site = Site::start(on).await;
    let signed_in = site.try_sign_in(Begin::default()).await.unwrap();
    site.pass(HOUR);
    assert!(site.authenticate(signed_in.token.expose(), SessionKind::Browser).await.is_none());
}

on_both!(a_session_that_is_used_ends_after_twelve_hours);
async fn a_session_that_is_used_ends_after_twelve_hours(on: &Backend) {
    let site = Site::start(on).await;
    let signed_in = site.try_sign_in(Begin::default()).await.unwrap();
    for _ in 0..23 {
        site.pass(HOUR / 2);
        assert!(site.authenticate(signed_in.token.expose(), SessionKind::Browser).await.is_some());
    }
    site.pass(HOUR / 2);
    assert!(site.authenticate(signed_in.token.expose(), SessionKind::Browser).await.is_none());
}

on_both!(a_session_that_was_ended_stays_ended);
async fn a_session_that_was_ended_stays_ended(on: &Backend) {
    let site = Site::start(on).await;
    let signed_in = site.try_sign_in(Begin::default()).await.unwrap();
    let caller = site.caller(&signed_in).await;
    session::sign_out(&site.app, &caller).await.unwrap();
    assert!(site.authenticate(signed_in.token.expose(), SessionKind::Browser).await.is_none());
    assert_eq!(site.entries(Identity::SignOut).len(), 2, "intent and outcome");
}

on_both!(a_cookies_token_is_no_bearer_token);
async fn a_cookies_token_is_no_bearer_token(on: &Backend) {
    let site = Site::start(on).await;
    let signed_in = site.try_sign_in(Begin::default()).await.unwrap();
    assert!(site.authenticate(signed_in.token.expose(), SessionKind::Cli).await.is_none());
}

on_both!(what_was_never_a_token_opens_nothing);
async fn what_was_never_a_token_opens_nothing(on: &Backend) {
    let site = Site::start(on).await;
    site.try_sign_in(Begin::default()).await.unwrap();
    for token in ["", "slb_", "slb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &"x".repeat(10_000)] {
        assert!(site.authenticate(token, SessionKind::Browser).await.is_none());
    }
}

on_both!(the_database_holds_neither_the_token_nor_whose_it_is);
async fn the_database_holds_neither_the_token_nor_whose_it_is(on: &Backend) {
    let site = Site::start(on).await;
    let signed_in = site.try_sign_in(Begin::default()).await.unwrap();
    let token = signed_in.token.expose().as_bytes();
    let stored = site.stored().await;
    let holds = |text: &[u8]| stored.windows(text.len()).any(|window| window == text);
    assert!(holds(b"browser"), "what was read is the database: it holds the kind of the session");
    assert!(!holds(b"ana@hospital-a.example"));
    assert!(!holds(token));
    let binary = data_encoding::HEXLOWER.encode(token);
    assert!(!holds(binary.as_bytes()));
}

#[test]
fn a_form_token_belongs_to_one_session() {
    let token = session::form_token("slb_one");
    assert!(session::form_token_matches("slb_one", &token));
    assert!(!session::form_token_matches("slb_two", &token));
    assert!(!session::form_token_matches("slb_one", ""));
}

on_both!(what_has_ended_is_swept_away);
async fn what_has_ended_is_swept_away(on: &Backend) {
    let site = Site::start(on).await;
    site.try_sign_in(Begin::default()).await.unwrap();
    identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    assert_eq!(housekeeping::sweep(&site.app).await.unwrap(), 0);
    site.pass(HOUR);
    assert_eq!(housekeeping::sweep(&site.app).await.unwrap(), 2);
}
