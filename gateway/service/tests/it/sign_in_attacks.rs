//! A provider, a network or a person that lies: every case ends with nobody signed in, and an entry that says why.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use sealane_audit::Outcome;
use sealane_audit::event::Identity;
use sealane_model::Problem;
use sealane_service::identity::{self, Begin, CallbackQuery, StepUp};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::harness::{START, Site, query};
use crate::provider::{Alg, Jwks, Manner};

const NOW: i64 = START.as_seconds();

/// The sign-in fails with this code, the log says so, and nobody has a session.
async fn refused(site: &Site, result: Result<identity::SignedIn, Problem>, code: &str) {
    let problem = result.expect_err(code);
    assert_eq!(problem.code, code, "{problem}");
    assert_eq!(site.outcomes(Identity::SignIn).last(), Some(&(Outcome::Failed, code.to_owned())));
    assert!(site.outcomes(Identity::SignIn).iter().all(|(outcome, _)| *outcome != Outcome::Done), "{code}");
}

async fn refused_when(on: &Backend, code: &str, change: impl FnOnce(&mut Manner)) {
    let site = Site::start(on).await;
    site.provider.change(change);
    let result = site.try_sign_in(Begin::default()).await;
    refused(&site, result, code).await;
}

async fn refused_with_claims(on: &Backend, code: &str, tweak: impl Fn(&mut Value) + Send + Sync + 'static) {
    refused_when(on, code, |manner| manner.claims = Arc::new(tweak)).await;
}

on_both!(a_token_for_another_sign_in_is_refused);
async fn a_token_for_another_sign_in_is_refused(on: &Backend) {
    refused_with_claims(on, "token-nonce", |claims| claims["nonce"] = "another".into()).await;
    refused_with_claims(on, "token-nonce", |claims| {
        claims.as_object_mut().unwrap().remove("nonce");
    })
    .await;
}

on_both!(an_unsigned_token_is_refused);
async fn an_unsigned_token_is_refused(on: &Backend) {
    refused_when(on, "token-algorithm", |manner| manner.alg = Alg::None).await;
}

on_both!(a_token_signed_with_a_shared_secret_is_refused_whatever_the_secret);
async fn a_token_signed_with_a_shared_secret_is_refused_whatever_the_secret(on: &Backend) {
    refused_when(on, "token-algorithm", |manner| manner.alg = Alg::HsWithPublicKey).await;
    refused_when(on, "token-algorithm", |manner| manner.alg = Alg::HsWithClientId).await;
}

on_both!(a_token_signed_with_another_key_under_a_known_id_is_refused);
async fn a_token_signed_with_another_key_under_a_known_id_is_refused(on: &Backend) {
    refused_when(on, "token-signature", |manner| manner.alg = Alg::OtherKey).await;
}

on_both!(a_key_that_the_token_brings_along_is_not_used);
async fn a_key_that_the_token_brings_along_is_not_used(on: &Backend) {
    refused_when(on, "token-signature", |manner| {
        manner.alg = Alg::OtherKey;
        manner.header = Arc::new(|header| {
            header["jku"] = "https://evil.example/keys".into();
            header["jwk"] = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
        });
    })
    .await;
}

on_both!(a_token_with_an_unknown_or_ambiguous_key_id_is_refused);
async fn a_token_with_an_unknown_or_ambiguous_key_id_is_refused(on: &Backend) {
    refused_when(on, "token-unknown-key", |manner| manner.header = Arc::new(|header| header["kid"] = "made-up".into()))
        .await;
    refused_when(on, "token-unknown-key", |manner| manner.jwks = Jwks::Empty).await;
}

