//! Headers that browsers enforce, on every answer.
//!
//! Content Security Policy Level 3 with Trusted Types: nothing loads but our own script, style and pictures; no string
//! becomes markup or code; no frame shows us; forms go to us alone. Sign-in at an identity provider is a link, not a
//! form, because Chromium applies `form-action` to redirects after a form as well.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};

use crate::web::Web;

/// What pages may do.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const FIXED: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: browsers then send `Origin: null` with our own forms, and nothing tells them from another site's.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Two years, as the preload list asks for.
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Set the headers; a handler's own policy and cache rule stay as they are.
pub(crate) async fn secure(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    default(headers, CONTENT_SECURITY_POLICY, PAGE_POLICY);
    default(headers, CACHE_CONTROL, "no-store");
    if web.options.secure_cookies {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    response
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
