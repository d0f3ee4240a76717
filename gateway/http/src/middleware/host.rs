//! Requests for another host are not ours (RFC 9110 section 7.4): 421, before anything reads them.
//!
//! This stops DNS rebinding, and keeps `Host` out of everything behind. Health probes are exempt: load balancers ask by
//! address.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{StatusCode, header};
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;

use crate::error::carry;
use crate::web::Web;

/// Refuse requests for hosts that are not ours.
pub(crate) async fn ours(State(web): State<Web>, request: Request, next: Next) -> Response {
    let probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    if probe || host_of(&request).is_some_and(|host| web.options.answers_to(host)) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        ProblemKind::BadRequest,
        "host-unknown",
        "This is not the site that you asked for",
        "The request names a host under which this site does not answer.",
    )
    .next(format!("Use {}, or let an administrator add the name to the configuration.", web.options.origin));
    carry(StatusCode::MISDIRECTED_REQUEST, problem)
}

/// The host that a request names: `:authority` of HTTP/2, else `Host`.
pub(crate) fn host_of(request: &Request) -> Option<&str> {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok())
}