on_both!(a_token_that_was_changed_after_signing_is_refused);
async fn a_token_that_was_changed_after_signing_is_refused(on: &Backend) {
    refused_when(on, "token-signature", |manner| {
        manner.token = Arc::new(|token| {
            let parts: Vec<&str> = token.split('.').collect();
            let mut claims: Value =
                serde_json::from_slice(&BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap()).unwrap();
            claims["sub"] = "admin".into();
            Some(format!("{}.{}.{}", parts[0], BASE64URL_NOPAD.encode(claims.to_string().as_bytes()), parts[2]))
        });
    })
    .await;
}

on_both!(a_token_for_another_application_is_refused);
async fn a_token_for_another_application_is_refused(on: &Backend) {
    refused_with_claims(on, "token-audience", |claims| claims["aud"] = "another-app".into()).await;
    refused_with_claims(on, "token-audience", |claims| claims["aud"] = json!(["sealane-test", "another-app"])).await;
    refused_with_claims(on, "token-audience", |claims| claims["azp"] = "another-app".into()).await;
    refused_with_claims(on, "token-audience", |claims| claims["aud"] = json!([])).await;
}

on_both!(a_token_of_another_issuer_is_refused);
async fn a_token_of_another_issuer_is_refused(on: &Backend) {
    refused_with_claims(on, "token-issuer", |claims| claims["iss"] = "https://evil.example".into()).await;
}

on_both!(a_token_out_of_its_time_is_refused);
async fn a_token_out_of_its_time_is_refused(on: &Backend) {
    refused_with_claims(on, "token-expired", |claims| claims["exp"] = json!(NOW - 60)).await;
    refused_with_claims(on, "token-future", |claims| claims["iat"] = json!(NOW + 61)).await;
    refused_with_claims(on, "token-future", |claims| claims["nbf"] = json!(NOW + 61)).await;
    refused_with_claims(on, "token-future", |claims| claims["auth_time"] = json!(NOW + 61)).await;
    refused_with_claims(on, "token-too-old", |claims| claims["iat"] = json!(NOW - 3600)).await;
}

on_both!(a_minute_of_difference_between_clocks_is_forgiven);
async fn a_minute_of_difference_between_clocks_is_forgiven(on: &Backend) {
    let site = Site::start(on).await;
    site.provider.claims(|claims| {
        claims["exp"] = json!(NOW - 59);
        claims["iat"] = json!(NOW + 60);
    });
    site.try_sign_in(Begin::default()).await.unwrap();
}

on_both!(a_token_that_names_nobody_is_refused);
async fn a_token_that_names_nobody_is_refused(on: &Backend) {
    refused_with_claims(on, "token-subject", |claims| claims["sub"] = "".into()).await;
    refused_with_claims(on, "token-subject", |claims| claims["sub"] = "x".repeat(256).into()).await;
    refused_with_claims(on, "token-malformed", |claims| {
        claims.as_object_mut().unwrap().remove("sub");
    })
    .await;
}

on_both!(what_is_no_token_is_refused);
async fn what_is_no_token_is_refused(on: &Backend) {
    refused_when(on, "token-missing", |manner| manner.token = Arc::new(|_| None)).await;
    for text in ["", "a.b", "a.b.c", "....", "e30.e30."] {
        refused_when(on, "token-malformed", |manner| manner.token = Arc::new(|_| Some(text.to_owned()))).await;
    }
    refused_when(on, "token-malformed", |manner| {
        manner.token = Arc::new(|token| Some(format!("{token}{}", "A".repeat(70_000))))
    })
    .await;
}

on_both!(headers_that_ask_for_more_than_is_understood_are_refused);
async fn headers_that_ask_for_more_than_is_understood_are_refused(on: &Backend) {
    refused_when(on, "token-malformed", |manner| manner.header = Arc::new(|header| header["crit"] = json!(["exp"])))
        .await;
    refused_when(on, "token-malformed", |manner| manner.header = Arc::new(|header| header["typ"] = "at+jwt".into()))
        .await;
    refused_when(on, "token-malformed", |manner| manner.header = Arc::new(|header| header["cty"] = "JWT".into())).await;
}

