//! Erasures from the audit log: asked for, approved by somebody else, withdrawn.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sealane_model::ErasureId;
use sealane_model::page::Page;
use sealane_service::PageQuery;
use sealane_service::view::{ErasureView, NewErasure};
use sealane_service::{App, erasures};

use crate::caller::SignedIn;
use crate::error::Failure;
use crate::extract::{ApiPath, ApiQuery};
use crate::once::{Once, OnceJson};

/// List erasures from the audit log, the newest first.
#[utoipa::path(
    get, path = "/api/v1/audit/erasures", operation_id = "listErasures", tag = "audit",
    params(
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "Rows at most, 1 to 1000.")
    ),
    responses((status = 200, description = "A page.", body = ref("#/components/schemas/ErasurePage")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<ErasureView>>, Failure> {
    Ok(Json(erasures::list(&app, &signed_in.caller, &query).await?))
}

/// Ask for an erasure. A second compliance officer has to agree.
#[utoipa::path(
    post, path = "/api/v1/audit/erasures", operation_id = "requestErasure", tag = "audit",
    request_body = ref("#/components/schemas/NewErasure"),
    responses((status = 201, description = "It waits for approval.", body = ref("#/components/schemas/Erasure")))
)]
pub(crate) async fn request(
    State(app): State<App>,
    signed_in: SignedIn,
    OnceJson(once, wanted): OnceJson<NewErasure>,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::CREATED, erasures::request(&app, caller, wanted)).await
}

/// Agree to an erasure that somebody else asked for. It is carried out at once here, and soon on every other node.
#[utoipa::path(
    post, path = "/api/v1/audit/erasures/{id}/approve", operation_id = "approveErasure", tag = "audit",
    params(("id" = String, Path, description = "The erasure.")),
    responses((status = 200, description = "It is approved.", body = ref("#/components/schemas/Erasure")))
)]
pub(crate) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<ErasureId>,
    once: Once,
) -> Result<Response, Failure> {
    let caller = &signed_in.caller;
    once.run(&app, caller, StatusCode::OK, erasures::approve(&app, caller, id)).await
}

/// Withdraw or refuse an erasure that nobody has approved.
#[utoipa::path(
    delete, path = "/api/v1/audit/erasures/{id}", operation_id = "withdrawErasure", tag = "audit",
    params(("id" = String, Path, description = "The erasure.")),
    responses((status = 204, description = "It is gone."))
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    ApiPath(id): ApiPath<ErasureId>,
) -> Result<StatusCode, Failure> {
    erasures::withdraw(&app, &signed_in.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
