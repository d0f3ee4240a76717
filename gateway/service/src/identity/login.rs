//! A sign-in begins: the person is sent to their identity provider (OpenID Connect Core 1.0 section 3.1.2.1).
//!
//! Promises: `state`, nonce and PKCE verifier have 256 random bits and serve once, for ten minutes. The state is bound to
//! the browser that began: what is stored is the digest of the state together with a secret that only that browser's
//! cookie holds, so nobody can make somebody else finish their sign-in (login CSRF). The page to come back to is one of
//! ours. What comes back is checked in `callback`.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use sealane_crypto::digest::sha256;
use sealane_crypto::secret::Secret;
use sealane_database::login::{self, PendingLogin};
use sealane_model::Problem;
use url::Url;

use crate::app::App;
use crate::caller::Client;
use crate::identity::discovery::{DiscoveryError, Metadata, Provider};
use crate::identity::token;
use crate::problem;

/// How long a person may take at their identity provider.
pub(crate) const LOGIN_LIFETIME: Duration = Duration::from_secs(600);
const MAX_RETURN_TO: usize = 2048;

/// What a sign-in begins with.
#[derive(Debug, Clone, Default)]
pub struct Begin {
    /// The provider's short name; may be absent where the site has one only.
    pub provider: Option<String>,
    /// The page to come back to; the first page where absent.
    pub return_to: Option<String>,
    /// The person must prove anew who they are.
    pub step_up: Option<StepUp>,
}

/// A sign-in that must be fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepUp {
    /// They must have proved who they are within so many seconds; 0 for "now".
    pub max_age_s: u64,
}

/// Where to send the browser, and what it must bring back.
#[derive(Debug)]
pub struct Redirect {
    /// The provider's sign-in page.
    pub location: Url,
    /// For a cookie that the browser brings back to the callback: HttpOnly, SameSite=Lax, for as long as `expires_in_s`.
    pub binding: Secret<String>,
    /// Seconds until the sign-in must be finished.
    pub expires_in_s: u64,
}

/// Begin a sign-in.
pub async fn begin(app: &App, request: Begin, client: &Client) -> Result<Redirect, Problem> {
    let now = app.now();
    if !app.parts().beginnings.try_count(client.limit_key(), now) {
        return Err(problem::too_many("This address has begun very many sign-ins within a minute."));
    }
    let provider = choose(app, request.provider.as_deref())?;
    let metadata = provider.metadata(&app.parts().outbound, now).await.map_err(|error| unusable(provider, &error))?;
    let return_to = local_page(request.return_to.as_deref());
    let max_age = request.step_up.map(|step_up| step_up.max_age_s);
    let state = Secret::new(format!("{}.{}", freshness_word(max_age), token::fresh("", app.random()).expose()));
    let binding = token::fresh("", app.random());
    let nonce = token::fresh("", app.random());
    let verifier = token::fresh("", app.random());
    let location = authorization_url(
        app,
        provider,
        &metadata,
        &Challenge { state: &state, nonce: &nonce, verifier: &verifier, max_age },
    );
    let pending = PendingLogin {
        state_digest: state_digest(state.expose(), binding.expose()),
        provider: provider.config.name.clone(),
        nonce: nonce.expose().clone(),
        pkce_verifier: verifier.expose().clone(),
        return_to,
        device_code: None,
        expires_at: now.after(LOGIN_LIFETIME),
    };
    let mut db = app.db().await?;
    login::insert(&mut db, &pending).await.map_err(problem::database)?;
    Ok(Redirect { location, binding, expires_in_s: LOGIN_LIFETIME.as_secs() })
}

struct Challenge<'a> {
    state: &'a Secret<String>,
    nonce: &'a Secret<String>,
    verifier: &'a Secret<String>,
    max_age: Option<u64>,
}