on_both!(an_answer_of_another_provider_is_refused_before_its_code_is_used);
async fn an_answer_of_another_provider_is_refused_before_its_code_is_used(on: &Backend) {
    refused_when(on, "issuer-mixed-up", |manner| manner.iss = Some("https://evil.example".to_owned())).await;
    refused_when(on, "issuer-missing", |manner| manner.iss = None).await;
}

on_both!(a_wrong_issuer_is_refused_even_where_the_provider_promises_none);
async fn a_wrong_issuer_is_refused_even_where_the_provider_promises_none(on: &Backend) {
    refused_when(on, "issuer-mixed-up", |manner| {
        manner.metadata =
            Arc::new(|document| document["authorization_response_iss_parameter_supported"] = false.into());
        manner.iss = Some("https://evil.example".to_owned());
    })
    .await;
}

on_both!(a_provider_that_never_names_itself_needs_not);
async fn a_provider_that_never_names_itself_needs_not(on: &Backend) {
    let site = Site::start(on).await;
    site.provider.change(|manner| {
        manner.metadata = Arc::new(|document| {
            document.as_object_mut().unwrap().remove("authorization_response_iss_parameter_supported");
        });
        manner.iss = None;
    });
    site.try_sign_in(Begin::default()).await.unwrap();
}

on_both!(a_state_serves_once);
async fn a_state_serves_once(on: &Backend) {
    let site = Site::start(on).await;
    let redirect = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let binding = redirect.binding.expose().clone();
    site.provider.change(|manner| manner.careless_with_codes = true);
    let back = site.provider.visit(&redirect.location).await;
    identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client()).await.unwrap();
    let again = identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client()).await;
    assert_eq!(again.unwrap_err().code, "state-unknown");
}

on_both!(a_state_is_good_for_ten_minutes_and_in_one_browser);
async fn a_state_is_good_for_ten_minutes_and_in_one_browser(on: &Backend) {
    let site = Site::start(on).await;
    let redirect = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let binding = redirect.binding.expose().clone();
    let back = site.provider.visit(&redirect.location).await;
    for other in [None, Some(""), Some("another browser's cookie")] {
        let result = identity::callback::finish(&site.app, query(&back), other, None, &site.client()).await;
        refused(&site, result, "state-unknown").await;
    }
    site.pass(Duration::from_secs(600));
    let result = identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client()).await;
    refused(&site, result, "state-unknown").await;
}

on_both!(a_made_up_state_is_refused);
async fn a_made_up_state_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let back = CallbackQuery {
        code: Some("code-0".to_owned()),
        state: Some("f0.made-up".to_owned()),
        ..CallbackQuery::default()
    };
    let result = identity::callback::finish(&site.app, back, Some("x"), None, &site.client()).await;
    refused(&site, result, "state-unknown").await;
}

on_both!(a_code_serves_once);
async fn a_code_serves_once(on: &Backend) {
    let site = Site::start(on).await;
    let first = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let first_back = site.provider.visit(&first.location).await;
    let spent = first_back["code"].clone();
    site.provider.change(|manner| manner.token = Arc::new(|_| None));
    let binding = first.binding.expose().clone();
    let result = identity::callback::finish(&site.app, query(&first_back), Some(&binding), None, &site.client()).await;
    refused(&site, result, "token-missing").await;
    let second = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let mut back = site.provider.visit(&second.location).await;
    back.insert("code".to_owned(), spent);
    let binding = second.binding.expose().clone();
    let result = identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client()).await;
    refused(&site, result, "code-refused").await;
}

on_both!(a_code_of_somebody_elses_sign_in_fails_at_pkce);
async fn a_code_of_somebody_elses_sign_in_fails_at_pkce(on: &Backend) {
    let site = Site::start(on).await;
    let theirs = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let stolen = site.provider.visit(&theirs.location).await["code"].clone();
    let mine = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let mut back = site.provider.visit(&mine.location).await;
    back.insert("code".to_owned(), stolen);
    let binding = mine.binding.expose().clone();
    let result = identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client()).await;
    refused(&site, result, "code-refused").await;
}

