//! What a caller is shown when something cannot be done: problem details (RFC 9457) for programs, a page for browsers.
//!
//! Every failure passes here, those of the router itself included, so each has a code, a next step and the request's id
//! as its reference.

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sealane_model::{Problem, RequestId};
use serde::{Deserialize, Serialize};

use super::receive::Arrival;
use crate::error::{Carried, unexplained};
use crate::ui;
use crate::ui::layout::Viewer;
use crate::web::Web;

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Problem details (RFC 9457) as they leave the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemDetails {
    /// `urn:sealane:problem:` and the kind of failure, such as `step-up` or `denied`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Why.
    pub detail: String,
    /// A stable word that programs can match.
    pub code: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_step: Option<String>,
    /// The decision that said no, where one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<String>,
    /// The request's id: what to quote when asking for help.
    pub reference: String,
}

impl ProblemDetails {
    pub(crate) fn new(problem: &Problem, status: StatusCode, reference: RequestId) -> Self {
        Self {
            kind: format!("urn:sealane:problem:{}", problem.kind.as_str()),
            title: problem.title.clone(),
            status: status.as_u16(),
            detail: problem.detail.clone(),
            code: problem.code.clone(),
            next_step: problem.next_step.clone(),
            decision: problem.decision.clone(),
            reference: reference.to_string(),
        }
    }
}

/// Marks an answer whose status and text a protocol of its own lays down: it leaves as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verbatim;

/// Present failures.
pub(crate) async fn present(State(web): State<Web>, request: Request, next: Next) -> Response {
    let as_page = wants_page(&request);
    let return_to = return_address(&request);
    let arrival = request.extensions().get::<Arrival>().cloned();
    let mut response = next.run(request).await;
    let status = response.status();
    let verbatim = response.extensions().get::<Verbatim>().is_some();
    if verbatim || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = match response.extensions_mut().remove::<Carried>() {
        Some(Carried(problem)) => problem,
        // A page or a protocol answer (RFC 8628 errors) that already says all there is to say.
        None if is_complete(response.headers()) => return response,
        None => unexplained(status),
    };
    let Some(arrival) = arrival else { return response };
    let details = ProblemDetails::new(&problem, status, arrival.id);
    let viewer = response.extensions_mut().remove::<Viewer>();
    let body = if as_page {
        ui::problem::problem(&web, viewer, &details, problem.kind, &return_to).into_response()
    } else {
        document(&details)
    };
    keep_headers(body, &response, status)
}

/// Where a person comes back to after signing in: what was asked for, unless coming back would do something.
fn return_address(request: &Request) -> String {
    let address = request.uri().path_and_query().map_or("/", |address| address.as_str());
    if request.method() == Method::GET { address.to_owned() } else { "/".to_owned() }
}

/// Browsers that ask for a page get one, save from the API.
fn wants_page(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !request.uri().path().starts_with("/api/") && accepts.contains("text/html")
}

fn is_complete(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/json") || kind.starts_with("text/html")
}

fn document(details: &ProblemDetails) -> Response {
    let mut response = Json(details).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}

/// The presented failure with the headers that the failure itself had, such as `Allow`.
fn keep_headers(mut presented: Response, failed: &Response, status: StatusCode) -> Response {
    *presented.status_mut() = status;
    for (name, value) in failed.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            presented.headers_mut().append(name, value.clone());
        }
    }
    if status == StatusCode::UNAUTHORIZED {
        presented.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    presented
}
