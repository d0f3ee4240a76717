//! Reviews of the audit log, and how it stands.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sealane_service::view::{AuditStatusView, ReviewView, SignOffReview};
use sealane_service::{App, reviews};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::once::OnceJson;

/// Show how the audit log stands: index, alarms, open alerts, reviews.
#[utoipa::path(
    get, path = "/api/v1/audit/status", operation_id = "showAuditStatus", tag = "audit",
    responses((status = 200, description = "How it stands.", body = ref("#/components/schemas/AuditStatus")))
)]
pub(crate) async fn status(State(app): State<App>, signed_in: SignedIn) -> Result<Json<AuditStatusView>, Failure> {
    Ok(Json(reviews::status(&app, &signed_in.caller).await?))
}

/// Show what has happened since the last review of the audit log.
#[utoipa::path(
    get, path = "/api/v1/audit/review", operation_id = "showReview", tag = "audit",
    responses((status = 200, description = "What there is to review.", body = ref("#/components/schemas/Review")))
)]
pub(crate) async fn show(State(app): State<App>, signed_in: SignedIn) -> Result<Json<ReviewView>, Failure> {
    Ok(Json(reviews::show(&app, &signed_in.caller).await?))
}

/// Sign that the audit log was reviewed.
#[utoipa::path(
    post, path = "/api/v1/audit/review", operation_id = "signOffReview", tag = "audit",
    request_body = ref("#/components/schemas/SignOffReview"),
    responses((status = 201, description = "It is signed.", body = ref("#/components/schemas/ReviewSignOff")))
)]
pub(crate) async fn sign_off(
    State(app): State<App>,
    signed_in: SignedIn,
    OnceJson(once, signed): OnceJson<SignOffReview>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::CREATED, reviews::sign_off(&app, caller, signed)).await
}
