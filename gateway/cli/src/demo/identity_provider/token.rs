//! The token endpoint: a code for an ID token (OpenID Connect Core section 3.1.3).

use axum::Json;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::json;

use super::{Code, IdentityProvider, Provider};

/// How long an ID token is good for, in seconds.
const LIFETIME: i64 = 300;

#[derive(Deserialize)]
pub(super) struct Exchange {
    grant_type: String,
    code: String,
    redirect_uri: String,
    client_id: String,
    code_verifier: String,
}

/// Check the code and everything that it was bound to, once.
pub(super) async fn exchange(State(provider): State<Provider>, Form(exchange): Form<Exchange>) -> Response {
    let code = provider.codes.lock().ok().and_then(|mut codes| codes.remove(&exchange.code));
    let Some(code) = code.filter(|code| fits(code, &exchange, &provider)) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    match id_token(&provider, &code) {
        Ok(id_token) => Json(json!({
            "access_token": provider.fresh_token(),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "id_token": id_token,
        }))
        .into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "server_error" }))).into_response(),
    }
}

fn fits(code: &Code, exchange: &Exchange, provider: &IdentityProvider) -> bool {
    let asked = &code.authorization;
    let challenge = BASE64URL_NOPAD.encode(sealane_crypto::sha256(exchange.code_verifier.as_bytes()).as_bytes());
    exchange.grant_type == "authorization_code"
        && exchange.client_id == asked.client.id
        && exchange.redirect_uri == asked.client.redirect_uri
        && sealane_crypto::constant_time_eq(challenge.as_bytes(), asked.code_challenge.as_bytes())
        && asked.expires_at > provider.clock.now()
}

fn id_token(provider: &IdentityProvider, code: &Code) -> anyhow::Result<String> {
    let now = provider.clock.now().as_seconds();
    provider.key.sign(&json!({
        "iss": provider.issuer,
        "sub": code.person.subject,
        "aud": code.authorization.client.id,
        "exp": now + LIFETIME,
        "iat": now,
        "auth_time": code.signed_in_at.as_seconds(),
        "nonce": code.authorization.nonce,
        "acr": "urn:sealane:demo:click",
        "amr": ["user"],
        "name": code.person.name,
        "email": code.person.email,
        "email_verified": true,
    }))
}
