//! Failures: how a problem leaves a handler.
//!
//! A handler's failure is a status and the problem itself, carried beside an empty body. What the caller gets to see is
//! made in one place, `middleware::present`: problem details (RFC 9457) for programs, a page for browsers.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;

/// A handler's failure.
#[derive(Debug, Clone)]
pub(crate) struct Failure(pub(crate) Box<Problem>);

/// The problem that a response carries until it is presented.
#[derive(Debug, Clone)]
pub(crate) struct Carried(pub(crate) Problem);

impl Failure {
    /// The request makes no sense as it stands.
    pub(crate) fn bad_request(code: &str, title: &str, detail: impl Into<String>, next: &str) -> Self {
        Self::from(Problem::new(ProblemKind::BadRequest, code, title, detail).next(next))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        carry(status, *self.0)
    }
}

/// A response of `status` that carries `problem`.
pub(crate) fn carry(status: StatusCode, problem: Problem) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Carried(problem));
    response
}

/// What is said of a failure that no handler explained: a route that is not there, a method that is not its own.
pub(crate) fn unexplained(status: StatusCode) -> Problem {
    let (kind, code, title, detail, next) = match status {
        StatusCode::NOT_FOUND => (
            ProblemKind::NotFound,
            "route-unknown",
            "There is nothing here",
            "No page and no API route has this address.",
            "Check the address, or start from the site's first page; /api/v1/openapi.json lists the API.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            ProblemKind::BadRequest,
            "method-not-allowed",
            "This address does not take that method",
            "The address exists, but not for this HTTP method.",
            "Use one of the methods in the Allow header.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            ProblemKind::TooLarge,
            "body-too-large",
            "The request is too large",
            "Its body is longer than this address takes.",
            "Send less at once; files go up in parts through an upload.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            ProblemKind::BadRequest,
            "media-type",
            "The request's content type is not understood",
            "This address takes another content type.",
            "Send JSON with content-type: application/json.",
        ),
        status if status.is_client_error() => (
            ProblemKind::BadRequest,
            "bad-request",
            "The request is not understood",
            "It could not be read as this address expects it.",
            "Compare the request with /api/v1/openapi.json.",
        ),
        _ => (
            ProblemKind::Internal,
            "internal",
            "Something went wrong at this site",
            "The fault is ours; nothing that you sent is wrong.",
            "Try again; if it stays, tell your administrator the reference.",
        ),
    };
    Problem::new(kind, code, title, detail).next(next)
}
