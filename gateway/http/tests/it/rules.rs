//! Access rules by form: made, seen, revoked, and refused with a reason.

use http::StatusCode;

use crate::backend::Backend;
use crate::browser::fields;
use crate::harness::{Answer, As, Site};
use crate::pages::link;

const RULES: &str = "/collections/imaging/rules";

async fn rules(site: &Site) -> Vec<serde_json::Value> {
    let answer = site.get(As::Program, "/api/v1/collections/imaging/rules").await;
    answer.json()["items"].as_array().unwrap().clone()
}

/// Fill in the form of the page and send it.
async fn add(site: &Site, filled: &[(&str, &str)]) -> Answer {
    let page = site.get(As::Browser, RULES).await.text();
    let form = fields(&page, RULES);
    let kept = form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let kept = kept.filter(|(name, _)| !filled.iter().any(|(other, _)| other == name));
    let pairs: Vec<_> = kept.chain(filled.iter().copied()).collect();
    site.form(RULES, &pairs).await
}

on_both!(a_rule_is_made_by_a_form_seen_in_the_table_and_revoked_by_a_button);
async fn a_rule_is_made_by_a_form_seen_in_the_table_and_revoked_by_a_button(on: &Backend) {
    let site = Site::start(on).await;
    let browse = site.get(As::Browser, "/collections/imaging/browse").await.text();
    assert_eq!(link(&browse, "Access rules"), RULES);
    let filled = [
        ("who", "email"),
        ("email", " Ben@Univ-B.example "),
        ("permission", "list"),
        ("permission", "read"),
        ("until", "2999-12-31"),
        ("purpose", "study 7"),
    ];
    let made = add(&site, &filled).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    let page = site.get(As::Browser, made.header("location")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    for words in ["holds from now on", "ben@univ-b.example", "list, read", "2999-12-31 23:59:59 UTC", "study 7", "New"]
    {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    let rule = rules(&site).await.into_iter().find(|rule| rule["principal"]["email"] == "ben@univ-b.example").unwrap();
    assert_eq!((rule["path"].as_str(), rule["deny"].as_bool()), (Some("/"), Some(false)));
    let action = format!("/rules/{}/revoke", rule["id"].as_str().unwrap());
    let form = fields(&page.text(), &action);
    let pairs: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let revoked = site.form(&action, &pairs).await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER, "{}", revoked.text());
    let page = site.get(As::Browser, revoked.header("location")).await.text();
    assert!(page.contains("The rule is revoked") && !page.contains("ben@univ-b.example"), "{page}");
    let again = site.form(&action, &pairs).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(again.text().contains("rule-unknown") && again.text().contains("What to do next"));
}

on_both!(a_rule_that_forbids_a_person_beneath_a_path_becomes_that);
async fn a_rule_that_forbids_a_person_beneath_a_path_becomes_that(on: &Backend) {
    let site = Site::start(on).await;
    let filled = [
        ("who", "person"),
        ("issuer", "https://idp.example"),
        ("subject", "ben"),
        ("permission", "write"),
        ("deny", "yes"),
        ("path", "/study a"),
    ];
    let made = add(&site, &filled).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    let rule = rules(&site).await.into_iter().find(|rule| rule["principal"]["subject"] == "ben").unwrap();
    assert_eq!(rule["deny"], true);
    assert_eq!(rule["path"], "/study a");
    assert_eq!(rule["permissions"], serde_json::json!(["write"]));
}

on_both!(a_form_that_makes_no_sense_comes_back_with_what_was_typed_and_makes_no_rule);
async fn a_form_that_makes_no_sense_comes_back_with_what_was_typed_and_makes_no_rule(on: &Backend) {
    let site = Site::start(on).await;
    let before = rules(&site).await.len();
    let wrong = [
        (vec![("who", "email"), ("email", "ben at home"), ("permission", "read")], "value=\"ben at home\""),
        (vec![("who", "group"), ("group", "readers")], "Tick at least one"),
        (vec![("who", "anonymous"), ("permission", "read")], "only a collection of class Public"),
        (vec![("who", "everyone-signed-in"), ("permission", "share"), ("deny", "yes")], "nobody could ever revoke it"),
        (vec![("who", "email"), ("email", "b@c"), ("permission", "read"), ("until", "2020-01-01")], "not over yet"),
        (vec![("who", "nobody"), ("permission", "read")], "Choose for whom"),
    ];
    for (filled, words) in wrong {
        let answer = add(&site, &filled).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{filled:?}");
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.text().contains("role=\"alert\""), "{filled:?}");
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
    }
    assert_eq!(rules(&site).await.len(), before);
}

on_both!(a_rule_of_the_configuration_cannot_be_revoked_by_hand);
async fn a_rule_of_the_configuration_cannot_be_revoked_by_hand(on: &Backend) {
    let site = Site::start(on).await;
    let configured = rules(&site).await.remove(0);
    let page = site.get(As::Browser, RULES).await.text();
    assert!(!page.contains("/revoke"), "{page}");
    let action = format!("/rules/{}/revoke", configured["id"].as_str().unwrap());
    let answer = site.form(&action, &[("collection", "imaging")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("rule-configured"), "{}", answer.text());
}

on_both!(the_rules_of_what_she_may_not_know_of_are_not_there);
async fn the_rules_of_what_she_may_not_know_of_are_not_there(on: &Backend) {
    let site = Site::start(on).await;
    let hidden = "/collections/patients/rules";
    let shown = site.get(As::Browser, hidden).await;
    let made = site.form(hidden, &[("who", "email"), ("email", "a@b"), ("permission", "read")]).await;
    for answer in [shown, made] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.text().contains("collection-unknown"));
    }
}
