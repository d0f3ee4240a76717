//! Probes for load balancers and supervisors: whether the node lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use sealane_service::view::{LiveView, ReadyView};
use sealane_service::{App, health};

/// Does the process answer? `GET /healthz`.
pub(crate) async fn live() -> Json<LiveView> {
    Json(health::live())
}

/// Can it do its work: database, audit log, storage? `GET /readyz`.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<ReadyView>) {
    let ready = health::ready(&app).await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ready))
}
