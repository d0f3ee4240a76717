//! An identity provider on loopback: authorization code with PKCE, and every way of getting it wrong on request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom as RingRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use sealane_crypto::digest::sha256;
use sealane_model::{Clock, ManualClock};
use serde_json::{Value, json};
use url::Url;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alg {
    Es256,
    /// `alg: none` with an empty signature.
    None,
    /// HMAC with a text that an attacker knows too: the public key, or the client's id.
    HsWithPublicKey,
    HsWithClientId,
    /// ES256 by a key that is not published, under the id of one that is.
    OtherKey,
}

type Tweak = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// What the provider does differently.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) alg: Alg,
    pub(crate) claims: Tweak,
    pub(crate) header: Tweak,
    pub(crate) metadata: Tweak,
    /// Changes the token's text after signing.
    pub(crate) token: Arc<dyn Fn(String) -> Option<String> + Send + Sync>,
    /// The `iss` parameter of the answer.
    pub(crate) iss: Option<String>,
    /// Codes serve any number of times.
    pub(crate) careless_with_codes: bool,
    pub(crate) jwks: Jwks,
    pub(crate) kid: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jwks {
    Good,
    Redirect,
    Huge,
    Empty,
}

struct Code {
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
    max_age: Option<i64>,
    used: bool,
}

struct Inner {
    base: String,
    clock: Arc<ManualClock>,
    key: EcdsaKeyPair,
    other: EcdsaKeyPair,
    manner: Mutex<Manner>,
    codes: Mutex<HashMap<String, Code>>,
    keys_asked: Mutex<u32>,
}

/// A running provider.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Inner>);

pub(crate) const CLIENT: &str = "sealane-test";

fn fresh_key() -> EcdsaKeyPair {
    let random = RingRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

fn untouched() -> Tweak {
    Arc::new(|_| {})
}

impl Manner {
    fn honest(issuer: &str) -> Self {
        Self {
            alg: Alg::Es256,
            claims: untouched(),
            header: untouched(),
            metadata: untouched(),
            token: Arc::new(Some),
            iss: Some(issuer.to_owned()),
            careless_with_codes: false,
            jwks: Jwks::Good,
            kid: "key-1".to_owned(),
        }
    }
}

impl Provider {
    pub(crate) async fn start(clock: Arc<ManualClock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self(Arc::new(Inner {
            manner: Mutex::new(Manner::honest(&base)),
            base,
            clock,
            key: fresh_key(),
            other: fresh_key(),
            codes: Mutex::default(),
            keys_asked: Mutex::new(0),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        self.0.base.clone()
    }

    /// Behave differently from now on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.0.manner.lock().unwrap());
    }

    pub(crate) fn claims(&self, tweak: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.change(|manner| manner.claims = Arc::new(tweak));
    }

    pub(crate) fn times_keys_were_asked(&self) -> u32 {
        *self.0.keys_asked.lock().unwrap()
    }

    /// What a browser does: follow the address, come back with what the provider adds to ours.
    pub(crate) async fn visit(&self, location: &Url) -> HashMap<String, String> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let answer = client.get(location.clone()).send().await.unwrap();
        let back: Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
        back.query_pairs().into_owned().collect()
    }

    fn manner(&self) -> Manner {
        self.0.manner.lock().unwrap().clone()
    }

    fn now(&self) -> i64 {
        self.0.clock.now().as_seconds()
    }

    fn id_token(&self, code: &Code) -> Option<String> {
        let manner = self.manner();
        let now = self.now();
        let mut claims = json!({
            "iss": self.0.base, "sub": "ana", "aud": CLIENT, "exp": now + 300, "iat": now, "auth_time": now - 5,
            "acr": "https://refeds.org/profile/mfa", "amr": ["pwd", "otp"], "name": "Ana Silva",
            "email": "Ana@Hospital-A.example", "email_verified": true, "groups": ["imaging", "cardio"],
        });
        if let Some(nonce) = &code.nonce {
            claims["nonce"] = json!(nonce);
        }
        if code.max_age == Some(0) {
            claims["auth_time"] = json!(now);
        }
        (manner.claims)(&mut claims);
        let alg = match manner.alg {
            Alg::Es256 | Alg::OtherKey => "ES256",
            Alg::None => "none",
            Alg::HsWithPublicKey | Alg::HsWithClientId => "HS256",
        };
        let mut head = json!({"alg": alg, "kid": manner.kid, "typ": "JWT"});
        (manner.header)(&mut head);
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&head), encode(&claims));
        let signature = BASE64URL_NOPAD.encode(&self.sign(manner.alg, signed.as_bytes()));
        (manner.token)(format!("{signed}.{signature}"))
    }

    fn sign(&self, alg: Alg, message: &[u8]) -> Vec<u8> {
        let hmac = |secret: &[u8]| {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
            ring::hmac::sign(&key, message).as_ref().to_vec()
        };
        match alg {
            Alg::Es256 => self.0.key.sign(&RingRandom::new(), message).unwrap().as_ref().to_vec(),
            Alg::OtherKey => self.0.other.sign(&RingRandom::new(), message).unwrap().as_ref().to_vec(),
            Alg::None => Vec::new(),
            Alg::HsWithPublicKey => hmac(self.0.key.public_key().as_ref()),
            Alg::HsWithClientId => hmac(CLIENT.as_bytes()),
        }
    }
}

