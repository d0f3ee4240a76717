//! The site as a witness of audit logs: C2SP `tlog-witness`, `POST /witness/add-checkpoint`.
//!
//! Public because nobody is trusted but signatures: whoever brings the head of a log that this site knows, signed by the
//! log's pinned key and proven to continue the one before, gets the site's cosignature. Texts in, texts out.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use sealane_service::App;
use sealane_service::witness::{self, MAX_REQUEST};

use crate::caller::From;
use crate::middleware::present::Verbatim;

/// Consider a head.
pub(crate) async fn add_checkpoint(State(app): State<App>, From(client): From, request: Request) -> Response {
    // A body that is longer, or that breaks off, is no request: the empty one says so in the witness's own words.
    let body = to_bytes(request.into_body(), MAX_REQUEST).await.unwrap_or_default();
    let answer = witness::add_checkpoint_over_http(&app, &client, &body).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::try_from(answer.content_type).unwrap_or(HeaderValue::from_static("text/plain"));
    let mut response = (status, [(header::CONTENT_TYPE, kind)], answer.body).into_response();
    response.extensions_mut().insert(Verbatim);
    response
}
