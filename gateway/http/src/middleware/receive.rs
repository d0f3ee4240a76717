//! Arrival: each request gets an id that the answer carries and that people quote when they ask for help.
//!
//! An id that the client sends is not used: ids are ours, so that two requests never share one. The log has the route's
//! pattern, never the address itself, because addresses hold names of files.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method};
use sealane_model::RequestId;

use crate::web::Web;

/// The header that carries a request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known of a request before anything else is.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Its id.
    pub(crate) id: RequestId,
    /// The address that it came from, as the listener saw it. Headers that claim another are ignored.
    pub(crate) client: Option<String>,
}

/// A method's name for the log. Whoever sends a request can make methods up, and put anything into their names.
fn known(method: &Method) -> &'static str {
    const NAMES: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    NAMES.into_iter().find(|name| *name == method.as_str()).unwrap_or("OTHER")
}

/// Note the arrival, hand on, and log how it ended.
pub(crate) async fn receive(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::generate(web.app.clock(), web.app.random());
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    request.extensions_mut().insert(Arrival { id, client });
    request.extensions_mut().insert(web);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    tracing::info!(request.id = %id, http.method = method, http.route = route, http.status = status, duration_ms, "{method} {route} answered {status}");
    response
}
