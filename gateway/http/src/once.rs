//! `Idempotency-Key`: a POST that is sent twice under one key is carried out once, and answered alike both times.
//!
//! Every POST of a caller goes through here. Two requests are the same if method, path and body are. Without a key a
//! request is carried out as often as it comes.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use sealane_model::Problem;
use sealane_service::{App, Caller, idempotency};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Failure;
use crate::extract::{parse, read_body};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is of an earlier time.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A request's key, and what makes the request the same as another. On its own: of a request without a body.
pub(crate) struct Once {
    key: Option<String>,
    request: Vec<u8>,
}

/// The same of a request with a JSON body.
pub(crate) struct OnceJson<T>(pub(crate) Once, pub(crate) T);

impl Once {
    fn of(parts: &Parts) -> Result<Self, Failure> {
        let request = format!("{} {}\n", parts.method, parts.uri.path()).into_bytes();
        let keys: Vec<_> = parts.headers.get_all(KEY).into_iter().collect();
        match keys.as_slice() {
            [] => Ok(Self { key: None, request }),
            [key] => Ok(Self { key: Some(key.to_str().unwrap_or_default().to_owned()), request }),
            _ => Err(Failure::bad_request(
                "idempotency-key",
                "The request has several idempotency keys",
                "It has more than one header Idempotency-Key.",
                "Send one.",
            )),
        }
    }

    /// Carry the request out unless it was before, and answer with JSON: of `success` where it is new.
    pub(crate) async fn run<T: Serialize>(
        self,
        app: &App,
        caller: &Caller,
        success: StatusCode,
        act: impl Future<Output = Result<T, Problem>> + Send,
    ) -> Result<Response, Failure> {
        let key = self.key.as_deref();
        let answer = idempotency::once(app, caller, key, &self.request, success.as_u16(), act).await?;
        let status = StatusCode::from_u16(answer.status).unwrap_or(success);
        let json = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (status, json, answer.body).into_response();
        if answer.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Self::of(parts)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OnceJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let mut once = Once::of(&parts)?;
        let body = read_body(Request::from_parts(parts, body), "application/json").await?;
        let value = parse(&body)?;
        once.request.extend_from_slice(&body);
        Ok(Self(once, value))
    }
}
