//! Legal holds on the audit log.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sealane_model::HoldId;
use sealane_model::page::Page;
use sealane_service::PageQuery;
use sealane_service::view::{HoldView, NewHold};
use sealane_service::{App, holds};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery};
use crate::once::{Once, OnceJson};

/// List the legal holds that stand, the newest first.
#[utoipa::path(
    get, path = "/api/v1/audit/holds", operation_id = "listHolds", tag = "audit",
    params(
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")
    ),
    responses((status = 200, description = "A page.", body = ref("#/components/schemas/HoldPage")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<HoldView>>, Failure> {
    Ok(Json(holds::list(&app, &signed_in.caller, &query).await?))
}

/// Place a legal hold. Nothing of that person or collection is erased while it stands.
#[utoipa::path(
    post, path = "/api/v1/audit/holds", operation_id = "placeHold", tag = "audit",
    request_body = ref("#/components/schemas/NewHold"),
    responses((status = 201, description = "It stands.", body = ref("#/components/schemas/Hold")))
)]
pub(crate) async fn place(
    State(app): State<App>,
    signed_in: SignedIn,
    OnceJson(once, wanted): OnceJson<NewHold>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::CREATED, holds::place(&app, caller, wanted)).await
}

/// Ask for a hold's release, or agree to it where somebody else has asked.
#[utoipa::path(
    post, path = "/api/v1/audit/holds/{id}/release", operation_id = "releaseHold", tag = "audit",
    params(("id" = String, Path, description = "The hold.")),
    responses((status = 200, description = "How it stands now.", body = ref("#/components/schemas/Hold")))
)]
pub(crate) async fn release(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<HoldId>,
    once: Once,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, holds::release(&app, caller, id)).await
}
