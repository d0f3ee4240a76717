//! From credentials to a caller: a browser's cookie or a program's bearer token, exactly one of them.
//!
//! Two credentials at once could make one part of the site see another person than the rest does, so they are refused.
//! Who the token stands for is `sealane-service`'s to say.

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::extract::rejection::ExtensionRejection;
use http::request::Parts;
use http::{Extensions, HeaderMap, header};
use sealane_model::problem::ProblemKind;
use sealane_model::{Problem, SessionKind};
use sealane_service::identity::session;
use sealane_service::{Caller, Client};

use crate::cookie;
use crate::error::Failure;
use crate::middleware::receive::Arrival;
use crate::options::HttpOptions;
use crate::ui::layout::Viewer;
use crate::web::Web;

/// A signed-in caller: what handlers of guarded routes get.
#[derive(Clone)]
pub(crate) struct SignedIn {
    /// Who asks.
    pub(crate) caller: Caller,
    /// The session's token, from which form tokens are made. Never shown, never logged.
    token: String,
}

impl SignedIn {
    /// The person as the frame of a page shows them.
    pub(crate) fn viewer(&self) -> Viewer {
        let name = self.caller.person.display_name().to_owned();
        Viewer { name, form_token: session::form_token(&self.token) }
    }

    /// Whether a form was made for this session.
    pub(crate) fn owns_form(&self, token: &str) -> bool {
        session::form_token_matches(&self.token, token)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let found: Result<Extension<Self>, ExtensionRejection> = Extension::from_request_parts(parts, state).await;
        found.map(|Extension(signed_in)| signed_in).map_err(|_| not_signed_in())
    }
}

/// Where a request comes from; for public routes, whose caller is not known.
pub(crate) struct From(pub(crate) Client);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let arrival = parts.extensions.get::<Arrival>().ok_or_else(not_signed_in)?;
        Ok(Self(client(arrival)))
    }
}

/// Whoever asks, signed in or not: for the one page that has something for both.
pub(crate) struct Perhaps(pub(crate) Option<SignedIn>);

impl FromRequestParts<Web> for Perhaps {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Failure> {
        identify(web, &parts.headers, &parts.extensions).await.map(Self)
    }
}

/// Find out who sent a request, if anybody who is known.
pub(crate) async fn identify(web: &Web, headers: &HeaderMap, facts: &Extensions) -> Result<Option<SignedIn>, Failure> {
    let Some((kind, token)) = credential(headers, &web.options)? else { return Ok(None) };
    let Some(arrival) = facts.get::<Arrival>() else { return Ok(None) };
    let caller = session::authenticate(&web.app, &token, kind, &client(arrival)).await?;
    Ok(caller.map(|caller| SignedIn { caller, token }))
}

/// What is said to somebody who is not signed in.
pub(crate) fn not_signed_in() -> Failure {
    let problem = Problem::new(
        ProblemKind::NotSignedIn,
        "not-signed-in",
        "Please sign in",
        "Nobody is signed in here, or the session has ended.",
    );
    Failure::from(problem.next("Sign in with your institution; on the command line: sealane login."))
}

fn client(arrival: &Arrival) -> Client {
    Client { address: arrival.client.clone(), request: arrival.id }
}

/// The one credential of a request, and of which kind it is.
fn credential(headers: &HeaderMap, options: &HttpOptions) -> Result<Option<(SessionKind, String)>, Failure> {
    let cookies = cookie::values(headers, &options.session_cookie());
    let authorizations: Vec<_> = headers.get_all(header::AUTHORIZATION).into_iter().collect();
    match (cookies.as_slice(), authorizations.as_slice()) {
        ([], []) => Ok(None),
        ([cookie], []) => Ok(Some((SessionKind::Browser, cookie.clone()))),
        ([], [value]) => Ok(value.to_str().ok().and_then(bearer).map(|token| (SessionKind::Cli, token))),
        _ => Err(Failure::bad_request(
            "credentials-ambiguous",
            "The request has more than one credential",
            "A request carries a cookie or a bearer token, and exactly one of them.",
            "Send one credential; in a browser, clear this site's cookies and sign in again.",
        )),
    }
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
fn bearer(value: &str) -> Option<String> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn options() -> HttpOptions {
        let site = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap();
        HttpOptions::new(&"https://a.example".parse().unwrap(), site).unwrap()
    }

    fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_cookie_is_a_browser_and_a_bearer_token_a_program() {
        let browser = credential(&headers(&[(header::COOKIE, "__Host-sealane=abc")]), &options()).unwrap();
        assert_eq!(browser, Some((SessionKind::Browser, "abc".to_owned())));
        let program = credential(&headers(&[(header::AUTHORIZATION, "bearer abc")]), &options()).unwrap();
        assert_eq!(program, Some((SessionKind::Cli, "abc".to_owned())));
    }

    #[test]
    fn two_credentials_are_refused_whatever_they_are() {
        let both = [(header::COOKIE, "__Host-sealane=a"), (header::AUTHORIZATION, "Bearer b")];
        let twice = [(header::COOKIE, "__Host-sealane=a; __Host-sealane=b")];
        for pairs in [&both[..], &twice[..]] {
            let failure = credential(&headers(pairs), &options()).unwrap_err();
            assert_eq!(failure.0.code, "credentials-ambiguous");
        }
    }

    #[test]
    fn other_schemes_of_authorization_are_nobody() {
        for value in ["Basic YTpi", "Bearer", "Bearer  ", "Token x"] {
            assert_eq!(credential(&headers(&[(header::AUTHORIZATION, value)]), &options()).unwrap(), None, "{value}");
        }
    }
}
