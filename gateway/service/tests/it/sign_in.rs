//! Signing in as it should go.

use std::time::Duration;

use sealane_audit::Outcome;
use sealane_audit::event::Identity;
use sealane_model::problem::ProblemKind;
use sealane_service::identity::{self, Begin, CallbackQuery};
use sealane_service::{me, site};
use serde_json::json;

use crate::backend::Backend;
use crate::harness::{START, Site, query};
use crate::provider::Jwks;

on_both!(a_person_signs_in_and_is_known_by_issuer_and_subject);
async fn a_person_signs_in_and_is_known_by_issuer_and_subject(on: &Backend) {
    let site = Site::start(on).await;
    let begin = Begin { return_to: Some("/collections?x=1".to_owned()), ..Begin::default() };
    let signed_in = site.try_sign_in(begin).await.unwrap();
    assert_eq!(signed_in.return_to, "/collections?x=1");
    let caller = site.caller(&signed_in).await;
    assert_eq!(caller.person.id.issuer, site.provider.issuer());
    assert_eq!(caller.person.id.subject, "ana");
    assert_eq!(caller.person.email.as_deref(), Some("ana@hospital-a.example"));
    assert_eq!(caller.subject.groups, ["imaging", "cardio"]);
    assert_eq!(caller.subject.assurance.acr.as_deref(), Some("https://refeds.org/profile/mfa"));
    assert_eq!(caller.subject.assurance.amr, ["pwd", "otp"]);
    assert_eq!(caller.auth_time.unwrap().as_seconds(), START.as_seconds() - 5);
    let shown = me::show(&site.app, &caller).await.unwrap();
    assert_eq!(
        (shown.display_name.as_str(), shown.roles.as_slice()),
        ("Ana Silva", ["researcher".to_owned()].as_slice())
    );
    assert_eq!(site.outcomes(Identity::SignIn), [(Outcome::Done, "ok".to_owned())]);
}

on_both!(what_is_sent_to_the_provider_asks_for_code_pkce_and_nonce);
async fn what_is_sent_to_the_provider_asks_for_code_pkce_and_nonce(on: &Backend) {
    let site = Site::start(on).await;
    let redirect = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let sent: std::collections::HashMap<String, String> = redirect.location.query_pairs().into_owned().collect();
    assert_eq!(sent["scope"], "openid profile email");
    assert_eq!(sent["code_challenge"].len(), 43);
    assert_eq!(sent["redirect_uri"], "http://127.0.0.1:8080/auth/callback");
    assert!(sent["state"].len() > 43 && sent["nonce"].len() == 43);
    assert!(!sent.contains_key("prompt"), "nobody is made to sign in twice without need");
    assert_ne!(sent["state"], *redirect.binding.expose());
}

on_both!(an_address_that_the_provider_did_not_verify_is_not_taken);
async fn an_address_that_the_provider_did_not_verify_is_not_taken(on: &Backend) {
    let site = Site::start(on).await;
    for verified in [json!(false), json!(null)] {
        site.provider.claims(move |claims| claims["email_verified"] = verified.clone());
        let signed_in = site.try_sign_in(Begin::default()).await.unwrap();
        assert_eq!(site.caller(&signed_in).await.person.email, None);
    }
}

on_both!(an_administrator_is_one_by_verified_address_only);
async fn an_administrator_is_one_by_verified_address_only(on: &Backend) {
    let site = Site::start(on).await;
    let admin = site.person("admin").await;
    assert!(me::show(&site.app, &admin).await.unwrap().roles.contains(&"administrator".to_owned()));
    site.provider.claims(|claims| {
        claims["email"] = "admin@hospital-a.example".into();
        claims["email_verified"] = false.into();
    });
    let signed_in = site.try_sign_in(Begin::default()).await.unwrap();
    let pretender = site.caller(&signed_in).await;
    assert_eq!(me::show(&site.app, &pretender).await.unwrap().roles, ["researcher"]);
}

