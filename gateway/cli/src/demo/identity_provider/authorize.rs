//! The authorization endpoint: who are you? (OpenID Connect Core section 3.1.2)

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::super::people::DemoPerson;
use super::{Authorization, Code, Provider};

/// Time for a click, and then for the exchange of the code.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

const STYLE: &str = include_str!("style.css");

#[derive(Deserialize)]
pub(super) struct Ask {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// Show the people.
pub(super) async fn ask(State(provider): State<Provider>, Query(ask): Query<Ask>) -> Response {
    let client = provider.clients.iter().find(|c| c.id == ask.client_id && c.redirect_uri == ask.redirect_uri);
    // Nothing is sent to an address that no client registered, not even an error (RFC 6749 section 4.1.2.1).
    let Some(client) = client.cloned() else {
        return refuse("this site and return address are not registered here");
    };
    let challenge = match (ask.code_challenge, ask.code_challenge_method.as_deref()) {
        (Some(challenge), Some("S256")) => challenge,
        _ => return refuse("PKCE with S256 is required"),
    };
    if ask.response_type != "code" || !ask.scope.split(' ').any(|scope| scope == "openid") {
        return refuse("only the authorization code flow with the scope 'openid' is offered");
    }
    let transaction = provider.fresh_token();
    let page = page(&client.id, &transaction, &provider.people);
    let expires_at = provider.clock.now().after(PATIENCE);
    let waiting = Authorization { client, state: ask.state, nonce: ask.nonce, code_challenge: challenge, expires_at };
    if let Ok(mut map) = provider.waiting.lock() {
        let now = provider.clock.now();
        map.retain(|_, waiting| waiting.expires_at > now);
        map.insert(transaction, waiting);
    }
    (headers(), Html(page)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Answer {
    transaction: String,
    person: String,
}

/// Somebody clicked: hand out a code.
pub(super) async fn answer(State(provider): State<Provider>, Query(answer): Query<Answer>) -> Response {
    let waiting = provider.waiting.lock().ok().and_then(|mut map| map.remove(&answer.transaction));
    let now = provider.clock.now();
    let (Some(authorization), Some(person)) = (
        waiting.filter(|waiting| waiting.expires_at > now),
        provider.people.iter().find(|it| it.subject == answer.person),
    ) else {
        return refuse("this sign-in was finished or has expired; go back to the site and sign in again");
    };
    let code = provider.fresh_token();
    let Ok(mut back) = url::Url::parse(&authorization.client.redirect_uri) else {
        return refuse("the registered return address is not a URL");
    };
    back.query_pairs_mut().append_pair("code", &code).append_pair("iss", &provider.issuer);
    if let Some(state) = &authorization.state {
        back.query_pairs_mut().append_pair("state", state);
    }
    if let Ok(mut codes) = provider.codes.lock() {
        codes.insert(code, Code { authorization, person: *person, signed_in_at: now });
    }
    Redirect::to(back.as_str()).into_response()
}

/// The page's style sheet.
pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], STYLE)
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, headers(), format!("Demo identity provider: {why}.\n")).into_response()
}

fn headers() -> [(HeaderName, &'static str); 3] {
    [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ]
}

fn page(client: &str, transaction: &str, people: &[DemoPerson]) -> String {
    let people: String = people
        .iter()
        .map(|person| {
            format!(
                "<li><a href=\"/authorize/as?transaction={transaction}&amp;person={}\"><strong>{}</strong> <span>{}</span></a></li>",
                person.subject, person.name, person.role
            )
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Who are you? Demo identity provider</title><link rel=\"stylesheet\" href=\"/demo.css\"></head>\
         <body><main><p class=\"kind\">Demo identity provider</p><h1>Who are you?</h1>\
         <p>{client} asks. In the demo a click signs you in; at an institution its own sign-in page stands here.</p>\
         <ul>{people}</ul></main></body></html>"
    )
}