on_both!(an_answer_without_a_code_is_refused);
async fn an_answer_without_a_code_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let redirect = identity::login::begin(&site.app, Begin::default(), &site.client()).await.unwrap();
    let mut back = site.provider.visit(&redirect.location).await;
    back.remove("code");
    let binding = redirect.binding.expose().clone();
    let result = identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client()).await;
    refused(&site, result, "code-missing").await;
}

on_both!(a_step_up_that_is_not_fresh_is_refused);
async fn a_step_up_that_is_not_fresh_is_refused(on: &Backend) {
    for tweak in [json!(NOW - 3600), json!(null)] {
        let site = Site::start(on).await;
        site.provider.claims(move |claims| claims["auth_time"] = tweak.clone());
        let result = site.step_up().await;
        refused(&site, result, "token-not-fresh").await;
    }
}

on_both!(freshness_cannot_be_struck_from_the_state);
async fn freshness_cannot_be_struck_from_the_state(on: &Backend) {
    let site = Site::start(on).await;
    let begin = Begin { step_up: Some(StepUp { max_age_s: 0 }), ..Begin::default() };
    let redirect = identity::login::begin(&site.app, begin, &site.client()).await.unwrap();
    let mut back = site.provider.visit(&redirect.location).await;
    let weakened = back["state"].replacen("f0.", "n.", 1);
    assert_ne!(weakened, back["state"]);
    back.insert("state".to_owned(), weakened);
    let binding = redirect.binding.expose().clone();
    let result = identity::callback::finish(&site.app, query(&back), Some(&binding), None, &site.client()).await;
    refused(&site, result, "state-unknown").await;
}

on_both!(a_weaker_sign_in_than_the_site_demands_is_refused);
async fn a_weaker_sign_in_than_the_site_demands_is_refused(on: &Backend) {
    for acr in [json!("https://refeds.org/profile/sfa"), json!(null)] {
        let site = Site::start_as(on, "hospital-a", |config| {
            config.acr_values = vec!["https://refeds.org/profile/mfa".to_owned()]
        })
        .await;
        site.try_sign_in(Begin::default()).await.unwrap();
        site.provider.claims(move |claims| claims["acr"] = acr.clone());
        assert_eq!(site.try_sign_in(Begin::default()).await.unwrap_err().code, "token-too-weak");
    }
}

on_both!(keys_that_are_redirected_or_endless_are_not_followed);
async fn keys_that_are_redirected_or_endless_are_not_followed(on: &Backend) {
    for jwks in [Jwks::Redirect, Jwks::Huge] {
        refused_when(on, "keys-unreachable", |manner| manner.jwks = jwks).await;
    }
}

on_both!(metadata_of_another_issuer_or_with_unsafe_addresses_are_not_used);
async fn metadata_of_another_issuer_or_with_unsafe_addresses_are_not_used(on: &Backend) {
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 5] = [
        (|document| document["issuer"] = "https://evil.example".into(), "provider-misconfigured"),
        (|document| document["token_endpoint"] = "http://idp.example/token".into(), "provider-unreachable"),
        (|document| document["jwks_uri"] = "file:///etc/passwd".into(), "provider-unreachable"),
        (|document| document["authorization_endpoint"] = "javascript:alert(1)".into(), "provider-unreachable"),
        (|document| document["code_challenge_methods_supported"] = json!(["plain"]), "provider-misconfigured"),
    ];
    for (change, code) in changes {
        let site = Site::start(on).await;
        site.provider.change(|manner| manner.metadata = Arc::new(change));
        let problem = site.try_sign_in(Begin::default()).await.unwrap_err();
        assert_eq!(problem.code, code);
    }
}
