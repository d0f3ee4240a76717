//! Calls that the site itself makes over HTTP: to identity providers, to witnesses of its audit log and to a time-stamping
//! authority, and to nobody else.
//!
//! Promises: TLS always, no redirects (a redirect is how a call is sent where nobody meant it to go), 10 seconds in all,
//! answers of 1 MiB at most, no proxy taken from the environment. Plain HTTP is possible towards loopback addresses alone,
//! and only where the settings allow it, which the demo does and nothing else. Towards a time-stamping authority, too: it is sent a
//! digest, and what it answers is signed and checked.

use std::time::Duration;

use serde::de::DeserializeOwned;
use url::{Host, Url};

const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER: usize = 1 << 20;

/// Why a call failed. Says nothing of what was sent or answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    /// The address is not one that may be called.
    #[error("{0} is not an https address")]
    NotHttps(Url),
    /// Nobody answered in time.
    #[error("no answer from {host}: {cause}")]
    Unreachable {
        /// Whom.
        host: String,
        /// Why, without the address that was called.
        cause: reqwest::Error,
    },
    /// An answer that is not a success.
    #[error("{host} answered with status {status}")]
    Status {
        /// Who.
        host: String,
        /// What.
        status: u16,
        /// OAuth's error word, where there was one (RFC 6749 section 5.2).
        oauth: Option<String>,
    },
    /// More than anybody needs to say.
    #[error("{0} answered with more than 1 MiB")]
    TooLong(String),
    /// Not the JSON that was expected.
    #[error("{0} answered with something else than the expected JSON")]
    NotJson(String),
    /// The client could not be made.
    #[error("no HTTPS client: {0}")]
    Client(reqwest::Error),
}

/// The client for such calls.
#[derive(Debug, Clone)]
pub(crate) struct Outbound {
    client: reqwest::Client,
    allow_loopback_http: bool,
}

#[derive(serde::Deserialize)]
struct OAuthError {
    error: String,
}

impl Outbound {
    pub(crate) fn new(allow_loopback_http: bool) -> Result<Self, OutboundError> {
        // The first to come installs it; every part of the product installs the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT)
            .no_proxy()
            .referer(false)
            .user_agent(concat!("sealane/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(OutboundError::Client)?;
        Ok(Self { client, allow_loopback_http })
    }

    /// Whether an address may be called at all.
    pub(crate) fn check(&self, url: &Url) -> Result<(), OutboundError> {
        let plain_loopback = self.allow_loopback_http && url.scheme() == "http" && is_loopback(url);
        let secure = url.scheme() == "https" && url.host().is_some();
        if secure || plain_loopback { Ok(()) } else { Err(OutboundError::NotHttps(origin_only(url))) }
    }

    pub(crate) async fn get_json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, OutboundError> {
        self.check(url)?;
        self.finish(url, self.client.get(url.clone())).await
    }

    /// POST a form; `basic` is a client's name and secret (RFC 6749 section 2.3.1).
    pub(crate) async fn post_form<T: DeserializeOwned>(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<T, OutboundError> {
        self.check(url)?;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = self
            .client
            .post(url.clone())
            .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let Some((name, secret)) = basic {
            let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request = request.basic_auth(encode(name), Some(encode(secret)));
        }
        self.finish(url, request).await
    }

    /// POST a text; status and body of the answer, whatever they are.
    pub(crate) async fn post_text(&self, url: &Url, body: Vec<u8>) -> Result<(u16, Vec<u8>), OutboundError> {
        self.check(url)?;
        let request = self.client.post(url.clone()).header(reqwest::header::CONTENT_TYPE, "text/plain; charset=utf-8");
        let (status, body) = exchange(url, request.body(body)).await?;
        Ok((status.as_u16(), body))
    }

    /// POST a request to a time-stamping authority (RFC 3161 section 3.4).
    pub(crate) async fn post_timestamp_query(&self, url: &Url, body: Vec<u8>) -> Result<Vec<u8>, OutboundError> {
        let request = self.client.post(url.clone());
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/timestamp-query");
        let (status, body) = exchange(url, request.body(body)).await?;
        if status.is_success() {
            return Ok(body);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        Err(OutboundError::Status { host, status: status.as_u16(), oauth: None })
    }

    async fn finish<T: DeserializeOwned>(
        &self,
        url: &Url,
        request: reqwest::RequestBuilder,
    ) -> Result<T, OutboundError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = request.header(reqwest::header::ACCEPT, "application/json");
        let (status, body) = exchange(url, request).await?;
        if !status.is_success() {
            let oauth = serde_json::from_slice::<OAuthError>(&body).ok().map(|answer| error_word(&answer.error));
            return Err(OutboundError::Status { host, status: status.as_u16(), oauth });
        }
        serde_json::from_slice(&body).map_err(|_| OutboundError::NotJson(host))
    }
}

/// Sends, and reads an answer of bounded length.
async fn exchange(
    url: &Url,
    request: reqwest::RequestBuilder,
) -> Result<(reqwest::StatusCode, Vec<u8>), OutboundError> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let unreachable =
        |cause: reqwest::Error| OutboundError::Unreachable { host: host.clone(), cause: cause.without_url() };
    let mut response = request.send().await.map_err(unreachable)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > MAX_ANSWER {
            return Err(OutboundError::TooLong(host));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), body))
}

/// An error word as RFC 6749 allows it, and no longer than a word: it is shown to people.
pub(crate) fn error_word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(64).collect()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // A name is never taken for an address: what it resolves to is somebody else's choice.
        Some(Host::Domain(_)) | None => false,
    }
}

fn origin_only(url: &Url) -> Url {
    let mut shown = url.clone();
    shown.set_path("");
    shown.set_query(None);
    shown.set_fragment(None);
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(allow: bool, url: &str) -> bool {
        Outbound::new(allow).unwrap().check(&url.parse().unwrap()).is_ok()
    }

    #[test]
    fn plain_http_is_for_loopback_addresses_of_the_demo_alone() {
        for url in ["http://127.0.0.1:9/x", "http://[::1]:9/x"] {
            assert!(verdict(true, url), "{url}");
            assert!(!verdict(false, url), "{url}");
        }
        for url in [
            "http://localhost:9/",
            "http://10.0.0.1/",
            "http://idp.example/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
        ] {
            assert!(!verdict(true, url), "{url}");
        }
        assert!(verdict(false, "https://idp.example/"));
    }

    #[test]
    fn an_error_word_of_a_provider_is_cut_to_a_word() {
        assert_eq!(error_word("access_denied"), "access_denied");
        assert_eq!(error_word("<script>alert(1)</script>\r\nX: y"), "scriptalert1scriptXy");
    }
}