on_both!(a_step_up_wants_a_sign_in_of_this_moment);
async fn a_step_up_wants_a_sign_in_of_this_moment(on: &Backend) {
    let site = Site::start(on).await;
    let redirect = identity::login::begin(
        &site.app,
        Begin { step_up: Some(identity::StepUp { max_age_s: 0 }), ..Begin::default() },
        &site.client(),
    )
    .await
    .unwrap();
    let sent: std::collections::HashMap<String, String> = redirect.location.query_pairs().into_owned().collect();
    assert_eq!((sent["prompt"].as_str(), sent["max_age"].as_str()), ("login", "0"));
    site.pass(Duration::from_secs(1800));
    let signed_in = site.step_up().await.unwrap();
    let caller = site.caller(&signed_in).await;
    assert_eq!(caller.auth_time, Some(sealane_model::Timestamp::from_seconds(START.as_seconds() + 1800)));
    assert_eq!(site.outcomes(Identity::StepUp), [(Outcome::Done, "ok".to_owned())]);
}

on_both!(new_keys_of_the_provider_are_fetched_when_a_token_names_one);
async fn new_keys_of_the_provider_are_fetched_when_a_token_names_one(on: &Backend) {
    let site = Site::start(on).await;
    site.try_sign_in(Begin::default()).await.unwrap();
    site.pass(Duration::from_secs(61));
    site.provider.change(|manner| manner.kid = "key-2".to_owned());
    site.try_sign_in(Begin::default()).await.unwrap();
    assert_eq!(site.provider.times_keys_were_asked(), 2);
}

on_both!(tokens_with_unknown_keys_make_us_ask_once_a_minute_at_most);
async fn tokens_with_unknown_keys_make_us_ask_once_a_minute_at_most(on: &Backend) {
    let site = Site::start(on).await;
    site.try_sign_in(Begin::default()).await.unwrap();
    site.pass(Duration::from_secs(61));
    site.provider.change(|manner| manner.header = std::sync::Arc::new(|header| header["kid"] = "made-up".into()));
    for _ in 0..5 {
        assert_eq!(site.try_sign_in(Begin::default()).await.unwrap_err().code, "token-unknown-key");
    }
    assert_eq!(site.provider.times_keys_were_asked(), 2);
}

on_both!(a_provider_that_is_away_for_a_moment_locks_nobody_out);
async fn a_provider_that_is_away_for_a_moment_locks_nobody_out(on: &Backend) {
    let site = Site::start(on).await;
    site.try_sign_in(Begin::default()).await.unwrap();
    site.provider.change(|manner| manner.jwks = Jwks::Redirect);
    site.pass(Duration::from_secs(2 * 3600));
    site.try_sign_in(Begin::default()).await.unwrap();
}

on_both!(what_the_provider_refuses_is_said_in_words);
async fn what_the_provider_refuses_is_said_in_words(on: &Backend) {
    let site = Site::start(on).await;
    for (error, code) in
        [("access_denied", "provider-denied"), ("server_error", "provider-error"), ("<b>x", "provider-error")]
    {
        let redirect = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
        let mut back = site.provider.visit(&redirect.location).await;
        back.remove("code");
        back.insert("error".to_owned(), error.to_owned());
        let binding = redirect.binding.expose().clone();
        let problem = identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client())
            .await
            .unwrap_err();
        assert_eq!((problem.kind, problem.code.as_str()), (ProblemKind::NotSignedIn, code));
        assert!(!problem.detail.contains('<'));
    }
}

on_both!(a_site_says_with_whom_one_can_sign_in_and_nothing_more);
async fn a_site_says_with_whom_one_can_sign_in_and_nothing_more(on: &Backend) {
    let site = Site::start(on).await;
    let shown = site::show(&site.app);
    assert_eq!(shown.providers.len(), 1);
    assert_eq!(shown.providers[0].title, "Hospital A sign-in");
    let json = serde_json::to_string(&shown).unwrap();
    assert!(!json.contains(&site.provider.issuer()), "{json}");
}

on_both!(an_unknown_provider_is_a_bad_request);
async fn an_unknown_provider_is_a_bad_request(on: &Backend) {
    let site = Site::start(on).await;
    let begin = Begin { provider: Some("elsewhere".to_owned()), ..Begin::default() };
    assert_eq!(site.try_sign_in(begin).await.unwrap_err().code, "provider-unknown");
    let nothing = identity::callback::finish(&site.app, CallbackQuery::default(), None, None, &site.client()).await;
    assert_eq!(nothing.unwrap_err().code, "state-unknown");
}
