//! Reading requests: each part either fits its type or is a problem that says what to correct.
//!
//! Bounds first: a body has a size and a time within which it must have come. JSON refuses fields that nobody knows, so a
//! misspelt option is an error and not a silent default.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{HeaderMap, header};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;
use sealane_service::CollectionRef;
use serde::de::DeserializeOwned;

use crate::error::Failure;

/// The longest JSON or form body: a submission of some ten thousand items fits.
pub(crate) const BODY_BYTES: usize = 4 << 20;
/// How long a JSON or form body may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);

const LOOK_AT_DOCUMENT: &str = "Compare the request with /api/v1/openapi.json.";

/// A JSON body.
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T, S> FromRequest<S> for ApiJson<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        let body = read_body(request, "application/json").await?;
        parse(&body).map(Self)
    }
}

/// A JSON value from bytes that were read before.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let (code, title) = match error.classify() {
            serde_json::error::Category::Data => ("json-mismatch", "The request's JSON is not what this address takes"),
            _ => ("json-malformed", "The request's body is not JSON"),
        };
        Failure::bad_request(code, title, error.to_string(), LOOK_AT_DOCUMENT)
    })
}

/// A body of this content type, whole.
pub(crate) async fn read_body(request: Request, content_type: &str) -> Result<Vec<u8>, Failure> {
    if !has_type(request.headers(), content_type) {
        let detail = format!("This address takes {content_type}.");
        let next = format!("Send the body with content-type: {content_type}.");
        return Err(Failure::bad_request("media-type", "The request's content type is not understood", detail, &next));
    }
    let reading = to_bytes(request.into_body(), BODY_BYTES);
    match tokio::time::timeout(BODY_TIME, reading).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) if is_too_long(&error) => Err(too_long()),
        Ok(Err(_)) => Err(Failure::bad_request(
            "body-broken",
            "The request's body broke off",
            "The connection ended, or broke the protocol, before all of the body was here.",
            "Send the request again.",
        )),
        Err(_) => Err(Failure::bad_request(
            "body-slow",
            "The request's body took too long",
            format!("It was not here within {} seconds.", BODY_TIME.as_secs()),
            "Send the request again; files go up in parts through an upload.",
        )),
    }
}

fn has_type(headers: &HeaderMap, expected: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(expected))
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn too_long() -> Failure {
    let detail = format!("The body is longer than {} MiB.", BODY_BYTES >> 20);
    let problem = Problem::new(ProblemKind::TooLarge, "body-too-large", "The request is too large", detail);
    Failure::from(problem.next("Send less at once; files go up in parts through an upload."))
}

/// Parameters of the query.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for ApiQuery<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Query::try_from_uri(&parts.uri).map(|Query(value)| Self(value)).map_err(|rejection| {
            let title = "A parameter of the address is not understood";
            Failure::bad_request("query-mismatch", title, rejection.body_text(), LOOK_AT_DOCUMENT)
        })
    }
}

/// Parameters of the path: what does not fit names nothing that is there.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for ApiPath<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Path::from_request_parts(parts, state).await.map(|Path(value)| Self(value)).map_err(|_| {
            let problem = Problem::new(
                ProblemKind::NotFound,
                "id-unknown",
                "There is no such thing",
                "The address holds a name or id that cannot belong to anything here.",
            );
            Failure::from(problem.next("Check the address: ids are UUIDs, names are of a-z, 0-9 and '-'."))
        })
    }
}

/// The collection that an address names: a name, an id, or `site~name` for one of a peer.
pub(crate) struct CollectionPath(pub(crate) CollectionRef);

impl<S: Send + Sync> FromRequestParts<S> for CollectionPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let ApiPath(text) = ApiPath::<String>::from_request_parts(parts, state).await?;
        let reference: CollectionRef = text.parse().map_err(Problem::from)?;
        Ok(Self(reference))
    }
}