async fn metadata(State(provider): State<Provider>) -> Response {
    let base = provider.issuer();
    let mut document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    (provider.manner().metadata)(&mut document);
    axum::Json(document).into_response()
}

async fn authorize(State(provider): State<Provider>, Query(query): Query<HashMap<String, String>>) -> Response {
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], CLIENT);
    assert_eq!(query["code_challenge_method"], "S256");
    let code = format!("code-{}", provider.0.codes.lock().unwrap().len());
    provider.0.codes.lock().unwrap().insert(
        code.clone(),
        Code {
            nonce: query.get("nonce").cloned(),
            challenge: query["code_challenge"].clone(),
            redirect_uri: query["redirect_uri"].clone(),
            max_age: query.get("max_age").and_then(|age| age.parse().ok()),
            used: false,
        },
    );
    let mut back: Url = query["redirect_uri"].parse().unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
    if let Some(iss) = provider.manner().iss {
        back.query_pairs_mut().append_pair("iss", &iss);
    }
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

async fn token(State(provider): State<Provider>, Form(form): Form<HashMap<String, String>>) -> Response {
    let careless = provider.manner().careless_with_codes;
    let mut codes = provider.0.codes.lock().unwrap();
    let refused = || (StatusCode::BAD_REQUEST, axum::Json(json!({"error": "invalid_grant"}))).into_response();
    let Some(code) = codes.get_mut(&form["code"]) else { return refused() };
    let challenge = BASE64URL_NOPAD.encode(sha256(form["code_verifier"].as_bytes()).as_bytes());
    let fits = form["grant_type"] == "authorization_code"
        && form["redirect_uri"] == code.redirect_uri
        && challenge == code.challenge;
    if !fits || (code.used && !careless) {
        return refused();
    }
    code.used = true;
    let mut answer = json!({"access_token": "unused", "token_type": "Bearer", "expires_in": 60});
    if let Some(id_token) = provider.id_token(code) {
        answer["id_token"] = json!(id_token);
    }
    axum::Json(answer).into_response()
}

async fn keys(State(provider): State<Provider>) -> Response {
    *provider.0.keys_asked.lock().unwrap() += 1;
    let manner = provider.manner();
    let point = provider.0.key.public_key().as_ref();
    let (x, y) = (BASE64URL_NOPAD.encode(&point[1..33]), BASE64URL_NOPAD.encode(&point[33..65]));
    let key = json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": manner.kid, "x": x, "y": y});
    match manner.jwks {
        Jwks::Good => axum::Json(json!({"keys": [key]})).into_response(),
        Jwks::Empty => axum::Json(json!({"keys": []})).into_response(),
        Jwks::Huge => axum::Json(json!({"keys": [key], "padding": "x".repeat(2 << 20)})).into_response(),
        Jwks::Redirect => {
            (StatusCode::FOUND, [(header::LOCATION, format!("{}/keys", provider.issuer()))]).into_response()
        }
    }
}
