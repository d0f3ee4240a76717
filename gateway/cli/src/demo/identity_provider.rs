//! A real OpenID Connect provider whose people sign in with a click: authorization code flow with PKCE, for the demo.
//!
//! It follows OpenID Connect Core 1.0, Discovery 1.0, RFC 7636 (S256 only) and RFC 9207 (`iss` in the answer) as a
//! production provider does, so that the sites run their real sign-in. It has no passwords, so it must never be
//! reachable by anybody else: its address is a loopback address, and `sealane serve` has no way to start it.

mod authorize;
mod keys;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use sealane_crypto::{Random, random_bytes};
use sealane_model::{Clock, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::people::{DemoPerson, EVERYBODY};
use keys::IdTokenKey;

/// A site that may send people here.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// The one place to which answers go.
    pub redirect_uri: String,
}

/// A request that waits for a click, and then the code that stands for it.
#[derive(Debug, Clone)]
struct Authorization {
    client: Client,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: String,
    expires_at: Timestamp,
}

/// A code that was handed out, good for one exchange.
#[derive(Debug, Clone)]
struct Code {
    authorization: Authorization,
    person: DemoPerson,
    signed_in_at: Timestamp,
}

/// The provider.
pub struct IdentityProvider {
    issuer: String,
    clients: Vec<Client>,
    key: IdTokenKey,
    people: Vec<DemoPerson>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    waiting: Mutex<HashMap<String, Authorization>>,
    codes: Mutex<HashMap<String, Code>>,
}

/// What the handlers share.
type Provider = Arc<IdentityProvider>;

impl IdentityProvider {
    /// A provider at `issuer`, whose host must be a loopback address.
    ///
    /// # Errors
    /// When the address is reachable from elsewhere, or no key can be made.
    pub fn new(
        issuer: &Url,
        clients: Vec<Client>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> anyhow::Result<Self> {
        let loopback = match issuer.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        anyhow::ensure!(loopback, "the demo identity provider runs on the loopback address only");
        Ok(Self {
            issuer: issuer.origin().ascii_serialization(),
            clients,
            key: IdTokenKey::generate()?,
            people: EVERYBODY.to_vec(),
            clock,
            random,
            waiting: Mutex::default(),
            codes: Mutex::default(),
        })
    }

    /// Somebody else can be clicked, too.
    #[must_use]
    pub fn with_person(mut self, person: DemoPerson) -> Self {
        self.people.push(person);
        self
    }

    /// Its issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize::ask))
            .route("/authorize/as", get(authorize::answer))
            .route("/demo.css", get(authorize::style))
            .route("/token", post(token::exchange))
            .with_state(Arc::new(self))
    }

    fn fresh_token(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&random_bytes::<32>(self.random.as_ref()))
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported": ["sub", "name", "email", "email_verified", "auth_time", "acr", "amr"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(State(provider): State<Provider>) -> Json<Value> {
    Json(provider.key.jwks())
}