fn authorization_url(app: &App, provider: &Provider, metadata: &Metadata, challenge: &Challenge<'_>) -> Url {
    let config = &provider.config;
    let mut scope = "openid".to_owned();
    for name in config.scopes.iter().filter(|name| *name != "openid") {
        scope.push(' ');
        scope.push_str(name);
    }
    let hash = BASE64URL_NOPAD.encode(sha256(challenge.verifier.expose().as_bytes()).as_bytes());
    // Asking for a bound on the age makes a provider say when the person proved who they are (section 2, `auth_time`).
    let max_age = challenge.max_age.unwrap_or(app.settings().session_lifetime.as_secs());
    let mut url = metadata.authorization_endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", redirect_uri(app).as_str())
            .append_pair("scope", &scope)
            .append_pair("state", challenge.state.expose())
            .append_pair("nonce", challenge.nonce.expose())
            .append_pair("code_challenge", &hash)
            .append_pair("code_challenge_method", "S256")
            .append_pair("max_age", &max_age.to_string());
        if challenge.max_age.is_some() {
            query.append_pair("prompt", "login");
        }
        if !config.acr_values.is_empty() {
            query.append_pair("acr_values", &config.acr_values.join(" "));
        }
    }
    url
}

/// Where providers send browsers back to.
pub(crate) fn redirect_uri(app: &App) -> Url {
    let mut uri = app.settings().public_url.clone();
    uri.set_path("/auth/callback");
    uri.set_query(None);
    uri.set_fragment(None);
    uri
}

pub(crate) fn state_digest(state: &str, binding: &str) -> sealane_crypto::digest::Digest {
    token::stored("login", &[state, binding])
}

/// The state says whether freshness was demanded; the digest over it keeps that from being changed on the way.
fn freshness_word(max_age: Option<u64>) -> String {
    max_age.map_or_else(|| "n".to_owned(), |seconds| format!("f{seconds}"))
}

pub(crate) fn freshness_of(state: &str) -> Option<Duration> {
    let (word, _) = state.split_once('.')?;
    word.strip_prefix('f')?.parse().ok().map(Duration::from_secs)
}

fn choose<'a>(app: &'a App, name: Option<&str>) -> Result<&'a Provider, Problem> {
    let providers = &app.parts().providers;
    let found = match name {
        Some(name) => providers.iter().find(|provider| provider.config.name == name),
        None => providers.first().filter(|_| providers.len() == 1),
    };
    found.ok_or_else(|| {
        problem::bad_request(
            "provider-unknown",
            "The site has no identity provider of that name, or none was named and it has several.",
        )
        .next("Choose one on the sign-in page.")
    })
}

/// What a person is told when their identity provider cannot be used.
pub(crate) fn unusable(provider: &Provider, error: &DiscoveryError) -> Problem {
    tracing::warn!(provider = %provider.config.name, %error, "identity provider cannot be used");
    Problem::new(
        sealane_model::problem::ProblemKind::Upstream,
        error.code(),
        "The identity provider cannot be used",
        format!("{}: {error}", provider.config.title),
    )
    .next("Try again in a moment; if it lasts, tell the administrator.")
}

/// A page of this site, or the first one: never an address that leads elsewhere.
fn local_page(wanted: Option<&str>) -> String {
    let is_local = |page: &&str| {
        page.starts_with('/')
            && !page.starts_with("//")
            && page.len() <= MAX_RETURN_TO
            && !page.contains('\\')
            && !page.chars().any(char::is_control)
    };
    wanted.filter(is_local).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_ends_on_a_page_of_this_site() {
        assert_eq!(local_page(Some("/collections?x=1")), "/collections?x=1");
        for elsewhere in
            ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nLocation: x", "javascript:1", ""]
        {
            assert_eq!(local_page(Some(elsewhere)), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn the_state_says_whether_freshness_was_demanded() {
        assert_eq!(freshness_of(&format!("{}.x", freshness_word(Some(30)))), Some(Duration::from_secs(30)));
        assert_eq!(freshness_of(&format!("{}.x", freshness_word(None))), None);
    }
}
