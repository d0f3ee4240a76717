//! The command line as a client of a site's API.
//!
//! Errors that the site explains (RFC 9457) come back as [`Problem`]s with their exit code; what fails before the site
//! answers is explained here. A site with a self-signed certificate is pinned by the certificate's fingerprint.

pub mod account;
pub mod pinned;
pub mod reference;
pub mod transfer_file;

use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, RequestBuilder, Response};
use sealane_crypto::Secret;
use sealane_model::Problem;
use sealane_model::page::Page;
use sealane_model::problem::ProblemKind;
use sealane_service::view::ReadyView;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use account::Account;

/// Time to reach the site.
const CONNECT: Duration = Duration::from_secs(10);
/// Silence after which an answer is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// A site, as a signed-in (or not yet signed-in) command line talks to it.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<Secret<String>>,
}

impl Client {
    /// A client of the site of `account`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn of(account: &Account) -> anyhow::Result<Self> {
        crate::install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("sealane/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(fingerprint) = &account.fingerprint {
            builder = builder.tls_backend_preconfigured(pinned::config(*fingerprint)?);
        }
        Ok(Self { http: builder.build()?, base: account.url.clone(), token: account.token() })
    }

    /// Where the site is.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.base
    }

    /// An address below `/api/v1`, each segment escaped.
    #[must_use]
    pub fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(["api", "v1"]).extend(segments);
        }
        url
    }

    /// A request with the token of the account.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    /// Send, and turn what is not a success into the problem that it explains.
    ///
    /// # Errors
    /// The site's problem, or why it could not be reached.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(explained(response).await.into()) }
    }

    /// `GET` one document.
    ///
    /// # Errors
    /// As [`Self::send`], or when the answer is not what the API promises.
    pub async fn get<T: DeserializeOwned>(&self, url: Url) -> anyhow::Result<T> {
        let response = self.send(self.request(Method::GET, url)).await?;
        document(response).await
    }

    /// Whether the site can do its work, part by part: told whether it can or not.
    ///
    /// # Errors
    /// When the site cannot be reached, or the answer is not what it promises.
    pub async fn ready(&self) -> anyhow::Result<ReadyView> {
        let mut url = self.base.clone();
        url.set_path("/readyz");
        let response = self.http.get(url).send().await.map_err(|error| self.unreachable(&error))?;
        document(response).await
    }

    /// Every item of a paged list.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_all<T: DeserializeOwned>(&self, url: Url) -> anyhow::Result<Vec<T>> {
        let mut items = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut page_url = url.clone();
            if let Some(after) = &next {
                page_url.query_pairs_mut().append_pair("after", after);
            }
            let page: Page<T> = self.get(page_url).await?;
            items.extend(page.items);
            next = page.next;
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// `POST` one document under a fresh idempotency key, so that a repeated sending does nothing twice.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(&self, url: Url, body: &B) -> anyhow::Result<T> {
        self.post_once(url, body, &fresh_key()?).await
    }

    /// `POST` one document under a key of the caller's: the same key again gets the same answer.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post_once<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        url: Url,
        body: &B,
        key: &str,
    ) -> anyhow::Result<T> {
        let request = self.request(Method::POST, url).header("idempotency-key", key).json(body);
        document(self.send(request).await?).await
    }

    fn unreachable(&self, error: &reqwest::Error) -> Problem {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Problem::new(
            ProblemKind::Upstream,
            "site-unreachable",
            "The site did not answer",
            format!("{}: {cause}", self.base),
        )
        .next("check the address and that the site runs; `sealane login URL` chooses another site")
    }
}

fn fresh_key() -> anyhow::Result<String> {
    let random = sealane_crypto::SystemRandom::new()?;
    Ok(data_encoding::HEXLOWER.encode(&sealane_crypto::random_bytes::<16>(&random)))
}

async fn document<T: DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    let bytes = response.bytes().await.context("the site's answer was cut short")?;
    serde_json::from_slice(&bytes)
        .context("the site's answer is not what this version of sealane expects; are both of one version?")
}

/// Problem details as they cross the wire (RFC 9457).
#[derive(serde::Deserialize)]
struct Details {
    #[serde(rename = "type", default)]
    kind: String,
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    code: String,
    next_step: Option<String>,
    decision: Option<String>,
}

/// The problem that a refusing answer explains.
pub(crate) async fn explained(response: Response) -> Problem {
    let status = response.status().as_u16();
    let details = response.bytes().await.ok().and_then(|body| serde_json::from_slice::<Details>(&body).ok());
    let Some(details) = details else {
        let detail = format!("HTTP status {status} without an explanation");
        return Problem::new(kind_of(status, ""), "unexplained", "The site refused", detail)
            .next("check that the address is a Sealane site");
    };
    let kind = kind_of(status, details.kind.trim_start_matches("urn:sealane:problem:"));
    let mut problem = Problem::new(kind, &details.code, &details.title, details.detail);
    problem.next_step = details.next_step;
    problem.decision = details.decision;
    match problem.kind {
        ProblemKind::NotSignedIn | ProblemKind::StepUp => problem.next("sealane login"),
        _ => problem,
    }
}

fn kind_of(status: u16, word: &str) -> ProblemKind {
    match status {
        401 => ProblemKind::NotSignedIn,
        403 if word == ProblemKind::StepUp.as_str() => ProblemKind::StepUp,
        403 => ProblemKind::Denied,
        404 => ProblemKind::NotFound,
        409 => ProblemKind::Conflict,
        412 => ProblemKind::Integrity,
        413 => ProblemKind::TooLarge,
        416 => ProblemKind::Range,
        429 => ProblemKind::TooMany,
        502 => ProblemKind::Upstream,
        503 => ProblemKind::Unavailable,
        400..=499 => ProblemKind::BadRequest,
        _ => ProblemKind::Internal,
    }
}
